/* region: intervals on the contigs of one file, from -r texts and BED files. */
#ifndef MN_REGION_H
#define MN_REGION_H
#include "genomics/source.h"
#include <stdbool.h>
#include <stdint.h>

/* The contigs of a file: n of them, found by name (index, or -1). */
typedef struct mn_contigs {
    void *ctx;
    const char *path; /* of the file, for errors */
    int64_t n;
    int64_t (*find)(void *ctx, const char *name);
    const char *(*name)(void *ctx, int64_t index);
    int64_t (*length)(void *ctx, int64_t index);
} mn_contigs_t;

typedef struct mn_region {
    int64_t contig;     /* index */
    int64_t start, end; /* 0-based half-open, start < end <= the contig's length */
    bool whole;         /* given by the contig's name alone */
} mn_region_t;

typedef struct mn_regions {
    mn_region_t *items; /* in the order given */
    int64_t n, cap;
} mn_regions_t;

/* Adds contig, contig:beg-end, contig:beg (to its end) or contig:-end, 1-based inclusive; an end beyond the contig is
 * cut to it. Braces tell a name with colons from a range: {name} or {name}:beg-end. Errors: MN_USAGE for a text that is
 * no region, or could be two; MN_INPUT for an unknown contig or a begin beyond its end. */
mn_status_t mn_regions_add(mn_regions_t *regions, const char *text, const mn_contigs_t *contigs, mn_err_t *err);

/* A line of BED. */
typedef struct mn_bed {
    const char *contig, *name; /* name: "" where there is no fourth column */
    int64_t start, end;        /* 0-based half-open, start < end */
    char strand;               /* '+', '-', or '.' for none */
    int64_t line;              /* its number in the file; 0 before the first */
    char place[256];           /* file:line */
} mn_bed_t;

/* The next interval of a BED text, begun with a zeroed *bed; the texts in it are valid until the next call; *more
 * false: there is none. Errors: MN_INPUT with file:line: no BED, an empty interval. */
mn_status_t mn_bed_next(mn_source_t *source, mn_bed_t *bed, bool *more, mn_err_t *err);

/* Adds the intervals of a BED file (plain, gzip or BGZF, "-" for stdin; 0-based half-open). Errors: MN_INPUT with
 * file:line: not BED, an unknown contig, an interval that is empty or ends beyond its contig. */
mn_status_t mn_regions_add_bed(mn_regions_t *regions, const char *path, const mn_contigs_t *contigs, mn_err_t *err);

/* Whether the interval has a base in one of them. */
bool mn_regions_touch(const mn_regions_t *regions, int64_t contig, int64_t start, int64_t end);

void mn_regions_done(mn_regions_t *regions);

#endif
