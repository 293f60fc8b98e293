/* subset: copies of rows, strata, and digests. */
#include "genomics/subset.h"
#include "genomics/base/digest.h"
#include "genomics/base/mem.h"
#include "genomics/split.h"
#include <stdlib.h>
#include <string.h>

/* New numbers of the classes that the rows have, -1 for others, in `place`; copies their names. */
static mn_status_t take_classes(const mn_labelled_t *set, const int64_t *rows, int64_t n, int32_t *place,
                                mn_labelled_t *out, mn_err_t *err) {
    mn_status_t status = mn_mem_new((void **)&out->classes, set->n_classes, sizeof *out->classes, err);
    for (int64_t c = 0; c < set->n_classes; c++) place[c] = -1;
    for (int64_t i = 0; i < n; i++) place[set->labels[rows[i]]] = 0;
    for (int64_t c = 0; c < set->n_classes && !status; c++) {
        if (place[c] < 0) continue;
        status = mn_mem_string(&out->classes[out->n_classes], set->classes[c], err);
        if (!status) place[c] = (int32_t)out->n_classes++;
    }
    return status;
}

static bool is_blank(const mn_labelled_t *set, int64_t row) {
    const uint8_t *bases = mn_labelled_row(set, row);
    for (int64_t i = 0; i < mn_labelled_length(set, row); i++)
        if (bases[i] != MN_BASE_N) return false;
    return true;
}

static mn_status_t copy_names(const mn_names_t *names, mn_names_t *out, mn_err_t *err) {
    mn_status_t status = MN_OK;
    for (int64_t i = 0, number; i < names->n && !status; i++)
        status = mn_names_add(out, mn_names_text(names, i), &number, err);
    return status;
}

static mn_status_t reserve(const mn_labelled_t *set, const int64_t *rows, int64_t n, mn_labelled_t *out,
                           mn_err_t *err) {
    int64_t bases = 0, bytes = 0;
    for (int64_t i = 0; i < n; i++) {
        bases += mn_labelled_length(set, rows[i]);
        bytes += (int64_t)strlen(mn_labelled_name(set, rows[i])) + 1;
    }
    mn_status_t status = mn_mem_new((void **)&out->bases, bases, 1, err);
    if (!status) status = mn_mem_new((void **)&out->offsets, n + 1, sizeof *out->offsets, err);
    if (!status) status = mn_mem_new((void **)&out->labels, n, sizeof *out->labels, err);
    if (!status) status = mn_mem_new((void **)&out->splits, n, 1, err);
    if (!status) status = mn_mem_new((void **)&out->names, bytes, 1, err);
    if (!status) status = mn_mem_new((void **)&out->name_offsets, n, sizeof *out->name_offsets, err);
    if (!status && set->places) status = mn_mem_new((void **)&out->places, n, sizeof *out->places, err);
    if (!status) status = copy_names(&set->contigs, &out->contigs, err);
    if (!status) status = copy_names(&set->files, &out->files, err);
    return status;
}

static void copy_rows(const mn_labelled_t *set, const int64_t *rows, int64_t n, const int32_t *place,
                      mn_labelled_t *out) {
    int64_t named = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t row = rows[i], length = mn_labelled_length(set, row);
        size_t bytes = strlen(mn_labelled_name(set, row)) + 1;
        memcpy(out->bases + out->offsets[i], mn_labelled_row(set, row), (size_t)length);
        memcpy(out->names + named, mn_labelled_name(set, row), bytes);
        out->name_offsets[i] = named;
        named += (int64_t)bytes;
        out->offsets[i + 1] = out->offsets[i] + length;
        out->labels[i] = place[set->labels[row]];
        out->splits[i] = set->splits[row];
        out->per_split[set->splits[row]]++;
        if (set->places) out->places[i] = set->places[row];
        if (length > out->longest) out->longest = length;
        out->n_blank += is_blank(set, row);
    }
    out->n = n;
    memcpy(out->source, set->source, sizeof out->source);
}

mn_status_t mn_subset_take(const mn_labelled_t *set, const int64_t *rows, int64_t n, mn_labelled_t **out,
                           mn_err_t *err) {
    mn_labelled_t *subset;
    int32_t *place = NULL;
    mn_status_t status = mn_mem_new((void **)&subset, 1, sizeof *subset, err);
    if (status) return status;
    status = mn_mem_new((void **)&place, set->n_classes, sizeof *place, err);
    if (!status) status = take_classes(set, rows, n, place, subset, err);
    if (!status) status = reserve(set, rows, n, subset, err);
    if (!status) copy_rows(set, rows, n, place, subset);
    mn_mem_free(place);
    if (status)
        mn_labelled_free(subset);
    else
        *out = subset;
    return status;
}

/* ---- a smaller set */

typedef struct keyed {
    uint64_t key;
    int64_t stratum, row;
} keyed_t;

static int compare_keyed(const void *a, const void *b) {
    const keyed_t *x = a, *y = b;
    if (x->stratum != y->stratum) return x->stratum < y->stratum ? -1 : 1;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int compare_rows(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

mn_status_t mn_subset_cap(const mn_labelled_t *set, int64_t most, int64_t *rows, int64_t *n, mn_err_t *err) {
    keyed_t *keyed;
    int64_t kept = 0, all = *n;
    if (all <= most) return MN_OK;
    mn_status_t status = mn_mem_new((void **)&keyed, all, sizeof *keyed, err);
    if (status) return status;
    for (int64_t i = 0; i < all; i++)
        keyed[i] = (keyed_t){.key = mn_split_row_key(set, rows[i]),
                             .stratum = set->splits[rows[i]] * set->n_classes + set->labels[rows[i]],
                             .row = rows[i]};
    qsort(keyed, (size_t)all, sizeof *keyed, compare_keyed);
    for (int64_t begin = 0, end; begin < all; begin = end) {
        for (end = begin + 1; end < all && keyed[end].stratum == keyed[begin].stratum;) end++;
        /* shares of all strata before this one and with it, rounded down: their differences add up to `most` */
        int64_t part =
            (int64_t)((double)end / (double)all * (double)most) - (int64_t)((double)begin / (double)all * (double)most);
        for (int64_t i = 0; i < part; i++) rows[kept++] = keyed[begin + i].row;
    }
    qsort(rows, (size_t)kept, sizeof *rows, compare_rows);
    *n = kept;
    mn_mem_free(keyed);
    return MN_OK;
}

uint64_t mn_subset_digest(const mn_labelled_t *set) {
    uint64_t hash = mn_digest_hash(set->bases, set->offsets[set->n], 0);
    hash = mn_digest_hash(set->offsets, (set->n + 1) * (int64_t)sizeof *set->offsets, hash);
    hash = mn_digest_hash(set->labels, set->n * (int64_t)sizeof *set->labels, hash);
    hash = mn_digest_hash(set->splits, set->n, hash);
    for (int64_t c = 0; c < set->n_classes; c++)
        hash = mn_digest_hash(set->classes[c], (int64_t)strlen(set->classes[c]) + 1, hash);
    return hash;
}
