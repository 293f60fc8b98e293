/* bai: alignment indexes through htslib, and its list of regions. */
#include "genomics/bai.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "genomics/region.h"
#include "genomics/source.h"
#include <errno.h>
#include <htslib/bgzf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096 };

void mn_local_path(const char *path, char *out, size_t size) {
    snprintf(out, size, "%s%.*s", *path == '/' ? "" : "./", (int)size - 3, path);
}

/* ---- building */

/* BAM and packed SAM: every read goes into the index, which stays in memory. */
static mn_status_t push_reads(const char *path, htsFile *file, sam_hdr_t *header, hts_idx_t *index, mn_err_t *err) {
    bam1_t *read = bam_init1();
    mn_status_t status = MN_OK;
    int code = -2;
    while (read && !status && (code = sam_read1(file, header, read)) >= 0)
        if (hts_idx_push(index, read->core.tid, read->core.pos, bam_endpos(read), (uint64_t)bgzf_tell(file->fp.bgzf),
                         !(read->core.flag & BAM_FUNMAP)) < 0)
            status = mn_err_set(err, MN_INPUT, path, "samtools sort", "cannot be indexed: not sorted by coordinate");
    if (!status && code < -1)
        status = mn_err_set(err, MN_INPUT, path, "copy or download the file again", "truncated or damaged");
    bam_destroy1(read);
    if (!status && hts_idx_finish(index, (uint64_t)bgzf_tell(file->fp.bgzf)))
        status = mn_err_set(err, MN_FAILED, path, NULL, "out of memory");
    return status;
}

/* BAI up to its longest contig, CSI of the same smallest bins beyond. */
static mn_status_t index_reads(const char *path, htsFile *file, sam_hdr_t *header, int *format, hts_idx_t **out,
                               mn_err_t *err) {
    enum { SHIFT = 14, BAI_LEVELS = 5 };
    hts_pos_t longest = 0;
    int levels = BAI_LEVELS;
    for (int tid = 0; tid < sam_hdr_nref(header); tid++)
        if (sam_hdr_tid2len(header, tid) > longest) longest = sam_hdr_tid2len(header, tid);
    while (levels < 16 && longest >> (SHIFT + 3 * levels) > 0) levels++;
    *format = levels > BAI_LEVELS ? HTS_FMT_CSI : HTS_FMT_BAI;
    *out = hts_idx_init(sam_hdr_nref(header), *format, (uint64_t)bgzf_tell(file->fp.bgzf), SHIFT, levels);
    if (!*out) return mn_err_set(err, MN_FAILED, path, NULL, "out of memory");
    mn_status_t status = push_reads(path, file, header, *out, err);
    if (!status) return MN_OK;
    hts_idx_destroy(*out);
    *out = NULL;
    return status;
}

/* Puts it beside the file, if that can be. */
static void save_index(const char *path, int format, const hts_idx_t *index) {
    char name[PATH_BYTES], temporary[PATH_BYTES];
    mn_writer_t writer;
    snprintf(name, sizeof name, "%.4000s.%s", path, format == HTS_FMT_CSI ? "csi" : "bai");
    if (mn_writer_open(&writer, name, NULL)) return;
    mn_local_path(writer.temporary, temporary, sizeof temporary);
    if (!hts_idx_save_as(index, NULL, temporary, format))
        mn_writer_commit(&writer, NULL); /* a full disk costs a scan the next time, no more */
    else
        mn_writer_drop(&writer);
}

/* CRAM: htslib makes its index only as a file. It goes beside the CRAM, or else among temporary files until it is read.
 */
static mn_status_t index_cram(const char *path, htsFile *file, hts_idx_t **out, mn_err_t *err) {
    char local[PATH_BYTES], temporary[PATH_BYTES], name[PATH_BYTES];
    const char *scratch = getenv("TMPDIR");
    mn_writer_t writer;
    snprintf(name, sizeof name, "%.4000s.crai", path);
    bool keep = !mn_writer_open(&writer, name, NULL);
    if (!keep) {
        snprintf(name, sizeof name, "%.3000s/mnemon-%.1000s.crai", scratch && *scratch ? scratch : "/tmp",
                 mn_path_base(path));
        mn_status_t status = mn_writer_open(&writer, name, err);
        if (status) return status;
    }
    mn_local_path(path, local, sizeof local);
    mn_local_path(writer.temporary, temporary, sizeof temporary);
    if (!sam_index_build2(local, temporary, 0)) *out = sam_index_load3(file, local, temporary, HTS_IDX_SILENT_FAIL);
    if (*out && keep)
        mn_writer_commit(&writer, NULL);
    else
        mn_writer_drop(&writer);
    if (*out) return MN_OK;
    return mn_err_set(err, MN_INPUT, path, "is it sorted by coordinate, and whole?", "cannot be indexed");
}

