/* mnemon dataset stats: rows, lengths, GC and N of a labelled set, by split and class. */
#include "genomics/base/mem.h"
#include "pipelines/classify.h"
#include "pipelines/commands.h"
#include "pipelines/provenance.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

typedef struct settings {
    mn_common_t common;
    const char *output;
    mn_labelled_options_t reading;
    bool json;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION(settings_t, output, "o", "output", FILE, "FILE", "where the table goes", .fallback = "-"),
    MN_OPTION(settings_t, json, NULL, "json", FLAG, NULL, "JSON instead of TSV", .neutral = true),
    MN_OPTION_GROUP(settings_t, reading, NULL, mn_labelled_reading_options),
    MN_COMMON_OPTIONS,
    {0}};

enum { ANY = -1 }; /* a split or class that stands for all */

typedef enum { LENGTH_MIN, LENGTH_Q1, LENGTH_MEDIAN, LENGTH_Q3, LENGTH_MAX, LENGTHS } length_t;
static const char *const length_names[LENGTHS] = {"length_min", "length_q1", "length_median", "length_q3",
                                                  "length_max"};

/* Of the rows of one split and class. */
typedef struct group {
    int64_t split, class, n, length[LENGTHS];
    double mean, gc, unknown; /* gc: of the known bases; NAN without sequences or known bases. unknown: share of N */
} group_t;

static int compare_lengths(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* lengths has room for all rows. */
static group_t measure_group(const mn_labelled_t *set, int64_t split, int64_t class, int64_t *lengths) {
    group_t g = {.split = split, .class = class, .gc = NAN, .unknown = NAN};
    int64_t bases = 0, gc = 0, known = 0, count[5];
    for (int64_t i = 0; i < set->n; i++) {
        if ((split != ANY && set->splits[i] != split) || (class != ANY && set->labels[i] != class)) continue;
        lengths[g.n++] = mn_labelled_length(set, i);
        bases += mn_labelled_length(set, i);
        if (!set->bases) continue;
        mn_labelled_count(set, i, count);
        known += mn_labelled_length(set, i) - count[MN_BASE_N];
        gc += count[MN_BASE_C] + count[MN_BASE_G];
    }
    if (!g.n) return g;
    qsort(lengths, (size_t)g.n, sizeof *lengths, compare_lengths);
    for (int q = 0; q < LENGTHS; q++) g.length[q] = lengths[(g.n - 1) * q / (LENGTHS - 1)];
    g.mean = (double)bases / (double)g.n;
    if (set->bases) g.unknown = (double)(bases - known) / (double)bases;
    if (known) g.gc = (double)gc / (double)known;
    return g;
}

static const char *name_split(const group_t *g) {
    return g->split == ANY ? "*" : mn_split_names[g->split];
}

static const char *name_class(const mn_labelled_t *set, const group_t *g) {
    return g->class == ANY ? "*" : set->classes[g->class];
}

static void write_tsv(const mn_labelled_t *set, const group_t *g, FILE *file) {
    fprintf(file, "%s\t%s\t%" PRId64, name_split(g), name_class(set, g), g->n);
    for (int q = 0; q < LENGTHS; q++) fprintf(file, "\t%" PRId64, g->length[q]);
    fprintf(file, "\t%.2f", g->mean);
    const double shares[] = {g->gc, g->unknown};
    for (int s = 0; s < 2; s++)
        if (isfinite(shares[s]))
            fprintf(file, "\t%.6f", shares[s]);
        else
            fputs("\tNA", file);
    fputc('\n', file);
}

static mn_json_t *describe_group(const mn_labelled_t *set, const group_t *g) {
    mn_json_t *json = mn_json_object();
    mn_json_set_string(json, "split", name_split(g));
    mn_json_set_string(json, "class", name_class(set, g));
    mn_json_set_int(json, "rows", g->n);
    for (int q = 0; q < LENGTHS; q++) mn_json_set_int(json, length_names[q], g->length[q]);
    mn_json_set_real(json, "length_mean", g->mean);
    mn_json_set_real(json, "gc", g->gc);
    mn_json_set_real(json, "n_share", g->unknown);
    return json;
}

/* Split by split, all classes of it first, then class by class; a class that a split lacks has a line of zeros. */
static mn_status_t write_groups(const mn_labelled_t *set, mn_json_t *json, FILE *file, mn_err_t *err) {
    int64_t *lengths;
    mn_status_t status = mn_mem_new((void **)&lengths, set->n, sizeof *lengths, err);
    for (int64_t split = ANY; !status && split < MN_SPLIT_COUNT; split++) {
        if (split != ANY && !set->per_split[split]) continue;
        for (int64_t class = ANY; class < set->n_classes; class ++) {
            group_t g = measure_group(set, split, class, lengths);
            if (json)
                mn_json_set(json, NULL, describe_group(set, &g));
            else
                write_tsv(set, &g, file);
        }
    }
    mn_mem_free(lengths);
    return status;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    settings_t *s = args->settings;
    mn_labelled_t *set = NULL;
    mn_result_t result = {0};
    s->reading.single = s->reading.keep_n = true;
    s->reading.intervals = mn_labelled_holds_lists(args->operands[0]);
    mn_status_t status = mn_labelled_read(args->operands, args->n_operands, &s->reading, &set, err);
    if (!status) status = mn_result_open(args, s->output, &result, err);
    if (!status && s->json) {
        mn_json_t *json = mn_json_array();
        status = write_groups(set, json, NULL, err);
        if (!status)
            status = mn_result_json(&result, json, err);
        else
            mn_json_free(json);
    } else if (!status) {
        mn_result_header(&result);
        fputs("split\tclass\trows", result.writer.file);
        for (int q = 0; q < LENGTHS; q++) fprintf(result.writer.file, "\t%s", length_names[q]);
        fputs("\tlength_mean\tgc\tn_share\n", result.writer.file);
        status = write_groups(set, NULL, result.writer.file, err);
    }
    status = mn_result_close(&result, status, err);
    mn_labelled_free(set);
    return status;
}

const mn_command_t mn_cmd_dataset_stats = {
    .name = "dataset stats",
    .heading = "Data",
    .summary = "rows, lengths, GC and N of a labelled set, by split and class",
    .operands = "DATA...",
    .min_operands = 1,
    .max_operands = -1,
    .about = "DATA is as for dataset audit. A line for each split and class, `*` for all: rows, the quartiles of their "
             "lengths, the mean length, the share of G and C among the known bases, and the share of N.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon dataset stats promoters.tsv.gz\n"
                "mnemon dataset stats --json datasets/human_ocr_ensembl",
    .run = run,
};
