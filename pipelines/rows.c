/* rows: parts of labelled sets as lists. */
#include "pipelines/rows.h"
#include "genomics/base/mem.h"
#include <string.h>

mn_status_t mn_rows_new(const mn_labelled_t *set, int64_t n, mn_rows_t *out, mn_err_t *err) {
    *out = (mn_rows_t){.n_classes = set->n_classes};
    mn_status_t status = mn_mem_new((void **)&out->index, n, sizeof *out->index, err);
    if (!status) status = mn_mem_new((void **)&out->bases, n, sizeof *out->bases, err);
    if (!status) status = mn_mem_new((void **)&out->lengths, n, sizeof *out->lengths, err);
    if (!status) status = mn_mem_new((void **)&out->labels, n, sizeof *out->labels, err);
    if (!status) status = mn_mem_new((void **)&out->probabilities, mn_mem_mul(n, set->n_classes), sizeof(float), err);
    if (status) mn_rows_done(out);
    return status;
}

void mn_rows_done(mn_rows_t *rows) {
    if (!rows) return;
    mn_mem_free(rows->index);
    mn_mem_free(rows->bases);
    mn_mem_free(rows->lengths);
    mn_mem_free(rows->labels);
    mn_mem_free(rows->probabilities);
    *rows = (mn_rows_t){0};
}

mn_status_t mn_rows_list(const mn_labelled_t *set, const uint8_t *parts, mn_split_t part, mn_rows_t *out,
                         mn_err_t *err) {
    int64_t n = 0;
    for (int64_t i = 0; i < set->n; i++) n += !parts || parts[i] == part;
    mn_status_t status = mn_rows_new(set, n, out, err);
    for (int64_t i = 0; i < set->n && !status; i++) {
        if (parts && parts[i] != part) continue;
        out->index[out->n] = i;
        out->bases[out->n] = mn_labelled_row(set, i);
        out->lengths[out->n] = mn_labelled_length(set, i);
        out->labels[out->n++] = set->labels[i];
    }
    return status;
}

void mn_rows_pool(mn_rows_t *pool, const mn_rows_t *rows) {
    const size_t n = (size_t)rows->n;
    if (!n) return;
    memcpy(pool->index + pool->n, rows->index, n * sizeof *rows->index);
    memcpy(pool->bases + pool->n, rows->bases, n * sizeof *rows->bases);
    memcpy(pool->lengths + pool->n, rows->lengths, n * sizeof *rows->lengths);
    memcpy(pool->labels + pool->n, rows->labels, n * sizeof *rows->labels);
    memcpy(pool->probabilities + pool->n * pool->n_classes, rows->probabilities,
           n * (size_t)rows->n_classes * sizeof *rows->probabilities);
    pool->n += rows->n;
}

mn_status_t mn_rows_measure(const mn_rows_t *rows, int64_t resamples, uint64_t seed, mn_metrics_t *out, mn_err_t *err) {
    return mn_metrics_measure(rows->probabilities, rows->labels, rows->n, rows->n_classes, resamples, seed, out, err);
}
