/* baselines: majority, length, k-mers and gapped words, fold by fold. */
#include "pipelines/baselines.h"
#include "genomics/base/digest.h"
#include "genomics/base/gapped.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/kmer.h"
#include "genomics/length.h"
#include "pipelines/rows.h"
#include <math.h>
#include <string.h>

enum { KS = MN_COUNTED_MAX - MN_COUNTED_MIN + 1, ROUNDS = KS + 2 };

const char *const mn_baseline_names[] = {"majority", "length", "kmer", "gapped", NULL};

static int64_t count_folds(int64_t folds) {
    return folds ? folds : 1;
}

/* Probabilities of the rows tested so far, fold after fold. */
typedef struct pool {
    int64_t n;
    int32_t *labels;
    float *probabilities[MN_BASELINE_COUNT];
} pool_t;

static mn_status_t new_pool(const mn_labelled_t *set, pool_t *pool, mn_err_t *err) {
    mn_status_t status = mn_mem_new((void **)&pool->labels, set->n, sizeof *pool->labels, err);
    for (int m = 0; !status && m < MN_BASELINE_COUNT; m++)
        status = mn_mem_new((void **)&pool->probabilities[m], set->n * set->n_classes, sizeof(float), err);
    return status;
}

static void done_pool(pool_t *pool) {
    mn_mem_free(pool->labels);
    for (int m = 0; m < MN_BASELINE_COUNT; m++) mn_mem_free(pool->probabilities[m]);
}

/* How good a trial is on the validation rows: by MCC, then by log loss. */
typedef struct merit {
    double mcc, log_loss;
} merit_t;

static bool is_better(merit_t a, merit_t b) {
    return a.mcc > b.mcc || (a.mcc == b.mcc && a.log_loss < b.log_loss);
}

static bool is_surer(merit_t a, merit_t b) {
    return a.log_loss < b.log_loss;
}

/* Of the validation rows, with these probabilities. */
static mn_status_t judge(const mn_rows_t *valid, const float *probabilities, merit_t *out, mn_err_t *err) {
    mn_metrics_t metrics;
    mn_status_t status =
        mn_metrics_measure(probabilities, valid->labels, valid->n, valid->n_classes, 0, 0, &metrics, err);
    if (status) return status;
    *out = (merit_t){metrics.metric[MN_METRIC_mcc].value, metrics.metric[MN_METRIC_log_loss].value};
    mn_metrics_done(&metrics);
    return MN_OK;
}

/* The number of bins by which the length alone does best. */
static mn_status_t choose_length(const mn_labelled_t *set, const uint8_t *parts, mn_rows_t *valid, mn_length_t *out,
                                 int64_t *bins, mn_err_t *err) {
    int64_t k = set->n_classes;
    merit_t best = {-INFINITY, 0};
    mn_status_t status = MN_OK;
    for (int64_t tried = 1; !status && tried <= MN_LENGTH_BINS_MAX; tried *= 2) {
        mn_length_t model;
        merit_t merit;
        if ((status = mn_length_train(set, parts, tried, &model, err))) break;
        for (int64_t i = 0; i < valid->n; i++)
            memcpy(valid->probabilities + i * k, mn_length_predict(&model, valid->lengths[i]),
                   (size_t)k * sizeof *valid->probabilities);
        status = judge(valid, valid->probabilities, &merit, err);
        if (!status && is_better(merit, best)) {
            mn_length_t worse = *out;
            *out = model, model = worse, best = merit, *bins = tried;
        }
        mn_length_done(&model);
    }
    return status;
}

/* One penalty of the grid: trained, judged, and kept if it is the best so far. */
typedef struct trial {
    double penalty;
    mn_kmer_t *model;
    merit_t merit;
    mn_status_t status;
    mn_err_t err;
} trial_t;

enum {
    PENALTIES = 9,
    MIDDLE = 2,
    MIDDLES = 3,       /* the middle ones, which are soon trained, are among the best on real sets */
    GAPPED_PENALTY = 3 /* 30, for gapped words, whose vectors all have one length */
};
static const double penalties[PENALTIES] = {1000, 300, 100, 30, 10, 3, 1, 0.3, 0.1};

typedef struct grid {
    const mn_rows_t *valid;
    mn_kmer_features_t *train, *held_out;
    trial_t trials[PENALTIES];
} grid_t;

static void try_penalty(void *ctx, int64_t i) {
    grid_t *grid = ctx;
    trial_t *trial = &grid->trials[i];
    float *probabilities = NULL;
    trial->status = mn_kmer_train(grid->train, trial->penalty, &trial->model, &trial->err);
    if (!trial->status)
        trial->status = mn_mem_new((void **)&probabilities, grid->valid->n * grid->valid->n_classes,
                                   sizeof *probabilities, &trial->err);
    if (!trial->status) {
        mn_kmer_predict(trial->model, grid->held_out, probabilities);
        trial->status = judge(grid->valid, probabilities, &trial->merit, &trial->err);
    }
    mn_mem_free(probabilities);
}

