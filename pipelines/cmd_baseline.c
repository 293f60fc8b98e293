/* mnemon baseline: what a model has to beat. On a labelled set the majority, the length alone and k-mer logistic
 * regression; on plain DNA the best Markov model. All is chosen on validation data and scored on test data. */
#include "genomics/base/mem.h"
#include "genomics/input.h"
#include "genomics/markov.h"
#include "pipelines/baselines.h"
#include "pipelines/classify.h"
#include "pipelines/commands.h"
#include "pipelines/provenance.h"
#include "pipelines/report.h"
#include <inttypes.h>

typedef struct settings {
    mn_common_t common;
    const char *output, *markov;
    bool json;
    int64_t folds, resamples;
    mn_labelled_options_t reading;
} settings_t;

enum { DEFAULT_FOLDS = 5 };

static const mn_option_t options[] = {
    MN_OPTION(settings_t, output, "o", "output", FILE, "FILE", "where the metrics go", .fallback = "-"),
    MN_OPTION(settings_t, folds, NULL, "folds", INT, "K",
              "cross-validate instead of scoring the test split; 0: only where there is none, with 5", .fallback = "0",
              .max = MN_SPLIT_FOLDS_MAX),
    MN_OPTION(settings_t, markov, NULL, "markov", INPUT, "FILE",
              "count Markov models on this sequence file, and score DATA, sequence files too, by the best"),
    MN_OPTION(settings_t, resamples, NULL, "resamples", INT, "N", "bootstrap resamples for the intervals; 0: none",
              .fallback = "1000", .max = 1e6),
    MN_OPTION_GROUP(settings_t, reading, NULL, mn_labelled_reading_options),
    MN_OPTION(settings_t, json, NULL, "json", FLAG, NULL, "JSON instead of TSV", .neutral = true),
    MN_COMMON_OPTIONS,
    {0}};

static mn_status_t open_result(const mn_args_t *args, mn_result_t *result, mn_err_t *err) {
    const settings_t *s = args->settings;
    mn_status_t status = mn_result_open(args, s->output, result, err);
    if (status || s->json) return status;
    mn_result_header(result);
    mn_metrics_header(result->writer.file, "model");
    return MN_OK;
}

/* ---- labelled sets */

static void write_choices(FILE *file, const mn_baselines_t *result) {
    for (int64_t f = 0; f < (result->folds ? result->folds : 1); f++) {
        const mn_baseline_choice_t *choice = &result->choices[f];
        char fold[32] = "";
        if (result->folds) snprintf(fold, sizeof fold, "fold:%" PRId64 ":", f + 1);
        fprintf(file, "length\t%sbins\t%" PRId64 "\tNA\tNA\n", fold, choice->bins);
        fprintf(file, "kmer\t%sk\t%" PRId64 "\tNA\tNA\n", fold, choice->k);
        fprintf(file, "kmer\t%spenalty\t%g\tNA\tNA\n", fold, choice->penalty);
        fprintf(file, "gapped\t%sstrands\t%d\tNA\tNA\n", fold, choice->apart ? 1 : 2);
        fprintf(file, "gapped\t%srows\t%" PRId64 "\tNA\tNA\n", fold, choice->gapped_rows);
    }
}

static mn_json_t *make_labelled_json(const mn_baselines_t *result, const char *const *classes) {
    mn_json_t *json = mn_json_object(), *choices = mn_json_array();
    for (int64_t f = 0; f < (result->folds ? result->folds : 1); f++) {
        mn_json_t *choice = mn_json_object();
        mn_json_set_int(choice, "length_bins", result->choices[f].bins);
        mn_json_set_int(choice, "kmer_k", result->choices[f].k);
        mn_json_set_real(choice, "kmer_penalty", result->choices[f].penalty);
        mn_json_set_int(choice, "gapped_strands", result->choices[f].apart ? 1 : 2);
        mn_json_set_int(choice, "gapped_rows", result->choices[f].gapped_rows);
        mn_json_set(choices, NULL, choice);
    }
    mn_json_set_int(json, "folds", result->folds);
    mn_json_set(json, "chosen", choices);
    for (int m = 0; m < MN_BASELINE_COUNT; m++)
        mn_json_set(json, mn_baseline_names[m], mn_metrics_json(&result->metrics[m], classes));
    return json;
}

static mn_status_t write_labelled(const mn_args_t *args, const mn_baselines_t *result, const char *const *classes,
                                  mn_err_t *err) {
    const settings_t *s = args->settings;
    mn_result_t output;
    mn_status_t status = open_result(args, &output, err);
    if (!status && s->json) {
        status = mn_result_json(&output, make_labelled_json(result, classes), err);
    } else if (!status) {
        write_choices(output.writer.file, result);
        for (int m = 0; m < MN_BASELINE_COUNT; m++)
            mn_metrics_write(output.writer.file, mn_baseline_names[m], &result->metrics[m], classes);
    }
    return mn_result_close(&output, status, err);
}

