/* genomic_run: baselines and trainings, fold by fold. */
#include "benchmarks/genomic_run.h"
#include "benchmarks/benchmarks.h"
#include "genomics/audit.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "pipelines/baselines.h"
#include "pipelines/feed.h"
#include "pipelines/provenance.h"
#include "pipelines/report.h"
#include "pipelines/signals.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SAVE_MINUTES = 2, PATH_BYTES = 4096, SETTINGS_BYTES = 4096 };

/* What decides a training beside data and seed; the preset is in the fields that it set. */
static const mn_option_t recipe_table[] = {
    MN_OPTION(mn_recipe_t, modelling.pretrained, NULL, "model", INPUT, NULL, NULL),
    {.kind = MN_OPT_GROUP, .group = mn_recipe_data_options},
    {.kind = MN_OPT_GROUP, .group = mn_recipe_options},
    MN_OPTION_GROUP(mn_recipe_t, modelling, NULL, mn_modelling_options),
    {0}};

mn_entry_t mn_genomic_line(void) {
    const mn_metric_t unknown = {NAN, NAN, NAN};
    return (mn_entry_t){.set = "",
                        .official = "",
                        .split = "",
                        .start = "",
                        .note = "",
                        .settings = "",
                        .seed = -1,
                        .classes = -1,
                        .train = -1,
                        .valid = -1,
                        .test = -1,
                        .shared = -1,
                        .parameters = -1,
                        .tokens = -1,
                        .epochs = NAN,
                        .minutes = NAN,
                        .valid_mcc = NAN,
                        .accuracy = unknown,
                        .mcc = unknown};
}

void mn_genomic_note(char note[MN_GENOMIC_NOTE], const char *format, ...) {
    size_t used = strlen(note);
    va_list list;
    if (used) used += (size_t)snprintf(note + used, MN_GENOMIC_NOTE - used, "; ");
    if (used >= MN_GENOMIC_NOTE) return;
    va_start(list, format);
    vsnprintf(note + used, MN_GENOMIC_NOTE - used, format, list);
    va_end(list);
}

mn_status_t mn_genomic_skip(mn_genomic_t *bench, const mn_genomic_task_t *task, const char *reason, mn_err_t *err) {
    mn_entry_t line = task->line;
    line.kind = MN_ENTRY_SKIPPED;
    line.note = reason;
    mn_ledger_key(line.key, (const char *const[]){line.digest, line.set, line.split, "skipped", NULL});
    mn_log(MN_LOG_WARNING, "%s is skipped: %s", line.set, reason);
    return mn_ledger_find(&bench->ledger, line.key) ? MN_OK : mn_ledger_add(&bench->ledger, &line, err);
}

bool mn_genomic_budget(mn_recipe_t *recipe, int64_t steps, int64_t tokens, int64_t most) {
    mn_training_t *training = &recipe->training;
    const bool by_epochs = !recipe->tokens && !training->steps;
    const double step = (double)tokens / (double)steps;
    const double planned = recipe->tokens    ? (double)recipe->tokens
                           : training->steps ? (double)training->steps * step
                                             : (double)mn_recipe_epochs(recipe, steps) * (double)tokens;
    if (planned <= (double)most) return false;
    if (by_epochs && tokens <= most) {
        recipe->epochs = most / tokens;
    } else {
        recipe->tokens = 0;
        training->steps = (double)most > step ? (int64_t)((double)most / step) : 1;
    }
    return true;
}

/* ---- what needs no model */

static void take_metrics(const mn_metrics_t *metrics, mn_entry_t *line) {
    line->accuracy = metrics->metric[MN_METRIC_accuracy];
    line->mcc = metrics->metric[MN_METRIC_mcc];
}

/* The line of a finding or baseline; a key of its own. */
static mn_entry_t begin_line(const mn_genomic_task_t *task, int kind, const char *name, const char *note) {
    mn_entry_t line = task->line;
    line.kind = kind;
    line.start = name;
    line.note = note;
    mn_ledger_key(line.key, (const char *const[]){line.digest, line.split, mn_entry_kinds[kind], name, NULL});
    return line;
}

static mn_status_t add_new(mn_genomic_t *bench, const mn_entry_t *line, mn_err_t *err) {
    return mn_ledger_find(&bench->ledger, line->key) ? MN_OK : mn_ledger_add(&bench->ledger, line, err);
}

static mn_status_t add_baselines(mn_genomic_t *bench, const mn_genomic_task_t *task, mn_err_t *err) {
    mn_baselines_options_t plan = {.folds = task->folds, .resamples = MN_BOOTSTRAP_RESAMPLES, .seed = bench->seed};
    mn_baselines_t baselines;
    mn_status_t status = mn_baselines_run(task->set, &plan, &baselines, err);
    if (status) return status;
    for (int m = 0; m < MN_BASELINE_COUNT && !status; m++) {
        mn_entry_t line = begin_line(task, MN_ENTRY_BASELINE, mn_baseline_names[m], task->note);
        take_metrics(&baselines.metrics[m], &line);
        status = add_new(bench, &line, err);
    }
    mn_baselines_done(&baselines);
    return status;
}

