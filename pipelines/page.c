/* page: the HTML page's frame, text, numbers, findings and tables. Its charts are in page_charts.c. */
#include "pipelines/page.h"
#include <math.h>
#include <stdarg.h>
#include <string.h>

const char *const mn_page_levels[] = {"ok", "note", "warning"};

/* Colours after Okabe and Ito (jfly.uni-koeln.de/color), told apart with any kind of colour vision; on dark ground
 * lighter. Paper gets the light ones, whatever the screen has. */
static const char *const style[] = {
    ":root{--bg:#fff;--fg:#1c1f23;--soft:#5d656e;--line:#d5dae0;--band:#f5f7f9;--ok:#00704f;--note:#005f9e;"
    "--warning:#a63c00;--s0:#0072b2;--s1:#e69f00;--s2:#009e73;--s3:#d55e00;--s4:#cc79a7;--s5:#56b4e9;--s6:#8a8420;"
    "--s7:#5f5f5f}",
    "@media screen and (prefers-color-scheme:dark){:root{--bg:#15181c;--fg:#e4e7ea;--soft:#a2abb4;--line:#3a4149;"
    "--band:#1d2126;--ok:#4cc9a0;--note:#6cb8f0;--warning:#f5925c;--s0:#3f9fe0;--s1:#e9a820;--s2:#1fb98d;--s3:#f07a35;"
    "--s4:#dd97bf;--s5:#9bd6f7;--s6:#d2cb55;--s7:#b4b4b4}}",
    "*{box-sizing:border-box}",
    "body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:60rem;background:var(--bg);color:var(--fg);"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;overflow-wrap:anywhere}",
    "h1{font-size:1.7rem;line-height:1.25;margin:0 0 .4rem}",
    "h2{font-size:1.2rem;margin:2.4rem 0 .8rem;padding-top:1rem;border-top:1px solid var(--line)}",
    ".provenance{color:var(--soft);font:.8rem/1.45 ui-monospace,'DejaVu Sans Mono',monospace;margin:0 0 1.5rem}",
    ".finding{margin:.7rem 0;padding:.55rem .9rem;border-left:4px solid var(--tone);background:var(--band);"
    "border-radius:0 4px 4px 0}",
    ".ok{--tone:var(--ok)}.note{--tone:var(--note)}.warning{--tone:var(--warning)}",
    ".level{color:var(--tone);font-weight:700;font-size:.75rem;letter-spacing:.06em;text-transform:uppercase;"
    "margin-right:.7em}",
    ".wide{overflow-x:auto;margin:1rem 0}",
    "table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}",
    "caption{text-align:left;font-weight:600;padding-bottom:.4rem}",
    "th,td{padding:.3rem .9rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);"
    "max-width:18rem;overflow-wrap:break-word}",
    "th{color:var(--soft);font-weight:600;vertical-align:bottom}",
    ".n{text-align:right}td.n{white-space:nowrap}",
    "figure{margin:1.4rem 0}",
    "figcaption{font-weight:600;margin-bottom:.5rem}",
    "svg{display:block;width:100%;height:auto;font-size:12px;font-variant-numeric:tabular-nums}",
    "text{fill:var(--fg)}.soft{fill:var(--soft)}",
    ".grid{stroke:var(--line)}.axis,.range{stroke:var(--soft)}.range{stroke:var(--fg);stroke-width:1.3}",
    ".sign{fill:var(--bg);stroke:var(--fg);stroke-width:1.6}.across{stroke:var(--soft);stroke-dasharray:3 3}",
    ".curve{fill:none;stroke-width:2;stroke-linejoin:round}.area{stroke:none;fill-opacity:.16}.hover{fill-opacity:0}",
    ".hover:hover{fill:var(--soft);fill-opacity:.15}",
    "details{font-size:.9rem;color:var(--soft)}summary{cursor:pointer}",
    "@media print{body{padding:0;max-width:none;font-size:11pt;print-color-adjust:exact;"
    "-webkit-print-color-adjust:exact}figure,.finding,tr{break-inside:avoid}h2,figcaption{break-after:avoid}"
    "svg{max-height:23cm}table{font-size:8pt}th,td{padding-right:.5rem;overflow-wrap:anywhere}details{display:none}."
    "wide{overflow:visible}}"};

