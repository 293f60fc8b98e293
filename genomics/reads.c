/* reads: alignments through htslib, each read once and in the orientation in which it was sequenced. */
#include "genomics/reads.h"
#include "genomics/bai.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "genomics/fai.h"
#include <ctype.h>
#include <htslib/bgzf.h>
#include <htslib/cram.h>
#include <htslib/hfile.h>
#include <htslib/sam.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mn_reads {
    char *path;
    mn_format_t format;
    htsFile *file;
    sam_hdr_t *header;
    bam1_t *read;
    hts_idx_t *index; /* regions */
    hts_itr_t *hits;
    mn_input_options_t options; /* its pointers are not used after opening */
    bool has_reference, check_end, threaded;
    int64_t count; /* reads seen, for errors */
    uint8_t table[256];
    char pairs[2][256][2];
    char *letters; /* of the present read, n of them from letters[1] on; [at .. n) is unread */
    uint8_t *bases;
    int64_t n, at, letters_cap, bases_cap;
};

void mn_reads_close(mn_reads_t *reads) {
    if (!reads) return;
    hts_itr_destroy(reads->hits);
    hts_idx_destroy(reads->index);
    bam_destroy1(reads->read);
    sam_hdr_destroy(reads->header);
    if (reads->file) hts_close(reads->file);
    mn_mem_free(reads->letters);
    mn_mem_free(reads->bases);
    mn_mem_free(reads->path);
    mn_mem_free(reads);
}

/* ---- opening */

/* htslib looks for a CRAM's reference at a server unless REF_PATH names folders: the user's own cache if it names
 * nothing. */
