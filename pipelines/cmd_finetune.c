/* mnemon finetune: a classifier of sequences, from pretrained weights or from scratch. Only the training and validation
 * parts of a set are looked at; the test part is evaluate's. */
#include "genomics/base/mem.h"
#include "genomics/split.h"
#include "pipelines/commands.h"
#include "pipelines/feed.h"
#include "pipelines/provenance.h"
#include "pipelines/report.h"
#include "pipelines/score.h"
#include "pipelines/signals.h"
#include "pipelines/training.h"
#include "titans/metrics.h"
#include <stdio.h>
#include <string.h>

typedef enum { SELECT_MCC, SELECT_LOSS } select_t;
static const char *const select_names[] = {"mcc", "loss", NULL};
typedef enum { WEIGHTS_EQUAL, WEIGHTS_BALANCED } weights_t;
static const char *const weights_names[] = {"equal", "balanced", NULL};

typedef struct settings {
    mn_common_t common;
    const char *output, *pretrained;
    bool rc, mask_lowercase;
    int invalid, class_weights, select;
    int64_t epochs, tokens, folds;
    double smoothing;
    mn_modelling_t modelling;
    mn_training_t training;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION(settings_t, output, "o", "output", FILE, "MODEL",
              "begin of the names MODEL.safetensors, MODEL.ckpt, MODEL.metrics.tsv", .required = true),
    MN_OPTION(settings_t, pretrained, "m", "model", INPUT, "MODEL",
              "begin with the weights of this model file; else from scratch"),
    MN_OPTION_HEADING("Data"),
    MN_OPTION(settings_t, rc, NULL, "rc", FLAG, NULL,
              "train on either strand by chance and average over both; not where the strand decides the class"),
    MN_OPTION(settings_t, class_weights, NULL, "class-weights", CHOICE, NULL,
              "how classes count in the loss: by their rows, or all the same", .choices = weights_names,
              .fallback = "equal"),
    MN_OPTION(settings_t, folds, NULL, "folds", INT, "K",
              "cross-validation: K models MODEL.fold1 ..., each tested on its part; the set's own test part is left "
              "out; 0: none",
              .fallback = "0", .max = MN_SPLIT_FOLDS_MAX),
    MN_OPTION(settings_t, mask_lowercase, NULL, "mask-lowercase", FLAG, NULL, "read lower case bases as N"),
    MN_OPTION(settings_t, invalid, NULL, "invalid", CHOICE, NULL, "what to do with a letter that is no nucleotide code",
              .choices = mn_invalid_names, .fallback = "error"),
    MN_OPTION_HEADING("Training"),
    MN_OPTION(settings_t, epochs, NULL, "epochs", INT, "N", "times that every row is trained on", .fallback = "10",
              .min = 1, .max = 1e6),
    MN_OPTION(settings_t, tokens, NULL, "tokens", INT, "N", "tokens to train on, instead of --epochs", .min = 1,
              .max = 1e15),
    MN_OPTION(settings_t, training.steps, NULL, "steps", INT, "N", "steps to train, instead of --epochs", .min = 1,
              .max = 1e12),
    MN_OPTION(settings_t, training.batch, "b", "batch", INT, "N", "rows a pass", .fallback = "64", .min = 1,
              .max = 1e6),
    MN_OPTION(settings_t, training.rate, NULL, "lr", REAL, "X", "peak learning rate", .fallback = "3e-3", .min = 0,
              .max = 10),
    MN_OPTION(settings_t, smoothing, NULL, "label-smoothing", REAL, "X",
              "part of a label that is spread over all classes", .fallback = "0", .min = 0, .max = 0.9),
    MN_OPTION(settings_t, training.valid_every, NULL, "valid-every", INT, "STEPS", "between validations; 0: an epoch",
              .fallback = "0", .max = 1e12),
    MN_OPTION(settings_t, training.patience, NULL, "patience", INT, "N",
              "stop after so many validations without a new best; 0: never", .fallback = "0", .max = 1e6),
    MN_OPTION(settings_t, select, NULL, "select", CHOICE, NULL, "what makes a validation the best",
              .choices = select_names, .fallback = "mcc"),
    MN_OPTION_GROUP(settings_t, training, NULL, mn_training_options),
    MN_OPTION_GROUP(settings_t, modelling, "Model", mn_modelling_options),
    MN_COMMON_OPTIONS,
    {0}};

/* ---- rows to score */

typedef struct rows {
    int64_t n;
    int64_t *index; /* in the set */
    const uint8_t **bases;
    int64_t *lengths;
    int32_t *labels;
    float *probabilities; /* (n, classes) */
} rows_t;

static void done_rows(rows_t *rows) {
    mn_mem_free(rows->index);
    mn_mem_free(rows->bases);
    mn_mem_free(rows->lengths);
    mn_mem_free(rows->labels);
    mn_mem_free(rows->probabilities);
    *rows = (rows_t){0};
}