static void show_progress(void *progress, int64_t done) {
    mn_progress_update(progress, done, NULL);
}

/* Warns of what makes scores on this set look better, or other, than they are. */
static mn_status_t warn_of_rows(const mn_labelled_t *set, mn_err_t *err) {
    int64_t shared, n = set->per_split[MN_SPLIT_TEST];
    if (set->n_blank) mn_log(MN_LOG_WARNING, "%" PRId64 " of %" PRId64 " sequences are N alone", set->n_blank, set->n);
    if (!n) return MN_OK;
    mn_status_t status = mn_split_shared(set, set->splits, MN_SPLIT_TEST, MN_SPLIT_TRAIN, &shared, err);
    if (!status && shared)
        mn_log(MN_LOG_WARNING, "%" PRId64 " of %" PRId64 " test sequences are in train too (either strand)", shared, n);
    return status;
}

static mn_status_t run_labelled(const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = args->settings;
    mn_labelled_t *set = NULL;
    mn_baselines_t result = {0};
    mn_status_t status = mn_labelled_read(args->operands, args->n_operands, &s->reading, &set, err);
    if (status) return status;
    int64_t folds = s->folds;
    if (!folds && !set->per_split[MN_SPLIT_TEST]) {
        folds = DEFAULT_FOLDS;
        mn_log(MN_LOG_INFO, "no test split: cross-validating with %d folds", (int)DEFAULT_FOLDS);
    }
    status = warn_of_rows(set, err);
    mn_progress_t progress = mn_progress_start("baseline", "rounds", mn_baselines_rounds(folds), 0);
    mn_baselines_options_t plan = {folds, s->resamples, (uint64_t)s->common.seed, show_progress, &progress};
    if (!status) status = mn_baselines_run(set, &plan, &result, err);
    if (!status) mn_progress_end(&progress);
    if (!status) status = write_labelled(args, &result, (const char *const *)set->classes, err);
    mn_baselines_done(&result);
    mn_labelled_free(set);
    return status;
}

/* ---- Markov models */

enum { BLOCK_MAX = 100000, BLOCK_MIN = 1000, BLOCKS = 100, HELD_OUT_EVERY = 10 };

/* The blocks of a genome: to be counted first, and every tenth, to choose by. */
typedef struct blocks {
    mn_stretch_t *counted, *held_out;
    int64_t n_counted, n_held_out;
} blocks_t;

static mn_status_t cut_blocks(const mn_sequences_t *genome, const char *where, blocks_t *out, mn_err_t *err) {
    int64_t block = genome->size / BLOCKS, n = 0;
    if (block > BLOCK_MAX) block = BLOCK_MAX;
    if (block < BLOCK_MIN) block = BLOCK_MIN;
    for (int64_t i = 0; i < genome->n; i++) n += genome->items[i].length / block + 1;
    mn_status_t status = mn_mem_new((void **)&out->counted, n, sizeof *out->counted, err);
    if (!status) status = mn_mem_new((void **)&out->held_out, n, sizeof *out->held_out, err);
    if (status) return status;
    for (int64_t i = 0, index = 0; i < genome->n; i++)
        for (int64_t at = 0; at < genome->items[i].length; at += block) {
            int64_t left = genome->items[i].length - at;
            mn_stretch_t stretch = {genome->bases + genome->items[i].offset + at, left < block ? left : block};
            if (++index % HELD_OUT_EVERY)
                out->counted[out->n_counted++] = stretch;
            else
                out->held_out[out->n_held_out++] = stretch;
        }
    if (out->n_held_out) return MN_OK;
    return mn_err_set(err, MN_INPUT, where, "count on a longer sequence", "too short: %" PRId64 " bases, %d are needed",
                      genome->size, BLOCK_MIN * HELD_OUT_EVERY);
}

/* Counts and chooses by a tenth of the genome, then counts that tenth too. */
static mn_status_t train_markov(const char *path, const mn_input_options_t *reading, mn_markov_t **out, mn_err_t *err) {
    mn_sequences_t *genome = NULL;
    mn_markov_t *markov = NULL;
    blocks_t blocks = {0};
    double bits;
    mn_status_t status = mn_sequences_load(&path, 1, reading, &genome, err);
    if (!status) status = cut_blocks(genome, path, &blocks, err);
    if (!status) status = mn_markov_new(&markov, err);
    if (!status) {
        mn_markov_count(markov, blocks.counted, blocks.n_counted);
        status = mn_markov_choose(markov, blocks.held_out, blocks.n_held_out, &bits, err);
    }
    if (!status) {
        mn_log(MN_LOG_INFO, "order %d, pseudo-count %g: %.4f bits on the held-out tenth", markov->order, markov->pseudo,
               bits);
        mn_markov_count(markov, blocks.held_out, blocks.n_held_out);
        *out = markov;
    } else
        mn_markov_free(markov);
    mn_mem_free(blocks.counted);
    mn_mem_free(blocks.held_out);
    mn_sequences_free(genome);
    return status;
}

