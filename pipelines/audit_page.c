/* audit_page: findings, classes per part, accuracies, lengths, GC and near-duplicates. */
#include "pipelines/audit_page.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "pipelines/page.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* ---- findings */

static void write_findings(mn_page_t *page, const mn_audit_t *audit) {
    mn_page_heading(page, "Findings");
    for (int level = MN_AUDIT_WARNING; level >= MN_AUDIT_OK; level--)
        for (int64_t i = 0; i < audit->n; i++) {
            const mn_finding_t *f = &audit->findings[i];
            char title[160];
            snprintf(title, sizeof title, "%s, %s", f->name, f->scope);
            for (char *c = title; *c && *c != ','; c++)
                if (*c == '_') *c = ' ';
            if ((int)f->level == level) mn_page_finding(page, (mn_page_level_t)f->level, title, "%s", f->text);
        }
}

static void write_numbers(mn_page_t *page, const mn_audit_t *audit) {
    static const mn_page_column_t columns[] = {{.name = "finding"},
                                               {.name = "scope"},
                                               {.name = "level"},
                                               {"value", .number = true},
                                               {"count", .number = true},
                                               {"of", .number = true},
                                               {0}};
    mn_page_heading(page, "All numbers");
    mn_page_table(page, NULL, columns);
    for (int64_t i = 0; i < audit->n; i++) {
        const mn_finding_t *f = &audit->findings[i];
        mn_page_cell(page, "%s", f->name);
        mn_page_cell(page, "%s", f->scope);
        mn_page_cell(page, "%s", mn_audit_levels[f->level]);
        mn_page_cell(page, "%.4f", f->value);
        mn_page_cell(page, "%s", mn_audit_count(f->count));
        mn_page_cell(page, "%s", mn_audit_count(f->of));
    }
    mn_page_table_end(page);
}

/* ---- classes */

static mn_status_t draw_balance(mn_page_t *page, const mn_labelled_t *set, const mn_audit_t *audit, mn_err_t *err) {
    double *shares;
    mn_page_bars_t series[MN_SPLIT_COUNT] = {{0}};
    int64_t k = set->n_classes, n = 0;
    mn_status_t status = mn_mem_new((void **)&shares, MN_SPLIT_COUNT * k, sizeof *shares, err);
    if (status) return status;
    for (int part = 0; part < MN_SPLIT_COUNT; part++) {
        const int64_t *counts = audit->counts + part * k;
        int64_t rows = 0;
        for (int64_t c = 0; c < k; c++) rows += counts[c];
        if (!rows) continue;
        for (int64_t c = 0; c < k; c++) shares[part * k + c] = 100 * (double)counts[c] / (double)rows;
        series[n++] = (mn_page_bars_t){.name = mn_split_names[part], .value = shares + part * k};
    }
    mn_page_heading(page, "Classes");
    mn_page_draw_bars(page, "Share of each class in each part", "share of rows, %", 1, true,
                      (const char *const *)set->classes, k, series, n);
    mn_mem_free(shares);
    return MN_OK;
}

/* ---- without reading */

static void draw_alone(mn_page_t *page, const mn_audit_t *audit) {
    static const char *const names[] = {"length_alone", "composition_alone", "lookup_alone", "kmer_alone"};
    static const char *const labels[] = {"length", "base frequencies", "look-up of an equal row", "k-mer regression"};
    enum { KINDS = sizeof names / sizeof *names };
    const char *groups[KINDS];
    double accuracy[KINDS], majority[KINDS];
    int64_t n = 0;
    for (int i = 0; i < KINDS; i++) {
        const mn_finding_t *f = mn_audit_find(audit, names[i], NULL);
        if (!f) continue;
        groups[n] = labels[i], accuracy[n] = 100 * f->value, majority[n++] = 100 * f->reference;
    }
    if (!n) return;
    const mn_page_bars_t series[] = {{.name = "accuracy", .value = accuracy},
                                     {.name = "always the majority class", .value = majority, .mark = true}};
    mn_page_heading(page, "Without reading");
    mn_page_draw_bars(page, "Accuracy of what needs no model", "accuracy, %", 1, true, groups, n, series, 2);
}

/* ---- lengths and GC */

typedef struct measured {
    double value;
    int32_t label;
} measured_t;

