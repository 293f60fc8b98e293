/* metrics: one sweep over weighted rows gives every metric; a resample of the bootstrap is a vector of weights. */
#include "titans/metrics.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/base/rng.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PROBABILITY_MIN = 1e-15;

const char *const mn_metric_names[] = {
#define MN_X(name) #name,
    MN_METRIC_LIST(MN_X)
#undef MN_X
        NULL};

typedef struct ranked {
    float score;
    int32_t row;
} ranked_t;

typedef struct measure {
    const int32_t *labels;
    int64_t n, n_classes, first_curve; /* curves are drawn for the classes first_curve .. n_classes - 1 */
    int32_t *calls;                    /* (n) */
    double *losses;                    /* (n) */
    ranked_t *ranked;                  /* (n_classes - first_curve, n), highest score first */
    int64_t resamples;
    uint64_t seed;
    int64_t *weights, *confusion; /* (threads, n), (threads, n_classes, n_classes) */
    double *values;               /* (MN_METRIC_COUNT, resamples) */
} measure_t;

/* The areas under the curves of class c against the rest; false: all rows are on one side.
 * AUROC counts pairs of unlike rows in the right order, ties half. AUPRC is the average precision, sum over thresholds
 * of (R_n - R_{n-1}) P_n, equal scores being one threshold. */
static bool measure_curves(const measure_t *m, const int64_t *weights, int64_t c, double *auroc, double *auprc) {
    const ranked_t *ranked = m->ranked + (c - m->first_curve) * m->n;
    int64_t inside = 0, outside = 0; /* rows of the class, and others, above the threshold */
    double pairs = 0, precision = 0;
    for (int64_t i = 0; i < m->n;) {
        int64_t more_inside = 0, more_outside = 0;
        float score = ranked[i].score;
        for (; i < m->n && ranked[i].score == score; i++) {
            int64_t weight = weights[ranked[i].row];
            if (m->labels[ranked[i].row] == c)
                more_inside += weight;
            else
                more_outside += weight;
        }
        pairs += (double)more_outside * ((double)inside + (double)more_inside / 2);
        inside += more_inside;
        outside += more_outside;
        if (more_inside) precision += (double)more_inside * ((double)inside / (double)(inside + outside));
    }
    if (!inside || !outside) return false;
    *auroc = pairs / ((double)inside * (double)outside);
    *auprc = precision / (double)inside;
    return true;
}

/* Every metric of the rows taken weights[i] times each, into values[metric * stride]. */
static void measure_weighted(const measure_t *m, const int64_t *weights, int64_t *confusion, double *values,
                             int64_t stride) {
    int64_t k = m->n_classes, right = 0;
    double all = 0, nats = 0, called_squares = 0, labelled_squares = 0, products = 0, f1_sum = 0, f1_last = 0;
    memset(confusion, 0, (size_t)(k * k) * sizeof *confusion);
    for (int64_t i = 0; i < m->n; i++) {
        confusion[m->labels[i] * k + m->calls[i]] += weights[i];
        nats += (double)weights[i] * m->losses[i];
    }
    int64_t met = 0, curves = 0;
    for (int64_t c = 0; c < k; c++) {
        int64_t labelled = 0, called = 0, hit = confusion[c * k + c];
        for (int64_t j = 0; j < k; j++) labelled += confusion[c * k + j], called += confusion[j * k + c];
        right += hit;
        all += (double)labelled;
        called_squares += (double)called * (double)called;
        labelled_squares += (double)labelled * (double)labelled;
        products += (double)called * (double)labelled;
        f1_last = hit ? 2.0 * (double)hit / (double)(labelled + called) : 0;
        f1_sum += f1_last;
        met += labelled || called;
    }
    double auroc = 0, auprc = 0, spread = (all * all - called_squares) * (all * all - labelled_squares);
    for (int64_t c = m->first_curve; c < k; c++) {
        double roc, prc;
        if (!measure_curves(m, weights, c, &roc, &prc)) continue;
        auroc += roc;
        auprc += prc;
        curves++;
    }
    values[MN_METRIC_accuracy * stride] = (double)right / all;
    values[MN_METRIC_mcc * stride] = spread > 0 ? ((double)right * all - products) / sqrt(spread) : 0;
    values[MN_METRIC_macro_f1 * stride] = f1_sum / (double)met;
    values[MN_METRIC_f1 * stride] = k == 2 ? f1_last : NAN;
    values[MN_METRIC_auroc * stride] = curves ? auroc / (double)curves : NAN;
    values[MN_METRIC_auprc * stride] = curves ? auprc / (double)curves : NAN;
    values[MN_METRIC_log_loss * stride] = nats / all;
}

