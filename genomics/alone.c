/* alone: majority, length, composition and look-up, counted on test rows. */
#include "genomics/alone.h"
#include "genomics/base/mem.h"
#include "genomics/composition.h"
#include "genomics/length.h"
#include <string.h>

/* Where there is no VALID, every tenth run of RUN distinct sequences chooses the bins. */
enum { HELD_OUT = 10, RUN = 8 };

typedef struct task {
    const mn_labelled_t *set;
    const mn_distinct_t *distinct;
    const uint8_t *parts;
    uint8_t *inner;  /* (rows) parts where the choice of bins has a VALID */
    int64_t *counts; /* (classes) scratch */
} task_t;

static int32_t find_largest(const int64_t *counts, int64_t n) {
    int32_t largest = 0;
    for (int64_t c = 1; c < n; c++)
        if (counts[c] > counts[largest]) largest = (int32_t)c;
    return largest;
}

static int32_t find_likeliest(const float *probabilities, int64_t n) {
    int32_t best = 0;
    for (int64_t c = 1; c < n; c++)
        if (probabilities[c] > probabilities[best]) best = (int32_t)c;
    return best;
}

static int64_t count_right(const task_t *t, const mn_length_t *model, mn_split_t part) {
    int64_t right = 0;
    const uint8_t *parts = part == MN_SPLIT_VALID ? t->inner : t->parts;
    for (int64_t i = 0; i < t->set->n; i++)
        right += parts[i] == part &&
                 t->set->labels[i] ==
                     find_likeliest(mn_length_predict(model, mn_labelled_length(t->set, i)), t->set->n_classes);
    return right;
}

static mn_status_t measure_length(const task_t *t, mn_alone_score_t *score, mn_err_t *err) {
    int64_t best = -1;
    mn_length_t kept = {0};
    mn_status_t status = MN_OK;
    for (int64_t bins = 1; !status && bins <= MN_LENGTH_BINS_MAX; bins *= 2) {
        mn_length_t model;
        if ((status = mn_length_train(t->set, t->inner, bins, &model, err))) break;
        int64_t right = count_right(t, &model, MN_SPLIT_VALID);
        if (right > best) {
            mn_length_t worse = kept;
            kept = model, model = worse, best = right, score->bins = bins;
        }
        mn_length_done(&model);
    }
    if (!status) score->right[MN_ALONE_LENGTH] += count_right(t, &kept, MN_SPLIT_TEST);
    mn_length_done(&kept);
    return status;
}

/* Rows of TRAIN in the order of their keys, evenly thinned where they are many. */
static mn_status_t measure_composition(const task_t *t, mn_alone_score_t *score, mn_err_t *err) {
    int64_t *rows, n = 0, most = MN_ALONE_ROWS / t->set->n_classes;
    mn_composition_t model = {0};
    mn_status_t status = mn_mem_new((void **)&rows, t->set->n, sizeof *rows, err);
    if (status) return status;
    for (int64_t i = 0; i < t->set->n; i++)
        if (t->parts[t->distinct->rows[i]] == MN_SPLIT_TRAIN) rows[n++] = t->distinct->rows[i];
    for (int64_t i = 0; n > most && i < most; i++) rows[i] = rows[n * i / most];
    status = mn_composition_train(t->set, rows, n < most ? n : most, &model, err);
    for (int64_t i = 0; !status && i < t->set->n; i++)
        if (t->parts[i] == MN_SPLIT_TEST)
            score->right[MN_ALONE_COMPOSITION] += mn_composition_predict(&model, t->set, i) == t->set->labels[i];
    mn_composition_done(&model);
    mn_mem_free(rows);
    return status;
}

static bool is_known(uint8_t part) {
    return part == MN_SPLIT_TRAIN || part == MN_SPLIT_VALID;
}

/* How many known rows distinct sequence k has; their classes into counts. */
static int64_t count_known(const task_t *t, int64_t k) {
    int64_t known = 0;
    const mn_distinct_t *d = t->distinct;
    for (int64_t i = d->begins[k]; i < d->begins[k + 1]; i++)
        if (is_known(t->parts[d->rows[i]])) {
            if (!known++) memset(t->counts, 0, (size_t)t->set->n_classes * sizeof *t->counts);
            t->counts[t->set->labels[d->rows[i]]]++;
        }
    return known;
}

static void measure_lookup(const task_t *t, int32_t otherwise, mn_alone_score_t *score) {
    const mn_distinct_t *d = t->distinct;
    for (int64_t k = 0; k < d->n; k++) {
        int32_t label = count_known(t, k) ? find_largest(t->counts, t->set->n_classes) : otherwise;
        for (int64_t i = d->begins[k]; i < d->begins[k + 1]; i++)
            score->right[MN_ALONE_LOOKUP] +=
                t->parts[d->rows[i]] == MN_SPLIT_TEST && t->set->labels[d->rows[i]] == label;
    }
}

/* Fills inner, with a row of TRAIN at least. */
static void hold_out(const task_t *t) {
    int64_t n = t->set->n, valid = 0, train = 0;
    for (int64_t i = 0; i < n; i++) valid += t->parts[i] == MN_SPLIT_VALID;
    for (int64_t i = 0; i < n; i++) {
        bool out = !valid && t->parts[i] == MN_SPLIT_TRAIN && t->distinct->of[i] / RUN % HELD_OUT == 0;
        t->inner[i] = out ? MN_SPLIT_VALID : t->parts[i];
        train += t->inner[i] == MN_SPLIT_TRAIN;
    }
    if (!train) memcpy(t->inner, t->parts, (size_t)n);
}

mn_status_t mn_alone_measure(const mn_labelled_t *set, const mn_distinct_t *distinct, const uint8_t *parts,
                             mn_alone_score_t *score, mn_err_t *err) {
    task_t t = {.set = set, .distinct = distinct, .parts = parts};
    int64_t *single = NULL; /* (classes) known rows that have no equal */
    mn_status_t status = mn_mem_new((void **)&t.inner, set->n, 1, err);
    if (!status) status = mn_mem_new((void **)&t.counts, set->n_classes, sizeof *t.counts, err);
    if (!status) status = mn_mem_new((void **)&single, set->n_classes, sizeof *single, err);
    if (!status) {
        int64_t tested = 0, right = 0;
        hold_out(&t);
        for (int64_t k = 0; k < distinct->n; k++)
            if (count_known(&t, k) == 1) single[find_largest(t.counts, set->n_classes)]++;
        measure_lookup(&t, find_largest(single, set->n_classes), score);
        memset(t.counts, 0, (size_t)set->n_classes * sizeof *t.counts);
        for (int64_t i = 0; i < set->n; i++) t.counts[set->labels[i]] += parts[i] == MN_SPLIT_TRAIN;
        int32_t majority = find_largest(t.counts, set->n_classes);
        for (int64_t i = 0; i < set->n; i++) {
            tested += parts[i] == MN_SPLIT_TEST;
            right += parts[i] == MN_SPLIT_TEST && set->labels[i] == majority;
        }
        score->tested += tested;
        score->right[MN_ALONE_MAJORITY] += right;
        if (!set->bases) score->right[MN_ALONE_COMPOSITION] += right;
    }
    if (!status) status = measure_length(&t, score, err);
    if (!status && set->bases) status = measure_composition(&t, score, err);
    mn_mem_free(t.inner);
    mn_mem_free(t.counts);
    mn_mem_free(single);
    return status;
}
