/* mnemon benchmark genomic: classifiers by finetune's recipe on labelled sets, chosen on validation and tested once,
 * beside what needs no model. */
#include "benchmarks/cmd_benchmark.h"
#include "benchmarks/genomic_report.h"
#include "benchmarks/genomic_run.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "genomics/divide.h"
#include "genomics/published.h"
#include "genomics/subset.h"
#include "pipelines/report.h"
#include "pipelines/signals.h"
#include <inttypes.h>
#include <string.h>

typedef enum { SPLIT_OFFICIAL, SPLIT_CLEAN, SPLIT_BOTH } split_choice_t;
static const char *const split_choices[] = {"official", "clean", "both", NULL};

static const double clean_threshold = 0.7; /* Jaccard index of words, from which two sequences stay together */
enum { NAME_BYTES = 200, CLASSES_MIN = 2 };

typedef struct settings {
    mn_common_t common;
    const char *output, *by;
    mn_strings_t models;
    int64_t seeds, folds, cap, max_tokens;
    int split;
    bool report_only, no_scratch;
    mn_labelled_options_t reading;
    mn_recipe_t recipe;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION(settings_t, output, "o", "output", FILE, "PREFIX",
              "begin of the names PREFIX.tsv, PREFIX.json, PREFIX.html; what PREFIX.tsv holds is not run again",
              .required = true),
    MN_OPTION(settings_t, report_only, NULL, "report-only", FLAG, NULL,
              "train nothing: make JSON and HTML of what PREFIX.tsv holds"),
    MN_OPTION_HEADING("Runs"),
    MN_OPTION(settings_t, models, "m", "model", LIST, "MODEL",
              "begin with the weights of this model file or builtin:NAME, and beside it with the same network from "
              "scratch; repeatable",
              .model = true),
    MN_OPTION(settings_t, no_scratch, NULL, "no-scratch", FLAG, NULL, "with -m, leave out the network from scratch"),
    MN_OPTION(settings_t, seeds, NULL, "seeds", INT, "N", "trainings from seeds --seed, --seed + 1, ...",
              .fallback = "3", .min = 1, .max = 1000),
    MN_OPTION(settings_t, split, NULL, "split", CHOICE, NULL,
              "the set's own parts; parts without near copies of each other, one seed; or both",
              .choices = split_choices, .fallback = "both"),
    MN_OPTION(settings_t, folds, NULL, "folds", INT, "K", "cross-validation of sets that have no test part",
              .fallback = "5", .min = 2, .max = MN_SPLIT_FOLDS_MAX),
    MN_OPTION(settings_t, max_tokens, NULL, "max-tokens", INT, "N",
              "most tokens of one training: epochs are lowered to fit; 0: any number", .fallback = "0", .max = 1e15),
    MN_OPTION_HEADING("Data"),
    MN_OPTION(settings_t, by, NULL, "by", STRING, "COLUMN", "each value of this column of the tables is a set"),
    MN_OPTION(settings_t, cap, NULL, "cap", INT, "ROWS",
              "most rows of a set, by class and split as in the whole, chosen by hash; 0: all", .fallback = "0"),
    MN_OPTION_GROUP(settings_t, recipe, NULL, mn_recipe_data_options),
    MN_OPTION_GROUP(settings_t, reading, NULL, mn_labelled_reading_options),
    MN_OPTION_GROUP(settings_t, recipe, "Training", mn_recipe_options),
    MN_OPTION_GROUP(settings_t, recipe.modelling, "Model", mn_modelling_options),
    MN_COMMON_OPTIONS,
    {0}};

/* ---- starts */

/* The network of a model file, or with model NULL that of the options; with the file's weights or from scratch. */
static mn_status_t make_start(const mn_args_t *args, const char *model, bool pretrained, mn_start_t *out,
                              mn_err_t *err) {
    settings_t *s = args->settings;
    const mn_modelling_t as_given = s->recipe.modelling;
    s->recipe.modelling.pretrained = model;
    mn_status_t status = mn_modelling_begin(args, &s->recipe.modelling, CLASSES_MIN, err); /* each set has its own */
    out->modelling = s->recipe.modelling;
    s->recipe.modelling = as_given;
    if (status) return status;
    const mn_config_t *config = &out->modelling.config;
    if (pretrained) {
        snprintf(out->label, sizeof out->label, "%s", mn_path_base(model));
    } else {
        out->modelling.pretrained = NULL;
        snprintf(out->label, sizeof out->label, "%s %" PRId64 "x%" PRId64, mn_arch_names[config->arch], config->layers,
                 config->dim);
    }
    return MN_OK;
}

/* Where networks begin. */
typedef struct starts {
    mn_start_t *items; /* owned */
    int64_t n;
} starts_t;

/* From scratch by the options, or for each model file the same network from scratch and the file's weights. */
static mn_status_t make_starts(const mn_args_t *args, starts_t *out, mn_err_t *err) {
    const settings_t *s = args->settings;
    const mn_strings_t *models = &s->models;
    mn_status_t status = mn_mem_new((void **)&out->items, 1 + 2 * models->count, sizeof *out->items, err);
    if (!status && !models->count) status = make_start(args, NULL, false, &out->items[out->n++], err);
    for (int64_t i = 0; i < models->count && !status; i++) {
        if (!s->no_scratch) status = make_start(args, models->items[i], false, &out->items[out->n++], err);
        if (!status) status = make_start(args, models->items[i], true, &out->items[out->n++], err);
    }
    return status;
}

