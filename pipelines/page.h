/* page: one self-contained HTML page of text, findings, tables and charts: no script, nothing from outside, light or
 * dark as the reader's screen is, dark on light in print. It is well-formed XML too. All text given is escaped; bytes
 * that are no UTF-8 and control characters become U+FFFD. Nothing here fails: the writes go to the FILE of an
 * mn_writer_t, whose commit sees any error.
 *
 *     mn_page_t page;
 *     mn_page_begin(&page, writer.file, "Audit of labels.tsv", "mnemon 0.1.0: dataset audit labels.tsv (xxh3 ...)");
 *     mn_page_heading(&page, "Length");
 *     mn_page_finding(&page, MN_PAGE_WARNING, "length", "the length alone classifies %.1f %% of test", 91.5);
 *     static const mn_page_column_t columns[] = {{.name = "class"}, {"rows", .number = true}, {0}};
 *     mn_page_table(&page, "Rows per class", columns);
 *     for (...) {
 *         mn_page_cell(&page, "%s", name); // row by row, each row from left to right
 *         mn_page_cell(&page, "%" PRId64, rows);
 *     }
 *     mn_page_table_end(&page);
 *     mn_page_end(&page); */
#ifndef MN_PAGE_H
#define MN_PAGE_H
#include "genomics/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct mn_page_column {
    const char *name;
    bool number; /* right-aligned */
} mn_page_column_t;

typedef struct mn_page {
    FILE *file;                      /* borrowed */
    const mn_page_column_t *columns; /* of the table that is open, borrowed; NULL: none is */
    int64_t n_columns, column;
} mn_page_t;

typedef enum { MN_PAGE_OK, MN_PAGE_NOTE, MN_PAGE_WARNING } mn_page_level_t;
extern const char *const mn_page_levels[]; /* "ok", "note", "warning" */

/* provenance stands in small type below the title; NULL: none. */
void mn_page_begin(mn_page_t *page, FILE *file, const char *title, const char *provenance);
void mn_page_end(mn_page_t *page);
void mn_page_heading(mn_page_t *page, const char *text);
/* A paragraph. This, findings and cells are cut at 4,095 bytes. */
void mn_page_text(mn_page_t *page, const char *format, ...) MN_PRINTF(2, 3);
/* A verdict in a box of its severity's colour and word. title may be NULL. */
void mn_page_finding(mn_page_t *page, mn_page_level_t level, const char *title, const char *format, ...)
    MN_PRINTF(4, 5);

/* columns ends with a NULL name and must outlive the table; caption may be NULL. */
void mn_page_table(mn_page_t *page, const char *caption, const mn_page_column_t *columns);
void mn_page_cell(mn_page_t *page, const char *format, ...) MN_PRINTF(2, 3);
/* Fills up a row that is not whole. */
void mn_page_table_end(mn_page_t *page);

/* ---- charts: SVG with round axes, a legend where there are several series, a tooltip for each value, and the numbers
 * as a table to fold out. Values that are not finite are left out. Labels too long to fit are cut, whole in the
 * tooltip. */

/* Colours there are; further series, and groups beyond the last, are not drawn, and the chart says so. */
enum { MN_PAGE_SERIES_MAX = 8, MN_PAGE_GROUPS_MAX = 100 };

/* Horizontal bars, a row for each series that has a value in the group. */
typedef struct mn_page_bars {
    const char *name;         /* in the legend */
    const double *value;      /* (groups) NAN: none */
    const double *low, *high; /* (groups) interval; NULL: none */
    bool mark;                /* a reference to compare with: a sign and a line across the group, no bar */
} mn_page_bars_t;
/* unit: what the axis counts: "accuracy, %". decimals: of the numbers beside the bars. from_zero: bars from zero; else
 * dots on an axis that fits the values. */
void mn_page_draw_bars(mn_page_t *page, const char *title, const char *unit, int decimals, bool from_zero,
                       const char *const *groups, int64_t n_groups, const mn_page_bars_t *series, int64_t n_series);

/* Shares of each series by shared bins of round width. The far end of a long tail is counted, not drawn. */
typedef struct mn_page_values {
    const char *name;
    const double *value;  /* (n) in any order */
    const int64_t *count; /* (n) how often each occurs, >= 0; NULL: once */
    int64_t n;
} mn_page_values_t;
void mn_page_draw_histogram(mn_page_t *page, const char *title, const char *unit, const mn_page_values_t *series,
                            int64_t n_series);

/* Lines through points, in the order given. */
typedef struct mn_page_line {
    const char *name;
    const double *x, *y; /* (n) */
    int64_t n;
} mn_page_line_t;
void mn_page_draw_lines(mn_page_t *page, const char *title, const char *x_unit, const char *y_unit,
                        const mn_page_line_t *series, int64_t n_series);

/* ---- parts of the above that its two files share, and tests look at */

/* Escaped text; at most `most` characters, the last of them an ellipsis where some were left out (< 0: all). */
void mn_page_escape(FILE *file, const char *text, int64_t most);
/* How wide text is in ems in the widest of the faces that pages are shown in; *fit: how many characters have room. */
double mn_page_width(const char *text, double room, int64_t *fit);
/* Round ticks (1, 2 or 5 times a power of ten apart) that take in low to high, both finite: at most `most` of them,
 * most >= 3. Returns how many; *first and *step tell where. */
int mn_page_ticks(double low, double high, int most, double *first, double *step);
/* "12,500", "0.25", "3.5M": value with the digits that a scale of this step needs. Returns out. */
char *mn_page_number(double value, double step, char *out, size_t size);

#endif