/* What the audit says against the set, and its classifiers, of which only the accuracy is known. */
static mn_status_t add_audit(mn_genomic_t *bench, const mn_genomic_task_t *task, const uint8_t *parts, mn_err_t *err) {
    static const char *const classifiers[][2] = {{"composition_alone", "composition"}, {"lookup_alone", "look-up"}};
    const mn_audit_options_t options = {.parts = task->folds ? NULL : parts};
    mn_audit_t audit;
    mn_status_t status = mn_audit_run(task->set, &options, &audit, err);
    if (status) return status;
    for (int i = 0; i < 2 && !status; i++) {
        const mn_finding_t *finding = mn_audit_find(&audit, classifiers[i][0], NULL);
        if (!finding) continue;
        mn_entry_t line = begin_line(task, MN_ENTRY_BASELINE, classifiers[i][1], task->note);
        line.accuracy.value = finding->value;
        status = add_new(bench, &line, err);
    }
    for (int64_t i = 0; i < audit.n && !status; i++) {
        const mn_finding_t *finding = &audit.findings[i];
        char name[160], note[MN_GENOMIC_NOTE];
        if (finding->level == MN_AUDIT_OK) continue;
        snprintf(name, sizeof name, "%s %s", finding->name, finding->scope);
        snprintf(note, sizeof note, "%s: %s", mn_audit_levels[finding->level], finding->text);
        mn_entry_t line = begin_line(task, MN_ENTRY_FINDING, name, note);
        status = add_new(bench, &line, err);
    }
    mn_audit_done(&audit);
    return status;
}

/* Once: the line of the last baseline is the last to be written. */
static mn_status_t add_modelless(mn_genomic_t *bench, const mn_genomic_task_t *task, const uint8_t *parts,
                                 mn_err_t *err) {
    mn_entry_t last = begin_line(task, MN_ENTRY_BASELINE, mn_baseline_names[MN_BASELINE_COUNT - 1], "");
    if (mn_ledger_find(&bench->ledger, last.key)) return MN_OK;
    mn_log(MN_LOG_INFO, "%s, %s: audit and baselines", task->line.set, task->line.split);
    mn_status_t status = add_audit(bench, task, parts, err);
    return status ? status : add_baselines(bench, task, err);
}

/* ---- trainings */

/* One training, or one a fold. */
typedef struct job {
    mn_genomic_t *bench;
    const mn_genomic_task_t *task;
    mn_recipe_t recipe;
    mn_entry_t line;
    char note[MN_GENOMIC_NOTE], settings[SETTINGS_BYTES], command[SETTINGS_BYTES + 256];
    uint8_t *parts;
    mn_rows_t pooled;
    int64_t epoch; /* tokens of one, of the first fold */
    int64_t found; /* tokens trained in earlier sittings */
    double valid_mcc;
} job_t;

static void name_files(const job_t *job, int64_t fold, char out[PATH_BYTES]) {
    int length = snprintf(out, PATH_BYTES, "%s/%s", job->bench->work, job->line.key);
    if (job->task->folds && length < PATH_BYTES)
        snprintf(out + length, (size_t)(PATH_BYTES - length), ".fold%" PRId64, fold + 1);
}

/* Trains on the parts of a fold, and scores its test part once, by the weights that validation chose. */
static mn_status_t run_fold(job_t *job, int64_t fold, mn_err_t *err) {
    char prefix[PATH_BYTES];
    mn_classifier_t classifier = {0};
    mn_rows_t test = {0};
    mn_lock_t lock = {.fd = -1};
    const mn_fit_t fit = {.set = job->task->set,
                          .parts = job->parts,
                          .recipe = &job->recipe,
                          .seed = (uint64_t)job->line.seed,
                          .prefix = prefix,
                          .command = job->command,
                          .fold = job->task->folds ? fold + 1 : 0};
    name_files(job, fold, prefix);
    mn_status_t status = mn_split_parts(fit.set, job->task->folds, fold, job->parts, err);
    if (!status) status = mn_train_claim(prefix, true, false, &lock, err);
    if (!status) status = mn_classifier_train(&fit, &classifier, err);
    if (!status && !mn_signals_stopping()) status = mn_rows_list(fit.set, job->parts, MN_SPLIT_TEST, &test, err);
    if (!status && !mn_signals_stopping()) status = mn_classifier_score(&classifier, &test, err);
    if (!status && !mn_signals_stopping()) {
        mn_rows_pool(&job->pooled, &test);
        job->line.tokens += classifier.trained.tokens;
        job->line.parameters = mn_config_parameters(&classifier.model->config);
        job->found += classifier.trained.found;
        job->valid_mcc += classifier.valid[MN_VALID_MCC];
    }
    mn_rows_done(&test);
    mn_classifier_done(&classifier);
    mn_lock_release(&lock);
    return status;
}