/* ---- comparing */

/* Reads placed on each contig, and those without a place. A .crai does not hold them. */
static bool has_same_counts(const hts_idx_t *a, const hts_idx_t *b, const sam_hdr_t *header) {
    if (hts_idx_get_n_no_coor(a) != hts_idx_get_n_no_coor(b)) return false;
    for (int tid = 0; tid < sam_hdr_nref(header); tid++) {
        uint64_t mapped[2] = {0}, unmapped[2] = {0};
        int known = hts_idx_get_stat(a, tid, &mapped[0], &unmapped[0]);
        if (known != hts_idx_get_stat(b, tid, &mapped[1], &unmapped[1]) || mapped[0] != mapped[1] ||
            unmapped[0] != unmapped[1])
            return false;
    }
    return true;
}

/* The index that a file name has beside it, as samtools looks for it. */
static bool find_index(const char *path, bool is_cram, char *out, struct stat *info) {
    static const char *const endings[] = {".csi", ".bai", ".crai"};
    const char *dot = strrchr(mn_path_base(path), '.');
    int stem = dot ? (int)(dot - path) : (int)strlen(path);
    for (int i = is_cram ? 2 : 0; i < (is_cram ? 3 : 2); i++) {
        snprintf(out, PATH_BYTES, "%.4000s%s", path, endings[i]);
        if (!stat(out, info)) return true;
        snprintf(out, PATH_BYTES, "%.*s%s", stem < 4000 ? stem : 4000, path, endings[i]);
        if (!stat(out, info)) return true;
    }
    return false;
}

/* ---- loading */

/* htslib 1.16 crashes on damaged indexes, so their structure is looked through first. All numbers are little-endian. */
typedef struct cursor {
    const uint8_t *at, *end;
    bool failed;
} cursor_t;

static void skip_bytes(cursor_t *cursor, int64_t count, int64_t size) {
    if (count < 0 || count > (cursor->end - cursor->at) / size)
        cursor->failed = true;
    else
        cursor->at += count * size;
}

static uint64_t take_bytes(cursor_t *cursor, int n) {
    uint64_t value = 0;
    const uint8_t *from = cursor->at;
    skip_bytes(cursor, n, 1);
    for (int i = n - 1; i >= 0 && !cursor->failed; i--) value = value << 8 | from[i];
    return value;
}

static int64_t take_number(cursor_t *cursor) {
    return (int32_t)take_bytes(cursor, 4);
}

/* Places in a BGZF file of `size` bytes: offset of a block << 16 | byte of its content. */
static void skip_places(cursor_t *cursor, int64_t n, int64_t size) {
    if (n < 0) cursor->failed = true;
    for (int64_t i = 0; i < n && !cursor->failed; i++)
        if (take_bytes(cursor, 8) >> 16 > (uint64_t)size) cursor->failed = true;
}

/* BAI: "BAI\1", contigs; each: bins (number, chunks of 16 bytes), linear index of 8 bytes an entry. CSI: "CSI\1",
 * shift, depth, extra bytes, contigs; each: bins (number, 8 bytes, chunks). At last, perhaps, a number of 8 bytes. The
 * bin behind all others holds counts, in two chunks. seen: (bins), zeroed; size: of the file it is of. Source: the SAM
 * and CSI specifications. */
