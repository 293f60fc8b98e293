/* resplit: the inputs' own rows copied where they are tables, else rows put together from the set. */
#include "pipelines/resplit.h"
#include "genomics/base/mem.h"
#include "genomics/table.h"
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char hint[] = "do not change the inputs while they are read";

typedef struct writing {
    const mn_labelled_t *set;
    const uint8_t *parts;
    bool folds;
    mn_sink_t *sink;
    int64_t row; /* the next of the set */
} writing_t;

static void write_part(const writing_t *w, uint8_t part, bool fold) {
    if (fold)
        mn_sink_print(w->sink, "%d", (int)part);
    else
        mn_sink_print(w->sink, "%s", mn_split_names[w->folds ? MN_SPLIT_NONE : part]);
}

/* ---- tables */

/* Regular files: what else there is, as stdin, cannot be read twice. */
static bool are_files(const char *const *inputs, int64_t n) {
    struct stat info;
    for (int64_t i = 0; i < n; i++)
        if (stat(inputs[i], &info) || !S_ISREG(info.st_mode)) return false;
    return true;
}

static bool are_columns_equal(const mn_table_t *a, const mn_table_t *b) {
    if (mn_table_width(a) != mn_table_width(b)) return false;
    for (int64_t c = 0; c < mn_table_width(a); c++)
        if (strcasecmp(mn_table_column(a, c), mn_table_column(b, c))) return false;
    return true;
}

/* *equal: all are tables of the same columns. */
static mn_status_t compare_tables(const char *const *inputs, int64_t n, bool *equal, mn_err_t *err) {
    mn_table_t *first = NULL;
    mn_status_t status = MN_OK;
    *equal = are_files(inputs, n);
    for (int64_t i = 0; *equal && !status && i < n; i++) {
        mn_table_t *table = NULL;
        status = mn_table_open(inputs[i], hint, &table, err);
        if (!status && first) *equal = are_columns_equal(first, table);
        if (!first)
            first = table;
        else
            mn_table_close(table);
    }
    mn_table_close(first);
    return status;
}

typedef struct columns {
    int64_t split, fold; /* -1: the table has none, and they come first */
} columns_t;

static void write_header(const writing_t *w, const mn_table_t *table, const columns_t *at) {
    if (at->split < 0) mn_sink_print(w->sink, "split\t");
    if (w->folds && at->fold < 0) mn_sink_print(w->sink, "fold\t");
    for (int64_t c = 0; c < mn_table_width(table); c++) {
        if (c) mn_sink_write(w->sink, "\t", 1);
        mn_sink_field(w->sink, mn_table_column(table, c));
    }
    mn_sink_write(w->sink, "\n", 1);
}

static void write_fields(const writing_t *w, const mn_table_t *table, const columns_t *at, char *const *fields,
                         uint8_t part) {
    if (at->split < 0) write_part(w, part, false), mn_sink_write(w->sink, "\t", 1);
    if (w->folds && at->fold < 0) write_part(w, part, true), mn_sink_write(w->sink, "\t", 1);
    for (int64_t c = 0; c < mn_table_width(table); c++) {
        if (c) mn_sink_write(w->sink, "\t", 1);
        if (c == at->split || (w->folds && c == at->fold))
            write_part(w, part, c == at->fold);
        else
            mn_sink_field(w->sink, fields[c]);
    }
    mn_sink_write(w->sink, "\n", 1);
}

static mn_status_t copy_table(writing_t *w, const char *input, bool header, mn_err_t *err) {
    mn_table_t *table;
    columns_t at;
    char **fields;
    mn_status_t status = mn_table_open(input, hint, &table, err);
    if (status) return status;
    status = mn_table_find(table, "split", &at.split, err);
    if (!status) status = mn_table_find(table, "fold", &at.fold, err);
    if (!status && header) write_header(w, table, &at);
    while (!status && !(status = mn_table_next(table, &fields, err)) && fields) {
        if (w->row == w->set->n)
            status = mn_err_set(err, MN_INPUT, mn_table_place(table), hint, "more rows than a moment ago");
        else if (w->parts[w->row++])
            write_fields(w, table, &at, fields, w->parts[w->row - 1]);
    }
    mn_table_close(table);
    return status;
}

/* ---- rows of the set */

static void write_bases(const writing_t *w, int64_t row) {
    enum { BLOCK = 4096 };
    char text[BLOCK];
    const uint8_t *bases = mn_labelled_row(w->set, row);
    for (int64_t at = 0, n = mn_labelled_length(w->set, row); at < n; at += BLOCK) {
        int64_t size = n - at < BLOCK ? n - at : BLOCK;
        for (int64_t i = 0; i < size; i++) text[i] = mn_base_letter(bases[at + i]);
        mn_sink_write(w->sink, text, size);
    }
}

static void write_row(const writing_t *w, int64_t row) {
    const mn_labelled_t *set = w->set;
    write_part(w, w->parts[row], false);
    if (w->folds) mn_sink_write(w->sink, "\t", 1), write_part(w, w->parts[row], true);
    mn_sink_write(w->sink, "\t", 1);
    mn_sink_field(w->sink, set->classes[set->labels[row]]);
    mn_sink_write(w->sink, "\t", 1);
    mn_sink_field(w->sink, mn_labelled_name(set, row));
    if (set->places) {
        const mn_place_t *at = &set->places[row];
        mn_sink_write(w->sink, "\t", 1);
        if (at->contig >= 0) {
            mn_sink_field(w->sink, mn_names_text(&set->contigs, at->contig));
            mn_sink_print(w->sink, "\t%" PRId64 "\t%" PRId64 "\t%c", at->start, at->end, at->strand);
        } else {
            mn_sink_print(w->sink, "\t\t\t");
        }
    }
    if (set->bases) mn_sink_write(w->sink, "\t", 1), write_bases(w, row);
    mn_sink_write(w->sink, "\n", 1);
}

mn_status_t mn_resplit_write(const mn_labelled_t *set, const char *const *inputs, int64_t n_inputs,
                             const uint8_t *parts, bool folds, mn_sink_t *sink, mn_err_t *err) {
    writing_t w = {.set = set, .parts = parts, .folds = folds, .sink = sink};
    bool equal;
    mn_status_t status = compare_tables(inputs, n_inputs, &equal, err);
    for (int64_t i = 0; !status && equal && i < n_inputs; i++) status = copy_table(&w, inputs[i], !i, err);
    if (!status && equal && w.row < set->n)
        status = mn_err_set(err, MN_INPUT, set->source, hint, "fewer rows than a moment ago");
    if (status || equal) return status;
    mn_sink_print(sink, "split%s\tlabel\tid%s%s\n", folds ? "\tfold" : "",
                  set->places ? "\tregion\tstart\tend\tstrand" : "", set->bases ? "\tsequence" : "");
    for (int64_t row = 0; row < set->n; row++)
        if (parts[row]) write_row(&w, row);
    return MN_OK;
}
