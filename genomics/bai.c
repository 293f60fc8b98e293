/* bai: alignment indexes through htslib, and its list of regions. */
#include "genomics/bai.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "genomics/region.h"
#include "genomics/source.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, BAI_LONGEST = 1 << 29, CSI_SHIFT = 14 };

void mn_local_path(const char *path, char *out, size_t size) {
    snprintf(out, size, "%s%.*s", *path == '/' ? "" : "./", (int)size - 3, path);
}

/* ---- building */

static mn_status_t report_unindexable(const char *path, const sam_hdr_t *header, mn_err_t *err) {
    kstring_t order = {0, 0, NULL};
    bool sorted = !sam_hdr_find_tag_hd((sam_hdr_t *)(uintptr_t)header, "SO", &order) && !strcmp(order.s, "coordinate");
    free(order.s);
    return mn_err_set(err, MN_INPUT, path, sorted ? "is the file truncated?" : "samtools sort",
                      sorted ? "cannot be indexed" : "cannot be indexed: not sorted by coordinate");
}

/* Builds into the writer's temporary and loads from there. */
static mn_status_t build_into(const mn_writer_t *writer, const char *path, htsFile *file, const sam_hdr_t *header,
                              int min_shift, int threads, hts_idx_t **out, mn_err_t *err) {
    char local[PATH_BYTES], temporary[PATH_BYTES];
    mn_local_path(path, local, sizeof local);
    mn_local_path(writer->temporary, temporary, sizeof temporary);
    if (sam_index_build3(local, temporary, min_shift, threads)) return report_unindexable(path, header, err);
    *out = sam_index_load3(file, local, temporary, HTS_IDX_SILENT_FAIL);
    return *out ? MN_OK : mn_err_set(err, MN_FAILED, path, NULL, "its new index cannot be loaded");
}

/* Where indexes go that are not kept. */
static mn_status_t open_scratch(mn_writer_t *writer, const char *path, mn_err_t *err) {
    const char *folder = getenv("TMPDIR");
    char scratch[PATH_BYTES];
    snprintf(scratch, sizeof scratch, "%.3000s/mnemon-%.1000s", folder && *folder ? folder : "/tmp", mn_path_base(path));
    return mn_writer_open(writer, scratch, err);
}

static mn_status_t build_index(const char *path, htsFile *file, const sam_hdr_t *header, int threads, bool keep,
                               hts_idx_t **out, mn_err_t *err) {
    bool is_cram = hts_get_format(file)->format == cram, csi = false;
    for (int tid = 0; tid < sam_hdr_nref(header) && !is_cram; tid++) csi |= sam_hdr_tid2len(header, tid) > BAI_LONGEST;
    char name[PATH_BYTES];
    snprintf(name, sizeof name, "%.4000s.%s", path, is_cram ? "crai" : csi ? "csi" : "bai");
    mn_writer_t writer;
    keep = keep && !mn_writer_open(&writer, name, NULL);
    mn_status_t status = keep ? MN_OK : open_scratch(&writer, name, err);
    if (!status) status = build_into(&writer, path, file, header, csi ? CSI_SHIFT : 0, threads, out, err);
    if (!status && keep) mn_writer_commit(&writer, NULL); /* a full disk costs a scan the next time, no more */
    if (status || !keep) mn_writer_drop(&writer);
    return status;
}

/* ---- comparing */

/* Reads placed on each contig, and those without a place. A .crai does not hold them: its text is compared. */
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

mn_status_t mn_bai_open(const char *path, htsFile *file, const sam_hdr_t *header, int threads, hts_idx_t **out,
                        mn_err_t *err) {
    bool is_cram = hts_get_format(file)->format == cram;
    char found[PATH_BYTES], local[PATH_BYTES], local_index[PATH_BYTES];
    struct stat data, index;
    *out = NULL;
    if (!find_index(path, is_cram, found, &index)) return build_index(path, file, header, threads, true, out, err);
    mn_local_path(path, local, sizeof local);
    mn_local_path(found, local_index, sizeof local_index);
    hts_idx_t *loaded = sam_index_load3(file, local, local_index, HTS_IDX_SILENT_FAIL);
    if (!loaded)
        return mn_err_set(err, MN_INPUT, found, "remove the index: it is built again", "damaged, or no index of this file");
    bool older = !stat(path, &data) && index.st_mtime < data.st_mtime, stale = false;
    mn_status_t status = MN_OK;
    if (older && !is_cram) {
        status = build_index(path, file, header, threads, false, out, err);
        stale = !status && !has_same_counts(loaded, *out, header);
    } else {
        stale = older || (!is_cram && hts_idx_nseq(loaded) > sam_hdr_nref(header));
    }
    if (!stale && !status && !*out) {
        *out = loaded;
        return MN_OK;
    }
    hts_idx_destroy(loaded);
    if (!stale) return status;
    hts_idx_destroy(*out);
    *out = NULL;
    return mn_err_set(err, MN_INPUT, found, "remove the index: it is built again",
                      older ? "stale: it is older than the file beside it" : "stale: it does not fit the file beside it");
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
