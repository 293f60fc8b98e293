/* genomic_summary: the lines of a benchmark by set, split and way to classify, means over seeds. */
#ifndef MN_GENOMIC_SUMMARY_H
#define MN_GENOMIC_SUMMARY_H
#include "benchmarks/ledger.h"
#include "genomics/published.h"
#include "genomics/base/json.h"

/* A mean that grows by one value after another (Welford 1962); values that are not finite do not count. */
typedef struct mn_mean {
    int64_t n;
    double value, squares; /* sum of squared distances from the mean */
} mn_mean_t;
void mn_mean_add(mn_mean_t *mean, double value);
double mn_mean_value(const mn_mean_t *mean);  /* NAN: of nothing */
double mn_mean_spread(const mn_mean_t *mean); /* standard deviation with n - 1; NAN: of fewer than two */

typedef struct mn_mean_score {
    mn_mean_t value, low, high; /* the ends of each run's 95 % interval */
} mn_mean_score_t;

/* One way to classify on one split: the runs of all its seeds. */
typedef struct mn_runs {
    int64_t n; /* 0: not run */
    mn_mean_score_t accuracy, mcc;
    mn_mean_t valid_mcc, minutes, tokens, epochs;
} mn_runs_t;

typedef struct mn_way {
    const mn_entry_t *first; /* its kind, start, parameters and settings */
    mn_runs_t *on;           /* (splits of the set) */
} mn_way_t;

typedef struct mn_set_summary {
    const mn_entry_t **splits; /* (n_splits) a line of each, in the order they came; of a set left out: why */
    mn_way_t *ways;            /* (n_ways) baselines first, then networks in the order they came */
    int64_t n_splits, n_ways, split_cap, way_cap;
} mn_set_summary_t;

typedef struct mn_summary {
    const mn_ledger_t *ledger;
    mn_set_summary_t *sets; /* as they came */
    int64_t n, capacity;
} mn_summary_t;

/* Borrows the ledger. Errors: no memory. Owner: the caller, mn_summary_done (accepts an empty one). */
mn_status_t mn_summary_make(const mn_ledger_t *ledger, mn_summary_t *out, mn_err_t *err);
void mn_summary_done(mn_summary_t *summary);

/* A way's start, and where several ways begin so, by which settings it differs from the first of them. Returns out. */
const char *mn_summary_label(const mn_set_summary_t *set, const mn_way_t *way, char *out, size_t size);
/* A baseline's runs on a split, NULL: none. */
const mn_runs_t *mn_summary_baseline(const mn_set_summary_t *set, const char *name, int64_t split);
/* The baseline of the best test accuracy on a split; NULL: none. */
const mn_way_t *mn_summary_best_baseline(const mn_set_summary_t *set, int64_t split);
/* The part of a way's test accuracy that the best baseline has; NAN: there is none. */
double mn_summary_share(const mn_set_summary_t *set, const mn_way_t *way, int64_t split);
/* The network that validation prefers there, by mean MCC; NULL: none yet. */
const mn_way_t *mn_summary_chosen(const mn_set_summary_t *set, int64_t split);
/* Where figures of papers stand beside it: the official split of a complete official set; NULL: elsewhere. */
const mn_published_t *mn_summary_published(const mn_set_summary_t *set, int64_t split);

/* The audit's findings on a split, warnings first: {"name", "level", "text"}. Owner: the caller. */
mn_json_t *mn_summary_findings(const mn_summary_t *summary, const mn_entry_t *split);
/* What else the lines of a split note, each once. Owner: the caller. */
mn_json_t *mn_summary_notes(const mn_summary_t *summary, const mn_entry_t *split);

#endif