static mn_status_t list_rows(const mn_labelled_t *set, const uint8_t *parts, mn_split_t part, rows_t *rows,
                             mn_err_t *err) {
    int64_t n = 0;
    for (int64_t i = 0; i < set->n; i++) n += parts[i] == part;
    mn_status_t status = mn_mem_new((void **)&rows->index, n, sizeof *rows->index, err);
    if (!status) status = mn_mem_new((void **)&rows->bases, n, sizeof *rows->bases, err);
    if (!status) status = mn_mem_new((void **)&rows->lengths, n, sizeof *rows->lengths, err);
    if (!status) status = mn_mem_new((void **)&rows->labels, n, sizeof *rows->labels, err);
    if (!status) status = mn_mem_new((void **)&rows->probabilities, mn_mem_mul(n, set->n_classes), sizeof(float), err);
    for (int64_t i = 0; i < set->n && !status; i++) {
        if (parts[i] != part) continue;
        rows->index[rows->n] = i;
        rows->bases[rows->n] = mn_labelled_row(set, i);
        rows->lengths[rows->n] = mn_labelled_length(set, i);
        rows->labels[rows->n++] = set->labels[i];
    }
    return status;
}

/* ---- one training */

/* fold -1: the set's own parts. */
typedef struct job {
    const mn_args_t *args;
    settings_t *settings;
    const mn_labelled_t *set;
    const char *command;
    int64_t fold;
    char *prefix;
    mn_lock_t lock;
    uint8_t *parts;
    rows_t valid;
    mn_real_t *weights;
    mn_tokenizer_t tokenizer;
    mn_model_t *model;
    mn_work_t *work;
    mn_epochs_t *epochs;
    mn_json_t *extra;
} job_t;

static void done_job(job_t *job) {
    mn_epochs_free(job->epochs);
    mn_work_free(job->work);
    mn_model_free(job->model);
    mn_json_free(job->extra);
    done_rows(&job->valid);
    mn_mem_free(job->weights);
    mn_mem_free(job->parts);
    mn_lock_release(&job->lock);
    mn_mem_free(job->prefix);
}

static bool is_stopping(void) {
    return mn_signals_stop != 0;
}

static mn_status_t score(const job_t *job, const mn_model_t *model, mn_work_t *work, rows_t *rows, mn_err_t *err) {
    return mn_score_classes(model, work, job->tokenizer, job->settings->rc, rows->bases, rows->lengths, rows->n,
                            is_stopping, rows->probabilities, err);
}

static mn_status_t validate(void *ctx, const mn_model_t *model, mn_work_t *work, double *values, mn_err_t *err) {
    job_t *job = ctx;
    mn_metrics_t metrics;
    mn_status_t status = score(job, model, work, &job->valid, err);
    if (status || is_stopping()) return status;
    status = mn_metrics_measure(job->valid.probabilities, job->valid.labels, job->valid.n, job->set->n_classes, 0, 0,
                                &metrics, err);
    if (status) return status;
    bool by_loss = job->settings->select == SELECT_LOSS;
    values[by_loss] = metrics.metric[MN_METRIC_mcc].value;
    values[!by_loss] = metrics.metric[MN_METRIC_log_loss].value;
    values[2] = metrics.metric[MN_METRIC_accuracy].value;
    mn_metrics_done(&metrics);
    return MN_OK;
}

/* A class counts by the inverse of its rows in the training part, on average 1. */
static mn_status_t balance(job_t *job, mn_err_t *err) {
    const mn_labelled_t *set = job->set;
    int64_t all = 0;
    mn_status_t status = mn_mem_new((void **)&job->weights, set->n_classes, sizeof *job->weights, err);
    if (status) return status;
    for (int64_t i = 0; i < set->n; i++) {
        if (job->parts[i] != MN_SPLIT_TRAIN) continue;
        job->weights[set->labels[i]] += 1;
        all++;
    }
    for (int64_t c = 0; c < set->n_classes; c++)
        job->weights[c] = (mn_real_t)((double)all / ((double)set->n_classes * (double)job->weights[c]));
    return MN_OK;
}