static mn_status_t forbid_servers(const char *path, mn_err_t *err) {
    const char *set = getenv("REF_PATH"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (set && (strstr(set, "://") || strstr(set, "URL=")))
        return mn_err_set(err, MN_INPUT, path, "unset REF_PATH, and give the genome: --reference GENOME.fa",
                          "REF_PATH names a server: nothing is read over the network");
    if (set && *set) return MN_OK;
    char local[4096];
    if (cache && *cache)
        snprintf(local, sizeof local, "%.3900s/hts-ref/%%2s/%%2s/%%s", cache);
    else
        snprintf(local, sizeof local, "%.3900s/.cache/hts-ref/%%2s/%%2s/%%s", home ? home : "");
    if (setenv("REF_PATH", local, 1)) return mn_err_set(err, MN_FAILED, path, NULL, "out of memory");
    return MN_OK;
}

/* Takes from the header where the reference once lay, unless it still lies there with its index: htslib would ask the
 * network, wait for a pipe, write an index there, or complain on stderr. */
static void forget_origins(sam_hdr_t *header) {
    kstring_t origin = {0, 0, NULL};
    for (int tid = 0; tid < sam_hdr_nref(header); tid++) {
        const char *name = sam_hdr_tid2name(header, tid);
        if (sam_hdr_find_tag_id(header, "SQ", "SN", name, "UR", &origin)) continue;
        const char *path = strncmp(origin.s, "file:", 5) ? origin.s : origin.s + 5;
        char index[PATH_MAX];
        snprintf(index, sizeof index, "%.*s.fai", PATH_MAX - 8, path);
        if (*path != '/' || !mn_file_exists(path) || mn_file_is_once(path) || !mn_file_exists(index))
            sam_hdr_remove_tag_id(header, "SQ", "SN", name, "UR");
    }
    free(origin.s);
}

/* htslib wants a reference's index beside it. */
static mn_status_t index_reference(const char *path, mn_err_t *err) {
    mn_source_t *source;
    mn_fai_t *fai = NULL;
    mn_status_t status = mn_source_open(path, 1, &source, err);
    if (status) return status;
    status = mn_source_format(source) == MN_FORMAT_FASTA
                 ? mn_fai_open(source, &fai, err)
                 : mn_err_set(err, MN_INPUT, path, NULL, "a reference must be FASTA, plain or packed by bgzip");
    mn_fai_free(fai);
    mn_source_close(source);
    return status;
}

/* CRAM decodes only what is used here; its reference is local or none. */
static mn_status_t set_cram(mn_reads_t *reads, mn_err_t *err) {
    const char *reference = reads->options.reference;
    int fields = SAM_QNAME | SAM_FLAG | SAM_RNAME | SAM_POS | SAM_MAPQ | SAM_CIGAR | SAM_SEQ;
    mn_status_t status = forbid_servers(reads->path, err);
    if (status) return status;
    if (hts_set_opt(reads->file, CRAM_OPT_REQUIRED_FIELDS, fields) || hts_set_opt(reads->file, CRAM_OPT_DECODE_MD, 0))
        return mn_err_set(err, MN_FAILED, reads->path, NULL, "CRAM decoding cannot be set up");
    if (!reference) return MN_OK;
    status = index_reference(reference, err);
    if (status) return status;
    char local[4096];
    mn_local_path(reference, local, sizeof local);
    if (hts_set_fai_filename(reads->file, local))
        return mn_err_set(err, MN_INPUT, reference, "index it in a folder that can be written: samtools faidx",
                          "cannot be used as a reference without its index");
    reads->has_reference = true;
    return MN_OK;
}

static mn_status_t check_end(const mn_reads_t *reads, mn_err_t *err) {
    bool missing = hts_check_EOF(reads->file) == 0 ||
                   (reads->check_end && reads->file->is_bgzf && reads->file->fp.bgzf->no_eof_block);
    if (!missing || reads->options.allow_missing_eof) return MN_OK;
    return mn_err_set(err, MN_INPUT, reads->path, "copy the file again, or read it with --allow-missing-eof",
                      "has no %s end block: probably truncated", mn_format_names[reads->format]);
}

static mn_status_t open_regions(mn_reads_t *reads, const mn_input_options_t *options, mn_err_t *err) {
    hts_reglist_t *list;
    int count;
    mn_status_t status = mn_bai_open(reads->path, reads->file, reads->header, &reads->index, err);
    if (!status) status = mn_bai_regions(reads->path, reads->header, options, &list, &count, err);
    if (status) return status;
    reads->hits = sam_itr_regions(reads->index, reads->header, list, (unsigned)count); /* owns list now */
    if (reads->hits) return MN_OK;
    return mn_err_set(err, MN_INPUT, reads->path, "remove its index: it is built again", "its index cannot be used");
}

static mn_status_t open_file(mn_reads_t *reads, mn_source_t *source, mn_err_t *err) {
    struct hFILE *raw = mn_source_take(source);
    reads->file = hts_hopen(raw, reads->path, "r");
    if (!reads->file) {
        hclose_abruptly(raw);
        return mn_err_set(err, MN_INPUT, reads->path, "copy or download the file again",
                          "damaged: no readable %s header", mn_format_names[reads->format]);
    }
    if (hts_get_format(reads->file)->category != sequence_data)
        return mn_err_set(err, MN_INPUT, reads->path, NULL, "holds no alignments");
    mn_status_t status = check_end(reads, err);
    if (!status && reads->format == MN_FORMAT_CRAM) status = set_cram(reads, err);
    if (status) return status;
    reads->header = sam_hdr_read(reads->file);
    if (!reads->header)
        return mn_err_set(err, MN_INPUT, reads->path, "copy or download the file again",
                          "truncated or damaged: no readable %s header", mn_format_names[reads->format]);
    if (reads->format == MN_FORMAT_CRAM) forget_origins(cram_fd_get_header(reads->file->fp.cram));
    return MN_OK;
}

/* The letters of a packed pair of bases; of its reverse complement. */
static void make_pairs(mn_reads_t *reads) {
    static const char forward[] = "=ACMGRSVTWYHKDBN", reverse[] = "=TGKCYSBAWRDMHVN";
    for (int pair = 0; pair < 256; pair++) {
        reads->pairs[0][pair][0] = forward[pair >> 4];
        reads->pairs[0][pair][1] = forward[pair & 15];
        reads->pairs[1][pair][0] = reverse[pair & 15];
        reads->pairs[1][pair][1] = reverse[pair >> 4];
    }
}

/* Last, so that indexes are built without. SAM is read ahead in lines, which regions cannot follow. */
static void set_threads(mn_reads_t *reads) {
    if (reads->options.threads < 2 || (reads->format == MN_FORMAT_SAM && reads->hits)) return;
    hts_set_threads(reads->file, reads->options.threads);
    reads->threaded = reads->file->is_bgzf && reads->file->fp.bgzf->mt;
}

mn_status_t mn_reads_open(mn_source_t *source, const mn_input_options_t *options, mn_reads_t **out, mn_err_t *err) {
    void *block;
    *out = NULL;
    mn_status_t status = mn_mem_new(&block, 1, sizeof(mn_reads_t), err);
    if (status) {
        mn_source_close(source);
        return status;
    }
    mn_reads_t *reads = block;
    reads->options = *options;
    reads->format = mn_source_format(source);
    mn_alphabet_table(options->mask_lowercase, options->invalid == MN_INVALID_N ? MN_INVALID_N : MN_INVALID_ERROR,
                      reads->table);
    make_pairs(reads);
    bool seekable = mn_source_seekable(source), regions = options->n_regions || options->bed;
    reads->check_end = !regions;
    status = mn_mem_string(&reads->path, mn_source_path(source), err);
    if (!status && regions && !seekable)
        status = mn_err_set(err, MN_USAGE, reads->path, "save it to a file first",
                            "regions need a file that can be sought in");
    if (!status && regions && reads->format != MN_FORMAT_CRAM && mn_source_pack(source) != MN_PACK_BGZF)
        status = mn_err_set(err, MN_INPUT, reads->path, "convert it: samtools view -b",
                            "regions need BGZF compression, as BAM has");
    if (!status) status = open_file(reads, source, err);
    mn_source_close(source);
    if (!status && regions) status = open_regions(reads, options, err);
    if (!status) set_threads(reads);
    reads->read = bam_init1();
    if (!status && !reads->read) status = mn_err_set(err, MN_FAILED, reads->path, NULL, "out of memory");
    if (!status)
        *out = reads;
    else
        mn_reads_close(reads);
    return status;
}

/* ---- reading */

static mn_status_t report_damaged(const mn_reads_t *reads, mn_err_t *err) {
    char where[256];
    snprintf(where, sizeof where, "%.200s:read %lld", reads->path, (long long)reads->count + 1);
    if (reads->format == MN_FORMAT_CRAM)
        return mn_err_set(err, MN_INPUT, where,
                          reads->has_reference ? "is it the genome that the CRAM was made with?"
                                               : "give the genome that it was made with: --reference GENOME.fa",
                          "cannot be decoded: the reference is missing or another one, or the file is damaged");
    return mn_err_set(err, MN_INPUT, where, "copy or download the file again", "truncated or damaged");
}

/* Letters of the sequence in the orientation of the sequencer. A pair may stick out by a byte at either end. */
static mn_status_t unpack_letters(mn_reads_t *reads, mn_err_t *err) {
    const bam1_t *read = reads->read;
    const uint8_t *packed = bam_get_seq(read);
    void *letters = reads->letters, *bases = reads->bases;
    int64_t n = read->core.l_qseq;
    mn_status_t status = mn_mem_reserve(&letters, &reads->letters_cap, n + 2, 1, err);
    reads->letters = letters;
    if (!status) status = mn_mem_reserve(&bases, &reads->bases_cap, n, 1, err);
    reads->bases = bases;
    if (status) return status;
    char *to = reads->letters + 1;
    if (bam_is_rev(read))
        for (int64_t i = 0; i < n; i += 2) memcpy(to + n - 2 - i, reads->pairs[1][packed[i / 2]], 2);
    else
        for (int64_t i = 0; i < n; i += 2) memcpy(to + i, reads->pairs[0][packed[i / 2]], 2);
    reads->n = n;
    reads->at = 0;
    return MN_OK;
}

/* After the last read. A binary file with neither reads nor contigs is what a failed run leaves. */
static mn_status_t finish_reads(const mn_reads_t *reads, mn_err_t *err) {
    if (!reads->count && !sam_hdr_nref(reads->header) && reads->format != MN_FORMAT_SAM)
        return mn_err_set(err, MN_INPUT, reads->path, NULL, "is empty: no reads, and no reference sequences");
    return reads->check_end ? check_end(reads, err) : MN_OK;
}

mn_status_t mn_reads_next(mn_reads_t *reads, mn_record_t *record, bool *more, mn_err_t *err) {
    const mn_input_options_t *options = &reads->options;
    const bam1_core_t *core = &reads->read->core;
    *more = false;
    for (;; reads->count++) {
        int code = reads->hits ? sam_itr_multi_next(reads->file, reads->hits, reads->read)
                               : sam_read1(reads->file, reads->header, reads->read);
        /* htslib 1.16 may take an error in its reading thread for the file's end: it then goes on without threads. */
        if (code < -1 || (reads->threaded && !reads->file->fp.bgzf->mt)) return report_damaged(reads, err);
        if (code == -1) return finish_reads(reads, err);
        if ((core->flag & options->require_flags) == options->require_flags && !(core->flag & options->exclude_flags) &&
            core->qual >= options->min_mapq)
            break;
    }
    reads->count++;
    *more = true;
    *record = (mn_record_t){0};
    record->name = record->contig = bam_get_qname(reads->read);
    for (const char *c = record->name; *c; c++)
        if (iscntrl((unsigned char)*c)) {
            char where[256];
            snprintf(where, sizeof where, "%.200s:read %lld", reads->path, (long long)reads->count);
            return mn_err_set(err, MN_INPUT, where, "rename the read", "a name with a control character");
        }
    return unpack_letters(reads, err);
}

mn_status_t mn_reads_read(mn_reads_t *reads, mn_piece_t *piece, mn_base_counts_t *counts, mn_err_t *err) {
    for (int64_t used; reads->at < reads->n; reads->at += used) {
        const char *from = reads->letters + 1 + reads->at;
        *piece = (mn_piece_t){reads->bases, 0, reads->at};
        piece->n = mn_bases_from_text(from, reads->n - reads->at, reads->table, reads->bases, counts, &used);
        if (used < reads->n - reads->at) { /* '=', the only letter of BAM that is no nucleotide code */
            if (reads->options.invalid == MN_INVALID_ERROR) {
                char where[256];
                snprintf(where, sizeof where, "%.120s:%.80s:%lld", reads->path, bam_get_qname(reads->read),
                         (long long)(reads->at + used + 1));
                return mn_err_set(err, MN_INPUT, where, "fill the bases in: samtools calmd without -e",
                                  "'%c' stands for a reference base", from[used]);
            }
            counts->skipped++;
            used++;
        }
        if (piece->n) {
            reads->at += used;
            return MN_OK;
        }
    }
    *piece = (mn_piece_t){reads->bases, 0, reads->n};
    return MN_OK;
}
