/* mnemon finetune: a classifier of sequences, from pretrained weights or from scratch. Only the training and validation
 * parts of a set are looked at; the test part is evaluate's. */
#include "genomics/base/mem.h"
#include "pipelines/classify.h"
#include "pipelines/commands.h"
#include "pipelines/provenance.h"
#include "pipelines/report.h"
#include "pipelines/signals.h"

typedef struct settings {
    mn_common_t common;
    const char *output;
    int64_t folds;
    mn_labelled_options_t reading;
    mn_recipe_t recipe;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION(settings_t, output, "o", "output", FILE, "MODEL",
              "begin of the names MODEL.safetensors, MODEL.ckpt, MODEL.metrics.tsv", .required = true),
    MN_OPTION(settings_t, recipe.modelling.pretrained, "m", "model", INPUT, "MODEL",
              "begin with the weights of this model file or builtin:NAME; else from scratch", .model = true),
    MN_OPTION_GROUP(settings_t, recipe, "Data", mn_recipe_data_options),
    MN_OPTION(settings_t, folds, NULL, "folds", INT, "K",
              "cross-validation: K models MODEL.fold1 ..., each tested on its part; the set's own test part is left "
              "out; 0: none",
              .fallback = "0", .max = MN_SPLIT_FOLDS_MAX),
    MN_OPTION_GROUP(settings_t, reading, NULL, mn_labelled_reading_options),
    MN_OPTION_GROUP(settings_t, recipe, "Training", mn_recipe_options),
    MN_OPTION_GROUP(settings_t, recipe.training, NULL, mn_saving_options),
    MN_OPTION_GROUP(settings_t, recipe.modelling, "Model", mn_modelling_options),
    MN_COMMON_OPTIONS,
    {0}};

typedef struct job {
    const settings_t *settings;
    const mn_labelled_t *set;
    char *command;
    uint8_t *parts;
    mn_rows_t pooled; /* what the folds say of their test parts */
} job_t;

/* Names the output of a fold (-1: the set's own parts), and takes it. Owner of prefix and lock: the caller. */
static mn_status_t claim_output(const settings_t *s, int64_t fold, char **prefix, mn_lock_t *lock, mn_err_t *err) {
    char *whole, name[4096];
    *prefix = NULL;
    *lock = (mn_lock_t){.fd = -1};
    mn_status_t status = mn_training_prefix(s->output, &whole, err);
    if (status) return status;
    if (fold < 0)
        snprintf(name, sizeof name, "%s", whole);
    else
        snprintf(name, sizeof name, "%s.fold%lld", whole, (long long)fold + 1);
    mn_mem_free(whole);
    status = mn_mem_string(prefix, name, err);
    const mn_training_t *training = &s->recipe.training;
    return status ? status : mn_train_claim(name, training->resume, training->force, lock, err);
}

/* Measures the rows of a part by the weights kept and prints that under a name. */
static mn_status_t report_part(job_t *job, const mn_classifier_t *classifier, int64_t fold, mn_err_t *err) {
    mn_rows_t rows;
    mn_metrics_t metrics;
    char name[32] = "valid";
    if (fold >= 0) snprintf(name, sizeof name, "fold%lld", (long long)fold + 1);
    mn_status_t status = mn_rows_list(job->set, job->parts, fold < 0 ? MN_SPLIT_VALID : MN_SPLIT_TEST, &rows, err);
    if (!status) status = mn_classifier_score(classifier, &rows, err);
    if (!status && !mn_signals_stopping()) {
        status = mn_rows_measure(&rows, 0, (uint64_t)job->settings->common.seed, &metrics, err);
        if (!status) {
            if (fold <= 0) mn_metrics_header(stdout, "part");
            mn_metrics_write(stdout, name, &metrics, (const char *const *)job->set->classes);
            mn_metrics_done(&metrics);
        }
        if (!status && fold >= 0) mn_rows_pool(&job->pooled, &rows);
    }
    mn_rows_done(&rows);
    return status;
}

/* Trains once, and prints what validation says; of a fold, what its test part says. */
static mn_status_t run_once(job_t *job, int64_t fold, mn_err_t *err) {
    const settings_t *s = job->settings;
    mn_classifier_t classifier = {0};
    mn_lock_t lock;
    char *prefix;
    mn_status_t status = claim_output(s, fold, &prefix, &lock, err);
    if (!status) status = mn_split_parts(job->set, s->folds, fold < 0 ? 0 : fold, job->parts, err);
    const mn_fit_t fit = {.set = job->set,
                          .parts = job->parts,
                          .recipe = &s->recipe,
                          .seed = (uint64_t)s->common.seed,
                          .prefix = prefix,
                          .command = job->command,
                          .fold = fold + 1};
    if (!status) status = mn_classifier_train(&fit, &classifier, err);
    if (!status && !classifier.trained.stopped) status = report_part(job, &classifier, fold, err);
    mn_classifier_done(&classifier);
    mn_lock_release(&lock);
    mn_mem_free(prefix);
    return status;
}

static mn_status_t run_folds(job_t *job, mn_err_t *err) {
    const settings_t *s = job->settings;
    mn_metrics_t metrics;
    mn_status_t status = mn_rows_new(job->set, job->set->n, &job->pooled, err);
    for (int64_t fold = 0; fold < s->folds && !status; fold++) { /* a refusal comes before any training */
        mn_lock_t lock;
        char *prefix;
        status = claim_output(s, fold, &prefix, &lock, err);
        mn_lock_release(&lock);
        mn_mem_free(prefix);
    }
    for (int64_t fold = 0; fold < s->folds && !status && !mn_signals_stopping(); fold++) {
        mn_log(MN_LOG_INFO, "fold %lld of %lld", (long long)fold + 1, (long long)s->folds);
        status = run_once(job, fold, err);
    }
    if (status || mn_signals_stopping()) return status;
    status = mn_rows_measure(&job->pooled, MN_BOOTSTRAP_RESAMPLES, (uint64_t)s->common.seed, &metrics, err);
    if (status) return status;
    mn_metrics_write(stdout, "all", &metrics, (const char *const *)job->set->classes);
    mn_metrics_done(&metrics);
    return MN_OK;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    settings_t *s = args->settings;
    mn_labelled_t *set = NULL;
    job_t job = {.settings = s};
    mn_status_t status = mn_recipe_check(args, err);
    if (!status) status = mn_training_inputs(&s->recipe.training, args, err);
    if (!status) status = mn_labelled_read(args->operands, args->n_operands, &s->reading, &set, err);
    job.set = set;
    if (!status) status = mn_modelling_begin(args, &s->recipe.modelling, set->n_classes, err);
    if (!status) mn_modelling_fit(&s->recipe.modelling, set->n_classes, mn_labelled_window(set));
    if (!status) status = mn_provenance(args, &job.command, err);
    if (!status) status = mn_mem_new((void **)&job.parts, set->n, 1, err);
    if (!status) status = s->folds ? run_folds(&job, err) : run_once(&job, -1, err);
    mn_rows_done(&job.pooled);
    mn_mem_free(job.parts);
    mn_mem_free(job.command);
    mn_labelled_free(set);
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