static mn_status_t prepare(job_t *job, mn_err_t *err) {
    settings_t *s = job->settings;
    const mn_training_t *training = &s->training;
    uint64_t seed = (uint64_t)s->common.seed;
    mn_status_t status = mn_mem_new((void **)&job->parts, job->set->n, 1, err);
    if (!status) status = mn_split_parts(job->set, s->folds, job->fold < 0 ? 0 : job->fold, job->parts, err);
    if (!status) status = list_rows(job->set, job->parts, MN_SPLIT_VALID, &job->valid, err);
    if (!status && s->class_weights == WEIGHTS_BALANCED) status = balance(job, err);
    if (!status)
        status = mn_modelling_begin(job->args, &s->modelling, s->pretrained, job->set->n_classes, seed, &job->tokenizer,
                                    &job->model, err);
    if (!status) status = mn_work_new(job->model, training->max_memory, &job->work, err);
    if (status) return status;
    mn_epochs_options_t epochs = {.tokenizer = job->tokenizer,
                                  .samples = training->batch * training->accumulate,
                                  .strands = s->rc,
                                  .weights = job->weights,
                                  .seed = seed};
    return mn_epochs_new(job->set, job->parts, MN_SPLIT_TRAIN, &epochs, &job->epochs, err);
}

static mn_status_t train(job_t *job, mn_trained_t *out, mn_err_t *err) {
    static const char *const measures[][3] = {[SELECT_MCC] = {"valid_mcc", "valid_loss", "valid_accuracy"},
                                              [SELECT_LOSS] = {"valid_loss", "valid_mcc", "valid_accuracy"}};
    const settings_t *s = job->settings;
    mn_training_t training = s->training;
    int64_t epoch = mn_epochs_steps(job->epochs), tokens = mn_epochs_tokens(job->epochs);
    if (s->tokens)
        training.steps = (int64_t)((double)s->tokens / (double)tokens * (double)epoch) + 1;
    else if (!training.steps)
        training.steps = epoch * s->epochs;
    if (!training.valid_every) training.valid_every = epoch;
    mn_feed_t feed;
    mn_epochs_feed(job->epochs, &feed);
    mn_judge_t judge = {.ctx = job,
                        .measure = validate,
                        .names = measures[s->select],
                        .n_measures = 3,
                        .higher = s->select == SELECT_MCC};
    mn_objective_t objective = {.kind = MN_LOSS_CLASS, .label_smoothing = s->smoothing};
    mn_json_set_bool(job->extra, "rc", s->rc);
    mn_model_info_t info = {.tokenizer = job->settings->modelling.tokenizer_name,
                            .command = (char *)job->command,
                            .labels = job->set->classes,
                            .n_labels = job->set->n_classes,
                            .extra = job->extra};
    mn_log(MN_LOG_INFO, "%lld rows to train on, %lld to validate; %lld parameters; an epoch is %lld steps",
           (long long)mn_epochs_rows(job->epochs), (long long)job->valid.n,
           (long long)mn_config_parameters(&job->model->config), (long long)epoch);
    return mn_training_run(&training, (uint64_t)s->common.seed, job->prefix, &objective, &info,
                           training.steps * (tokens / epoch), &feed, &judge, job->model, job->work, out, err);
}

/* Measures `rows` by the model kept and prints them under a name. */
static mn_status_t report_rows(job_t *job, const char *name, rows_t *rows, int64_t resamples, mn_err_t *err) {
    mn_metrics_t metrics;
    mn_status_t status = score(job, job->model, job->work, rows, err);
    if (status || is_stopping()) return status;
    status = mn_metrics_measure(rows->probabilities, rows->labels, rows->n, job->set->n_classes, resamples,
                                (uint64_t)job->settings->common.seed, &metrics, err);
    if (status) return status;
    if (job->fold <= 0) mn_metrics_header(stdout, "part");
    mn_metrics_write(stdout, name, &metrics, (const char *const *)job->set->classes);
    mn_metrics_done(&metrics);
    return MN_OK;
}

/* ---- the run */

/* Names the output, and takes it. */
static mn_status_t claim_output(job_t *job, mn_err_t *err) {
    char *prefix, name[4096];
    mn_status_t status = mn_training_prefix(job->settings->output, &prefix, err);
    if (status) return status;
    if (job->fold < 0)
        snprintf(name, sizeof name, "%s", prefix);
    else
        snprintf(name, sizeof name, "%s.fold%lld", prefix, (long long)job->fold + 1);
    mn_mem_free(prefix);
    status = mn_mem_string(&job->prefix, name, err);
    const mn_training_t *training = &job->settings->training;
    return status ? status : mn_train_claim(job->prefix, training->resume, training->force, &job->lock, err);
}