static int compare_measured(const void *a, const void *b) {
    const measured_t *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

/* A histogram of each class's values, equal ones counted once. */
static mn_status_t draw_classes(mn_page_t *page, const mn_labelled_t *set, measured_t *rows, const char *title,
                                const char *unit, mn_err_t *err) {
    mn_page_values_t series[MN_PAGE_SERIES_MAX] = {{0}};
    int64_t classes = least(set->n_classes, MN_PAGE_SERIES_MAX), *counts = NULL, distinct = 0;
    double *values = NULL;
    mn_status_t status = mn_mem_new((void **)&values, set->n, sizeof *values, err);
    if (!status) status = mn_mem_new((void **)&counts, set->n, sizeof *counts, err);
    if (!status) {
        qsort(rows, (size_t)set->n, sizeof *rows, compare_measured);
        for (int64_t i = 0; i < set->n && rows[i].label < classes; i++) {
            mn_page_values_t *s = &series[rows[i].label];
            if (!s->name) *s = (mn_page_values_t){set->classes[rows[i].label], values + distinct, counts + distinct, 0};
            if (!s->n || rows[i].value != values[distinct - 1]) values[distinct++] = rows[i].value, s->n++;
            counts[distinct - 1]++;
        }
        for (int64_t c = 0; c < classes; c++) series[c].name = set->classes[c];
        mn_page_draw_histogram(page, title, unit, series, classes);
        if (classes < set->n_classes)
            mn_page_text(page, "The first %" PRId64 " of %" PRId64 " classes are drawn.", classes, set->n_classes);
    }
    mn_mem_free(values);
    mn_mem_free(counts);
    return status;
}

/* GC to a tenth of a percent; a row of N alone goes beyond the classes that are drawn. */
static measured_t measure_gc(const mn_labelled_t *set, int64_t row) {
    int64_t count[5];
    mn_labelled_count(set, row, count);
    int64_t known = mn_labelled_length(set, row) - count[MN_BASE_N], gc = count[MN_BASE_C] + count[MN_BASE_G];
    return known ? (measured_t){round(1000 * (double)gc / (double)known) / 10, set->labels[row]}
                 : (measured_t){0, INT32_MAX};
}

static mn_status_t draw_distributions(mn_page_t *page, const mn_labelled_t *set, mn_err_t *err) {
    measured_t *rows;
    mn_status_t status = mn_mem_new((void **)&rows, set->n, sizeof *rows, err);
    if (status) return status;
    mn_page_heading(page, "Length and composition by class");
    for (int64_t i = 0; i < set->n; i++) rows[i] = (measured_t){(double)mn_labelled_length(set, i), set->labels[i]};
    status = draw_classes(page, set, rows, "Length", "length, bases", err);
    for (int64_t i = 0; set->bases && i < set->n; i++) rows[i] = measure_gc(set, i);
    if (!status && set->bases) status = draw_classes(page, set, rows, "GC share of the known bases", "GC, %", err);
    mn_mem_free(rows);
    return status;
}

/* ---- overlaps */

/* Per class, where the audit has them so; of valid too where there is such a part. */
static mn_status_t draw_overlaps(mn_page_t *page, const mn_labelled_t *set, const mn_audit_t *audit, mn_err_t *err) {
    static const char *const scopes[] = {"test/train", "valid/train"}, *const names[] = {"test", "valid"};
    enum { SCOPES = sizeof scopes / sizeof *scopes };
    const mn_finding_t *all = mn_audit_find(audit, "overlap_across", scopes[0]);
    mn_page_bars_t series[SCOPES] = {{0}};
    double *shares;
    int64_t n = 0, k = set->n_classes;
    if (!all || !all->count) return MN_OK;
    mn_status_t status = mn_mem_new((void **)&shares, SCOPES * k, sizeof *shares, err);
    if (status) return status;
    for (int s = 0; s < SCOPES; s++) {
        bool any = false;
        for (int64_t c = 0; c < k; c++) {
            char scope[sizeof all->scope];
            snprintf(scope, sizeof scope, "%s:%.60s", scopes[s], set->classes[c]);
            const mn_finding_t *f = mn_audit_find(audit, "overlap_across", scope);
            shares[s * k + c] = f ? 100 * f->value : NAN;
            any |= f != NULL;
        }
        if (any) series[n++] = (mn_page_bars_t){.name = names[s], .value = shares + s * k};
    }
    if (n) {
        mn_page_heading(page, "Overlaps");
        mn_page_draw_bars(page, "Rows that overlap a row of train (or valid) on the genome",
                          "share of the class's rows, %", 1, true, (const char *const *)set->classes, k, series, n);
    }
    mn_mem_free(shares);
    return MN_OK;
}

/* ---- near rows */

/* How many rows have a near one, by how near it is at least. */
static mn_status_t draw_near(mn_page_t *page, const mn_audit_t *audit, bool split, mn_err_t *err) {
    enum { STEPS = 26 };
    double at[STEPS], share[STEPS];
    if (!audit->n_near) return MN_OK;
    for (int i = 0; i < STEPS; i++) {
        int64_t near = 0;
        at[i] = 50 + 2 * i;
        for (int64_t row = 0; row < audit->n_near; row++) near += 100 * audit->nearest[row] >= at[i] - 1e-9;
        share[i] = 100 * (double)near / (double)audit->n_near;
    }
    const mn_page_line_t line = {.name =
                                     split ? "test rows with such a row in train or valid" : "rows with such another",
                                 .x = at,
                                 .y = share,
                                 .n = STEPS};
    mn_page_heading(page, "Near-duplicates");
    mn_page_draw_lines(page, split ? "Test rows that resemble a row of train or valid" : "Rows that resemble another",
                       "Jaccard index of their words of 15 bases, at least, %", "share of rows, %", &line, 1);
    return MN_OK;
}

mn_status_t mn_audit_page(const mn_labelled_t *set, const mn_audit_t *audit, FILE *file, const char *provenance,
                          mn_err_t *err) {
    mn_page_t page;
    char title[300];
    snprintf(title, sizeof title, "Audit of %s", mn_path_base(set->source));
    mn_page_begin(&page, file, title, provenance);
    mn_page_text(&page, "%s rows of %s classes%s.", mn_audit_count(set->n), mn_audit_count(set->n_classes),
                 set->bases ? "" : ", intervals without their sequences");
    write_findings(&page, audit);
    mn_status_t status = draw_balance(&page, set, audit, err);
    draw_alone(&page, audit);
    if (!status) status = draw_distributions(&page, set, err);
    if (!status) status = draw_overlaps(&page, set, audit, err);
    if (!status) status = draw_near(&page, audit, mn_audit_find(audit, "near_0.5", "test/train") != NULL, err);
    write_numbers(&page, audit);
    mn_page_end(&page);
    return status;
}
