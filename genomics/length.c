/* length: histograms of classes over lengths. */
#include "genomics/length.h"
#include "genomics/base/mem.h"
#include <stdlib.h>

typedef struct row {
    int64_t length;
    int32_t label;
} row_t;

static int compare_rows(const void *a, const void *b) {
    int64_t x = ((const row_t *)a)->length, y = ((const row_t *)b)->length;
    return (x > y) - (x < y);
}

/* Fills the bins from rows[0..n) in order of length. */
static void fill_bins(mn_length_t *model, const row_t *rows, int64_t n, int64_t bins, const double *whole) {
    int64_t k = model->n_classes;
    for (int64_t i = 0; i < n; model->n_bins++) {
        int64_t begin = i, wanted = n * (model->n_bins + 1) / bins;
        while (i < n && (i < wanted || i == begin || rows[i].length == rows[i - 1].length)) i++;
        float *to = model->probabilities + model->n_bins * k;
        for (int64_t j = begin; j < i; j++) to[rows[j].label]++;
        for (int64_t c = 0; c < k; c++) to[c] = (float)((to[c] + whole[c]) / (double)(i - begin + 1));
        model->last[model->n_bins] = rows[i - 1].length;
    }
}

mn_status_t mn_length_train(const mn_labelled_t *set, const uint8_t *parts, int64_t bins, mn_length_t *out,
                            mn_err_t *err) {
    mn_length_t model = {.n_classes = set->n_classes};
    row_t *rows = NULL;
    double *whole = NULL;
    mn_status_t status = mn_mem_new((void **)&model.last, bins, sizeof *model.last, err);
    if (!status)
        status = mn_mem_new((void **)&model.probabilities, bins * set->n_classes, sizeof *model.probabilities, err);
    if (!status) status = mn_mem_new((void **)&rows, set->n, sizeof *rows, err);
    if (!status) status = mn_mem_new((void **)&whole, set->n_classes, sizeof *whole, err);
    if (!status) {
        int64_t n = 0;
        for (int64_t i = 0; i < set->n; i++)
            if (parts[i] == MN_SPLIT_TRAIN) rows[n++] = (row_t){mn_labelled_length(set, i), set->labels[i]};
        for (int64_t i = 0; i < n; i++) whole[rows[i].label] += 1.0 / (double)n;
        qsort(rows, (size_t)n, sizeof *rows, compare_rows);
        fill_bins(&model, rows, n, bins, whole);
    }
    mn_mem_free(rows);
    mn_mem_free(whole);
    if (status)
        mn_length_done(&model);
    else
        *out = model;
    return status;
}

void mn_length_done(mn_length_t *model) {
    if (!model) return;
    mn_mem_free(model->last);
    mn_mem_free(model->probabilities);
    *model = (mn_length_t){0};
}

const float *mn_length_predict(const mn_length_t *model, int64_t length) {
    int64_t low = 0, high = model->n_bins - 1; /* the last bin has no end */
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        if (length > model->last[mid])
            low = mid + 1;
        else
            high = mid;
    }
    return model->probabilities + low * model->n_classes;
}