static void measure_resample(void *ctx, int64_t r) {
    measure_t *m = ctx;
    int64_t *weights = m->weights + mn_par_thread() * m->n;
    mn_rng_t rng = mn_rng(m->seed, MN_RNG_BOOTSTRAP, (uint64_t)r, 0);
    memset(weights, 0, (size_t)m->n * sizeof *weights);
    for (int64_t i = 0; i < m->n; i++) weights[mn_rng_below(&rng, m->n)]++;
    measure_weighted(m, weights, m->confusion + mn_par_thread() * m->n_classes * m->n_classes, m->values + r,
                     m->resamples);
}

static int compare_ranked(const void *a, const void *b) {
    const ranked_t *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

static int compare_values(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The quantile of sorted values by linear interpolation; NaN of none. */
static double interpolate_quantile(const double *values, int64_t n, double quantile) {
    if (!n) return NAN;
    double at = quantile * (double)(n - 1);
    int64_t low = (int64_t)at;
    return low + 1 < n ? values[low] + (at - (double)low) * (values[low + 1] - values[low]) : values[low];
}

static mn_status_t read_probabilities(measure_t *m, const float *probabilities, mn_err_t *err) {
    int64_t k = m->n_classes;
    for (int64_t i = 0; i < m->n; i++) {
        const float *row = probabilities + i * k;
        if (m->labels[i] < 0 || m->labels[i] >= k)
            return mn_err_set(err, MN_FAILED, NULL, NULL, "label %d of row %" PRId64 " is out of range",
                              (int)m->labels[i], i);
        for (int64_t c = 0; c < k; c++) {
            if (!isfinite(row[c]))
                return mn_err_set(err, MN_FAILED, NULL, NULL, "row %" PRId64 " has a probability that is not finite",
                                  i);
            if (row[c] > row[m->calls[i]]) m->calls[i] = (int32_t)c;
            if (c >= m->first_curve) m->ranked[(c - m->first_curve) * m->n + i] = (ranked_t){row[c], (int32_t)i};
        }
        m->losses[i] = -log(fmax(row[m->labels[i]], PROBABILITY_MIN));
    }
    for (int64_t c = m->first_curve; c < k; c++)
        qsort(m->ranked + (c - m->first_curve) * m->n, (size_t)m->n, sizeof *m->ranked, compare_ranked);
    return MN_OK;
}

static void bootstrap(measure_t *m, mn_metric_t *metric) {
    mn_par_for(m->resamples, measure_resample, m);
    for (int k = 0; k < MN_METRIC_COUNT; k++) {
        double *values = m->values + k * m->resamples;
        int64_t defined = 0;
        for (int64_t r = 0; r < m->resamples; r++)
            if (!isnan(values[r])) values[defined++] = values[r];
        qsort(values, (size_t)defined, sizeof *values, compare_values);
        metric[k].low = interpolate_quantile(values, defined, 0.025);
        metric[k].high = interpolate_quantile(values, defined, 0.975);
    }
}

mn_status_t mn_metrics_measure(const float *probabilities, const int32_t *labels, int64_t n, int64_t n_classes,
                               int64_t resamples, uint64_t seed, mn_metrics_t *out, mn_err_t *err) {
    if (n < 1 || n > INT32_MAX || n_classes < 2 || resamples < 0)
        return mn_err_set(err, MN_FAILED, NULL, NULL, "%" PRId64 " rows of %" PRId64 " classes cannot be measured", n,
                          n_classes);
    int64_t threads = mn_par_threads(), cells = mn_mem_mul(n_classes, n_classes);
    measure_t m = {.labels = labels,
                   .n = n,
                   .n_classes = n_classes,
                   .first_curve = n_classes == 2,
                   .resamples = resamples,
                   .seed = seed};
    int64_t *confusion = NULL;
    mn_status_t status = mn_mem_new((void **)&m.calls, n, sizeof *m.calls, err);
    if (!status) status = mn_mem_new((void **)&m.losses, n, sizeof *m.losses, err);
    if (!status) status = mn_mem_new((void **)&m.ranked, mn_mem_mul(n_classes, n), sizeof *m.ranked, err);
    if (!status) status = mn_mem_new((void **)&m.weights, mn_mem_mul(threads, n), sizeof *m.weights, err);
    if (!status) status = mn_mem_new((void **)&m.confusion, mn_mem_mul(threads, cells), sizeof *m.confusion, err);
    if (!status) status = mn_mem_new((void **)&m.values, mn_mem_mul(resamples, MN_METRIC_COUNT), sizeof *m.values, err);
    if (!status) status = mn_mem_new((void **)&confusion, cells, sizeof *confusion, err);
    if (!status) status = read_probabilities(&m, probabilities, err);
    if (!status) {
        double values[MN_METRIC_COUNT];
        *out = (mn_metrics_t){.n = n, .n_classes = n_classes, .confusion = confusion};
        for (int64_t i = 0; i < n; i++) m.weights[i] = 1;
        measure_weighted(&m, m.weights, confusion, values, 1);
        bootstrap(&m, out->metric);
        for (int k = 0; k < MN_METRIC_COUNT; k++) out->metric[k].value = values[k];
    } else
        mn_mem_free(confusion);
    mn_mem_free(m.calls);
    mn_mem_free(m.losses);
    mn_mem_free(m.ranked);
    mn_mem_free(m.weights);
    mn_mem_free(m.confusion);
    mn_mem_free(m.values);
    return status;
}

void mn_metrics_done(mn_metrics_t *metrics) {
    if (!metrics) return;
    mn_mem_free(metrics->confusion);
    *metrics = (mn_metrics_t){0};
}

/* ---- reports */

static void write_number(FILE *file, double number) {
    if (isnan(number))
        fputs("\tNA", file);
    else
        fprintf(file, "\t%.6f", number);
}

static void begin_row(FILE *file, const char *prefix) {
    if (prefix) fprintf(file, "%s\t", prefix);
}

void mn_metrics_header(FILE *file, const char *prefix_title) {
    begin_row(file, prefix_title);
    fputs("metric\tvalue\tlow\thigh\n", file);
}

void mn_metrics_write(FILE *file, const char *prefix, const mn_metrics_t *metrics, const char *const *classes) {
    begin_row(file, prefix);
    fprintf(file, "n\t%" PRId64 "\tNA\tNA\n", metrics->n);
    for (int k = 0; k < MN_METRIC_COUNT; k++) {
        begin_row(file, prefix);
        fputs(mn_metric_names[k], file);
        write_number(file, metrics->metric[k].value);
        write_number(file, metrics->metric[k].low);
        write_number(file, metrics->metric[k].high);
        fputc('\n', file);
    }
    for (int64_t i = 0; i < metrics->n_classes; i++)
        for (int64_t j = 0; j < metrics->n_classes; j++) {
            begin_row(file, prefix);
            fprintf(file, "confusion:%s:%s\t%" PRId64 "\tNA\tNA\n", classes[i], classes[j],
                    metrics->confusion[i * metrics->n_classes + j]);
        }
}

mn_json_t *mn_metrics_json(const mn_metrics_t *metrics, const char *const *classes) {
    mn_json_t *json = mn_json_object(), *scalars = mn_json_object(), *names = mn_json_array(), *rows = mn_json_array();
    for (int k = 0; k < MN_METRIC_COUNT; k++) {
        mn_json_t *scalar = mn_json_object();
        mn_json_set_real(scalar, "value", metrics->metric[k].value);
        mn_json_set_real(scalar, "low", metrics->metric[k].low);
        mn_json_set_real(scalar, "high", metrics->metric[k].high);
        mn_json_set(scalars, mn_metric_names[k], scalar);
    }
    for (int64_t i = 0; i < metrics->n_classes; i++) {
        mn_json_t *row = mn_json_array();
        for (int64_t j = 0; j < metrics->n_classes; j++)
            mn_json_set_int(row, NULL, metrics->confusion[i * metrics->n_classes + j]);
        mn_json_set(rows, NULL, row);
        mn_json_set_string(names, NULL, classes[i]);
    }
    mn_json_set_int(json, "n", metrics->n);
    mn_json_set(json, "metrics", scalars);
    mn_json_set(json, "classes", names);
    mn_json_set(json, "confusion", rows);
    return json;
}
