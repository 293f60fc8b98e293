/* distinct: which rows of a labelled set are the same sequence on either strand, by their keys (genomics/split.h), and
 * which places they have, in order. */
#ifndef MN_DISTINCT_H
#define MN_DISTINCT_H
#include "genomics/labelled.h"

typedef struct mn_distinct {
    int64_t n;       /* distinct sequences, in the order of their keys */
    int64_t *of;     /* (rows) the distinct sequence of each row */
    int64_t *begins; /* (n + 1) into rows */
    int64_t *rows;   /* (rows) those of one distinct sequence together, in their order */
} mn_distinct_t;

/* Errors: no memory. Owner: the caller, mn_distinct_done (accepts NULL). */
mn_status_t mn_distinct_find(const mn_labelled_t *set, mn_distinct_t *out, mn_err_t *err);
void mn_distinct_done(mn_distinct_t *distinct);

/* A row with its place. */
typedef struct mn_placed {
    mn_place_t at;
    int64_t row;
} mn_placed_t;

/* The rows that have a place and, where parts is given, a part other than 0: by contig, start, then row. Owner: the
 * caller, mn_mem_free. Errors: no memory. */
mn_status_t mn_placed_list(const mn_labelled_t *set, const uint8_t *parts, mn_placed_t **out, int64_t *n,
                           mn_err_t *err);

#endif