/* ---- sets */

/* Gives the set homology-clean parts, about as large as those it has or would be given. */
static mn_status_t clean_splits(mn_labelled_t *set, int64_t folds, mn_genomic_task_t *task, mn_err_t *err) {
    mn_divided_t divided;
    mn_status_t status = mn_split_parts(set, folds, 0, set->splits, err);
    if (!status) status = mn_divide_clean(set, clean_threshold, MN_SPLIT_TEST, set->splits, &divided, err);
    if (status) return status;
    memset(set->per_split, 0, sizeof set->per_split);
    for (int64_t i = 0; i < set->n; i++) set->per_split[set->splits[i]]++;
    if (divided.dropped) mn_genomic_note(task->note, "%" PRId64 " rows left out", divided.dropped);
    if (divided.crowded)
        mn_genomic_note(task->note, "%" PRId64 " sequences with repeats not compared with all that share them",
                        divided.crowded);
    return MN_OK;
}

/* Where the ledger has the same rows under another name, the line gets that name, kept in `name`. */
static void name_set(const mn_ledger_t *ledger, mn_entry_t *line, char name[2 * NAME_BYTES]) {
    for (int64_t i = 0; i < ledger->n; i++)
        if (!strcmp(ledger->entries[i].digest, line->digest) && strcmp(ledger->entries[i].set, line->set)) {
            snprintf(name, 2 * NAME_BYTES, "%s", ledger->entries[i].set);
            mn_log(MN_LOG_WARNING, "%s has the rows of %s, and goes by that name", line->set, name);
            line->set = name;
            return;
        }
}

/* All splits of one set. Its splits are not what they were afterwards. */
static mn_status_t run_set(mn_genomic_t *bench, const settings_t *s, mn_labelled_t *set, const char *name,
                           const char *note, mn_err_t *err) {
    const mn_published_t *official = mn_published_find(set);
    const int64_t folds = set->per_split[MN_SPLIT_TEST] ? 0 : s->folds;
    char digest[MN_LEDGER_KEY], split[32] = "official", known[2 * NAME_BYTES];
    mn_genomic_task_t task = {.set = set, .folds = folds, .seeds = s->seeds, .line = mn_genomic_line()};
    mn_status_t status = MN_OK;
    snprintf(digest, sizeof digest, "%016" PRIx64, mn_subset_digest(set));
    memcpy(task.line.digest, digest, sizeof digest);
    task.line.set = name;
    task.line.classes = set->n_classes;
    if (official) task.line.official = official->name;
    name_set(&bench->ledger, &task.line, known);
    mn_genomic_note(task.note, "%s", note);
    if (set->n_classes < 2) {
        char reason[MN_GENOMIC_NOTE];
        snprintf(reason, sizeof reason, "all %" PRId64 " rows have the class '%s'", set->n, set->classes[0]);
        return mn_genomic_skip(bench, &task, reason, err);
    }
    if (folds) snprintf(split, sizeof split, "%" PRId64 "-fold", folds);
    const mn_genomic_task_t common = task;
    if (s->split != SPLIT_CLEAN) {
        task.line.split = split;
        status = mn_genomic_run(bench, &task, err);
    }
    if (status || s->split == SPLIT_OFFICIAL || mn_signals_stopping()) return status;
    task = common;
    task.folds = 0;
    task.seeds = 1;
    task.line.split = "clean";
    mn_err_t why = {0};
    status = clean_splits(set, folds, &task, &why);
    if (status == MN_INPUT) return mn_genomic_skip(bench, &task, why.what, err);
    if (status && err) *err = why;
    return status ? status : mn_genomic_run(bench, &task, err);
}

/* The rows of a group (-1: all), a set of their own where they are not all there are. */
static mn_status_t run_rows(mn_genomic_t *bench, const settings_t *s, mn_labelled_t *set, int32_t group,
                            const char *name, mn_err_t *err) {
    int64_t *rows, n = 0;
    char note[MN_GENOMIC_NOTE] = "";
    mn_labelled_t *subset = NULL;
    mn_status_t status = mn_mem_new((void **)&rows, set->n, sizeof *rows, err);
    if (status) return status;
    for (int64_t i = 0; i < set->n; i++)
        if (group < 0 || set->groups[i] == group) rows[n++] = i;
    const int64_t all = n;
    if (s->cap) status = mn_subset_cap(set, s->cap, rows, &n, err);
    if (n < all) mn_genomic_note(note, "%" PRId64 " of %" PRId64 " rows (--cap)", n, all);
    if (!status && n < set->n) status = mn_subset_take(set, rows, n, &subset, err);
    mn_mem_free(rows);
    if (!status) status = run_set(bench, s, subset ? subset : set, name, note, err);
    mn_labelled_free(subset);
    return status;
}

