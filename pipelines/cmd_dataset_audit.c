/* mnemon dataset audit: what a labelled set gives away without a model, and where its split leaks; as TSV, JSON and a
 * page. */
#include "genomics/audit.h"
#include "genomics/base/mem.h"
#include "genomics/split.h"
#include "pipelines/audit_page.h"
#include "pipelines/baselines.h"
#include "pipelines/classify.h"
#include "pipelines/commands.h"
#include "pipelines/provenance.h"
#include "pipelines/report.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct settings {
    mn_common_t common;
    const char *output;
    mn_labelled_options_t reading;
    bool no_regression, no_near;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION(settings_t, output, "o", "output", FILE, "PREFIX",
              "writes PREFIX.tsv, PREFIX.json and PREFIX.html instead of TSV to stdout"),
    MN_OPTION(settings_t, no_regression, NULL, "no-regression", FLAG, NULL, "leaves the k-mer regression out"),
    MN_OPTION(settings_t, no_near, NULL, "no-near", FLAG, NULL, "leaves near-duplicates out"),
    MN_OPTION_GROUP(settings_t, reading, NULL, mn_labelled_reading_options),
    MN_COMMON_OPTIONS,
    {0}};

static void tell_stage(void *ctx, const char *stage) {
    mn_log(MN_LOG_INFO, "looks at %s", stage);
}

/* A set without test rows is scored on one fold of five. */
static mn_status_t add_regression(const mn_labelled_t *set, mn_audit_t *audit, mn_err_t *err) {
    enum { FOLDS = 5 };
    uint8_t *parts;
    mn_words_score_t score;
    mn_err_t why = {0};
    bool split = set->per_split[MN_SPLIT_TEST] && set->per_split[MN_SPLIT_TEST] < set->n;
    mn_status_t status = mn_mem_new((void **)&parts, set->n, 1, err);
    if (!status) status = mn_split_parts(set, split ? 0 : FOLDS, 0, parts, &why);
    if (!status) tell_stage(NULL, "words");
    if (!status) status = mn_baselines_words(set, parts, &score, &why);
    mn_mem_free(parts);
    if (status == MN_INPUT) { /* of a set that no regression can learn from the rest is still worth telling */
        mn_log(MN_LOG_WARNING, "words are not looked at: %s", why.what);
        return MN_OK;
    }
    if (status) {
        if (err && why.status) *err = why;
        return status;
    }
    mn_finding_t f = {.name = "kmer_alone", .count = score.right, .of = score.tested};
    snprintf(f.scope, sizeof f.scope, "%s", split ? "test" : "fold 1 of 5");
    f.value = (double)score.right / (double)score.tested;
    f.reference = (double)score.majority / (double)score.tested;
    f.level = MN_AUDIT_NOTE; /* words are reading: a score to beat, no flaw */
    return mn_audit_add(
        audit, &f, err,
        "%s of %s test rows are classified right by logistic regression on words of %d bases, %s by "
        "always saying the majority class: the score that a model which reads should beat. %s of %s rows "
        "were used.",
        mn_audit_percent(f.value), mn_audit_count(f.of), MN_WORDS_K, mn_audit_percent(f.reference),
        mn_audit_count(score.rows), mn_audit_count(set->n));
}

/* ---- outputs */

static void write_tsv(const mn_audit_t *audit, mn_result_t *result) {
    FILE *file = result->writer.file;
    mn_result_header(result);
    fputs("finding\tscope\tlevel\tvalue\treference\tcount\tof\ttext\n", file);
    for (int64_t i = 0; i < audit->n; i++) {
        const mn_finding_t *f = &audit->findings[i];
        char reference[32] = "NA";
        if (isfinite(f->reference)) snprintf(reference, sizeof reference, "%.6f", f->reference);
        fprintf(file, "%s\t%s\t%s\t%.6f\t%s\t%" PRId64 "\t%" PRId64 "\t%s\n", f->name, f->scope,
                mn_audit_levels[f->level], f->value, reference, f->count, f->of, f->text);
    }
}

static mn_json_t *describe_parts(const mn_labelled_t *set, const mn_audit_t *audit) {
    mn_json_t *parts = mn_json_object();
    for (int part = 0; part < MN_SPLIT_COUNT; part++) {
        int64_t rows = 0;
        mn_json_t *classes = mn_json_object();
        for (int64_t c = 0; c < set->n_classes; c++) {
            int64_t n = audit->counts[part * set->n_classes + c];
            mn_json_set_int(classes, set->classes[c], n);
            rows += n;
        }
        if (rows)
            mn_json_set(parts, mn_split_names[part], classes);
        else
            mn_json_free(classes);
    }
    return parts;
}

