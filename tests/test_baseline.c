/* test_baseline: Markov models against counts by hand, length and k-mer classifiers on made sets with a known truth,
 * and the choice and pooling of pipelines/baselines.h. */
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/base/rng.h"
#include "genomics/kmer.h"
#include "genomics/length.h"
#include "genomics/markov.h"
#include "pipelines/baselines.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_near(double a, double b, double tolerance) {
    if (!(fabs(a - b) <= tolerance)) fail_msg("%.12g is not %.12g", a, b);
}

/* ---- Markov models */

enum { BASES = 3000, TESTED = 120 };

/* Repeats with errors, so that words recur, and some N. */
static void fill_bases(uint8_t *bases, uint64_t seed) {
    mn_rng_t rng = mn_rng(seed, MN_RNG_TEST, 0, 0);
    for (int i = 0; i < BASES; i++) {
        bool copy = i >= 60 && mn_rng_below(&rng, 20);
        bases[i] = copy ? bases[i - 60] : (uint8_t)mn_rng_below(&rng, 100) % 4;
        if (!mn_rng_below(&rng, 400)) bases[i] = MN_BASE_N;
    }
}

/* How often bases[0..n) ends a word of 13 bases, on either strand, in text. */
static int64_t count_words(const uint8_t *text, const uint8_t *bases, int n) {
    int64_t count = 0;
    for (int i = 12; i < BASES; i++) {
        bool whole = true, forward = true, backward = true;
        for (int j = 0; j <= 12; j++) whole &= text[i - j] < MN_BASE_N;
        for (int j = 0; whole && j < n; j++) {
            forward &= text[i - n + 1 + j] == bases[j];
            backward &= 3 - text[i - 12 + n - 1 - j] == bases[j];
        }
        if (whole) count += forward + backward;
    }
    return count;
}

/* Bits of the first n bases by the definition. */
static double score_plainly(const uint8_t *text, const uint8_t *bases, int n, int order, double pseudo) {
    double bits = 0;
    int scored = 0, run = 0;
    for (int i = 0; i < n; i++) {
        if (bases[i] == MN_BASE_N) {
            run = 0;
            continue;
        }
        double p = 0.25;
        if (run >= order) {
            uint8_t word[MN_MARKOV_ORDER_MAX + 1];
            double all = 4 * pseudo;
            memcpy(word, bases + i - order, (size_t)order);
            for (word[order] = 0; word[order] < 4; word[order]++) {
                int64_t count = count_words(text, word, order + 1);
                all += (double)count;
                if (word[order] == bases[i]) p = (double)count + pseudo;
            }
            p /= all;
        }
        bits -= log2(p);
        scored++;
        run++;
    }
    return bits / scored;
}

static void test_markov(void **state) {
    static uint8_t text[BASES], other[BASES], twin[BASES];
    mn_err_t err;
    mn_markov_t *markov;
    double bits, best = INFINITY, lowest = 0, again;
    int64_t scored;
    fill_bases(text, 1);
    memcpy(other, text + 100, BASES - 100);
    for (int i = 0; i < BASES; i += 17) other[i] = (uint8_t)((other[i] + 1) % 4);
    mn_stretch_t counted[] = {{text, BASES}}, tested[] = {{other, TESTED}};
    assert_int_equal(mn_markov_new(&markov, &err), MN_OK);
    mn_markov_count(markov, counted, 1);
    for (int order = MN_MARKOV_ORDER_MIN; order <= MN_MARKOV_ORDER_MAX; order++)
        for (double pseudo = 1.0 / 16; pseudo < 17; pseudo = pseudo < 1 ? 1 : 4 * pseudo) {
            markov->order = order;
            markov->pseudo = pseudo;
            assert_int_equal(mn_markov_bits(markov, tested, 1, &bits, &scored, &err), MN_OK);
            assert_near(bits, score_plainly(text, other, TESTED, order, pseudo), 1e-12);
            if (bits < best) best = bits, lowest = order * 100 + pseudo;
        }
    int64_t n = 0;
    for (int i = 0; i < TESTED; i++) n += other[i] != MN_BASE_N;
    assert_int_equal(scored, n);
    assert_int_equal(mn_markov_choose(markov, tested, 1, &bits, &err), MN_OK);
    assert_near(bits, best, 0);
    assert_near(markov->order * 100 + markov->pseudo, lowest, 0);
    mn_markov_free(markov);

    /* The strand that is counted makes no difference. */
    memcpy(twin, text, BASES);
    mn_bases_reverse_complement(twin, BASES);
    mn_stretch_t turned[] = {{twin, BASES}};
    assert_int_equal(mn_markov_new(&markov, &err), MN_OK);
    mn_markov_count(markov, turned, 1);
    assert_int_equal(mn_markov_choose(markov, tested, 1, &again, &err), MN_OK);
    assert_near(again, best, 1e-12);
    mn_stretch_t nothing[] = {{(const uint8_t[]){MN_BASE_N, MN_BASE_N}, 2}};
    assert_int_equal(mn_markov_bits(markov, nothing, 1, &bits, NULL, &err), MN_INPUT);
    mn_markov_free(markov);
    mn_markov_free(NULL);
}

