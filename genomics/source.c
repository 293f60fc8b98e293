/* source: a file's bytes through htslib's stream (plain, BGZF) or zlib (gzip), and its format by content. */
#include "genomics/source.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <htslib/bgzf.h>
#include <htslib/hfile.h>
#include <htslib/hts_log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { HEAD = 4096, BLOCK = 1 << 16, LINE_MAX_BYTES = 1 << 30 };

const char *const mn_format_names[] = {"", "FASTA", "FASTQ", "SAM", "BAM", "CRAM", NULL};

typedef struct block {
    int64_t packed, unpacked; /* offset in the file, and of its content */
} block_t;

struct mn_source {
    char *path;
    hFILE *file; /* NULL once taken, or owned by bgzf */
    BGZF *bgzf;
    z_stream zip; /* gzip; zip.state is NULL otherwise */
    bool zip_ended;
    uint8_t *zipped; /* BLOCK bytes of input for zip */
    mn_pack_t pack;
    mn_format_t format;
    bool seekable, threaded, allow_missing_eof, ended;
    char head[HEAD + 1];     /* the first bytes, decompressed */
    int64_t head_size, read; /* read: bytes given out since the last seek */
    block_t *blocks;         /* BGZF, for seeking */
    int64_t n_blocks, blocks_cap;
    char *line; /* mn_source_line: text[line_at .. line_end) is unread */
    int64_t line_cap, line_at, line_end;
};

static mn_status_t report(const mn_source_t *source, mn_err_t *err, const char *hint, const char *what) {
    return mn_err_set(err, MN_INPUT, source->path, hint, "%s", what);
}

static mn_status_t report_truncated(const mn_source_t *source, mn_err_t *err) {
    return mn_err_set(err, MN_INPUT, source->path, "copy or download the file again",
                      "truncated: the compressed data ends in the middle, after %lld bytes", (long long)source->read);
}

static mn_status_t report_damaged(const mn_source_t *source, mn_err_t *err) {
    return mn_err_set(err, MN_INPUT, source->path, "copy or download the file again",
                      "corrupt: bad compressed data after %lld bytes", (long long)source->read);
}

/* ---- what a file is */

/* The first bytes of gzip data, as far as they go. */
static int64_t inflate_head(const uint8_t *raw, int64_t n, char *out, int64_t size, bool *ended) {
    z_stream zip = {
        .next_in = (Bytef *)(uintptr_t)raw, .avail_in = (uInt)n, .next_out = (Bytef *)out, .avail_out = (uInt)size};
    if (inflateInit2(&zip, 15 + 16) != Z_OK) return 0;
    while (zip.avail_out && zip.avail_in) {
        int code = inflate(&zip, Z_SYNC_FLUSH);
        *ended |= code == Z_STREAM_END;
        if (code == Z_STREAM_END && zip.avail_in) code = inflateReset(&zip);
        if (code != Z_OK) break;
    }
    inflateEnd(&zip);
    return size - (int64_t)zip.avail_out;
}

static bool begins(const char *text, const char *with) {
    return !strncmp(text, with, strlen(with));
}

/* A SAM alignment line: ten tabs or more, and numbers where FLAG and POS stand. */
static bool is_sam_line(const char *text) {
    int field = 0;
    for (const char *c = text; *c && *c != '\n'; c++) {
        if (*c == '\t')
            field++;
        else if ((field == 1 || field == 3) && !isdigit((unsigned char)*c))
            return false;
    }
    return field >= 10;
}

static mn_format_t tell_format(const mn_source_t *source) {
    const char *text = source->head;
    if (begins(text, "CRAM")) return MN_FORMAT_CRAM;
    if (begins(text, "BAM\1")) return MN_FORMAT_BAM;
    if (begins(text, "\xef\xbb\xbf")) text += 3;
    while (isspace((unsigned char)*text)) text++;
    if (*text == '>') return MN_FORMAT_FASTA;
    if (*text == '@') {
        static const char *const tags[] = {"@HD\t", "@SQ\t", "@RG\t", "@PG\t", "@CO\t"};
        for (int i = 0; i < 5; i++)
            if (begins(text, tags[i])) return MN_FORMAT_SAM;
        return MN_FORMAT_FASTQ;
    }
    return is_sam_line(text) ? MN_FORMAT_SAM : MN_FORMAT_OTHER;
}

/* ---- opening */

