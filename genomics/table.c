/* table: lines cut into fields in place. */
#include "genomics/table.h"
#include "genomics/base/mem.h"
#include "genomics/source.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS_MAX = 10000, PLACE_BYTES = 256 };

struct mn_table {
    mn_source_t *source;
    const char *hint;
    char separator, place[PLACE_BYTES];
    char *header; /* the header's line, cut into the columns' names */
    char **columns, **fields;
    int64_t n, line;
};

/* Cuts the field at *at off, in place: trimmed of spaces, quotes undone. *at is NULL after the last field. NULL: a
 * quote that is not closed, or text after it. */
static char *cut_field(char **at, char separator) {
    char *from = *at + strspn(*at, " ");
    if (*from != '"') {
        char *stop = strchr(from, separator);
        *at = stop ? stop + 1 : NULL;
        if (!stop) stop = from + strlen(from);
        while (stop > from && stop[-1] == ' ') stop--;
        *stop = 0;
        return from;
    }
    char *to = from, *c = from + 1;
    for (; *c && (*c != '"' || c[1] == '"'); c++) c += *c == '"', *to++ = *c;
    if (!*c) return NULL;
    c += 1 + strspn(c + 1, " ");
    if (*c && *c != separator) return NULL;
    *at = *c ? c + 1 : NULL;
    *to = 0;
    return from;
}

/* The next line that is not empty, NULL at the end. */
static mn_status_t read_line(mn_table_t *table, char **line, mn_err_t *err) {
    mn_status_t status;
    while (!(status = mn_source_line(table->source, line, err)) && *line) {
        snprintf(table->place, sizeof table->place, "%.200s:%" PRId64, mn_source_path(table->source), ++table->line);
        if (**line) break;
    }
    return status;
}

static const char *name_separator(const mn_table_t *table) {
    return table->separator == '\t' ? "tabs" : "commas";
}

static mn_status_t refuse_header(const mn_table_t *table, const char *line, mn_err_t *err) {
    if (*line == '>' || *line == '@')
        return mn_err_set(err, MN_INPUT, table->place, "give CLASS=FILE for the sequences of one class",
                          "this looks like FASTA or FASTQ, not like a table");
    if (*line == '<')
        return mn_err_set(err, MN_INPUT, table->place, table->hint, "this looks like HTML or XML, not like a table");
    return MN_OK;
}

static mn_status_t cut_header(mn_table_t *table, const char *line, mn_err_t *err) {
    if (!strncmp(line, "\xef\xbb\xbf", 3)) line += 3;
    int64_t cap = 0;
    mn_status_t status = refuse_header(table, line, err);
    if (!status) status = mn_mem_string(&table->header, line, err);
    if (status) return status;
    table->separator = strchr(line, '\t') ? '\t' : ',';
    for (char *at = table->header; at; table->n++) {
        char *name = cut_field(&at, table->separator);
        if (!name) return mn_err_set(err, MN_INPUT, table->place, table->hint, "a quote in the header is not closed");
        if (table->n == COLUMNS_MAX)
            return mn_err_set(err, MN_INPUT, table->place, table->hint, "more than %d columns", (int)COLUMNS_MAX);
        if ((status = mn_mem_reserve((void **)&table->columns, &cap, table->n + 1, sizeof *table->columns, err)))
            return status;
        table->columns[table->n] = name;
    }
    return mn_mem_new((void **)&table->fields, table->n, sizeof *table->fields, err);
}

mn_status_t mn_table_open(const char *path, const char *hint, mn_table_t **out, mn_err_t *err) {
    mn_table_t *table;
    mn_status_t status = mn_mem_new((void **)&table, 1, sizeof *table, err);
    if (status) return status;
    table->hint = hint;
    char *line = NULL;
    status = mn_source_open(path, 1, &table->source, err);
    while (!status && !(status = read_line(table, &line, err)) && line && *line == '#') continue;
    if (!status && !line) status = mn_err_set(err, MN_INPUT, mn_source_path(table->source), hint, "the file is empty");
    if (!status) status = cut_header(table, line, err);
    if (status)
        mn_table_close(table);
    else
        *out = table;
    return status;
}

void mn_table_close(mn_table_t *table) {
    if (!table) return;
    mn_source_close(table->source);
    mn_mem_free(table->header);
    mn_mem_free(table->columns);
    mn_mem_free(table->fields);
    mn_mem_free(table);
}

int64_t mn_table_width(const mn_table_t *table) {
    return table->n;
}

const char *mn_table_column(const mn_table_t *table, int64_t column) {
    return table->columns[column];
}

mn_status_t mn_table_find(const mn_table_t *table, const char *name, int64_t *column, mn_err_t *err) {
    *column = -1;
    for (int64_t c = 0; c < table->n; c++) {
        if (strcasecmp(table->columns[c], name)) continue;
        if (*column >= 0)
            return mn_err_set(err, MN_INPUT, table->place, "rename or remove one of them",
                              "two columns are called '%s'", name);
        *column = c;
    }
    return MN_OK;
}

mn_status_t mn_table_miss(const mn_table_t *table, const char *name, mn_err_t *err) {
    char seen[100] = "";
    for (int64_t c = 0; c < table->n; c++) {
        size_t used = strlen(seen);
        snprintf(seen + used, sizeof seen - used, "%s%s", used ? ", " : "", table->columns[c]);
    }
    return mn_err_set(err, MN_INPUT, table->place, table->hint, "no column '%s'; separated by %s, the header reads: %s",
                      name, name_separator(table), seen);
}

mn_status_t mn_table_next(mn_table_t *table, char ***fields, mn_err_t *err) {
    char *line;
    int64_t n = 0;
    *fields = NULL;
    mn_status_t status = read_line(table, &line, err);
    if (status || !line) return status;
    for (char *at = line; at; n++) {
        char *text = cut_field(&at, table->separator);
        if (!text)
            return mn_err_set(err, MN_INPUT, table->place, "quotes open and close around a whole field, on one line",
                              "field %" PRId64 ": a quote is not closed, or text follows it", n + 1);
        if (n < table->n) table->fields[n] = text;
    }
    if (n != table->n)
        return mn_err_set(err, MN_INPUT, table->place, "every line needs the header's columns and its separator",
                          "%" PRId64 " field%s where the header has %" PRId64 " (separated by %s)", n,
                          n == 1 ? "" : "s", table->n, name_separator(table));
    *fields = table->fields;
    return MN_OK;
}

const char *mn_table_path(const mn_table_t *table) {
    return mn_source_path(table->source);
}

const char *mn_table_place(const mn_table_t *table) {
    return table->place;
}

int64_t mn_table_line(const mn_table_t *table) {
    return table->line;
}

bool mn_table_number(const char *text, int64_t *out) {
    size_t digits = strspn(text, "0123456789");
    if (!digits || digits > 15 || text[digits]) return false;
    *out = strtoll(text, NULL, 10);
    return true;
}
