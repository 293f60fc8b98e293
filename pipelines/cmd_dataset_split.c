/* mnemon dataset split: a labelled set with another split: by hash, by chromosome, in folds, homology-clean, matched.
 */
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/divide.h"
#include "pipelines/classify.h"
#include "pipelines/commands.h"
#include "pipelines/report.h"
#include "pipelines/resplit.h"
#include <inttypes.h>
#include <string.h>

enum { BY_GIVEN, BY_HASH, BY_CHROMOSOME };
static const char *const by_names[] = {"given", "hash", "chromosome", NULL};

typedef struct settings {
    mn_common_t common;
    const char *output, *test_contigs, *valid_contigs, *match;
    mn_labelled_options_t reading;
    int by;
    int64_t folds;
    double valid, test, clean;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION(settings_t, output, "o", "output", FILE, "FILE", "the table; compressed (BGZF) if its name ends in .gz",
              .fallback = "-"),
    MN_OPTION(settings_t, by, NULL, "by", CHOICE, NULL,
              "what decides: the split that the set has (hash where it has none), the hash of the sequence on its "
              "smaller strand, or the chromosome",
              .choices = by_names, .fallback = "given"),
    MN_OPTION(settings_t, test, NULL, "test", REAL, "SHARE", "of the rows for test", .fallback = "0.2", .min = 0,
              .max = 0.9),
    MN_OPTION(settings_t, valid, NULL, "valid", REAL, "SHARE",
              "of the rows for valid; with a given split: of train, where there is no valid and this is asked for",
              .fallback = "0.1", .min = 0, .max = 0.9),
    MN_OPTION(settings_t, test_contigs, NULL, "test-contigs", STRING, "A,B", "chromosomes for test"),
    MN_OPTION(settings_t, valid_contigs, NULL, "valid-contigs", STRING, "A,B", "chromosomes for valid"),
    MN_OPTION(settings_t, folds, NULL, "folds", INT, "K", "a column fold from 1 to K instead of a split; 0: none",
              .fallback = "0", .max = MN_DIVIDE_PARTS_MAX),
    MN_OPTION(settings_t, clean, NULL, "clean", REAL, "J",
              "what is alike (Jaccard index of words of 15 bases at least J) or overlaps comes to one part; 0: off",
              .fallback = "0", .min = 0, .max = 1),
    MN_OPTION(settings_t, match, NULL, "match", STRING, "length,gc",
              "leaves rows out until the classes of each part are alike in length, gc, or both"),
    MN_OPTION_GROUP(settings_t, reading, NULL, mn_labelled_reading_options),
    MN_COMMON_OPTIONS,
    {0}};

typedef struct task {
    const mn_args_t *args;
    const settings_t *settings;
    mn_labelled_t *set;
    int64_t n_parts;
    uint8_t *parts;
    mn_err_t *err;
} task_t;

/* ---- the division */

/* Gives part to the contigs of a list "A,B". */
static mn_status_t read_contigs(const task_t *t, const char *option, const char *list, uint8_t part, uint8_t *given) {
    char *text = NULL;
    mn_status_t status = list ? mn_mem_string(&text, list, t->err) : MN_OK;
    for (char *name = text ? strtok(text, ",") : NULL; !status && name; name = strtok(NULL, ",")) {
        int64_t contig = mn_names_find(&t->set->contigs, name);
        if (contig < 0)
            status = mn_err_set(t->err, MN_INPUT, option, "write them as the column region does",
                                "no row lies on '%.100s'", name);
        else if (given[contig] && given[contig] != part)
            status = mn_err_set(t->err, MN_USAGE, option, NULL, "'%.100s' cannot be in two parts", name);
        else
            given[contig] = part;
    }
    mn_mem_free(text);
    return status;
}

/* A part whose contigs are named gets no others. */
static mn_status_t divide_contigs(const task_t *t, double *shares) {
    const settings_t *s = t->settings;
    uint8_t *given;
    mn_status_t status = mn_mem_new((void **)&given, t->set->contigs.n + 1, 1, t->err);
    if (!status) status = read_contigs(t, "--test-contigs", s->test_contigs, MN_SPLIT_TEST, given);
    if (!status) status = read_contigs(t, "--valid-contigs", s->valid_contigs, MN_SPLIT_VALID, given);
    if (s->test_contigs) shares[MN_SPLIT_TEST - 1] = 0;
    if (s->valid_contigs) shares[MN_SPLIT_VALID - 1] = 0;
    if (!status) status = mn_divide_contigs(t->set, shares, t->n_parts, given, t->parts, t->err);
    mn_mem_free(given);
    return status;
}