static mn_status_t score_markov(const mn_markov_t *markov, const mn_args_t *args, const mn_input_options_t *reading,
                                double *bits, int64_t *scored, mn_err_t *err) {
    mn_sequences_t *test = NULL;
    mn_stretch_t *stretches = NULL;
    mn_status_t status = mn_sequences_load(args->operands, args->n_operands, reading, &test, err);
    if (!status) status = mn_mem_new((void **)&stretches, test->n, sizeof *stretches, err);
    if (!status) {
        for (int64_t i = 0; i < test->n; i++)
            stretches[i] = (mn_stretch_t){test->bases + test->items[i].offset, test->items[i].length};
        status = mn_markov_bits(markov, stretches, test->n, bits, scored, err);
    }
    mn_mem_free(stretches);
    mn_sequences_free(test);
    return status;
}

static mn_status_t write_markov(const mn_args_t *args, const mn_markov_t *markov, double bits, int64_t scored,
                                mn_err_t *err) {
    const settings_t *s = args->settings;
    mn_result_t out;
    mn_status_t status = open_result(args, &out, err);
    if (!status && s->json) {
        mn_json_t *json = mn_json_object();
        mn_json_set_int(json, "order", markov->order);
        mn_json_set_real(json, "pseudo_count", markov->pseudo);
        mn_json_set_int(json, "bases", scored);
        mn_json_set_real(json, "bits_per_base", bits);
        status = mn_result_json(&out, json, err);
    } else if (!status) {
        fprintf(out.writer.file, "markov\torder\t%d\tNA\tNA\n", markov->order);
        fprintf(out.writer.file, "markov\tpseudo_count\t%g\tNA\tNA\n", markov->pseudo);
        fprintf(out.writer.file, "markov\tbases\t%" PRId64 "\tNA\tNA\n", scored);
        fprintf(out.writer.file, "markov\tbits_per_base\t%.6f\tNA\tNA\n", bits);
    }
    return mn_result_close(&out, status, err);
}

static mn_status_t run_markov(const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = args->settings;
    mn_input_options_t reading = mn_input_options_default();
    reading.mask_lowercase = s->reading.mask_lowercase;
    reading.invalid = s->reading.invalid;
    mn_markov_t *markov = NULL;
    double bits;
    int64_t scored;
    mn_status_t status = train_markov(s->markov, &reading, &markov, err);
    if (!status) status = score_markov(markov, args, &reading, &bits, &scored, err);
    if (!status) status = write_markov(args, markov, bits, scored, err);
    mn_markov_free(markov);
    return status;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = args->settings;
    if (s->folds == 1)
        return mn_err_set(err, MN_USAGE, "--folds", "use 2 folds or more", "one fold leaves nothing to train on");
    return s->markov ? run_markov(args, err) : run_labelled(args, err);
}

const mn_command_t mn_cmd_baseline = {
    .name = "baseline",
    .heading = "Use",
    .summary = "what a model has to beat: majority, length, k-mers, gapped words; Markov models of DNA",
    .operands = "DATA...",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "DATA is as for finetune: a TSV or CSV with columns label, sequence and optionally split, class folders, or "
        "CLASS=FILE. Four classifiers are trained on the train rows: the majority class, class frequencies by "
        "length (1 to 4,096 bins), L2-penalised logistic regression on log(1 + count) of the words of K = 4 to 6 "
        "bases, strands apart, and the same on words of 5 to 7 bases and words with gaps, scaled to vectors of one "
        "length, at a penalty of 30: about what the linear part of a classifier of finetune has alone (--gapped). "
        "Bins, K and penalty are those "
        "with the best MCC on the validation rows (10 % of train, duplicates together, where there are none), the "
        "strands of gapped words (1 or 2) those with the least log loss; the test rows are scored once, as by "
        "evaluate.\n"
        "With --markov, Markov models of order 8 to 12 over both strands, with pseudo-counts of 1/16, 1, 4 and 16, "
        "are compared on a held-out tenth of FILE; the best, counted on all of it, gives the bits per base of DATA, "
        "here sequence files.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon baseline promoters.tsv.gz\n"
                "# five folds, as JSON\n"
                "mnemon baseline --folds 5 --json pos=peaks.fa neg=background.fa\n"
                "# bits per base of one chromosome by another\n"
                "mnemon baseline --markov chr20.fa.gz chr21.fa.gz",
    .run = run,
};