static mn_status_t write_json(const mn_labelled_t *set, const mn_audit_t *audit, mn_result_t *result, mn_err_t *err) {
    mn_json_t *json = mn_json_object(), *findings = mn_json_array();
    mn_json_set_int(json, "rows", set->n);
    mn_json_set(json, "parts", describe_parts(set, audit));
    for (int64_t i = 0; i < audit->n; i++) {
        const mn_finding_t *f = &audit->findings[i];
        mn_json_t *item = mn_json_object();
        mn_json_set_string(item, "finding", f->name);
        mn_json_set_string(item, "scope", f->scope);
        mn_json_set_string(item, "level", mn_audit_levels[f->level]);
        mn_json_set_real(item, "value", f->value);
        mn_json_set_real(item, "reference", f->reference);
        mn_json_set_int(item, "count", f->count);
        mn_json_set_int(item, "of", f->of);
        mn_json_set_string(item, "text", f->text);
        mn_json_set(findings, NULL, item);
    }
    mn_json_set(json, "findings", findings);
    return mn_result_json(result, json, err);
}

typedef enum { FORM_TSV, FORM_JSON, FORM_HTML, FORMS } form_t;

static mn_status_t write_form(const mn_labelled_t *set, const mn_audit_t *audit, form_t form, mn_result_t *result,
                              mn_err_t *err) {
    switch (form) {
    case FORM_TSV:
        write_tsv(audit, result);
        return MN_OK;
    case FORM_JSON:
        return write_json(set, audit, result, err);
    default:
        return mn_audit_page(set, audit, result->writer.file, result->command, err);
    }
}

/* All three are written before the first gets its name. */
static mn_status_t write_files(const mn_args_t *args, const mn_labelled_t *set, const mn_audit_t *audit,
                               mn_err_t *err) {
    static const char *const suffixes[FORMS] = {"tsv", "json", "html"};
    const settings_t *s = args->settings;
    mn_result_t results[FORMS] = {0};
    mn_status_t status = MN_OK;
    for (int form = 0; !status && form < FORMS; form++) {
        char path[4096];
        if (snprintf(path, sizeof path, "%s.%s", s->output, suffixes[form]) >= (int)sizeof path)
            status = mn_err_set(err, MN_USAGE, "--output", NULL, "the path is too long");
        if (!status) status = mn_result_open(args, path, &results[form], err);
        if (!status) status = write_form(set, audit, form, &results[form], err);
    }
    for (int form = 0; form < FORMS; form++) status = mn_result_close(&results[form], status, err);
    return status;
}

static mn_status_t write_all(const mn_args_t *args, const mn_labelled_t *set, const mn_audit_t *audit, mn_err_t *err) {
    const settings_t *s = args->settings;
    mn_result_t result;
    if (s->output) return write_files(args, set, audit, err);
    mn_status_t status = mn_result_open(args, "-", &result, err);
    if (!status) write_tsv(audit, &result);
    return mn_result_close(&result, status, err);
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    settings_t *s = args->settings;
    mn_labelled_t *set = NULL;
    mn_audit_t audit = {0};
    mn_audit_options_t auditing = {.no_near = s->no_near, .progress = tell_stage};
    if (s->output && !strcmp(s->output, "-"))
        return mn_err_set(err, MN_USAGE, "--output", "leave it out for TSV to stdout", "names three files");
    s->reading.single = s->reading.keep_n = true;
    s->reading.intervals = mn_labelled_holds_lists(args->operands[0]);
    mn_status_t status = mn_labelled_read(args->operands, args->n_operands, &s->reading, &set, err);
    if (!status) status = mn_audit_run(set, &auditing, &audit, err);
    if (!status && set->bases && set->n_classes > 1 && !s->no_regression) status = add_regression(set, &audit, err);
    if (!status) status = write_all(args, set, &audit, err);
    mn_audit_done(&audit);
    mn_labelled_free(set);
    return status;
}

const mn_command_t mn_cmd_dataset_audit = {
    .name = "dataset audit",
    .heading = "Data",
    .summary = "what a labelled set gives away without a model, and where its split leaks",
    .operands = "DATA...",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "DATA is as for finetune: a TSV or CSV with columns label, sequence and optionally split, id, region, start, "
        "end and strand; class folders; CLASS=FILE; or a folder of interval lists (train/CLASS.csv.gz), of which "
        "lengths, equal intervals and overlaps are looked at. Each finding is a number, a level (ok, note, warning) "
        "and one sentence: class balance; rows that repeat another, on either strand, within and across splits and "
        "labels; rows that overlap on the genome; rows that share 50, 70 or 90 % of their words of 15 bases; the share "
        "of N; and the accuracy on the test rows (in five folds where there are none) of the length alone, of the base "
        "frequencies alone, of the label of an equal row, and of logistic regression on words of 5 bases, which sees "
        "at most 20,000 rows, of five folds one, and is always a note.\n"
        "An accuracy is a note from 5 % of the majority's errors avoided, beyond chance, a warning from 20 %; leaks "
        "are a note from "
        "one row, a warning from 1 % of the rows. `mnemon dataset split --clean` and `--match` write a better split.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon dataset audit promoters.tsv.gz\n"
                "# tables and a page\n"
                "mnemon dataset audit -o promoters.audit promoters.tsv.gz\n"
                "# interval lists without their genome\n"
                "mnemon dataset audit datasets/human_ensembl_regulatory",
    .run = run,
};
