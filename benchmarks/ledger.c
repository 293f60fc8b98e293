/* ledger: one table of columns, from which lines are read and written. */
#include "benchmarks/ledger.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "genomics/base/names.h"
#include "genomics/table.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REAL_FORMAT "%.6g"
enum { LINES_MAX = 100000 };

const char *const mn_entry_kinds[] = {"finding", "baseline", "scratch", "pretrained", "skipped", NULL};

typedef enum { COLUMN_KEY, COLUMN_KIND, COLUMN_TEXT, COLUMN_INT, COLUMN_REAL } column_kind_t;

typedef struct column {
    const char *name;
    column_kind_t kind;
    size_t offset;
} column_t;

#define COLUMN(name, kind, field)                                                                                      \
    { name, COLUMN_##kind, offsetof(mn_entry_t, field) }
static const column_t columns[] = {
    COLUMN("key", KEY, key),
    COLUMN("set", TEXT, set),
    COLUMN("digest", KEY, digest),
    COLUMN("official", TEXT, official),
    COLUMN("split", TEXT, split),
    COLUMN("kind", KIND, kind),
    COLUMN("start", TEXT, start),
    COLUMN("seed", INT, seed),
    COLUMN("classes", INT, classes),
    COLUMN("train", INT, train),
    COLUMN("valid", INT, valid),
    COLUMN("test", INT, test),
    COLUMN("shared", INT, shared),
    COLUMN("parameters", INT, parameters),
    COLUMN("epochs", REAL, epochs),
    COLUMN("tokens", INT, tokens),
    COLUMN("minutes", REAL, minutes),
    COLUMN("valid_mcc", REAL, valid_mcc),
    COLUMN("accuracy", REAL, accuracy.value),
    COLUMN("accuracy_low", REAL, accuracy.low),
    COLUMN("accuracy_high", REAL, accuracy.high),
    COLUMN("mcc", REAL, mcc.value),
    COLUMN("mcc_low", REAL, mcc.low),
    COLUMN("mcc_high", REAL, mcc.high),
    COLUMN("note", TEXT, note),
    COLUMN("settings", TEXT, settings),
};
enum { COLUMNS = sizeof columns / sizeof *columns };

void mn_ledger_key(char key[MN_LEDGER_KEY], const char *const *texts) {
    uint64_t hash = 0;
    for (; *texts; texts++) hash = mn_digest_hash(*texts, (int64_t)strlen(*texts) + 1, hash);
    snprintf(key, MN_LEDGER_KEY, "%016" PRIx64, hash);
}

/* ---- lines */

static void done_entry(mn_entry_t *entry) {
    for (int c = 0; c < COLUMNS; c++)
        if (columns[c].kind == COLUMN_TEXT) mn_mem_free(*(void **)((char *)entry + columns[c].offset));
}

/* A copy that can stand in the TSV: no tabs, line ends, or quotes, nor a space at either end. */
static mn_status_t copy_text(const char *text, char **out, mn_err_t *err) {
    mn_status_t status = mn_mem_string(out, text + strspn(text, " "), err);
    if (status) return status;
    for (char *c = *out; *c; c++)
        if ((unsigned char)*c < ' ' || *c == '"') *c = *c == '"' ? '\'' : ' ';
    for (size_t n = strlen(*out); n && (*out)[n - 1] == ' '; n--) (*out)[n - 1] = 0;
    return MN_OK;
}

/* As the file holds it, so that a report is the same before the file is read again. */
static void round_numbers(mn_entry_t *entry) {
    for (int c = 0; c < COLUMNS; c++) {
        double *field = (double *)((char *)entry + columns[c].offset);
        char text[32];
        if (columns[c].kind != COLUMN_REAL || !isfinite(*field)) continue;
        snprintf(text, sizeof text, REAL_FORMAT, *field);
        *field = strtod(text, NULL);
    }
}

/* Takes a copy of the line into the list. */
static mn_status_t append(mn_ledger_t *ledger, const mn_entry_t *entry, mn_err_t *err) {
    mn_entry_t copy = *entry;
    mn_status_t status =
        mn_mem_reserve((void **)&ledger->entries, &ledger->capacity, ledger->n + 1, sizeof *ledger->entries, err);
    for (int c = 0; c < COLUMNS; c++)
        if (columns[c].kind == COLUMN_TEXT) *(char **)((char *)&copy + columns[c].offset) = NULL;
    for (int c = 0; c < COLUMNS && !status; c++)
        if (columns[c].kind == COLUMN_TEXT)
            status = copy_text(*(const char *const *)((const char *)entry + columns[c].offset),
                               (char **)((char *)&copy + columns[c].offset), err);
    round_numbers(&copy);
    if (status)
        done_entry(&copy);
    else
        ledger->entries[ledger->n++] = copy;
    return status;
}

static void write_field(FILE *file, const column_t *column, const mn_entry_t *entry) {
    const void *field = (const char *)entry + column->offset;
    switch (column->kind) {
    case COLUMN_KEY:
        fputs(field, file);
        break;
    case COLUMN_KIND:
        fputs(mn_entry_kinds[*(const int *)field], file);
        break;
    case COLUMN_TEXT:
        fputs(*(const char *const *)field, file);
        break;
    case COLUMN_INT:
        if (*(const int64_t *)field < 0)
            fputs("NA", file);
        else
            fprintf(file, "%" PRId64, *(const int64_t *)field);
        break;
    case COLUMN_REAL:
        if (isfinite(*(const double *)field))
            fprintf(file, REAL_FORMAT, *(const double *)field);
        else
            fputs("NA", file);
        break;
    }
}

static bool read_field(const column_t *column, const char *text, mn_entry_t *entry) {
    void *field = (char *)entry + column->offset;
    char *end;
    switch (column->kind) {
    case COLUMN_KEY:
        if (strlen(text) != MN_LEDGER_KEY - 1 || strspn(text, "0123456789abcdef") != MN_LEDGER_KEY - 1) return false;
        memcpy(field, text, MN_LEDGER_KEY);
        return true;
    case COLUMN_KIND:
        for (int kind = 0; mn_entry_kinds[kind]; kind++)
            if (!strcmp(mn_entry_kinds[kind], text)) return *(int *)field = kind, true;
        return false;
    case COLUMN_TEXT:
        *(const char **)field = text;
        return true;
    case COLUMN_INT:
        errno = 0;
        *(int64_t *)field = strcmp(text, "NA") ? strtoll(text, &end, 10) : -1;
        return !strcmp(text, "NA") || (*text >= '0' && *text <= '9' && !*end && !errno);
    case COLUMN_REAL:
        *(double *)field = strcmp(text, "NA") ? strtod(text, &end) : NAN;
        return !strcmp(text, "NA") || (!*end && end != text && isfinite(*(double *)field));
    }
    return false;
}

/* ---- the file */

/* A line that is there twice, as of tables put together, is one. */
static mn_status_t read_lines(mn_ledger_t *ledger, mn_table_t *table, mn_err_t *err) {
    int64_t at[COLUMNS], number;
    mn_names_t keys = {0};
    char **fields;
    mn_status_t status = MN_OK;
    for (int c = 0; c < COLUMNS && !status; c++) {
        status = mn_table_find(table, columns[c].name, &at[c], err);
        if (!status && at[c] < 0) status = mn_table_miss(table, columns[c].name, err);
    }
    while (!status && !(status = mn_table_next(table, &fields, err)) && fields) {
        mn_entry_t entry = {0};
        for (int c = 0; c < COLUMNS && !status; c++)
            if (!read_field(&columns[c], fields[at[c]], &entry))
                status = mn_err_set(err, MN_INPUT, mn_table_place(table), "take the line out, or choose another -o",
                                    "column '%s' cannot be '%.60s'", columns[c].name, fields[at[c]]);
        if (!status && ledger->n == LINES_MAX)
            status = mn_err_set(err, MN_INPUT, mn_table_place(table), NULL, "more than %d lines", (int)LINES_MAX);
        if (!status) status = mn_names_add(&keys, entry.key, &number, err);
        if (!status && number == ledger->n) status = append(ledger, &entry, err);
    }
    mn_names_done(&keys);
    return status;
}

mn_status_t mn_ledger_open(const char *path, mn_ledger_t *out, mn_err_t *err) {
    *out = (mn_ledger_t){0};
    mn_table_t *table = NULL;
    mn_status_t status = mn_mem_string(&out->path, path, err);
    if (!status && mn_file_exists(path)) {
        status = mn_table_open(path, "choose another -o: this is no table of `mnemon benchmark genomic`", &table, err);
        if (!status) status = read_lines(out, table, err);
        mn_table_close(table);
    }
    if (status) mn_ledger_close(out);
    return status;
}

void mn_ledger_close(mn_ledger_t *ledger) {
    for (int64_t i = 0; i < ledger->n; i++) done_entry(&ledger->entries[i]);
    mn_mem_free(ledger->entries);
    mn_mem_free(ledger->path);
    *ledger = (mn_ledger_t){0};
}

const mn_entry_t *mn_ledger_find(const mn_ledger_t *ledger, const char *key) {
    for (int64_t i = 0; i < ledger->n; i++)
        if (!strcmp(ledger->entries[i].key, key)) return &ledger->entries[i];
    return NULL;
}

static mn_status_t write_all(const mn_ledger_t *ledger, mn_err_t *err) {
    mn_writer_t writer;
    mn_status_t status = mn_writer_open(&writer, ledger->path, err);
    if (status) return status;
    fprintf(writer.file, "#mnemon %s\n", MN_VERSION);
    for (int c = 0; c < COLUMNS; c++) fprintf(writer.file, "%s%s", c ? "\t" : "", columns[c].name);
    for (int64_t i = 0; i < ledger->n; i++)
        for (int c = 0; c < COLUMNS; c++) {
            fputc(c ? '\t' : '\n', writer.file);
            write_field(writer.file, &columns[c], &ledger->entries[i]);
        }
    fputc('\n', writer.file);
    return mn_writer_commit(&writer, err);
}

mn_status_t mn_ledger_add(mn_ledger_t *ledger, const mn_entry_t *entry, mn_err_t *err) {
    mn_status_t status = append(ledger, entry, err);
    if (status) return status;
    status = write_all(ledger, err);
    if (status) done_entry(&ledger->entries[--ledger->n]);
    return status;
}