static void remove_files(const job_t *job) {
    static const char *const suffixes[] = {".safetensors", ".ckpt", ".metrics.tsv"};
    for (int64_t fold = 0; fold < (job->task->folds ? job->task->folds : 1); fold++)
        for (int i = 0; i < 3; i++) {
            char prefix[PATH_BYTES], path[PATH_BYTES + 16];
            name_files(job, fold, prefix);
            snprintf(path, sizeof path, "%s%s", prefix, suffixes[i]);
            unlink(path);
        }
    rmdir(job->bench->work); /* if nothing else is in it */
}

/* The settings as text, with what a default of --epochs stands for, so that another default is another line. */
static mn_status_t describe(job_t *job, mn_err_t *err) {
    const mn_recipe_t *recipe = &job->recipe;
    char *text, least[64] = "";
    mn_status_t status = mn_provenance_settings(recipe_table, recipe, "preset", &text, err);
    if (status) return status;
    if (!recipe->epochs && !recipe->tokens && !recipe->training.steps)
        snprintf(least, sizeof least, " --least-epochs %d --least-steps %d", MN_RECIPE_EPOCHS, MN_RECIPE_STEPS);
    snprintf(job->settings, sizeof job->settings, "%s%s", text + strspn(text, " "), least);
    mn_mem_free(text);
    return MN_OK;
}

/* Counts an epoch's tokens, of the first fold, and fits the recipe into the budget. */
static mn_status_t fit_budget(job_t *job, mn_err_t *err) {
    mn_recipe_t *recipe = &job->recipe;
    const int64_t most = job->bench->max_tokens;
    mn_epochs_options_t options = {.samples = recipe->training.batch * recipe->training.accumulate};
    mn_epochs_t *epochs = NULL;
    mn_status_t status =
        mn_tokenizer_parse(recipe->modelling.tokenizer_name, MN_USAGE, "--tokenizer", &options.tokenizer, err);
    if (!status) status = mn_epochs_new(job->task->set, job->parts, MN_SPLIT_TRAIN, &options, &epochs, err);
    if (status) return status;
    const int64_t steps = mn_epochs_steps(epochs), before = mn_recipe_epochs(recipe, steps);
    job->epoch = mn_epochs_tokens(epochs);
    mn_epochs_free(epochs);
    if (!most || !mn_genomic_budget(recipe, steps, job->epoch, most)) return MN_OK;
    size_t used = strlen(job->settings);
    snprintf(job->settings + used, sizeof job->settings - used, " --max-tokens %" PRId64, most);
    if (recipe->training.steps)
        mn_genomic_note(job->note, "lowered to %" PRId64 " steps by --max-tokens", recipe->training.steps);
    else
        mn_genomic_note(job->note, "epochs lowered from %" PRId64 " to %" PRId64 " by --max-tokens", before,
                        recipe->epochs);
    return MN_OK;
}

static mn_status_t measure(job_t *job, double minutes, mn_err_t *err) {
    mn_entry_t *line = &job->line;
    mn_metrics_t metrics;
    mn_status_t status = mn_rows_measure(&job->pooled, MN_BOOTSTRAP_RESAMPLES, (uint64_t)line->seed, &metrics, err);
    if (status) return status;
    take_metrics(&metrics, line);
    mn_metrics_done(&metrics);
    double folds = job->task->folds ? (double)job->task->folds : 1;
    line->epochs = (double)line->tokens / folds / (double)job->epoch;
    line->valid_mcc = job->valid_mcc / folds;
    if (line->tokens > job->found) line->minutes = minutes * (double)line->tokens / (double)(line->tokens - job->found);
    return MN_OK;
}

static mn_status_t run_folds(job_t *job, mn_err_t *err) {
    const mn_genomic_task_t *task = job->task;
    double begin = mn_bench_seconds();
    if (mkdir(job->bench->work, 0777) && errno != EEXIST)
        return mn_err_set(err, MN_IO, job->bench->work, NULL, "cannot be made: %s", strerror(errno));
    mn_status_t status = mn_rows_new(task->set, task->set->n, &job->pooled, err);
    job->line.tokens = 0;
    for (int64_t fold = 0; fold < (task->folds ? task->folds : 1) && !status && !mn_signals_stopping(); fold++) {
        if (task->folds) mn_log(MN_LOG_INFO, "fold %" PRId64 " of %" PRId64, fold + 1, task->folds);
        status = run_fold(job, fold, err);
    }
    if (status || mn_signals_stopping()) return status;
    status = measure(job, (mn_bench_seconds() - begin) / 60, err);
    if (!status) status = mn_ledger_add(&job->bench->ledger, &job->line, err);
    if (status) return status;
    remove_files(job);
    mn_log(MN_LOG_INFO, "test accuracy %.4f, MCC %.4f", job->line.accuracy.value, job->line.mcc.value);
    return MN_OK;
}