/* One input: a set, or with --by one for each value. */
static mn_status_t run_input(mn_genomic_t *bench, const settings_t *s, const char *path, mn_err_t *err) {
    static const char *const suffixes[] = {".gz", ".tsv", ".csv"};
    mn_labelled_options_t reading = s->reading;
    mn_labelled_t *set;
    char name[NAME_BYTES], group[2 * NAME_BYTES];
    reading.single = true;
    reading.by = s->by;
    snprintf(name, sizeof name, "%s", mn_path_base(path));
    for (size_t n = strlen(name); n > 1 && name[n - 1] == '/';) name[--n] = 0;
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(name), cut = strlen(suffixes[i]);
        if (length > cut && !strcmp(name + length - cut, suffixes[i])) name[length - cut] = 0;
    }
    mn_status_t status = mn_labelled_read(&path, 1, &reading, &set, err);
    if (status) return status;
    if (!s->by) status = run_rows(bench, s, set, -1, name, err);
    for (int32_t g = 0; g < set->group_names.n && !status && !mn_signals_stopping(); g++) {
        snprintf(group, sizeof group, "%s:%.199s", name, mn_names_text(&set->group_names, g));
        status = run_rows(bench, s, set, g, group, err);
    }
    mn_labelled_free(set);
    return status;
}

/* ---- the command */

static mn_status_t check(const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = args->settings;
    if (!args->n_operands && !s->report_only)
        return mn_err_set(err, MN_USAGE, NULL, "give labelled sets, or --report-only", "an input is missing");
    for (int64_t i = 0; i < args->n_operands; i++) /* before hours are spent on those before it */
        if (!mn_file_exists(args->operands[i]))
            return mn_err_set(err, MN_INPUT, args->operands[i], "each DATA is a set: a table or a folder",
                              "there is no such file");
    if (s->no_scratch && !s->models.count)
        return mn_err_set(err, MN_USAGE, "--no-scratch", "give a model with -m", "nothing would be trained");
    return mn_recipe_check(args, err);
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = args->settings;
    mn_genomic_t bench = {.recipe = &s->recipe, .max_tokens = s->max_tokens, .seed = (uint64_t)s->common.seed};
    char table[4096], work[4096];
    mn_lock_t lock = {.fd = -1};
    starts_t starts = {0};
    mn_status_t status = check(args, err);
    if (status) return status;
    snprintf(table, sizeof table, "%.4000s.tsv", s->output);
    snprintf(work, sizeof work, "%.4000s.work", s->output);
    bench.work = work;
    status = mn_lock_take(&lock, table, err);
    if (!status) status = mn_ledger_open(table, &bench.ledger, err);
    if (!status && !s->report_only) status = make_starts(args, &starts, err);
    bench.starts = starts.items;
    bench.n_starts = starts.n;
    for (int64_t i = 0; i < args->n_operands && !s->report_only && !status && !mn_signals_stopping(); i++)
        status = run_input(&bench, s, args->operands[i], err);
    if (!status && !bench.ledger.n) status = mn_err_set(err, MN_INPUT, table, NULL, "nothing to report yet");
    if (!status) status = mn_genomic_report(&bench.ledger, s->output, err);
    mn_mem_free(starts.items);
    mn_ledger_close(&bench.ledger);
    mn_lock_release(&lock);
    return status;
}

const mn_command_t mn_cmd_benchmark_genomic = {
    .name = "benchmark genomic",
    .heading = "Inspect",
    .summary = "train, test and audit on labelled sets, beside what needs no model; TSV, JSON, HTML",
    .operands = "DATA... -o PREFIX",
    .min_operands = 0,
    .max_operands = -1,
    .about =
        "Each DATA is a set of its own, a table or a folder as for finetune. For each set and split, a classifier is "
        "trained from each start and seed by the recipe of finetune, whose options and defaults these are. Epochs and "
        "weights are chosen on the validation part; the test part is scored once, by the weights chosen. Beside it "
        "stand the majority, the length alone, the composition alone, the look-up of equal sequences, and logistic "
        "regression on k-mers and on gapped words of the same split, the findings of the audit, and published figures "
        "where the set is a "
        "complete official one, known by its counts.\n\n"
        "The official split is the set's own; a set without a test part is cross-validated. The clean split has parts "
        "of the same sizes that share no sequences of a Jaccard index of words of 0.7 or more.\n\n"
        "PREFIX.tsv gets a line as each training ends, and what it holds is not run again: a benchmark that was cut "
        "off goes on by the same command, a training within it from its last checkpoint in PREFIX.work/. Minutes are "
        "of the clock and differ from run to run; all else is the same. Tables of several runs may be put together, "
        "each after the first without its two lines of heading. stdout gets the means over seeds.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon benchmark genomic promoters.tsv.gz enhancers.tsv.gz -o scores\n"
                "# what pretraining adds, within 10 M tokens a training\n"
                "mnemon benchmark genomic sets/*.tsv.gz -o scores -m human.safetensors --max-tokens 10M\n"
                "# a set for each kind of splice site, 10 folds\n"
                "mnemon benchmark genomic splice.tsv.gz -o splice --by site --folds 10 --seeds 1",
    .run = run};