/* Chunks are fixed by the problem: the same bits for any number of threads. */
static void test_markov_threads(void **state) {
    enum { LONG = 2500000 };
    uint8_t *bases = malloc(LONG);
    mn_err_t err;
    mn_markov_t *markov;
    double one, three;
    mn_rng_t rng = mn_rng(9, MN_RNG_TEST, 0, 0);
    for (int i = 0; i < LONG; i++) bases[i] = (uint8_t)(mn_rng_below(&rng, 3) + mn_rng_below(&rng, 2));
    mn_stretch_t counted[] = {{bases, LONG / 2}}, tested[] = {{bases + LONG / 2, LONG / 2}};
    assert_int_equal(mn_markov_new(&markov, &err), MN_OK);
    mn_markov_count(markov, counted, 1);
    markov->order = 8;
    mn_par_set_threads(1);
    assert_int_equal(mn_markov_bits(markov, tested, 1, &one, NULL, &err), MN_OK);
    mn_par_set_threads(3);
    assert_int_equal(mn_markov_bits(markov, tested, 1, &three, NULL, &err), MN_OK);
    assert_memory_equal(&one, &three, sizeof one);
    /* Independent bases of probability 1/6, 1/3, 1/3, 1/6: their entropy, and what 38 counts a context leave unknown.
     */
    double entropy = log2(3) + 1.0 / 3;
    assert_true(one > entropy && one < entropy + 0.1);
    mn_markov_free(markov);
    free(bases);
}

/* ---- classifiers on made sets: rows of random bases in three parts; `decide` plants the truth in a row */

enum { ROWS = 900, LENGTH_MAX = 80 };

typedef int decide_t(mn_rng_t *rng, uint8_t *bases, int64_t *length);

static mn_labelled_t *make_set(int n_classes, decide_t *decide, int n_tested) {
    static char *classes[] = {"a", "b", "c"};
    static mn_labelled_t set;
    static uint8_t bases[ROWS * LENGTH_MAX], splits[ROWS];
    static int64_t offsets[ROWS + 1];
    static int32_t labels[ROWS];
    set = (mn_labelled_t){.n = ROWS,
                          .bases = bases,
                          .offsets = offsets,
                          .labels = labels,
                          .splits = splits,
                          .classes = classes,
                          .n_classes = n_classes,
                          .longest = LENGTH_MAX};
    mn_rng_t rng = mn_rng(4, MN_RNG_TEST, 0, 0);
    for (int i = 0; i < ROWS; i++) {
        uint8_t *row = bases + offsets[i];
        int64_t length = 60;
        for (int j = 0; j < LENGTH_MAX; j++) row[j] = (uint8_t)mn_rng_below(&rng, 4);
        labels[i] = decide(&rng, row, &length);
        offsets[i + 1] = offsets[i] + length;
        splits[i] = (uint8_t)(i < n_tested ? MN_SPLIT_TEST : i < 500 ? MN_SPLIT_VALID : MN_SPLIT_TRAIN);
        set.per_split[splits[i]]++;
    }
    return &set;
}

static int decide_by_length(mn_rng_t *rng, uint8_t *bases, int64_t *length) {
    *length = 40 + mn_rng_below(rng, 30);
    return *length >= 50 && *length < 60;
}

/* A motif, or its reverse complement, or neither: strands told apart. The last class comes first. */
static int decide_by_motif(mn_rng_t *rng, uint8_t *bases, int64_t *length) {
    static const uint8_t motif[] = {0, 0, 1, 3, 2, 0, 3, 2};
    int label = 2 - (int)mn_rng_below(rng, 3);
    int64_t at = mn_rng_below(rng, *length - 8);
    if (label < 2) memcpy(bases + at, motif, 8);
    if (label == 1) mn_bases_reverse_complement(bases + at, 8);
    return label;
}

static int decide_by_chance(mn_rng_t *rng, uint8_t *bases, int64_t *length) {
    return mn_rng_below(rng, 10) < 3;
}

static double mcc_of(const mn_baselines_t *result, int kind) {
    return result->metrics[kind].metric[MN_METRIC_mcc].value;
}

static mn_baselines_t run_baselines(const mn_labelled_t *set, int64_t folds) {
    mn_baselines_t result;
    mn_err_t err = {0};
    mn_baselines_options_t options = {.folds = folds};
    if (mn_baselines_run(set, &options, &result, &err)) fail_msg("%s", err.what);
    return result;
}