/* ---- text */

/* The code point that begins at *at, which moves past it; U+FFFD for a byte that begins no UTF-8 and for characters
 * that XML does not take, that show nothing, or that turn the direction of the text around them. */
static uint32_t next_point(const unsigned char **at) {
    enum { STRANGE = 0xfffd };
    const unsigned char *s = *at;
    int more = *s < 0x80 ? 0 : *s < 0xc2 ? -1 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : *s < 0xf5 ? 3 : -1;
    uint32_t point = more <= 0 ? *s : *s & (0x3fu >> more);
    *at = s + 1;
    if (more < 0) return STRANGE;
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) return STRANGE;
        point = point << 6 | (s[i] & 0x3f);
    }
    if ((more == 2 && point < 0x800) || (more == 3 && (point < 0x10000 || point > 0x10ffff))) return STRANGE;
    *at = s + 1 + more;
    bool surrogate = point >= 0xd800 && point < 0xe000, none = (point & 0xfffe) == 0xfffe;
    bool control = (point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7f && point < 0xa0);
    bool turning = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
    return surrogate || none || control || turning ? STRANGE : point;
}

static void write_point(FILE *file, uint32_t point) {
    switch (point) {
    case '&':
        fputs("&amp;", file);
        return;
    case '<':
        fputs("&lt;", file);
        return;
    case '>':
        fputs("&gt;", file);
        return;
    case '"':
        fputs("&quot;", file);
        return;
    case '\'':
        fputs("&#39;", file);
        return;
    }
    if (point < 0x80)
        fputc((int)point, file);
    else
        fprintf(file, "&#%u;", (unsigned)point);
}

void mn_page_escape(FILE *file, const char *text, int64_t most) {
    enum { ELLIPSIS = 0x2026 };
    const unsigned char *at = (const unsigned char *)text;
    for (int64_t i = 1; *at; i++) {
        uint32_t point = next_point(&at);
        bool cut = i == most && *at;
        write_point(file, cut ? ELLIPSIS : point);
        if (cut) return;
    }
}

double mn_page_width(const char *text, double room, int64_t *fit) {
    double width = 0;
    *fit = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at; ++*fit) {
        uint32_t point = next_point(&at);
        double wide = point >= 0x1100                          ? 1.1
                      : point >= 0x80                          ? 0.75
                      : strchr("mwMW@%", (int)point)           ? 1
                      : strchr("ijl.,:;|'!()[]- ", (int)point) ? 0.4
                                                               : 0.66;
        if (width + wide > room) return width;
        width += wide;
    }
    return width;
}

static void write_format(FILE *file, const char *format, va_list args) {
    char text[4096];
    vsnprintf(text, sizeof text, format, args);
    mn_page_escape(file, text, -1);
}

/* ---- numbers */

int mn_page_ticks(double low, double high, int most, double *first, double *step) {
    static const int rounds[] = {1, 2, 5};
    const double least = 1e-300, most_of_all = 1e300, slack = 1e-9;
    low = fmax(low, -most_of_all);
    high = fmin(high, most_of_all);
    if (high - low <= fmax(least, slack * fmax(fabs(low), fabs(high)))) /* as good as one value */
        high = low + (fabs(low) > least ? fabs(low) : 1);
    double power = floor(log10((high - low) / most));
    for (int i = 0;; i++) {
        *step = rounds[i % 3] * pow(10, power + i / 3);
        double begin = floor(low / *step + slack), end = ceil(high / *step - slack);
        *first = begin * *step;
        if (end - begin < most) return (int)(end - begin) + 1;
    }
}