static mn_status_t divide_given(const task_t *t) {
    const settings_t *s = t->settings;
    const double shares[] = {1 - s->valid, s->valid};
    if (mn_args_given(t->args, "test") || (t->set->per_split[MN_SPLIT_VALID] && mn_args_given(t->args, "valid")))
        return mn_err_set(t->err, MN_USAGE, t->set->source, "add --by hash to deal its rows out anew",
                          "the set has these parts already");
    mn_status_t status = mn_divide_given(t->set, t->parts, t->err);
    if (!status && !t->set->per_split[MN_SPLIT_VALID] && mn_args_given(t->args, "valid"))
        mn_divide_hash(t->set, shares, 2, MN_SPLIT_TRAIN, t->parts);
    return status;
}

static mn_status_t divide(const task_t *t) {
    const settings_t *s = t->settings;
    double shares[MN_DIVIDE_PARTS_MAX] = {
        [MN_SPLIT_TRAIN - 1] = 1 - s->valid - s->test, [MN_SPLIT_VALID - 1] = s->valid, [MN_SPLIT_TEST - 1] = s->test};
    for (int64_t f = 0; f < s->folds; f++) shares[f] = 1 / (double)s->folds;
    if (s->by == BY_CHROMOSOME || s->test_contigs || s->valid_contigs) return divide_contigs(t, shares);
    if (s->by == BY_GIVEN && !s->folds && t->set->per_split[MN_SPLIT_NONE] < t->set->n) return divide_given(t);
    mn_divide_hash(t->set, shares, t->n_parts, 0, t->parts);
    return MN_OK;
}

static mn_status_t improve(const task_t *t) {
    const settings_t *s = t->settings;
    mn_divided_t done;
    mn_status_t status = MN_OK;
    if (s->clean > 0) {
        status = mn_divide_clean(t->set, s->clean, t->n_parts, t->parts, &done, t->err);
        if (!status)
            mn_log(MN_LOG_INFO,
                   "clean: %" PRId64 " groups of alike or overlapping rows, the largest of %" PRId64 "; %" PRId64
                   " rows were in groups that lay in several parts, %" PRId64 " of %" PRId64 " rows moved",
                   done.groups, done.largest, done.torn, done.moved, t->set->n);
        if (!status && done.crowded)
            mn_log(MN_LOG_WARNING,
                   "clean: %" PRId64
                   " sequences with repeats were not compared with all that share them: near copies of "
                   "these may be left in two parts",
                   done.crowded);
    }
    if (!status && s->match) {
        bool length = strstr(s->match, "length"), gc = strstr(s->match, "gc");
        status = mn_divide_match(t->set, length, gc, t->parts, &done, t->err);
        if (!status)
            mn_log(MN_LOG_INFO, "match: %" PRId64 " of %" PRId64 " rows are left out", done.dropped, t->set->n);
    }
    return status;
}

/* ---- what came of it */

static void name_part(const task_t *t, int64_t part, char out[32]) {
    if (t->settings->folds)
        snprintf(out, 32, "fold %" PRId64, part);
    else
        snprintf(out, 32, "%s", mn_split_names[part]);
}

/* Says how many rows of each class each part has. A split needs train and test, folds each a row. */
static mn_status_t say_parts(const task_t *t) {
    int64_t k = t->set->n_classes, *counts;
    mn_status_t status = mn_mem_new((void **)&counts, (t->n_parts + 1) * k, sizeof *counts, t->err);
    if (status) return status;
    for (int64_t i = 0; i < t->set->n; i++) counts[t->parts[i] * k + t->set->labels[i]]++;
    for (int64_t part = 1; !status && part <= t->n_parts; part++) {
        int64_t rows = 0;
        char name[32];
        name_part(t, part, name);
        for (int64_t c = 0; c < k; c++) rows += counts[part * k + c];
        if (!rows && (t->settings->folds || part != MN_SPLIT_VALID))
            status = mn_err_set(t->err, MN_INPUT, t->set->source, "ask for other shares, or a less clean split",
                                "no row is left for %s", name);
        for (int64_t c = 0; rows && c < k; c++)
            mn_log(counts[part * k + c] ? MN_LOG_INFO : MN_LOG_WARNING, "%s, class '%s': %" PRId64 " rows", name,
                   t->set->classes[c], counts[part * k + c]);
    }
    mn_mem_free(counts);
    return status;
}

