/* region: region texts as samtools reads them, and BED. */
#include "genomics/region.h"
#include "genomics/base/mem.h"
#include <ctype.h>
#include <htslib/hts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mn_status_t add_region(mn_regions_t *regions, mn_region_t region, mn_err_t *err) {
    void *block = regions->items;
    mn_status_t status = mn_mem_reserve(&block, &regions->cap, regions->n + 1, sizeof(mn_region_t), err);
    regions->items = block;
    if (!status) regions->items[regions->n++] = region;
    return status;
}

/* An unknown contig, and what its name would be with or without "chr" if that is one. */
static mn_status_t report_contig(const mn_contigs_t *contigs, const char *where, const char *name, mn_err_t *err) {
    char other[256], hint[320] = "";
    if (!strncmp(name, "chr", 3))
        snprintf(other, sizeof other, "%s", name + 3);
    else
        snprintf(other, sizeof other, "chr%s", name);
    if (contigs->n && contigs->find(contigs->ctx, other) < 0)
        snprintf(hint, sizeof hint, "its first contig is '%.200s'", contigs->name(contigs->ctx, 0));
    else if (contigs->n)
        snprintf(hint, sizeof hint, "did you mean '%.200s'?", other);
    return mn_err_set(err, MN_INPUT, where, hint, "no contig '%.80s' in %.100s", name, contigs->path);
}

static int find_contig(void *ctx, const char *name) {
    const mn_contigs_t *contigs = ctx;
    return (int)contigs->find(contigs->ctx, name);
}

static mn_status_t report_region(const mn_contigs_t *contigs, const char *text, mn_err_t *err) {
    const char *colon = strrchr(text, ':');
    bool range = colon && colon[1] && strspn(colon + 1, "0123456789,-") == strlen(colon + 1);
    char name[256], hint[256];
    snprintf(name, sizeof name, "%.*s", (int)(range && colon - text < 255 ? colon - text : 255), text);
    if (contigs->find(contigs->ctx, text) >= 0) {
        snprintf(hint, sizeof hint, "write {%.100s} for the contig, {%.100s}%.40s for a part of the other", text, name,
                 range ? colon : "");
        return mn_err_set(err, MN_USAGE, NULL, hint, "region '%.100s' is ambiguous", text);
    }
    if (*text != '{' && contigs->find(contigs->ctx, name) < 0) return report_contig(contigs, NULL, name, err);
    return mn_err_set(err, MN_USAGE, NULL, "write contig, contig:beg-end or {contig}:beg-end, 1-based, both ends in it",
                      "region '%.100s' cannot be read", text);
}

mn_status_t mn_regions_add(mn_regions_t *regions, const char *text, const mn_contigs_t *contigs, mn_err_t *err) {
    int tid;
    hts_pos_t start, end;
    const char *rest = hts_parse_region(text, &tid, &start, &end, find_contig, (void *)(uintptr_t)contigs, 0);
    if (!rest || *rest || tid < 0 || start < 0 || start >= end) return report_region(contigs, text, err);
    int64_t length = contigs->length(contigs->ctx, tid);
    if (start >= length)
        return mn_err_set(err, MN_INPUT, contigs->path, NULL, "region '%.100s' begins beyond the contig's end, %lld",
                          text, (long long)length);
    bool whole = !strcmp(text, contigs->name(contigs->ctx, tid));
    return add_region(regions, (mn_region_t){tid, start, end < length ? end : length, whole}, err);
}

/* A field of digits; -1: it is none. Moves *at behind it and the separator. */
static int64_t read_number(char **at, const char *separator) {
    char *from = *at + (*separator == ' ' ? strspn(*at, " ") : 0), *end = from;
    int64_t value = 0;
    for (; isdigit((unsigned char)*end) && value <= INT64_MAX / 10 - 1; end++) value = value * 10 + (*end - '0');
    if (end == from || (*end && *end != *separator && *end != '\r')) return -1;
    *at = end + (*end != '\0');
    return value;
}