static bool is_sound(cursor_t cursor, bool csi, int64_t bins, uint32_t *seen, int64_t contigs, int64_t size) {
    skip_bytes(&cursor, csi ? 12 : 4, 1);
    if (csi) skip_bytes(&cursor, take_number(&cursor), 1);
    int64_t n = take_number(&cursor);
    if (n < 0 || n > contigs) return false;
    for (int64_t contig = 0; contig < n && !cursor.failed; contig++) {
        for (int64_t left = take_number(&cursor); left && !cursor.failed; left--) {
            int64_t bin = take_number(&cursor);
            if (csi) skip_places(&cursor, 1, size);
            int64_t chunks = take_number(&cursor);
            if (left < 0 || bin < 0 || bin >= bins || seen[bin] == contig + 1 || (bin == bins - 1 && chunks != 2))
                return false;
            seen[bin] = (uint32_t)contig + 1;
            if (bin == bins - 1)
                skip_bytes(&cursor, chunks, 16);
            else
                skip_places(&cursor, 2 * chunks, size);
        }
        if (!csi) skip_places(&cursor, take_number(&cursor), size);
    }
    return !cursor.failed && (cursor.at == cursor.end || cursor.end - cursor.at == 8);
}

/* A NUL is put behind it. */
static mn_status_t read_whole(const char *path, void **data, int64_t *size, mn_err_t *err) {
    enum { PART = 1 << 16, MOST = 1 << 30 };
    mn_source_t *source;
    int64_t cap = 0, got = 1;
    *data = NULL;
    *size = 0;
    mn_status_t status = mn_source_open(path, 1, &source, err);
    for (; !status && got && *size < MOST; *size += got) {
        status = mn_mem_reserve(data, &cap, *size + PART + 1, 1, err);
        if (!status) status = mn_source_read(source, (char *)*data + *size, PART, &got, err);
    }
    mn_source_close(source);
    if (!status) ((char *)*data)[*size] = '\0';
    return status;
}

/* CRAI: lines of contig (-1: none), start, span, offset of a container in the file, of a slice in it, bytes of the
 * slice. Source: the CRAM specification. */
static bool is_sound_crai(const char *at, int64_t n, int64_t contigs, int64_t size) {
    const long long most[] = {contigs - 1, INT64_MAX, INT64_MAX, size, size, size};
    for (const char *const end = at + n; at < end;) /* a NUL stands at its end */
        for (int field = 0; field < 6; field++) {
            char *behind;
            errno = 0;
            const long long value = strtoll(at, &behind, 10);
            if (!strchr("-0123456789", *at) || behind == at || errno || value < (field ? 0 : -1) ||
                value > most[field] || *behind != (field < 5 ? '\t' : '\n'))
                return false;
            at = behind + 1;
        }
    return true;
}

/* of: bytes of the file that the index at path is of. */
static mn_status_t check_index(const char *path, bool cram, int64_t contigs, int64_t of, mn_err_t *err) {
    enum { BAI_DEPTH = 5, DEPTH_MAX = 8 };
    void *data, *seen = NULL;
    int64_t size, depth = BAI_DEPTH;
    mn_status_t status = read_whole(path, &data, &size, err);
    cursor_t cursor = {data, (const uint8_t *)data + size, false}, head = cursor;
    bool csi = !status && size >= 16 && !memcmp(data, "CSI\1", 4),
         sound = csi || (!status && size >= 8 && !memcmp(data, "BAI\1", 4));
    if (csi) {
        skip_bytes(&head, 4, 1);
        sound = take_number(&head) > 0;
        depth = take_number(&head);
        sound = sound && depth >= 0 && depth <= DEPTH_MAX;
    }
    if (sound) {
        int64_t bins = (((int64_t)1 << 3 * (depth + 1)) - 1) / 7 + 2; /* with the one behind all others */
        status = mn_mem_new(&seen, bins, sizeof(uint32_t), err);
        sound = !status && is_sound(cursor, csi, bins, seen, contigs, of);
    }
    if (!status && cram) sound = is_sound_crai(data, size, contigs, of);
    mn_mem_free(seen);
    mn_mem_free(data);
    if (status || sound) return status;
    return mn_err_set(err, MN_INPUT, path, "remove the index: it is built again", "damaged, or no index of this file");
}