/* Compression and format, from bytes that stay in the stream. */
static mn_status_t look_inside(mn_source_t *source, mn_err_t *err) {
    uint8_t raw[HEAD * 4];
    ssize_t got = hpeek(source->file, raw, sizeof raw);
    if (got < 0) return mn_err_set(err, MN_IO, source->path, NULL, "read failed: %s", strerror(errno));
    if (got >= 2 && raw[0] == 0x1f && raw[1] == 0x8b) {
        bool extra = got >= 18 && raw[3] & 4, blocked = extra && !memcmp(raw + 12, "BC\2\0", 4);
        source->pack = blocked ? MN_PACK_BGZF : MN_PACK_GZIP;
        bool ended = false; /* an empty file is a whole one */
        source->head_size = inflate_head(raw, got, source->head, HEAD, &ended);
        if (!source->head_size && got < 28 && !ended) return report_truncated(source, err);
    } else {
        source->head_size = got < HEAD ? got : HEAD;
        memcpy(source->head, raw, (size_t)source->head_size);
    }
    source->format = tell_format(source);
    return MN_OK;
}

static mn_status_t open_file(mn_source_t *source, const char *path, mn_err_t *err) {
    if (mn_path_is_url(path))
        return report(source, err, "download it first", "is a URL: nothing is read over the network");
    bool standard = !strcmp(path, "-");
    int fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info)) {
        mn_err_set(err, MN_INPUT, source->path, errno == ENOENT ? "check the spelling and the folder" : NULL,
                   "cannot read: %s", strerror(errno));
        if (fd >= 0) close(fd);
        return MN_INPUT;
    }
    if (S_ISDIR(info.st_mode)) {
        close(fd);
        return report(source, err, "give the files in it", "is a folder");
    }
    source->seekable = !standard && S_ISREG(info.st_mode);
    source->file = hdopen(fd, "r");
    if (source->file) return MN_OK;
    close(fd);
    return mn_err_set(err, MN_FAILED, source->path, NULL, "out of memory");
}

/* Readies the decompressor; BAM in BGZF and CRAM are htslib's to open. */
static mn_status_t open_pack(mn_source_t *source, int threads, mn_err_t *err) {
    bool alignments =
        source->format == MN_FORMAT_SAM || source->format == MN_FORMAT_BAM || source->format == MN_FORMAT_CRAM;
    if (alignments || source->pack == MN_PACK_NONE) return MN_OK;
    void *block;
    mn_status_t status = mn_mem_new(&block, BLOCK, 1, err);
    if (status) return status;
    source->zipped = block;
    if (source->pack == MN_PACK_GZIP) {
        if (inflateInit2(&source->zip, 15 + 16) == Z_OK) return MN_OK;
        source->zip.state = NULL;
    } else {
        source->bgzf = bgzf_hopen(source->file, "r");
        if (source->bgzf) {
            source->file = NULL;
            source->threaded = threads > 1 && !bgzf_mt(source->bgzf, threads, 64) && source->bgzf->mt;
            return MN_OK;
        }
    }
    return mn_err_set(err, MN_FAILED, source->path, NULL, "out of memory");
}

mn_status_t mn_source_open(const char *path, int threads, mn_source_t **out, mn_err_t *err) {
    hts_set_log_level(HTS_LOG_OFF); /* a library prints nothing; what matters is in the statuses */
    void *block;
    mn_status_t status = mn_mem_new(&block, 1, sizeof(mn_source_t), err);
    *out = NULL;
    if (status) return status;
    mn_source_t *source = block;
    status = mn_mem_string(&source->path, strcmp(path, "-") ? path : "stdin", err);
    if (!status) status = open_file(source, path, err);
    if (!status) status = look_inside(source, err);
    if (!status) status = open_pack(source, threads, err);
    if (!status)
        *out = source;
    else
        mn_source_close(source);
    return status;
}

void mn_source_close(mn_source_t *source) {
    if (!source) return;
    if (source->zip.state) inflateEnd(&source->zip);
    if (source->bgzf) bgzf_close(source->bgzf);
    if (source->file) hclose_abruptly(source->file);
    mn_mem_free(source->zipped);
    mn_mem_free(source->line);
    mn_mem_free(source->blocks);
    mn_mem_free(source->path);
    mn_mem_free(source);
}

const char *mn_source_path(const mn_source_t *source) {
    return source->path;
}

mn_format_t mn_source_format(const mn_source_t *source) {
    return source->format;
}

