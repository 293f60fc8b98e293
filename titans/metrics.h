/* metrics: how well class probabilities meet labels: accuracy, Matthews correlation, F1, areas under the curves, log
 * loss and the confusion matrix, with 95 % bootstrap intervals, as TSV and JSON. */
#ifndef MN_METRICS_H
#define MN_METRICS_H
#include "genomics/base/json.h"
#include <stdio.h>

/* X(name): scalar metrics in the order of the reports.
 * accuracy; mcc: the multi-class correlation R_K (Gorodkin 2004), 0 where a margin is empty; macro_f1: mean over the
 * classes that occur as label or call, 0 for a class never met; f1: of the last class, two classes only; auroc, auprc
 * (average precision): of the last class with two classes, else the mean of one against the rest over the classes that
 * have both; log_loss: natural, probabilities raised to at least 1e-15. */
#define MN_METRIC_LIST(X) X(accuracy) X(mcc) X(macro_f1) X(f1) X(auroc) X(auprc) X(log_loss)

enum { MN_BOOTSTRAP_RESAMPLES = 1000 };
enum {
#define MN_X(name) MN_METRIC_##name,
    MN_METRIC_LIST(MN_X)
#undef MN_X
        MN_METRIC_COUNT
};
extern const char *const mn_metric_names[]; /* NULL-terminated */

typedef struct mn_metric {
    double value, low, high; /* NaN: undefined (one class alone among the labels; f1 with more than two classes) */
} mn_metric_t;

typedef struct mn_metrics {
    int64_t n, n_classes;
    mn_metric_t metric[MN_METRIC_COUNT];
    int64_t *confusion; /* (n_classes, n_classes): row = label, column = call; owned */
} mn_metrics_t;

/* probabilities (n, n_classes), rows sum to 1; labels (n) in [0, n_classes); a call is the first class with the highest
 * probability. resamples > 0: percentile intervals of that many resamples of rows, a function of seed; 0: low = high =
 * NaN. n >= 1, n_classes >= 2. Errors: MN_FAILED for a probability that is not finite, a label out of range, no memory.
 * out is filled only on MN_OK; end it with mn_metrics_done (accepts NULL). */
mn_status_t mn_metrics_measure(const float *probabilities, const int32_t *labels, int64_t n, int64_t n_classes,
                               int64_t resamples, uint64_t seed, mn_metrics_t *out, mn_err_t *err);
void mn_metrics_done(mn_metrics_t *metrics);

/* Rows "PREFIX metric value low high" (tabs; prefix NULL: no first column): n, the metrics, "confusion:LABEL:CALL"
 * counts. Undefined numbers are NA. The header line is mn_metrics_header's. */
void mn_metrics_header(FILE *file, const char *prefix_title);
void mn_metrics_write(FILE *file, const char *prefix, const mn_metrics_t *metrics, const char *const *classes);

/* {"n", "metrics": {name: {"value", "low", "high"}}, "classes", "confusion"}; owner: the caller. */
mn_json_t *mn_metrics_json(const mn_metrics_t *metrics, const char *const *classes);

#endif
