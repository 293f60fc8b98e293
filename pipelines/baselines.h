/* baselines: what a classifier has to beat on a labelled set: the majority, the length alone, k-mer logistic
 * regression, and the same on gapped words. Bins, K and penalty are chosen on the validation part by MCC (then log
 * loss), whether gapped words are counted on both strands by log loss (penalty 30); the model that did best there is
 * the one tested, nothing is trained again on both parts. */
#ifndef MN_BASELINES_H
#define MN_BASELINES_H
#include "genomics/split.h"
#include "titans/metrics.h"

typedef enum {
    MN_BASELINE_MAJORITY,
    MN_BASELINE_LENGTH,
    MN_BASELINE_KMER,
    MN_BASELINE_GAPPED,
    MN_BASELINE_COUNT
} mn_baseline_kind_t;
extern const char *const mn_baseline_names[]; /* NULL-terminated */

/* What was chosen on a validation part. */
typedef struct mn_baseline_choice {
    int64_t bins, k;
    double penalty;
    bool apart;          /* gapped words: the strands told apart, the one given alone counted */
    int64_t gapped_rows; /* trained on */
} mn_baseline_choice_t;

typedef struct mn_baselines {
    int64_t folds;                           /* 0: the set's own test split */
    mn_baseline_choice_t *choices;           /* owned; one, or one a fold */
    mn_metrics_t metrics[MN_BASELINE_COUNT]; /* of all rows tested, folds together */
} mn_baselines_t;

typedef struct mn_baselines_options {
    int64_t folds, resamples; /* as mn_split_parts and mn_metrics_measure take them */
    uint64_t seed;
    void (*progress)(void *ctx, int64_t done); /* after each of mn_baselines_rounds; NULL: none */
    void *ctx;
} mn_baselines_options_t;

/* Whether the strand tells of the class: loss[1], the log loss of the validation rows by logistic regression on words and,
 * where rows have one length, on the bases at their places, is then below loss[0], with both strands counted as one (of
 * MN_WORDS_ROWS rows at most). Errors: as mn_baselines_run. */
mn_status_t mn_baselines_strands(const mn_labelled_t *set, const uint8_t *parts, double loss[2], mn_err_t *err);

/* The steps of a run, for its progress. */
int64_t mn_baselines_rounds(int64_t folds);

/* Errors: MN_INPUT when a part is empty or lacks a class, no memory. out is filled only on MN_OK; end it with
 * mn_baselines_done (accepts NULL). */
mn_status_t mn_baselines_run(const mn_labelled_t *set, const mn_baselines_options_t *options, mn_baselines_t *out,
                             mn_err_t *err);
void mn_baselines_done(mn_baselines_t *baselines);

/* The regression alone, quickly: one K, and at most MN_WORDS_ROWS rows, a tenth of them of VALID and a fifth of TEST,
 * drawn by key where a part has more. parts: mn_split_t a row, with all three. */
enum { MN_WORDS_K = 5, MN_WORDS_ROWS = 20000 };
typedef struct mn_words_score {
    int64_t rows, tested, right,
        majority; /* rows used in all; right, and right by always saying train's largest class */
} mn_words_score_t;
mn_status_t mn_baselines_words(const mn_labelled_t *set, const uint8_t *parts, mn_words_score_t *out, mn_err_t *err);

#endif