static mn_status_t run_training(mn_genomic_t *bench, const mn_genomic_task_t *task, const mn_start_t *start,
                                int64_t seed, uint8_t *parts, mn_err_t *err) {
    job_t job = {.bench = bench, .task = task, .recipe = *bench->recipe, .line = task->line, .parts = parts};
    mn_entry_t *line = &job.line;
    char number[24];
    snprintf(job.note, sizeof job.note, "%s", task->note);
    snprintf(number, sizeof number, "%" PRId64, seed);
    job.recipe.modelling = start->modelling;
    job.recipe.modelling.tokenizer = job.recipe.modelling.tokenizer_name;
    mn_modelling_fit(&job.recipe.modelling, task->set->n_classes, mn_labelled_window(task->set));
    job.recipe.training.resume = true;
    job.recipe.training.save_minutes = SAVE_MINUTES;
    job.recipe.training.batch = mn_recipe_batch(&job.recipe, task->line.train);
    mn_status_t status = describe(&job, err);
    if (!status) status = fit_budget(&job, err);
    if (status) return status;
    line->kind = start->modelling.pretrained ? MN_ENTRY_PRETRAINED : MN_ENTRY_SCRATCH;
    line->start = start->label;
    line->seed = seed;
    line->note = job.note;
    line->settings = job.settings;
    mn_ledger_key(line->key, (const char *const[]){line->digest, line->split, job.settings, number, NULL});
    if (mn_ledger_find(&bench->ledger, line->key)) return MN_OK;
    snprintf(job.command, sizeof job.command, "mnemon benchmark genomic %s (%s, %s, seed %s)", job.settings,
             line->digest, line->split, number);
    mn_log(MN_LOG_INFO, "%s, %s: %s %s, seed %s", line->set, line->split, line->start, mn_entry_kinds[line->kind],
           number);
    status = run_folds(&job, err);
    mn_rows_done(&job.pooled);
    return status;
}

/* ---- the whole of a split */

static mn_status_t count_parts(mn_genomic_task_t *task, const uint8_t *parts, mn_err_t *err) {
    const mn_labelled_t *set = task->set;
    mn_entry_t *line = &task->line;
    int64_t n[MN_SPLIT_COUNT] = {0}, *tested;
    mn_status_t status = mn_mem_new((void **)&tested, set->n_classes, sizeof *tested, err);
    if (status) return status;
    for (int64_t i = 0; i < set->n; i++) {
        n[parts[i]]++;
        tested[set->labels[i]] += parts[i] == MN_SPLIT_TEST;
    }
    line->train = n[MN_SPLIT_TRAIN];
    line->valid = n[MN_SPLIT_VALID];
    line->test = task->folds ? set->n : n[MN_SPLIT_TEST];
    for (int64_t c = 0; c < set->n_classes; c++)
        if (!tested[c] && !task->folds) mn_genomic_note(task->note, "class '%s' has no test row", set->classes[c]);
    mn_mem_free(tested);
    line->shared = 0;
    return task->folds ? MN_OK : mn_split_shared(set, parts, MN_SPLIT_TEST, MN_SPLIT_TRAIN, &line->shared, err);
}

mn_status_t mn_genomic_run(mn_genomic_t *bench, mn_genomic_task_t *task, mn_err_t *err) {
    uint8_t *parts;
    mn_err_t why = {0};
    mn_status_t status = mn_mem_new((void **)&parts, task->set->n, 1, err);
    if (status) return status;
    status = mn_split_parts(task->set, task->folds, 0, parts, &why);
    if (status == MN_INPUT) {
        mn_mem_free(parts);
        return mn_genomic_skip(bench, task, why.what, err);
    }
    if (status && err) *err = why;
    if (!status) status = count_parts(task, parts, err);
    if (!status) status = add_modelless(bench, task, parts, err);
    for (int64_t s = 0; s < task->seeds && !status; s++)
        for (int64_t i = 0; i < bench->n_starts && !status && !mn_signals_stopping(); i++) {
            status = mn_split_parts(task->set, task->folds, 0, parts, err);
            if (!status) status = run_training(bench, task, &bench->starts[i], (int64_t)bench->seed + s, parts, err);
        }
    mn_mem_free(parts);
    return status;
}