mn_pack_t mn_source_pack(const mn_source_t *source) {
    return source->pack;
}

bool mn_source_seekable(const mn_source_t *source) {
    return source->seekable;
}

void mn_source_allow_missing_eof(mn_source_t *source) {
    source->allow_missing_eof = true;
}

struct hFILE *mn_source_take(mn_source_t *source) {
    struct hFILE *file = source->file;
    source->file = NULL;
    return file;
}

/* ---- reading */

/* gzip, one member after another. A member cut short is an error; zeros behind the last one (tape padding) are not. */
static mn_status_t read_gzip(mn_source_t *source, void *data, int64_t size, int64_t *got, mn_err_t *err) {
    z_stream *zip = &source->zip;
    zip->next_out = data;
    zip->avail_out = (uInt)size;
    while (zip->avail_out) {
        if (!zip->avail_in) {
            ssize_t n = hread(source->file, source->zipped, BLOCK);
            if (n < 0) return mn_err_set(err, MN_IO, source->path, NULL, "read failed: %s", strerror(errno));
            if (!n && !source->zip_ended) return report_truncated(source, err);
            if (!n) break;
            zip->next_in = source->zipped;
            zip->avail_in = (uInt)n;
        }
        if (source->zip_ended) {
            while (zip->avail_in && !*zip->next_in) zip->next_in++, zip->avail_in--;
            if (!zip->avail_in) continue;
            inflateReset(zip);
            source->zip_ended = false;
        }
        int code = inflate(zip, Z_NO_FLUSH);
        if (code == Z_STREAM_END)
            source->zip_ended = true;
        else if (code != Z_OK && code != Z_BUF_ERROR)
            return report_damaged(source, err);
    }
    *got = size - (int64_t)zip->avail_out;
    return MN_OK;
}

static mn_status_t report_no_end(const mn_source_t *source, mn_err_t *err) {
    return report(source, err, "copy the file again, or read it with --allow-missing-eof",
                  "has no BGZF end block: probably truncated");
}

mn_status_t mn_source_check_end(mn_source_t *source, mn_err_t *err) {
    if (!source->bgzf || source->allow_missing_eof || bgzf_check_EOF(source->bgzf)) return MN_OK;
    return report_no_end(source, err);
}

static mn_status_t read_bgzf(mn_source_t *source, void *data, int64_t size, int64_t *got, mn_err_t *err) {
    ssize_t n = bgzf_read(source->bgzf, data, (size_t)size);
    /* htslib 1.16 may take an error in its reading thread for the file's end: it then goes on without threads. */
    if (source->threaded && !source->bgzf->mt) return report_truncated(source, err);
    if (n < 0) return source->bgzf->errcode & BGZF_ERR_IO ? report_truncated(source, err) : report_damaged(source, err);
    if (n < size && source->bgzf->no_eof_block && !source->allow_missing_eof) return report_no_end(source, err);
    *got = n;
    return MN_OK;
}

mn_status_t mn_source_read(mn_source_t *source, void *data, int64_t size, int64_t *got, mn_err_t *err) {
    *got = 0;
    mn_status_t status = MN_OK;
    if (source->ended) return MN_OK;
    if (source->bgzf) {
        status = read_bgzf(source, data, size, got, err);
    } else if (source->pack == MN_PACK_GZIP) {
        status = read_gzip(source, data, size, got, err);
    } else {
        ssize_t n = hread(source->file, data, (size_t)size);
        if (n < 0) return mn_err_set(err, MN_IO, source->path, NULL, "read failed: %s", strerror(errno));
        *got = n;
    }
    if (status) return status;
    source->read += *got;
    source->ended = *got < size;
    return MN_OK;
}

double mn_source_part(const mn_source_t *source) {
    struct stat info;
    if (!source->seekable || stat(source->path, &info) || info.st_size <= 0) return 0;
    const double part =
        (double)(source->bgzf ? bgzf_tell(source->bgzf) >> 16 : htell(source->file)) / (double)info.st_size;
    return part < 1 ? part : 1;
}