static mn_status_t check_settings(const mn_args_t *args, mn_err_t *err) {
    static const char *const match_names[] = {"length", "gc", "length,gc", "gc,length"};
    const settings_t *s = args->settings;
    bool named = s->test_contigs || s->valid_contigs, known = !s->match;
    for (size_t i = 0; i < sizeof match_names / sizeof *match_names; i++)
        known |= s->match && !strcmp(s->match, match_names[i]);
    if (!known)
        return mn_err_set(err, MN_USAGE, "--match", "write length, gc, or length,gc", "'%.60s' is none of them",
                          s->match);
    if (s->test + s->valid >= 1) return mn_err_set(err, MN_USAGE, "--test", NULL, "nothing is left for train");
    if (s->folds == 1) return mn_err_set(err, MN_USAGE, "--folds", "use 2 folds or more", "one fold is no division");
    if (named && (s->folds || s->by == BY_HASH))
        return mn_err_set(err, MN_USAGE, "--test-contigs", "leave out --folds and --by",
                          "contigs are named for a split by chromosome");
    return MN_OK;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    settings_t *s = args->settings;
    task_t t = {.args = args, .settings = s, .n_parts = s->folds ? s->folds : MN_SPLIT_TEST, .err = err};
    mn_sink_t sink = {0};
    s->reading.intervals = mn_labelled_holds_lists(args->operands[0]);
    s->reading.keep_n = s->reading.single = true;
    mn_status_t status = check_settings(args, err);
    if (!status) status = mn_labelled_read(args->operands, args->n_operands, &s->reading, &t.set, err);
    if (!status) status = mn_mem_new((void **)&t.parts, t.set->n, 1, err);
    if (!status) status = divide(&t);
    if (!status) status = improve(&t);
    if (!status) status = say_parts(&t);
    if (!status) status = mn_sink_open(&sink, s->output, mn_par_threads(), err);
    if (!status) status = mn_resplit_write(t.set, args->operands, args->n_operands, t.parts, s->folds > 0, &sink, err);
    if (!status) status = mn_sink_commit(&sink, err);
    mn_sink_drop(&sink);
    mn_mem_free(t.parts);
    mn_labelled_free(t.set);
    return status;
}

const mn_command_t mn_cmd_dataset_split = {
    .name = "dataset split",
    .heading = "Data",
    .summary = "a labelled set with another split: by hash or chromosome, clean, matched, folds",
    .operands = "DATA...",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "DATA is as for dataset audit. OUT is its table with the column split set anew, all other columns as they "
        "were; of class folders and the like the columns label, id, region, start, end, strand and sequence. By "
        "hash a sequence, its copies and its reverse complement come to the same part, whatever the order of rows.\n"
        "--clean J puts rows together that are alike on either strand, or overlap on a chromosome, with all that is "
        "linked to them. Groups that lay in several parts go where sizes and classes come nearest to what they were; "
        "then other groups move over to make good what is missing. --match leaves rows out: in cells of up to 256 bins "
        "of lengths and 32 of GC each class keeps as many rows as the rarest has there.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "# the same sizes and classes, without near-duplicates across\n"
                "mnemon dataset split --clean 0.7 enhancers.tsv.gz -o enhancers.clean.tsv.gz\n"
                "mnemon dataset split --by chromosome --test-contigs chr8,chr9 peaks.tsv -o peaks.split.tsv\n"
                "mnemon dataset split --match length,gc regulatory.tsv.gz -o matched.tsv.gz\n"
                "mnemon dataset split --folds 5 --clean 0.5 splice.tsv -o folds.tsv",
    .run = run,
};
