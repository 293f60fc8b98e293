/* test_metrics: small cases counted by hand, vectors measured once by scikit-learn 1.x, intervals, reports. */
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/base/rng.h"
#include "titans/metrics.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_near(double a, double b, double tolerance) {
    if (!(fabs(a - b) <= tolerance)) fail_msg("%.12g is not %.12g", a, b);
}

static mn_metrics_t measure(const float *probabilities, const int32_t *labels, int64_t n, int64_t classes,
                            int64_t resamples, uint64_t seed) {
    mn_metrics_t metrics;
    mn_err_t err;
    assert_int_equal(mn_metrics_measure(probabilities, labels, n, classes, resamples, seed, &metrics, &err), MN_OK);
    return metrics;
}

static double value_of(const mn_metrics_t *metrics, int metric) {
    return metrics->metric[metric].value;
}

static void test_two_classes(void **state) {
    /* Scores of class 1: two of label 1 above both of label 0, one between, one tied with the upper label 0. */
    const float p[] = {0.8f, 0.2f, 0.4f, 0.6f, 0.1f, 0.9f, 0.3f, 0.7f, 0.6f, 0.4f, 0.4f, 0.6f};
    const int32_t labels[] = {0, 0, 1, 1, 1, 1};
    mn_metrics_t m = measure(p, labels, 6, 2, 0, 0);
    assert_int_equal(m.n, 6);
    const int64_t confusion[] = {1, 1, 1, 3};
    assert_memory_equal(m.confusion, confusion, sizeof confusion);
    assert_near(value_of(&m, MN_METRIC_accuracy), 4.0 / 6, 1e-12);
    assert_near(value_of(&m, MN_METRIC_mcc), (3.0 * 1 - 1 * 1) / sqrt(4.0 * 4 * 2 * 2), 1e-12);
    assert_near(value_of(&m, MN_METRIC_f1), 0.75, 1e-12);
    assert_near(value_of(&m, MN_METRIC_macro_f1), (0.5 + 0.75) / 2, 1e-12);
    assert_near(value_of(&m, MN_METRIC_auroc), (2 + 2 + 1.5 + 1) / 8, 1e-12); /* of 4 x 2 pairs */
    /* Thresholds 0.9, 0.7, 0.6 (one of each label), 0.4. */
    assert_near(value_of(&m, MN_METRIC_auprc), 0.25 * (1 + 1 + 3.0 / 4 + 4.0 / 5), 1e-12);
    assert_near(value_of(&m, MN_METRIC_log_loss),
                -(log(0.8) + log(0.4) + log(0.9) + log(0.7) + log(0.4) + log(0.6)) / 6, 1e-7);
    assert_true(isnan(m.metric[MN_METRIC_mcc].low));
    mn_metrics_done(&m);
    mn_metrics_done(NULL);
}