/* 1234567 -> 1,234,567 in place; there is room. */
static void group_digits(char *text) {
    size_t begin = *text == '-', digits = strspn(text + begin, "0123456789");
    for (size_t at = begin + digits; at > begin + 3; at -= 3) {
        memmove(text + at - 2, text + at - 3, strlen(text + at - 3) + 1);
        text[at - 3] = ',';
    }
}

char *mn_page_number(double value, double step, char *out, size_t size) {
    const double million = 1e6;
    char text[64];
    if (fabs(value) < step * 1e-6) value = 0;
    bool millions = step >= million / 10 && step < 1e6 * million && value != 0;
    if (millions) {
        value /= million;
        step /= million;
    }
    int decimals = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    bool plain = decimals < 10 && fabs(value) < 1e15;
    snprintf(text, sizeof text, plain ? "%.*f" : "%.*g", plain ? decimals : 6, value);
    if (plain) group_digits(text);
    snprintf(out, size, "%s%s", text, millions ? "M" : "");
    return out;
}

/* ---- the page */

void mn_page_begin(mn_page_t *page, FILE *file, const char *title, const char *provenance) {
    *page = (mn_page_t){.file = file};
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
          "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>",
          file);
    mn_page_escape(file, title, -1);
    fputs("</title>\n<style>\n", file);
    for (size_t i = 0; i < sizeof style / sizeof *style; i++) fprintf(file, "%s\n", style[i]);
    fputs("</style>\n</head>\n<body>\n<h1>", file);
    mn_page_escape(file, title, -1);
    fputs("</h1>\n", file);
    if (!provenance) return;
    fputs("<p class=\"provenance\">", file);
    mn_page_escape(file, provenance, -1);
    fputs("</p>\n", file);
}

void mn_page_end(mn_page_t *page) {
    fputs("</body>\n</html>\n", page->file);
}

void mn_page_heading(mn_page_t *page, const char *text) {
    fputs("<h2>", page->file);
    mn_page_escape(page->file, text, -1);
    fputs("</h2>\n", page->file);
}

void mn_page_text(mn_page_t *page, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("<p>", page->file);
    write_format(page->file, format, args);
    fputs("</p>\n", page->file);
    va_end(args);
}

void mn_page_finding(mn_page_t *page, mn_page_level_t level, const char *title, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(page->file, "<div class=\"finding %s\"><span class=\"level\">%s</span>", mn_page_levels[level],
            mn_page_levels[level]);
    if (title) {
        fputs("<strong>", page->file);
        mn_page_escape(page->file, title, -1);
        fputs(".</strong> ", page->file);
    }
    write_format(page->file, format, args);
    fputs("</div>\n", page->file);
    va_end(args);
}

/* ---- tables */

void mn_page_table(mn_page_t *page, const char *caption, const mn_page_column_t *columns) {
    page->columns = columns;
    page->column = page->n_columns = 0;
    fputs("<div class=\"wide\"><table>\n", page->file);
    if (caption) {
        fputs("<caption>", page->file);
        mn_page_escape(page->file, caption, -1);
        fputs("</caption>\n", page->file);
    }
    fputs("<thead><tr>", page->file);
    for (; columns[page->n_columns].name; page->n_columns++) {
        fprintf(page->file, "<th scope=\"col\"%s>", columns[page->n_columns].number ? " class=\"n\"" : "");
        mn_page_escape(page->file, columns[page->n_columns].name, -1);
        fputs("</th>", page->file);
    }
    fputs("</tr></thead>\n<tbody>\n", page->file);
}

void mn_page_cell(mn_page_t *page, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(page->file, "%s<td%s>", page->column ? "" : "<tr>",
            page->columns[page->column].number ? " class=\"n\"" : "");
    write_format(page->file, format, args);
    page->column = (page->column + 1) % page->n_columns;
    fputs(page->column ? "</td>" : "</td></tr>\n", page->file);
    va_end(args);
}

void mn_page_table_end(mn_page_t *page) {
    while (page->column) mn_page_cell(page, "%s", "");
    fputs("</tbody>\n</table></div>\n", page->file);
    page->columns = NULL;
}