/* Tries penalties [first, end) at one k; the best trial so far, by `better`, is in *best. */
static mn_status_t try_penalties(const mn_labelled_t *set, const uint8_t *parts, const mn_rows_t *valid, int64_t k,
                                 bool strands, int64_t first, int64_t end, bool (*better)(merit_t, merit_t),
                                 trial_t *best, bool *improved, mn_err_t *err) {
    grid_t grid = {.valid = valid};
    mn_status_t status = mn_kmer_features_new(set, parts, MN_SPLIT_TRAIN, k, strands, &grid.train, err);
    if (!status) status = mn_kmer_features_new(set, parts, MN_SPLIT_VALID, k, strands, &grid.held_out, err);
    for (int64_t i = first; i < end; i++) grid.trials[i - first].penalty = penalties[i];
    if (!status) mn_par_for(end - first, try_penalty, &grid);
    *improved = false;
    for (int64_t i = 0; i < end - first; i++) {
        trial_t *trial = &grid.trials[i];
        if (!status && (status = trial->status) && err) *err = trial->err;
        if (!status && better(trial->merit, best->merit)) {
            trial_t worse = *best;
            *best = *trial, *trial = worse, *improved = true;
        }
        mn_kmer_free(trial->model);
    }
    mn_kmer_features_free(grid.train);
    mn_kmer_features_free(grid.held_out);
    return status;
}

/* Copies parts, with about `most` rows of each part left in it: those of the smallest hash of their key, and the first
 * of each class. */
static void thin_parts(const mn_labelled_t *set, const uint8_t *parts, const int64_t most[MN_SPLIT_COUNT],
                       uint8_t *thinned) {
    int64_t rows[MN_SPLIT_COUNT] = {0}, kept[MN_SPLIT_COUNT] = {0};
    bool met[MN_SPLIT_COUNT][MN_LABELLED_CLASSES_MAX] = {{false}};
    for (int64_t i = 0; i < set->n; i++) rows[parts[i]]++;
    for (int64_t i = 0; i < set->n; i++) {
        int part = parts[i];
        uint64_t key = mn_split_row_key(set, i),
                 hash = mn_digest_hash(&key, sizeof key, 1); /* keys may make the parts */
        double drawn = (double)(hash >> 11) * 0x1p-53;
        bool *known = &met[part][set->labels[i]],
             keep = !*known || (kept[part] < most[part] && drawn * (double)rows[part] < (double)most[part]);
        *known = true;
        kept[part] += keep;
        thinned[i] = keep ? (uint8_t)part : MN_SPLIT_NONE;
    }
}

/* The probabilities of the TEST rows by a model of words of k. */
static mn_status_t score_test(const mn_labelled_t *set, const uint8_t *parts, const mn_kmer_t *model, int64_t k,
                              bool strands, float *probabilities, mn_err_t *err) {
    mn_kmer_features_t *test = NULL;
    mn_status_t status = mn_kmer_features_new(set, parts, MN_SPLIT_TEST, k, strands, &test, err);
    if (!status) mn_kmer_predict(model, test, probabilities);
    mn_kmer_features_free(test);
    return status;
}

/* Bases whose gapped words, counted on both strands, fit into an eighth of the memory allowed, and into 4 GB. */
static int64_t most_bases(void) {
    const int64_t bytes = mn_mem_available() / 8, most = INT64_C(4000000000);
    return (bytes < most ? bytes : most) / (2 * MN_GAPPED_PATTERNS * MN_KMER_NODE_BYTES);
}