static void test_length(void **state) {
    mn_labelled_t *set = make_set(2, decide_by_length, 300);
    mn_length_t model;
    mn_err_t err;
    assert_int_equal(mn_length_train(set, set->splits, 4, &model, &err), MN_OK);
    assert_int_equal(model.n_bins, 4);
    for (int64_t b = 0; b < 4; b++) assert_near(model.probabilities[2 * b] + model.probabilities[2 * b + 1], 1, 1e-6);
    assert_ptr_equal(mn_length_predict(&model, 1), model.probabilities);
    assert_ptr_equal(mn_length_predict(&model, model.last[0] + 1), model.probabilities + 2);
    assert_ptr_equal(mn_length_predict(&model, 1000000), model.probabilities + 6);
    mn_length_done(&model);
    /* Bins of one length each: exact, and no more bins than lengths. */
    assert_int_equal(mn_length_train(set, set->splits, MN_LENGTH_BINS_MAX, &model, &err), MN_OK);
    assert_int_equal(model.n_bins, 30);
    for (int64_t length = 40; length < 70; length++)
        assert_int_equal(mn_length_predict(&model, length)[1] > 0.5f, length >= 50 && length < 60);
    mn_length_done(&model);
    mn_length_done(NULL);

    mn_baselines_t result = run_baselines(set, 0);
    assert_near(mcc_of(&result, MN_BASELINE_LENGTH), 1, 1e-12);
    assert_near(mcc_of(&result, MN_BASELINE_MAJORITY), 0, 0);
    assert_true(fabs(mcc_of(&result, MN_BASELINE_KMER)) < 0.5);
    assert_int_equal(result.metrics[MN_BASELINE_KMER].n, 300);
    mn_baselines_done(&result);
}

static void test_kmer(void **state) {
    mn_labelled_t *set = make_set(3, decide_by_motif, 300);
    mn_kmer_features_t *train, *test;
    mn_kmer_t *model, *twin;
    mn_err_t err;
    static float p[ROWS * 3], q[ROWS * 3];
    assert_int_equal(mn_kmer_features_new(set, set->splits, MN_SPLIT_TRAIN, 5, true, &train, &err), MN_OK);
    assert_int_equal(mn_kmer_features_new(set, set->splits, MN_SPLIT_TEST, 5, true, &test, &err), MN_OK);
    assert_int_equal(mn_kmer_features_count(train), 400);
    assert_int_equal(mn_kmer_train(train, 1, &model, &err), MN_OK);
    assert_int_equal(mn_kmer_train(train, 1, &twin, &err), MN_OK);
    mn_kmer_predict(model, test, p);
    mn_kmer_predict(twin, test, q);
    assert_memory_equal(p, q, 900 * sizeof *p);
    int right = 0;
    for (int i = 0; i < 300; i++) {
        const float *row = p + 3 * i;
        assert_near(row[0] + row[1] + row[2], 1, 1e-6);
        int call = row[0] > row[1] ? (row[0] > row[2] ? 0 : 2) : row[1] > row[2] ? 1 : 2;
        right += call == set->labels[i];
    }
    assert_true(right > 240);
    mn_kmer_free(twin);
    /* A penalty that leaves the weights at zero leaves every class its half of one against the rest. */
    assert_int_equal(mn_kmer_train(train, 1e12, &twin, &err), MN_OK);
    mn_kmer_predict(twin, test, q);
    for (int i = 0; i < 900; i++) assert_near(q[i], 1.0 / 3, 1e-3);
    mn_kmer_free(twin);
    mn_kmer_free(model);
    mn_kmer_features_free(train);
    mn_kmer_features_free(test);
    mn_kmer_free(NULL);
    mn_kmer_features_free(NULL);
}

/* Words with an N are no features: rows that differ within them alone are predicted alike. */
static void test_kmer_n(void **state) {
    mn_labelled_t *set = make_set(3, decide_by_motif, 300);
    uint8_t *first = set->bases, *second = set->bases + set->offsets[1];
    memcpy(second, first, 60);
    first[30] = second[30] = MN_BASE_N;
    first[32] = second[32] = MN_BASE_N;
    first[31] = 0, second[31] = 3;
    mn_kmer_features_t *train, *test;
    mn_kmer_t *model;
    mn_err_t err;
    static float p[900];
    assert_int_equal(mn_kmer_features_new(set, set->splits, MN_SPLIT_TRAIN, 4, true, &train, &err), MN_OK);
    assert_int_equal(mn_kmer_features_new(set, set->splits, MN_SPLIT_TEST, 4, true, &test, &err), MN_OK);
    assert_int_equal(mn_kmer_train(train, 1, &model, &err), MN_OK);
    mn_kmer_predict(model, test, p);
    assert_memory_equal(p, p + 3, 3 * sizeof *p);
    mn_kmer_free(model);
    mn_kmer_features_free(train);
    mn_kmer_features_free(test);
}