mn_status_t mn_source_refuse(mn_source_t *source, mn_err_t *err) {
    static const struct {
        const char *magic, *name, *hint;
    } others[] = {{"##fileformat=VCF", "a VCF file", NULL},
                  {"BCF\2", "a BCF file", NULL},
                  {"##gff", "a GFF file", NULL},
                  {"LOCUS  ", "a GenBank file", "convert it to FASTA"},
                  {"ID   ", "an EMBL file", "convert it to FASTA"},
                  {"PK\3\4", "a ZIP archive", "unpack it"},
                  {"\xfd"
                   "7zXZ",
                   "an xz file", "unpack it: xz -dc"},
                  {"BZh", "a bzip2 file", "unpack it: bzip2 -dc"},
                  {"\x28\xb5\x2f\xfd", "a zstd file", "unpack it: zstd -dc"},
                  {"\x93NUMPY", "a NumPy array", NULL},
                  {"\x43\x27\x41\x1a", "a 2bit file", "convert it: twoBitToFa"},
                  {"\x89HDF", "an HDF5 file (FAST5?)", "basecall it first"},
                  {"NCBI.sra", "an SRA archive", "convert it: fasterq-dump"},
                  {"%PDF", "a PDF document", NULL}};
    const char *text = source->head;
    char byte;
    int64_t got;
    if (!*text) { /* nothing, or packed and cut short */
        mn_status_t status = mn_source_read(source, &byte, 1, &got, err);
        if (status) return status;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (begins(text, others[i].magic))
            return mn_err_set(err, MN_INPUT, source->path, others[i].hint,
                              "no FASTA, FASTQ, SAM, BAM or CRAM: this is %s", others[i].name);
    while (isspace((unsigned char)*text)) text++;
    if (*text == '<')
        return report(source, err, "was a web page saved in place of the file? Download it again",
                      "no FASTA, FASTQ, SAM, BAM or CRAM: this is HTML or XML");
    if (!*text && source->head_size < HEAD)
        return report(source, err, NULL, source->head_size ? "holds nothing but blanks" : "is empty");
    size_t letters = strspn(text, "ACGTNUacgtnu\r\n");
    if (letters == strlen(text))
        return report(source, err, "put a line '>name' before the bases", "bases without a FASTA header");
    return report(source, err, "expected FASTA, FASTQ, SAM, BAM or CRAM, plain or compressed by gzip or bgzip",
                  "no sequence file");
}

mn_status_t mn_source_line(mn_source_t *source, char **line, mn_err_t *err) {
    *line = NULL;
    for (int64_t from = source->line_at;;) {
        char *text = source->line, *end = NULL;
        if (from < source->line_end) end = memchr(text + from, '\n', (size_t)(source->line_end - from));
        if (!end && source->ended && source->line_at < source->line_end) end = text + source->line_end;
        if (end) {
            *line = text + source->line_at;
            source->line_at = end - text + 1;
            if (end > *line && end[-1] == '\r') end--;
            *end = '\0';
            return MN_OK;
        }
        if (source->ended) return MN_OK;
        int64_t held = source->line_end - source->line_at, got;
        if (held > LINE_MAX_BYTES) return report(source, err, NULL, "a line longer than 1 GiB");
        if (held && source->line_at) memmove(text, text + source->line_at, (size_t)held);
        source->line_at = 0;
        source->line_end = from = held;
        void *block = source->line;
        mn_status_t status = mn_mem_reserve(&block, &source->line_cap, held + BLOCK + 1, 1, err);
        source->line = block;
        if (!status) status = mn_source_read(source, source->line + held, BLOCK, &got, err);
        if (status) return status;
        if (memchr(source->line + held, '\0', (size_t)got))
            return report(source, err, NULL, "a zero byte: no text file");
        source->line_end += got;
    }
}

/* ---- going elsewhere */

static mn_status_t report_seek(const mn_source_t *source, int64_t offset, mn_err_t *err) {
    return mn_err_set(err, MN_INPUT, source->path, "is the file truncated, or its index that of another file?",
                      "cannot go to byte %lld", (long long)offset);
}

mn_status_t mn_source_seek(mn_source_t *source, int64_t offset, mn_err_t *err) {
    source->ended = false;
    source->read = 0;
    source->line_at = source->line_end = 0;
    if (source->pack == MN_PACK_NONE)
        return hseek(source->file, offset, SEEK_SET) == offset ? MN_OK : report_seek(source, offset, err);
    if (!source->n_blocks) return report_seek(source, offset, err);
    int64_t low = 0, high = source->n_blocks; /* the last block that begins at or before offset */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (source->blocks[middle].unpacked <= offset)
            low = middle;
        else
            high = middle;
    }
    int64_t skip = offset - source->blocks[low].unpacked, got = 0;
    if (skip > BLOCK || bgzf_seek(source->bgzf, source->blocks[low].packed << 16, SEEK_SET) ||
        (skip && (mn_source_read(source, source->zipped, skip, &got, NULL) || got < skip)))
        return report_seek(source, offset, err);
    return MN_OK;
}

