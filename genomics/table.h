/* table: TSV or CSV text with a header, row by row: plain or gzip, "-" for stdin, LF or CR LF, lines that begin with
 * '#' before the header and empty lines skipped. Tabs separate where the header holds one, else commas. Fields are
 * trimmed of spaces and may be quoted as in RFC 4180, within a line. */
#ifndef MN_TABLE_H
#define MN_TABLE_H
#include "genomics/base/err.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct mn_table mn_table_t;

/* Reads the header; hint says, in errors about it, which columns are needed. Errors: MN_INPUT: cannot be read, holds
 * sequences or HTML, or nothing. Owner: the caller, mn_table_close (accepts NULL). */
mn_status_t mn_table_open(const char *path, const char *hint, mn_table_t **out, mn_err_t *err);
void mn_table_close(mn_table_t *table);

int64_t mn_table_width(const mn_table_t *table); /* columns */
const char *mn_table_column(const mn_table_t *table, int64_t column);
/* The column called name (any case), -1: there is none. Errors: MN_INPUT: two are called so. */
mn_status_t mn_table_find(const mn_table_t *table, const char *name, int64_t *column, mn_err_t *err);
/* MN_INPUT: the column `name` is needed, which the header lacks. */
mn_status_t mn_table_miss(const mn_table_t *table, const char *name, mn_err_t *err);

/* The next row's fields (as many as columns), valid until the next call; NULL at the end. Errors: MN_INPUT with
 * file:line: another number of fields, an open quote. */
mn_status_t mn_table_next(mn_table_t *table, char ***fields, mn_err_t *err);
const char *mn_table_path(const mn_table_t *table);
const char *mn_table_place(const mn_table_t *table); /* file:line of the row read last */
int64_t mn_table_line(const mn_table_t *table);

/* A field that is a position or count: up to 15 digits and nothing else. */
bool mn_table_number(const char *text, int64_t *out);

#endif
