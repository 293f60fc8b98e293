/* distinct: rows sorted by key, and by place. */
#include "genomics/distinct.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/split.h"
#include <stdlib.h>

enum { KEY_TASKS = 256 };

typedef struct keyed {
    uint64_t key;
    int64_t row;
} keyed_t;

static int compare_keyed(const void *a, const void *b) {
    const keyed_t *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

typedef struct keying {
    const mn_labelled_t *set;
    keyed_t *rows;
} keying_t;

static void key_rows(void *ctx, int64_t task) {
    keying_t *k = ctx;
    for (int64_t i = k->set->n * task / KEY_TASKS; i < k->set->n * (task + 1) / KEY_TASKS; i++)
        k->rows[i] = (keyed_t){mn_split_row_key(k->set, i), i};
}

mn_status_t mn_distinct_find(const mn_labelled_t *set, mn_distinct_t *out, mn_err_t *err) {
    mn_distinct_t d = {0};
    keying_t k = {.set = set};
    mn_status_t status = mn_mem_new((void **)&k.rows, set->n, sizeof *k.rows, err);
    if (!status) status = mn_mem_new((void **)&d.of, set->n, sizeof *d.of, err);
    if (!status) status = mn_mem_new((void **)&d.begins, set->n + 1, sizeof *d.begins, err);
    if (!status) status = mn_mem_new((void **)&d.rows, set->n, sizeof *d.rows, err);
    if (!status) {
        mn_par_for(KEY_TASKS, key_rows, &k);
        qsort(k.rows, (size_t)set->n, sizeof *k.rows, compare_keyed);
        for (int64_t i = 0; i < set->n; i++) {
            if (!i || k.rows[i].key != k.rows[i - 1].key) d.begins[d.n++] = i;
            d.rows[i] = k.rows[i].row;
            d.of[k.rows[i].row] = d.n - 1;
        }
        d.begins[d.n] = set->n;
    }
    mn_mem_free(k.rows);
    if (status)
        mn_distinct_done(&d);
    else
        *out = d;
    return status;
}

void mn_distinct_done(mn_distinct_t *distinct) {
    if (!distinct) return;
    mn_mem_free(distinct->of);
    mn_mem_free(distinct->begins);
    mn_mem_free(distinct->rows);
    *distinct = (mn_distinct_t){0};
}

static int compare_placed(const void *a, const void *b) {
    const mn_placed_t *x = a, *y = b;
    if (x->at.contig != y->at.contig) return x->at.contig < y->at.contig ? -1 : 1;
    if (x->at.start != y->at.start) return x->at.start < y->at.start ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

mn_status_t mn_placed_list(const mn_labelled_t *set, const uint8_t *parts, mn_placed_t **out, int64_t *n,
                           mn_err_t *err) {
    *n = 0;
    mn_status_t status = mn_mem_new((void **)out, set->places ? set->n : 0, sizeof **out, err);
    if (status || !set->places) return status;
    for (int64_t i = 0; i < set->n; i++)
        if ((!parts || parts[i]) && set->places[i].contig >= 0) (*out)[(*n)++] = (mn_placed_t){set->places[i], i};
    qsort(*out, (size_t)*n, sizeof **out, compare_placed);
    return MN_OK;
}
