/* rows: the rows of one part of a labelled set, what a classifier says of them, and how right it is. */
#ifndef MN_ROWS_H
#define MN_ROWS_H
#include "genomics/labelled.h"
#include "titans/metrics.h"

/* Owner of all: the caller, mn_rows_done (accepts NULL). The bases stay the set's. */
typedef struct mn_rows {
    int64_t n, n_classes;
    int64_t *index;        /* (n) in the set */
    const uint8_t **bases; /* (n) */
    int64_t *lengths;      /* (n) */
    int32_t *labels;       /* (n) */
    float *probabilities;  /* (n, n_classes), 0 until somebody fills them */
} mn_rows_t;

/* Room for n rows, n_classes as the set has; out->n is 0 until they are added. Errors: no memory. */
mn_status_t mn_rows_new(const mn_labelled_t *set, int64_t n, mn_rows_t *out, mn_err_t *err);
void mn_rows_done(mn_rows_t *rows);
/* The rows whose parts[row] is `part`, in the set's order; parts NULL: all. Errors: no memory. */
mn_status_t mn_rows_list(const mn_labelled_t *set, const uint8_t *parts, mn_split_t part, mn_rows_t *out,
                         mn_err_t *err);
/* Adds `rows` with their probabilities to a pool that has room for them. */
void mn_rows_pool(mn_rows_t *pool, const mn_rows_t *rows);
/* mn_metrics_measure of them. */
mn_status_t mn_rows_measure(const mn_rows_t *rows, int64_t resamples, uint64_t seed, mn_metrics_t *out, mn_err_t *err);

#endif