/* Trains once, and prints what validation says; of a fold, what its test part says, kept in `pooled` too. */
static mn_status_t run_once(const mn_args_t *args, const mn_labelled_t *set, int64_t fold, char **command,
                            rows_t *pooled, mn_err_t *err) {
    job_t job = {.args = args, .settings = args->settings, .set = set, .fold = fold, .lock = {.fd = -1}};
    rows_t test = {0};
    mn_trained_t trained = {0};
    char name[32] = "valid";
    if (fold >= 0) snprintf(name, sizeof name, "fold%lld", (long long)fold + 1);
    mn_status_t status = claim_output(&job, err);
    if (!status) status = prepare(&job, err);
    if (!status && !*command) status = mn_provenance(args, command, err);
    job.command = *command;
    job.extra = mn_json_object();
    if (fold >= 0) mn_json_set_int(job.extra, "fold", fold + 1);
    if (!status) status = train(&job, &trained, err);
    if (!status && !trained.stopped && fold < 0) status = report_rows(&job, name, &job.valid, 0, err);
    if (!status && !trained.stopped && fold >= 0) {
        status = list_rows(set, job.parts, MN_SPLIT_TEST, &test, err);
        if (!status) status = report_rows(&job, name, &test, 0, err);
        for (int64_t i = 0; i < test.n && !status && !is_stopping(); i++) {
            memcpy(pooled->probabilities + pooled->n * set->n_classes, test.probabilities + i * set->n_classes,
                   (size_t)set->n_classes * sizeof(float));
            pooled->labels[pooled->n++] = test.labels[i];
        }
        done_rows(&test);
    }
    done_job(&job);
    return status;
}

static mn_status_t run_folds(const mn_args_t *args, const mn_labelled_t *set, char **command, mn_err_t *err) {
    const settings_t *s = args->settings;
    rows_t pooled = {0};
    mn_metrics_t metrics;
    mn_status_t status = mn_mem_new((void **)&pooled.labels, set->n, sizeof *pooled.labels, err);
    if (!status)
        status = mn_mem_new((void **)&pooled.probabilities, mn_mem_mul(set->n, set->n_classes), sizeof(float), err);
    for (int64_t fold = 0; fold < s->folds && !status; fold++) { /* a refusal comes before any training */
        job_t job = {.settings = args->settings, .fold = fold, .lock = {.fd = -1}};
        status = claim_output(&job, err);
        done_job(&job);
    }
    for (int64_t fold = 0; fold < s->folds && !status && !is_stopping(); fold++) {
        mn_log(MN_LOG_INFO, "fold %lld of %lld", (long long)fold + 1, (long long)s->folds);
        status = run_once(args, set, fold, command, &pooled, err);
    }
    if (!status && !is_stopping())
        status = mn_metrics_measure(pooled.probabilities, pooled.labels, pooled.n, set->n_classes,
                                    MN_BOOTSTRAP_RESAMPLES, (uint64_t)s->common.seed, &metrics, err);
    if (!status && !is_stopping()) {
        mn_metrics_write(stdout, "all", &metrics, (const char *const *)set->classes);
        mn_metrics_done(&metrics);
    }
    done_rows(&pooled);
    return status;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    settings_t *s = args->settings;
    if (mn_args_given(args, "epochs") + mn_args_given(args, "tokens") + mn_args_given(args, "steps") > 1)
        return mn_err_set(err, MN_USAGE, "--epochs", "give one of them",
                          "--epochs, --tokens and --steps say the same thing");
    mn_labelled_options_t reading = {.invalid = s->invalid, .mask_lowercase = s->mask_lowercase};
    mn_labelled_t *set = NULL;
    char *command = NULL;
    mn_status_t status = mn_labelled_read(args->operands, args->n_operands, &reading, &set, err);
    if (!status) status = s->folds ? run_folds(args, set, &command, err) : run_once(args, set, -1, &command, NULL, err);
    mn_labelled_free(set);
    mn_mem_free(command);
    return status;
}

const mn_command_t mn_cmd_finetune = {
    .name = "finetune",
    .heading = "Train",
    .summary = "train a classifier of sequences, from pretrained weights or from scratch",
    .operands = "DATA... -o MODEL",
    .min_operands = 1,
    .max_operands = -1,
    .about = "DATA is a TSV or CSV with the columns label and sequence and, if there are parts, split (train, valid, "
             "test); a folder of "
             "class folders; or CLASS=FILE.fa for each class. The whole network is tuned. Without a validation part, "
             "10 % of the "
             "training rows are held out by a hash of their canonical strand, so that copies and reverse complements "
             "stay together.\n\n"
             "The weights that are kept are those of the best validation; early stopping looks at validation only. The "
             "test part is not "
             "looked at: mnemon evaluate is for that. What is printed at the end is of the validation part, by which "
             "the weights "
             "were chosen, and so is too good. With --folds each fold is tested on rows that neither trained nor chose "
             "it.\n\n"
             "SIGINT and SIGTERM save the last complete step; SIGUSR1 saves and goes on. --resume with the same "
             "command goes on from "
             "there, to the same bytes that an uninterrupted run gives.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon finetune promoters.tsv.gz -m human.safetensors -o promoters\n"
                "mnemon evaluate -m promoters.safetensors promoters.tsv.gz\n"
                "# from scratch, two FASTA files, five folds\n"
                "mnemon finetune coding=cds.fa other=rest.fa --preset tiny --folds 5 -o coding\n",
    .run = run};