/* Regression on gapped words, of as many rows as fit; all rows of TEST are scored, in slices. */
static mn_status_t run_gapped(const mn_labelled_t *set, const uint8_t *parts, const mn_baselines_options_t *options,
                              int64_t fold, float *probabilities, mn_baseline_choice_t *chosen, mn_err_t *err) {
    const int64_t most = most_bases();
    int64_t rows[MN_SPLIT_COUNT] = {0}, bases[MN_SPLIT_COUNT] = {0}, fit[MN_SPLIT_COUNT];
    trial_t best = {.merit = {0, INFINITY}};
    mn_rows_t valid = {0};
    uint8_t *some;
    bool improved;
    mn_status_t status = mn_mem_new((void **)&some, set->n, sizeof *some, err);
    if (status) return status;
    for (int64_t i = 0; i < set->n; i++) rows[parts[i]]++, bases[parts[i]] += mn_labelled_length(set, i);
    for (int part = 0; part < MN_SPLIT_COUNT; part++)
        fit[part] =
            bases[part] > most ? (int64_t)((double)rows[part] * (double)most / (double)bases[part]) : rows[part];
    thin_parts(set, parts, fit, some);
    for (int64_t i = 0; i < set->n; i++) chosen->gapped_rows += some[i] == MN_SPLIT_TRAIN;
    status = mn_rows_list(set, some, MN_SPLIT_VALID, &valid, err);
    for (int apart = 0; !status && apart < 2; apart++) {
        status = try_penalties(set, some, &valid, MN_COUNTED_GAPPED, apart, GAPPED_PENALTY, GAPPED_PENALTY + 1,
                               is_surer, &best, &improved, err);
        if (improved) chosen->apart = apart;
        if (options->progress) options->progress(options->ctx, fold * ROUNDS + KS + apart + 1);
    }
    for (int64_t row = 0, next; !status && row < set->n; row = next) {
        int64_t n = 0, slice = 0;
        memset(some, MN_SPLIT_NONE, (size_t)set->n);
        for (next = row; next < set->n && (!n || slice + mn_labelled_length(set, next) <= most); next++) {
            if (parts[next] != MN_SPLIT_TEST) continue;
            some[next] = MN_SPLIT_TEST;
            slice += mn_labelled_length(set, next);
            n++;
        }
        if (n) status = score_test(set, some, best.model, MN_COUNTED_GAPPED, chosen->apart, probabilities, err);
        probabilities += n * set->n_classes;
    }
    mn_kmer_free(best.model);
    mn_rows_done(&valid);
    mn_mem_free(some);
    return status;
}

/* Trains and chooses on TRAIN and VALID, and adds the probabilities of TEST to the pool. The model of the validation is
 * the one that is tested: nothing is trained again on both. */
static mn_status_t run_fold(const mn_labelled_t *set, const uint8_t *parts, const mn_baselines_options_t *options,
                            int64_t fold, pool_t *pool, mn_baseline_choice_t *chosen, mn_err_t *err) {
    mn_rows_t valid;
    mn_length_t majority = {0}, length = {0};
    trial_t best = {.merit = {-INFINITY, 0}};
    const int64_t at_test = pool->n * set->n_classes;
    bool improved;
    mn_status_t status = mn_rows_list(set, parts, MN_SPLIT_VALID, &valid, err);
    if (!status) status = mn_length_train(set, parts, 1, &majority, err);
    if (!status) status = choose_length(set, parts, &valid, &length, &chosen->bins, err);
    for (int64_t k = MN_COUNTED_MIN; !status && k <= MN_COUNTED_MAX; k++) {
        status = try_penalties(set, parts, &valid, k, true, 0, PENALTIES, is_better, &best, &improved, err);
        if (improved) chosen->k = k, chosen->penalty = best.penalty;
        if (options->progress) options->progress(options->ctx, fold * ROUNDS + k - MN_COUNTED_MIN + 1);
    }
    if (!status)
        status =
            score_test(set, parts, best.model, chosen->k, true, pool->probabilities[MN_BASELINE_KMER] + at_test, err);
    if (!status)
        status = run_gapped(set, parts, options, fold, pool->probabilities[MN_BASELINE_GAPPED] + at_test, chosen, err);
    if (!status) {
        size_t row = (size_t)set->n_classes * sizeof(float);
        for (int64_t i = 0; i < set->n; i++) {
            if (parts[i] != MN_SPLIT_TEST) continue;
            int64_t at = pool->n * set->n_classes, bases = mn_labelled_length(set, i);
            memcpy(pool->probabilities[MN_BASELINE_MAJORITY] + at, mn_length_predict(&majority, bases), row);
            memcpy(pool->probabilities[MN_BASELINE_LENGTH] + at, mn_length_predict(&length, bases), row);
            pool->labels[pool->n++] = set->labels[i];
        }
    }
    mn_kmer_free(best.model);
    mn_length_done(&length);
    mn_length_done(&majority);
    mn_rows_done(&valid);
    return status;
}

int64_t mn_baselines_rounds(int64_t folds) {
    return count_folds(folds) * ROUNDS;
}

mn_status_t mn_baselines_run(const mn_labelled_t *set, const mn_baselines_options_t *options, mn_baselines_t *out,
                             mn_err_t *err) {
    mn_baselines_t result = {.folds = options->folds};
    pool_t pool = {0};
    uint8_t *parts = NULL;
    int64_t folds = count_folds(options->folds);
    mn_status_t status = new_pool(set, &pool, err);
    if (!status) status = mn_mem_new((void **)&parts, set->n, 1, err);
    if (!status) status = mn_mem_new((void **)&result.choices, folds, sizeof *result.choices, err);
    for (int64_t fold = 0; !status && fold < folds; fold++) {
        status = mn_split_parts(set, options->folds, fold, parts, err);
        if (!status) status = run_fold(set, parts, options, fold, &pool, &result.choices[fold], err);
    }
    if (!status && !pool.n)
        status = mn_err_set(err, MN_INPUT, set->source, "cross-validate with --folds", "no row of split 'test'");
    for (int m = 0; !status && m < MN_BASELINE_COUNT; m++)
        status = mn_metrics_measure(pool.probabilities[m], pool.labels, pool.n, set->n_classes, options->resamples,
                                    options->seed, &result.metrics[m], err);
    mn_mem_free(parts);
    done_pool(&pool);
    if (status)
        mn_baselines_done(&result);
    else
        *out = result;
    return status;
}