/* The field at *at, ended in place; moves *at behind it and the separator. */
static char *read_word(char **at, const char *separator) {
    char *word = *at + (*separator == ' ' ? strspn(*at, " ") : 0);
    *at = word + strcspn(word, separator);
    if (**at) *(*at)++ = '\0';
    return word;
}

static mn_status_t read_bed(mn_bed_t *bed, char *line, mn_err_t *err) {
    char *at = line;
    const char *separator = strchr(line, '\t') ? "\t" : " ";
    bed->contig = read_word(&at, separator);
    bed->start = read_number(&at, separator);
    bed->end = bed->start < 0 ? -1 : read_number(&at, separator);
    if (bed->end < 0)
        return mn_err_set(err, MN_INPUT, bed->place, "a line is: contig, start, end",
                          "no BED: a start and an end are expected");
    if (bed->start >= bed->end)
        return mn_err_set(err, MN_INPUT, bed->place, NULL, "the interval %lld to %lld is empty", (long long)bed->start,
                          (long long)bed->end);
    bed->name = read_word(&at, separator);
    read_word(&at, separator); /* the score */
    const char *strand = read_word(&at, separator);
    bed->strand = strand[0] && !strand[1] && strchr("+-", strand[0]) ? strand[0] : '.';
    return MN_OK;
}

mn_status_t mn_bed_next(mn_source_t *source, mn_bed_t *bed, bool *more, mn_err_t *err) {
    for (char *line;;) {
        mn_status_t status = mn_source_line(source, &line, err);
        *more = !status && line;
        if (!*more) return status;
        snprintf(bed->place, sizeof bed->place, "%.200s:%lld", mn_source_path(source), (long long)++bed->line);
        if (bed->line == 1 && !strncmp(line, "\xef\xbb\xbf", 3)) line += 3;
        const size_t word = strcspn(line, " \t");
        const bool browser = (word == 5 && !strncmp(line, "track", 5)) || (word == 7 && !strncmp(line, "browser", 7));
        if (*line && *line != '#' && (!browser || line[word] == '\t')) return read_bed(bed, line, err);
    }
}

static mn_status_t add_bed(mn_regions_t *regions, const mn_bed_t *bed, const mn_contigs_t *contigs, mn_err_t *err) {
    int64_t contig = contigs->find(contigs->ctx, bed->contig);
    if (contig < 0) return report_contig(contigs, bed->place, bed->contig, err);
    int64_t length = contigs->length(contigs->ctx, contig);
    if (bed->end > length)
        return mn_err_set(err, MN_INPUT, bed->place, "was the BED made for another assembly?",
                          "the interval ends at %lld, beyond the end of '%.80s', %lld", (long long)bed->end,
                          bed->contig, (long long)length);
    return add_region(regions, (mn_region_t){contig, bed->start, bed->end, false}, err);
}

mn_status_t mn_regions_add_bed(mn_regions_t *regions, const char *path, const mn_contigs_t *contigs, mn_err_t *err) {
    mn_source_t *source;
    mn_status_t status = mn_source_open(path, 1, &source, err);
    if (status) return status;
    mn_bed_t bed = {0};
    bool more;
    const int64_t before = regions->n, most = mn_mem_most(sizeof *regions->items);
    while (!(status = mn_bed_next(source, &bed, &more, err)) && more) {
        if (regions->n == most)
            status = mn_err_set(err, MN_FAILED, bed.place, "use a part of it, or a machine with more memory",
                                "more than %lld intervals do not fit in memory", (long long)most);
        if (status || (status = add_bed(regions, &bed, contigs, err))) break;
    }
    if (!status && regions->n == before)
        status = mn_err_set(err, MN_INPUT, mn_source_path(source), NULL, "holds no interval");
    mn_source_close(source);
    return status;
}

bool mn_regions_touch(const mn_regions_t *regions, int64_t contig, int64_t start, int64_t end) {
    for (const mn_region_t *r = regions->items; r < regions->items + regions->n; r++)
        if (r->contig == contig && r->start < end && start < r->end) return true;
    return false;
}

void mn_regions_done(mn_regions_t *regions) {
    mn_mem_free(regions->items);
    *regions = (mn_regions_t){0};
}