static mn_status_t add_block(mn_source_t *source, block_t block, mn_err_t *err) {
    void *blocks = source->blocks;
    mn_status_t status = mn_mem_reserve(&blocks, &source->blocks_cap, source->n_blocks + 1, sizeof block, err);
    source->blocks = blocks;
    if (!status) source->blocks[source->n_blocks++] = block;
    return status;
}

static uint64_t little_endian(const uint8_t *bytes, int n) {
    uint64_t value = 0;
    while (n--) value = value << 8 | bytes[n];
    return value;
}

/* From block to block by the sizes in their headers (BSIZE) and behind their data (ISIZE); see the SAM specification.
 */
mn_status_t mn_source_blocks_build(mn_source_t *source, mn_err_t *err) {
    enum { HEADER = 18, TRAILER = 4 };
    int fd = open(source->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return mn_err_set(err, MN_IO, source->path, NULL, "read failed: %s", strerror(errno));
    mn_status_t status = MN_OK;
    uint8_t header[HEADER], trailer[TRAILER];
    source->n_blocks = 0;
    for (block_t at = {0, 0}; !status;) {
        ssize_t got = pread(fd, header, HEADER, at.packed);
        if (!got) break;
        int64_t size = (int64_t)little_endian(header + 16, 2) + 1;
        bool block = got == HEADER && header[0] == 0x1f && header[1] == 0x8b && header[3] & 4 &&
                     !memcmp(header + 12, "BC\2\0", 4) && size >= HEADER + TRAILER;
        if (!block || pread(fd, trailer, TRAILER, at.packed + size - TRAILER) != TRAILER)
            status = mn_err_set(err, MN_INPUT, source->path, "copy or download the file again",
                                "truncated or corrupt: no BGZF block at byte %lld", (long long)at.packed);
        else if (!at.packed || little_endian(trailer, 4))
            status = add_block(source, at, err);
        at.packed += size;
        at.unpacked += (int64_t)little_endian(trailer, 4);
    }
    close(fd);
    return status;
}

/* A .gzi file: the number of blocks after the first, then where each begins in the packed and in the unpacked bytes. */
mn_status_t mn_source_blocks_load(mn_source_t *source, const char *gzi, mn_err_t *err) {
    char *data;
    int64_t size, n = 0;
    mn_status_t status = mn_file_read(gzi, (int64_t)1 << 32, &data, &size, err);
    if (status) return status;
    const uint8_t *bytes = (const uint8_t *)data;
    if (size >= 8) n = (int64_t)little_endian(bytes, 8);
    bool damaged = size < 8 || size % 16 != 8 || n != size / 16;
    block_t last = {0, 0};
    source->n_blocks = 0;
    status = add_block(source, last, err);
    for (int64_t i = 0; i < n && !damaged && !status; i++) {
        block_t block = {(int64_t)little_endian(bytes + 8 + 16 * i, 8), (int64_t)little_endian(bytes + 16 + 16 * i, 8)};
        damaged = block.packed <= last.packed || block.packed >> 47 || block.unpacked < last.unpacked ||
                  block.unpacked - last.unpacked > BLOCK;
        last = block;
        status = add_block(source, block, err);
    }
    mn_mem_free(data);
    if (damaged && !status) status = mn_err_set(err, MN_INPUT, gzi, "remove the index: it is built again", "damaged");
    return status;
}

static void write_number(FILE *file, int64_t value) {
    uint8_t bytes[8];
    for (int byte = 0; byte < 8; byte++) bytes[byte] = (uint8_t)((uint64_t)value >> 8 * byte);
    fwrite(bytes, 1, 8, file);
}

bool mn_source_blocks_save(const mn_source_t *source, const char *gzi) {
    mn_writer_t writer;
    if (!source->n_blocks || mn_writer_open(&writer, gzi, NULL)) return false;
    write_number(writer.file, source->n_blocks - 1);
    for (int64_t i = 1; i < source->n_blocks; i++) {
        write_number(writer.file, source->blocks[i].packed);
        write_number(writer.file, source->blocks[i].unpacked);
    }
    return !mn_writer_commit(&writer, NULL);
}