/* A motif on one strand, or on either. */
static int decide_by_one_strand(mn_rng_t *rng, uint8_t *bases, int64_t *length) {
    int label = decide_by_motif(rng, bases, length);
    return label == 0;
}

static int decide_by_either_strand(mn_rng_t *rng, uint8_t *bases, int64_t *length) {
    return decide_by_motif(rng, bases, length) < 2;
}

/* One base at its place, of rows of one length: no word tells of it. */
static int decide_by_place(mn_rng_t *rng, uint8_t *bases, int64_t *length) {
    *length = 40;
    for (int64_t i = 0; i < *length; i++) bases[i] = (uint8_t)mn_rng_below(rng, 4);
    return bases[10] == MN_BASE_A || bases[10] == MN_BASE_C;
}

/* The same, of either strand. */
static int decide_by_place_of_either(mn_rng_t *rng, uint8_t *bases, int64_t *length) {
    const int label = decide_by_place(rng, bases, length);
    if (mn_rng_below(rng, 2)) mn_bases_reverse_complement(bases, *length);
    return label;
}

static void test_strands(void **state) {
    static int (*const decide[])(mn_rng_t *, uint8_t *, int64_t *) = {decide_by_either_strand, decide_by_one_strand,
                                                                      decide_by_place_of_either, decide_by_place};
    mn_err_t err;
    for (int i = 0; i < 4; i++) {
        double loss[2];
        mn_labelled_t *set = make_set(2, decide[i], 300);
        assert_int_equal(mn_baselines_strands(set, set->splits, loss, &err), MN_OK);
        const bool apart = loss[1] < loss[0];
        assert_int_equal(apart, i % 2);
        if (i > 1) continue;
        mn_baselines_t baselines = run_baselines(set, 0);
        assert_int_equal(baselines.choices->apart, apart);
        if (!apart) assert_true(mcc_of(&baselines, MN_BASELINE_GAPPED) > 0.7);
        mn_baselines_done(&baselines);
    }
}

static void test_baselines(void **state) {
    mn_labelled_t *set = make_set(3, decide_by_motif, 300);
    mn_par_set_threads(1);
    mn_baselines_t one = run_baselines(set, 0);
    mn_par_set_threads(3);
    mn_baselines_t three = run_baselines(set, 0);
    assert_true(mcc_of(&one, MN_BASELINE_KMER) > 0.7);
    assert_true(mcc_of(&one, MN_BASELINE_GAPPED) > 0.7);
    assert_int_equal(one.choices->gapped_rows, set->per_split[MN_SPLIT_TRAIN]);
    assert_memory_equal(one.choices, three.choices, sizeof *one.choices);
    for (int kind = 0; kind < MN_BASELINE_COUNT; kind++)
        assert_memory_equal(one.metrics[kind].metric, three.metrics[kind].metric, sizeof one.metrics[kind].metric);
    mn_baselines_done(&one);
    mn_baselines_done(&three);

    /* Nothing can be learnt here, so nothing may seem to be. */
    set = make_set(2, decide_by_chance, 300);
    one = run_baselines(set, 0);
    assert_true(fabs(mcc_of(&one, MN_BASELINE_KMER)) < 0.2);
    assert_true(fabs(mcc_of(&one, MN_BASELINE_GAPPED)) < 0.2);
    const mn_metric_t *accuracy = &one.metrics[MN_BASELINE_MAJORITY].metric[MN_METRIC_accuracy];
    assert_near(accuracy->value, 0.7, 0.08);
    mn_baselines_done(&one);
}

static void test_folds(void **state) {
    mn_labelled_t *set = make_set(3, decide_by_motif, 0);
    mn_baselines_t result = run_baselines(set, 3);
    assert_int_equal(result.folds, 3);
    for (int kind = 0; kind < MN_BASELINE_COUNT; kind++) assert_int_equal(result.metrics[kind].n, ROWS);
    assert_true(mcc_of(&result, MN_BASELINE_KMER) > 0.7);
    mn_baselines_done(&result);
    mn_err_t err;
    mn_baselines_options_t options = {0};
    assert_int_equal(mn_baselines_run(set, &options, &result, &err), MN_INPUT); /* no test rows */
    assert_string_equal(err.what, "no row of split 'test'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markov), cmocka_unit_test(test_markov_threads), cmocka_unit_test(test_length),
        cmocka_unit_test(test_kmer),   cmocka_unit_test(test_kmer_n),         cmocka_unit_test(test_strands),
        cmocka_unit_test(test_baselines),
        cmocka_unit_test(test_folds),
    };
    return cmocka_run_group_tests_name("baseline", tests, NULL, NULL);
}