void mn_baselines_done(mn_baselines_t *baselines) {
    if (!baselines) return;
    mn_mem_free(baselines->choices);
    for (int m = 0; m < MN_BASELINE_COUNT; m++) mn_metrics_done(&baselines->metrics[m]);
    *baselines = (mn_baselines_t){0};
}

/* ---- the regression alone */

static const int64_t words_rows[MN_SPLIT_COUNT] = {[MN_SPLIT_TRAIN] = MN_WORDS_ROWS * 7 / 10,
                                                   [MN_SPLIT_VALID] = MN_WORDS_ROWS / 10,
                                                   [MN_SPLIT_TEST] = MN_WORDS_ROWS / 5};

static int32_t find_likeliest(const float *probabilities, int64_t n) {
    int32_t best = 0;
    for (int32_t c = 1; c < n; c++)
        if (probabilities[c] > probabilities[best]) best = c;
    return best;
}

static void count_words_right(const mn_labelled_t *set, const uint8_t *parts, const float *probabilities,
                              int32_t majority, mn_words_score_t *out) {
    int64_t k = set->n_classes;
    for (int64_t i = 0; i < set->n; i++) {
        out->rows += parts[i] != MN_SPLIT_NONE;
        if (parts[i] != MN_SPLIT_TEST) continue;
        out->right += find_likeliest(probabilities, k) == set->labels[i];
        out->majority += majority == set->labels[i];
        out->tested++;
        probabilities += k;
    }
}

mn_status_t mn_baselines_strands(const mn_labelled_t *set, const uint8_t *parts, double loss[2], mn_err_t *err) {
    trial_t best[2] = {{.merit = {0, INFINITY}}, {.merit = {0, INFINITY}}};
    mn_rows_t valid = {0};
    uint8_t *thinned;
    bool improved;
    mn_status_t status = mn_mem_new((void **)&thinned, set->n, 1, err);
    if (status) return status;
    thin_parts(set, parts, words_rows, thinned);
    status = mn_rows_list(set, thinned, MN_SPLIT_VALID, &valid, err);
    for (int strands = 0; !status && strands < 2; strands++)
        status = try_penalties(set, thinned, &valid, MN_COUNTED_PLACED, strands, MIDDLE, MIDDLE + MIDDLES, is_surer,
                               &best[strands], &improved, err);
    for (int apart = 0; apart < 2; apart++) loss[apart] = best[apart].merit.log_loss;
    for (int i = 0; i < 2; i++) mn_kmer_free(best[i].model);
    mn_rows_done(&valid);
    mn_mem_free(thinned);
    return status;
}

mn_status_t mn_baselines_words(const mn_labelled_t *set, const uint8_t *parts, mn_words_score_t *out, mn_err_t *err) {
    trial_t best = {.merit = {-INFINITY, 0}};
    mn_rows_t valid = {0}, test = {0};
    mn_kmer_features_t *features = NULL;
    mn_length_t majority = {0};
    uint8_t *thinned;
    bool improved;
    mn_status_t status = mn_mem_new((void **)&thinned, set->n, 1, err);
    if (status) return status;
    thin_parts(set, parts, words_rows, thinned);
    status = mn_rows_list(set, thinned, MN_SPLIT_VALID, &valid, err);
    if (!status) status = mn_rows_list(set, thinned, MN_SPLIT_TEST, &test, err);
    if (!status) status = mn_length_train(set, thinned, 1, &majority, err);
    if (!status)
        status = try_penalties(set, thinned, &valid, MN_WORDS_K, true, 0, PENALTIES, is_better, &best, &improved, err);
    if (!status) status = mn_kmer_features_new(set, thinned, MN_SPLIT_TEST, MN_WORDS_K, true, &features, err);
    if (!status) {
        int32_t largest = find_likeliest(mn_length_predict(&majority, 0), set->n_classes);
        mn_kmer_predict(best.model, features, test.probabilities);
        *out = (mn_words_score_t){0};
        count_words_right(set, thinned, test.probabilities, largest, out);
    }
    mn_kmer_features_free(features);
    mn_kmer_free(best.model);
    mn_length_done(&majority);
    mn_rows_done(&valid);
    mn_rows_done(&test);
    mn_mem_free(thinned);
    return status;
}