static void test_extremes(void **state) {
    const float right[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    const int32_t labels[] = {0, 1, 2}, shifted[] = {1, 2, 0}, single[] = {0, 0, 0};
    mn_metrics_t m = measure(right, labels, 3, 3, 0, 0);
    for (int k = 0; k < MN_METRIC_COUNT; k++)
        if (k == MN_METRIC_f1)
            assert_true(isnan(value_of(&m, k)));
        else
            assert_near(value_of(&m, k), k == MN_METRIC_log_loss ? 0 : 1, 1e-12);
    mn_metrics_done(&m);
    m = measure(right, shifted, 3, 3, 0, 0);
    assert_near(value_of(&m, MN_METRIC_mcc), -0.5, 1e-12); /* the least that three classes allow */
    assert_near(value_of(&m, MN_METRIC_log_loss), -log(1e-15), 1e-9);
    mn_metrics_done(&m);
    m = measure(right, single, 3, 3, 100, 0);
    assert_near(value_of(&m, MN_METRIC_mcc), 0, 0);
    assert_near(value_of(&m, MN_METRIC_macro_f1), 0.5 / 3, 1e-12); /* 2 x 1 / (3 + 1) of one class, none of two */
    assert_true(isnan(value_of(&m, MN_METRIC_auroc)) && isnan(m.metric[MN_METRIC_auprc].high));
    mn_metrics_done(&m);
}

static void test_refusals(void **state) {
    mn_metrics_t m;
    mn_err_t err;
    const float p[] = {0.5f, 0.5f}, nan[] = {NAN, 0.5f};
    const int32_t zero[] = {0}, two[] = {2};
    assert_int_equal(mn_metrics_measure(p, two, 1, 2, 0, 0, &m, &err), MN_FAILED);
    assert_int_equal(mn_metrics_measure(nan, zero, 1, 2, 0, 0, &m, &err), MN_FAILED);
    assert_int_equal(mn_metrics_measure(p, zero, 0, 2, 0, 0, &m, &err), MN_FAILED);
}

/* The rows that scikit-learn was given, from a generator that needs no library. */
static void fill_vectors(int64_t n, int64_t k, uint32_t x, float *p, int32_t *labels) {
    for (int64_t i = 0; i < n; i++) {
        uint32_t weights[8], sum = 0, best = 0;
        for (int64_t c = 0; c < k; c++) {
            x = (x * 1103515245u + 12345u) & 0x7fffffff;
            sum += weights[c] = (x >> 16) % 50 + 1;
            if (weights[c] > weights[best]) best = (uint32_t)c;
        }
        x = (x * 1103515245u + 12345u) & 0x7fffffff;
        uint32_t draw = (x >> 16) % 100;
        labels[i] = (int32_t)(draw < 60 ? best : draw % (uint32_t)k);
        for (int64_t c = 0; c < k; c++) p[i * k + c] = (float)weights[c] / (float)sum;
    }
}

/* accuracy_score, matthews_corrcoef, f1_score, roc_auc_score, average_precision_score, log_loss; with four classes the
 * macro mean of one against the rest. */
static void test_vectors(void **state) {
    static const double two[MN_METRIC_COUNT] = {0.785,          0.567227704443, 0.783435320188, 0.801843317972,
                                                0.816919191919, 0.803179402405, 0.556150175108},
                        four[MN_METRIC_COUNT] = {0.72,           0.627330223603, 0.718174974265, NAN,
                                                 0.784960034171, 0.590756503296, 1.179244371805};
    static const int64_t confusion[] = {53, 9, 7, 6, 13, 48, 7, 6, 5, 6, 65, 2, 8, 6, 9, 50};
    static float p[1200];
    static int32_t labels[300];
    fill_vectors(200, 2, 1, p, labels);
    mn_metrics_t m = measure(p, labels, 200, 2, 0, 0);
    for (int k = 0; k < MN_METRIC_COUNT; k++) assert_near(value_of(&m, k), two[k], 1e-11);
    mn_metrics_done(&m);
    fill_vectors(300, 4, 2, p, labels);
    m = measure(p, labels, 300, 4, 0, 0);
    for (int k = 0; k < MN_METRIC_COUNT; k++)
        if (k != MN_METRIC_f1) assert_near(value_of(&m, k), four[k], 1e-11);
    assert_memory_equal(m.confusion, confusion, sizeof confusion);
    mn_metrics_done(&m);
}

/* The intervals of the vectors against numpy's (2,000 resamples of another generator), and against the normal law. */
static void test_bootstrap(void **state) {
    static float p[400];
    static int32_t labels[200];
    fill_vectors(200, 2, 1, p, labels);
    mn_par_set_threads(1);
    mn_metrics_t one = measure(p, labels, 200, 2, MN_BOOTSTRAP_RESAMPLES, 7);
    mn_par_set_threads(3);
    mn_metrics_t three = measure(p, labels, 200, 2, MN_BOOTSTRAP_RESAMPLES, 7);
    mn_metrics_t other = measure(p, labels, 200, 2, MN_BOOTSTRAP_RESAMPLES, 8);
    assert_memory_equal(one.metric, three.metric, sizeof one.metric);
    assert_memory_not_equal(one.metric, other.metric, sizeof one.metric);
    assert_near(one.metric[MN_METRIC_mcc].low, 0.4535, 0.015);
    assert_near(one.metric[MN_METRIC_mcc].high, 0.6786, 0.015);
    double accuracy = value_of(&one, MN_METRIC_accuracy), half = 1.96 * sqrt(accuracy * (1 - accuracy) / 200);
    assert_near(one.metric[MN_METRIC_accuracy].low, accuracy - half, 0.015);
    assert_near(one.metric[MN_METRIC_accuracy].high, accuracy + half, 0.015);
    mn_metrics_done(&one);
    mn_metrics_done(&three);
    mn_metrics_done(&other);
}

/* How often the interval holds the truth: of 100 sets of 150 rows, each right with probability 0.8. */
static void test_coverage(void **state) {
    static float p[300];
    static int32_t labels[150];
    int covered = 0;
    for (uint64_t set = 0; set < 100; set++) {
        mn_rng_t rng = mn_rng(3, MN_RNG_TEST, set, 0);
        for (int64_t i = 0; i < 150; i++) {
            labels[i] = (int32_t)mn_rng_below(&rng, 2);
            bool right = mn_rng_uniform(&rng) < 0.8;
            p[2 * i + labels[i]] = right ? 0.9f : 0.1f;
            p[2 * i + 1 - labels[i]] = right ? 0.1f : 0.9f;
        }
        mn_metrics_t m = measure(p, labels, 150, 2, 300, set);
        const mn_metric_t *accuracy = &m.metric[MN_METRIC_accuracy];
        covered += accuracy->low <= 0.8 && 0.8 <= accuracy->high;
        mn_metrics_done(&m);
    }
    assert_in_range(covered, 87, 100);
}

static void test_reports(void **state) {
    const float p[] = {0.75f, 0.25f, 0.75f, 0.25f};
    const int32_t labels[] = {0, 1};
    const char *const classes[] = {"no", "yes"};
    mn_metrics_t m = measure(p, labels, 2, 2, 0, 0);
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    mn_metrics_header(file, "model");
    mn_metrics_write(file, "kmer", &m, classes);
    fclose(file);
    assert_string_equal(text, "model\tmetric\tvalue\tlow\thigh\n"
                              "kmer\tn\t2\tNA\tNA\n"
                              "kmer\taccuracy\t0.500000\tNA\tNA\n"
                              "kmer\tmcc\t0.000000\tNA\tNA\n"
                              "kmer\tmacro_f1\t0.333333\tNA\tNA\n"
                              "kmer\tf1\t0.000000\tNA\tNA\n"
                              "kmer\tauroc\t0.500000\tNA\tNA\n"
                              "kmer\tauprc\t0.500000\tNA\tNA\n"
                              "kmer\tlog_loss\t0.836988\tNA\tNA\n"
                              "kmer\tconfusion:no:no\t1\tNA\tNA\n"
                              "kmer\tconfusion:no:yes\t0\tNA\tNA\n"
                              "kmer\tconfusion:yes:no\t1\tNA\tNA\n"
                              "kmer\tconfusion:yes:yes\t0\tNA\tNA\n");
    free(text);
    mn_json_t *json = mn_metrics_json(&m, classes);
    double accuracy;
    int64_t n, cell;
    const mn_json_t *metrics = mn_json_get(json, "metrics"), *confusion = mn_json_get(json, "confusion");
    assert_true(mn_json_get_int(json, "n", &n) && n == 2);
    assert_true(mn_json_get_real(mn_json_get(metrics, "accuracy"), "value", &accuracy) && accuracy == 0.5);
    assert_false(mn_json_get_real(mn_json_get(metrics, "accuracy"), "low", &accuracy)); /* null */
    assert_true(mn_json_int(mn_json_at(mn_json_at(confusion, 1), 0), &cell) && cell == 1);
    assert_string_equal(mn_json_string(mn_json_at(mn_json_get(json, "classes"), 1)), "yes");
    mn_json_free(json);
    mn_metrics_done(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_classes), cmocka_unit_test(test_extremes),  cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_vectors),     cmocka_unit_test(test_bootstrap), cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_reports),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