mn_status_t mn_bai_open(const char *path, htsFile *file, sam_hdr_t *header, hts_idx_t **out, mn_err_t *err) {
    bool is_cram = hts_get_format(file)->format == cram;
    char found[PATH_BYTES], local[PATH_BYTES], local_index[PATH_BYTES];
    struct stat data, info;
    int format;
    *out = NULL;
    if (!find_index(path, is_cram, found, &info)) {
        mn_status_t status =
            is_cram ? index_cram(path, file, out, err) : index_reads(path, file, header, &format, out, err);
        if (!status && !is_cram) save_index(path, format, *out);
        return status;
    }
    mn_local_path(path, local, sizeof local);
    mn_local_path(found, local_index, sizeof local_index);
    if (stat(path, &data)) return mn_err_set(err, MN_IO, path, NULL, "has gone while it was read");
    mn_status_t status = check_index(found, is_cram, sam_hdr_nref(header), (int64_t)data.st_size, err);
    if (status) return status;
    hts_idx_t *loaded = sam_index_load3(file, local, local_index, HTS_IDX_SILENT_FAIL), *fresh = NULL;
    if (!loaded)
        return mn_err_set(err, MN_INPUT, found, "remove the index: it is built again",
                          "damaged, or no index of this file");
    bool stale = is_cram && mn_file_newer(&data, &info); /* a .crai tells no counts to compare */
    if (!is_cram && !mn_file_newer(&info, &data)) {
        status = index_reads(path, file, header, &format, &fresh, err);
        stale = !status && !has_same_counts(loaded, fresh, header);
    }
    hts_idx_destroy(fresh ? loaded : NULL);
    *out = fresh ? fresh : loaded;
    if (stale)
        status = mn_err_set(err, MN_INPUT, found, "remove the index: it is built again",
                            "stale: it is older than the file beside it");
    if (status) {
        hts_idx_destroy(*out);
        *out = NULL;
    }
    return status;
}

/* ---- regions */

static int64_t find_contig(void *ctx, const char *name) {
    return sam_hdr_name2tid(ctx, name);
}

static const char *contig_name(void *ctx, int64_t index) {
    return sam_hdr_tid2name(ctx, (int)index);
}

static int64_t contig_length(void *ctx, int64_t index) {
    return sam_hdr_tid2len(ctx, (int)index);
}

static int compare_regions(const void *left, const void *right) {
    const mn_region_t *a = left, *b = right;
    if (a->contig != b->contig) return a->contig < b->contig ? -1 : 1;
    return a->start < b->start ? -1 : a->start > b->start;
}

/* Sorted regions to htslib's list, in memory from malloc because htslib frees it. */
static hts_reglist_t *make_list(const mn_regions_t *regions, sam_hdr_t *header, int *count) {
    hts_reglist_t *list = calloc((size_t)regions->n, sizeof *list), *last = list - 1;
    *count = 0;
    for (int64_t i = 0; list && i < regions->n; i++) {
        const mn_region_t *region = &regions->items[i];
        if (!i || region->contig != region[-1].contig) {
            int64_t same = i;
            while (same < regions->n && regions->items[same].contig == region->contig) same++;
            last++;
            last->intervals = calloc((size_t)(same - i), sizeof *last->intervals);
            if (!last->intervals) {
                hts_reglist_free(list, *count);
                return NULL;
            }
            last->reg = sam_hdr_tid2name(header, (int)region->contig);
            last->tid = (int)region->contig;
            last->min_beg = region->start;
            ++*count;
        }
        hts_pair_pos_t *before = last->count ? &last->intervals[last->count - 1] : NULL;
        if (before && region->start <= before->end) {
            if (region->end > before->end) before->end = region->end;
        } else {
            last->intervals[last->count++] = (hts_pair_pos_t){region->start, region->end};
        }
        if (region->end > last->max_end) last->max_end = region->end;
    }
    return list;
}

mn_status_t mn_bai_regions(const char *path, sam_hdr_t *header, const mn_input_options_t *options, hts_reglist_t **list,
                           int *count, mn_err_t *err) {
    mn_contigs_t contigs = {header, path, sam_hdr_nref(header), find_contig, contig_name, contig_length};
    mn_regions_t regions = {0};
    mn_status_t status = MN_OK;
    for (int64_t i = 0; i < options->n_regions && !status; i++)
        status = mn_regions_add(&regions, options->regions[i], &contigs, err);
    if (!status && options->bed) status = mn_regions_add_bed(&regions, options->bed, &contigs, err);
    if (!status) {
        qsort(regions.items, (size_t)regions.n, sizeof *regions.items, compare_regions);
        *list = make_list(&regions, header, count);
        if (!*list) status = mn_err_set(err, MN_FAILED, path, NULL, "out of memory");
    }
    mn_regions_done(&regions);
    return status;
}
