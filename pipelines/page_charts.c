/* page: the charts, as SVG inside the page. Lengths are in units of the picture, which is WIDTH wide and scales with
 * the page; no face is known here, so all room is kept by the estimate of mn_page_width. */
#include "pipelines/page.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { WIDTH = 760, TYPE = 12, ROW = 16, GAP = 12, SIGNS_MAX = 8, BINS_MAX = 48, POINTS_MAX = 200 };
static const double all_room = 1e9;

/* ---- axes */

/* A value range with its ticks, laid over from..to of the picture. */
typedef struct axis {
    double low, high, first, step, from, to;
    int ticks;
} axis_t;

static double place(const axis_t *axis, double value) {
    value = fmin(fmax(value, axis->low), axis->high);
    return axis->from + (axis->to - axis->from) * (value - axis->low) / (axis->high - axis->low);
}

static double measure(const char *text) {
    int64_t fit;
    return TYPE * mn_page_width(text, all_room, &fit);
}

/* The width of the widest label. */
static double measure_ticks(const axis_t *axis) {
    char text[64];
    double widest = 0;
    for (int i = 0; i < axis->ticks; i++)
        widest = fmax(widest, measure(mn_page_number(axis->first + i * axis->step, axis->step, text, sizeof text)));
    return widest;
}

/* As many ticks, at least `least` apart, as have room for labels beside each other (across) or on top of each other. */
static axis_t make_axis(double low, double high, double from, double to, double least, bool across) {
    axis_t axis = {.from = from, .to = to};
    for (int most = across ? 11 : 7; most >= 3; most--) {
        axis.ticks = mn_page_ticks(low, high, most, &axis.first, &axis.step);
        axis.low = axis.first;
        axis.high = axis.first + (axis.ticks - 1) * axis.step;
        double room = fabs(to - from) / (axis.ticks - 1);
        if (axis.step >= least && room >= (across ? measure_ticks(&axis) : TYPE) + TYPE) break;
    }
    return axis;
}

/* The values of a series widen [low, high], which begins as [INFINITY, -INFINITY]. */
static void widen(double *low, double *high, const double *values, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(values[i])) continue;
        *low = fmin(*low, values[i]);
        *high = fmax(*high, values[i]);
    }
}

/* Zero belongs on the axis when it is no farther from the values than they are apart, and where bars begin there. */
static void take_zero(double *low, double *high, bool always) {
    if (*low > *high) *low = *high = 0;
    double spread = *high - *low;
    if (*low > 0 && (always || *low <= spread)) *low = 0;
    if (*high < 0 && (always || -*high <= spread)) *high = 0;
}

/* ---- pieces of a picture */

/* anchor: start, middle or end, at x. What has no room is cut; the whole is in the tooltip. */
static void draw_label(FILE *file, double x, double y, const char *anchor, const char *css, const char *text,
                       double room) {
    int64_t fit;
    mn_page_width(text, room / TYPE, &fit);
    fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s%s%s>", x, y, anchor, *css ? " class=\"" : "", css,
            *css ? "\"" : "");
    mn_page_escape(file, text, fit);
    fputs("<title>", file);
    mn_page_escape(file, text, -1);
    fputs("</title></text>\n", file);
}

static void draw_segment(FILE *file, const char *css, double x0, double y0, double x1, double y1) {
    fprintf(file, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", css, x0, y0, x1, y1);
}

/* Gridlines and labels of an axis across the picture between top and bottom, its unit below. */
static void draw_across(FILE *file, const axis_t *axis, double top, double bottom, const char *unit) {
    char text[64];
    for (int i = 0; i < axis->ticks; i++) {
        double value = axis->first + i * axis->step, x = place(axis, value);
        draw_segment(file, "grid", x, top, x, bottom + 4);
        draw_label(file, x, bottom + 18, "middle", "soft", mn_page_number(value, axis->step, text, sizeof text), WIDTH);
    }
    draw_label(file, (axis->from + axis->to) / 2, bottom + 37, "middle", "soft", unit, axis->to - axis->from);
}

/* The same for the axis up the left side, its unit above. */
static void draw_up(FILE *file, const axis_t *axis, double left, double right, const char *unit) {
    char text[64];
    for (int i = 0; i < axis->ticks; i++) {
        double value = axis->first + i * axis->step, y = place(axis, value);
        draw_segment(file, "grid", left, y, right, y);
        draw_label(file, left - 8, y + 4, "end", "soft", mn_page_number(value, axis->step, text, sizeof text), WIDTH);
    }
    draw_label(file, 0, axis->to - 12, "start", "soft", unit, right);
}

typedef enum { KEY_BAR, KEY_DOT, KEY_SIGN, KEY_CURVE } key_kind_t;

/* Who is who: a colour by index, or for references the shape of a sign. */
typedef struct key {
    key_kind_t kind;
    int index;
    const char *name;
} key_t;

static const char *const dashes[] = {"", "7 3", "2 2", "9 3 2 3"};

static void draw_sign(FILE *file, int index, double x, double y) {
    static const char *const shapes[] = {"m-5 0l5 -5l5 5l-5 5z", "m-5 4l5 -9l5 9z", "m-4 -4h8v8h-8z",
                                         "m-5 -4l5 9l5 -9z"};
    int n = sizeof shapes / sizeof *shapes;
    fprintf(file, "<path class=\"sign\"%s d=\"M%.1f %.1f%s\"/>\n", index / n ? " style=\"fill:var(--fg)\"" : "", x, y,
            shapes[index % n]);
}

static void draw_key(FILE *file, const key_t *key, double x, double y) {
    if (key->kind == KEY_SIGN)
        draw_sign(file, key->index, x + 6, y);
    else if (key->kind == KEY_DOT)
        fprintf(file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"var(--s%d)\"/>\n", x + 6, y, key->index);
    else if (key->kind == KEY_BAR)
        fprintf(file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"11\" fill=\"var(--s%d)\"/>\n", x, y - 5.5,
                key->index);
    else
        fprintf(file, "<path class=\"curve\" stroke=\"var(--s%d)\" stroke-dasharray=\"%s\" d=\"M%.1f %.1fh22\"/>\n",
                key->index, dashes[key->index % 4], x, y);
}

/* The legend from `top` down; returns where it ends. file NULL: measures alone. One series needs none. */
static double draw_legend(FILE *file, const key_t *keys, int n, double top) {
    double x = 0, y = top;
    if (n < 2) return top;
    for (int i = 0; i < n; i++) {
        double sign = keys[i].kind == KEY_CURVE ? 28 : 18, room = WIDTH - sign;
        double width = sign + fmin(measure(keys[i].name), room) + 20;
        if (x > 0 && x + width > WIDTH) x = 0, y += ROW + 4;
        if (file) {
            draw_key(file, &keys[i], x, y + 8);
            draw_label(file, x + sign, y + 12, "start", "", keys[i].name, room);
        }
        x += width;
    }
    return y + ROW + GAP;
}

static void begin_figure(mn_page_t *page, const char *title, double height) {
    fputs("<figure>\n<figcaption>", page->file);
    mn_page_escape(page->file, title, -1);
    fprintf(page->file, "</figcaption>\n<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"", WIDTH, height);
    mn_page_escape(page->file, title, -1);
    fputs("\">\n", page->file);
}

/* Ends the picture; what is left of `n` after the first `drawn` is told. The numbers' table follows. */
static void end_picture(mn_page_t *page, int64_t drawn, int64_t n, const char *what) {
    fputs("</svg>\n", page->file);
    if (drawn < n) mn_page_text(page, "Drawn are the first %" PRId64 " of %" PRId64 " %s.", drawn, n, what);
}

static void begin_numbers(mn_page_t *page, const mn_page_column_t *columns) {
    fputs("<details><summary>The numbers</summary>\n", page->file);
    mn_page_table(page, NULL, columns);
}

static void end_figure(mn_page_t *page) {
    mn_page_table_end(page);
    fputs("</details>\n</figure>\n", page->file);
}

/* ---- bars */

/* What of a bar chart is drawn, and where. */
typedef struct bars {
    const char *const *groups;
    const mn_page_bars_t *series[MN_PAGE_SERIES_MAX + SIGNS_MAX];
    key_t keys[MN_PAGE_SERIES_MAX + SIGNS_MAX];
    int n, decimals;
    int64_t n_groups;
    bool dots;
    axis_t axis;
} bars_t;

static void choose_bars(bars_t *bars, const mn_page_bars_t *series, int64_t n_series) {
    int n_bars = 0, n_signs = 0;
    for (int64_t i = 0; i < n_series; i++) {
        int index = series[i].mark ? n_signs++ : n_bars++;
        if (index >= (series[i].mark ? (int)SIGNS_MAX : (int)MN_PAGE_SERIES_MAX)) continue;
        bars->keys[bars->n] = (key_t){series[i].mark ? KEY_SIGN
                                      : bars->dots   ? KEY_DOT
                                                     : KEY_BAR,
                                      index, series[i].name};
        bars->series[bars->n++] = &series[i];
    }
}

static bool has_interval(const mn_page_bars_t *series, int64_t group) {
    return series->low && isfinite(series->value[group]) && isfinite(series->low[group]) &&
           isfinite(series->high[group]);
}

/* "75.2", or "75.2 (74.1 to 76.3)" with its interval, or "" for no value. */
static const char *format_bar(const mn_page_bars_t *series, int64_t group, int decimals, bool interval, char *out,
                              size_t size) {
    double step = pow(10, -decimals);
    char low[64], high[64];
    *out = 0;
    if (!isfinite(series->value[group])) return out;
    mn_page_number(series->value[group], step, out, size);
    if (!interval || !has_interval(series, group)) return out;
    size_t used = strlen(out);
    snprintf(out + used, size - used, " (%s to %s)", mn_page_number(series->low[group], step, low, sizeof low),
             mn_page_number(series->high[group], step, high, sizeof high));
    return out;
}

static double group_height(const bars_t *bars, int64_t group) {
    int rows = 0;
    for (int i = 0; i < bars->n; i++) rows += isfinite(bars->series[i]->value[group]);
    return ROW * fmax(rows, 1);
}

static void draw_row(FILE *file, const bars_t *bars, int i, int64_t group, double y) {
    const mn_page_bars_t *series = bars->series[i];
    const axis_t *axis = &bars->axis;
    char text[256];
    double value = series->value[group], x = place(axis, value), zero = place(axis, bars->dots ? axis->low : 0);
    fputs("<g><title>", file);
    mn_page_escape(file, bars->groups[group], -1);
    fputs(", ", file);
    mn_page_escape(file, series->name, -1);
    fprintf(file, ": %s</title>\n", format_bar(series, group, bars->decimals, true, text, sizeof text));
    if (bars->keys[i].kind == KEY_BAR)
        fprintf(file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"var(--s%d)\"/>\n", fmin(x, zero),
                y + 2, fmax(fabs(x - zero), 0.5), ROW - 4, bars->keys[i].index);
    if (has_interval(series, group)) {
        double from = place(axis, series->low[group]), to = place(axis, series->high[group]), middle = y + ROW / 2.0;
        fprintf(file, "<path class=\"range\" d=\"M%.1f %.1fv6m0 -3H%.1fm0 -3v6\"/>\n", from, middle - 3, to);
    }
    if (bars->keys[i].kind == KEY_DOT || bars->keys[i].kind == KEY_SIGN)
        draw_key(file, &bars->keys[i], x - 6, y + ROW / 2.0);
    draw_label(file, WIDTH, y + 12, "end", "", format_bar(series, group, bars->decimals, false, text, sizeof text),
               WIDTH);
    fputs("</g>\n", file);
}

static void draw_groups(FILE *file, const bars_t *bars, double top, double label_room) {
    for (int64_t g = 0; g < bars->n_groups; g++) {
        double height = group_height(bars, g), y = top;
        draw_label(file, label_room, top + height / 2 + 4, "end", "", bars->groups[g], label_room);
        for (int i = 0; i < bars->n; i++) {
            const double *value = &bars->series[i]->value[g];
            if (bars->series[i]->mark && isfinite(*value))
                draw_segment(file, "across", place(&bars->axis, *value), top, place(&bars->axis, *value), top + height);
        }
        for (int i = 0; i < bars->n; i++) {
            if (!isfinite(bars->series[i]->value[g])) continue;
            draw_row(file, bars, i, g, y);
            y += ROW;
        }
        top += height + GAP;
    }
}

static void write_bars(mn_page_t *page, const bars_t *bars) {
    mn_page_column_t columns[MN_PAGE_SERIES_MAX + SIGNS_MAX + 2] = {{.name = ""}};
    char text[256];
    for (int i = 0; i < bars->n; i++) columns[i + 1] = (mn_page_column_t){bars->keys[i].name, .number = true};
    begin_numbers(page, columns);
    for (int64_t g = 0; g < bars->n_groups; g++) {
        mn_page_cell(page, "%s", bars->groups[g]);
        for (int i = 0; i < bars->n; i++)
            mn_page_cell(page, "%s", format_bar(bars->series[i], g, bars->decimals, true, text, sizeof text));
    }
}

void mn_page_draw_bars(mn_page_t *page, const char *title, const char *unit, int decimals, bool from_zero,
                       const char *const *groups, int64_t n_groups, const mn_page_bars_t *series, int64_t n_series) {
    bars_t bars = {.groups = groups,
                   .decimals = decimals,
                   .n_groups = n_groups < MN_PAGE_GROUPS_MAX ? n_groups : MN_PAGE_GROUPS_MAX,
                   .dots = !from_zero};
    choose_bars(&bars, series, n_series);
    double low = INFINITY, high = -INFINITY, labels = 0, numbers = 0, height = GAP;
    for (int64_t g = 0; g < bars.n_groups; g++) {
        labels = fmax(labels, fmin(measure(groups[g]), WIDTH / 3.0));
        height += group_height(&bars, g) + GAP;
        for (int i = 0; i < bars.n; i++) {
            char text[256];
            widen(&low, &high, &bars.series[i]->value[g], 1);
            if (has_interval(bars.series[i], g)) {
                widen(&low, &high, &bars.series[i]->low[g], 1);
                widen(&low, &high, &bars.series[i]->high[g], 1);
            }
            numbers = fmax(numbers, measure(format_bar(bars.series[i], g, decimals, false, text, sizeof text)));
        }
    }
    take_zero(&low, &high, from_zero);
    bars.axis = make_axis(low, high, labels + 14, WIDTH - numbers - 20, 0, true);
    double top = draw_legend(NULL, bars.keys, bars.n, 0), bottom = top + height;
    begin_figure(page, title, bottom + 44);
    draw_legend(page->file, bars.keys, bars.n, 0);
    draw_across(page->file, &bars.axis, top, bottom, unit);
    draw_groups(page->file, &bars, top + GAP, labels);
    double zero = place(&bars.axis, from_zero ? 0 : bars.axis.low);
    draw_segment(page->file, "axis", zero, top, zero, bottom);
    end_picture(page, bars.n_groups, n_groups, "groups");
    write_bars(page, &bars);
    end_figure(page);
}

/* ---- histogram */

typedef struct bins {
    double first, step;
    int n;
    bool whole;
    double total[MN_PAGE_SERIES_MAX], count[MN_PAGE_SERIES_MAX][BINS_MAX], beyond;
} bins_t;

static double count_of(const mn_page_values_t *series, int64_t i) {
    return !isfinite(series->value[i]) ? 0 : series->count ? (double)series->count[i] : 1;
}

/* Where all but a thousandth of the values end, if that is less than a third of the way to the largest: else high. Each
 * round looks with equal bins and cuts the range to where the tail begins. */
static double cut_tail(const mn_page_values_t *series, int n, double low, double high) {
    enum { FINE = 512 };
    double total = 0;
    for (int s = 0; s < n; s++)
        for (int64_t i = 0; i < series[s].n; i++) total += count_of(&series[s], i);
    for (int round = 0; round < 64 && high > low; round++) {
        double fine[FINE] = {0}, seen = 0, width = (high - low) / FINE;
        for (int s = 0; s < n; s++)
            for (int64_t i = 0; i < series[s].n; i++) {
                double count = count_of(&series[s], i);
                if (count > 0 && series[s].value[i] <= high)
                    fine[(int)fmin((series[s].value[i] - low) / width, FINE - 1)] += count;
            }
        int last = 0;
        for (; last < FINE - 1; last++)
            if ((seen += fine[last]) >= 0.999 * total) break;
        double end = low + (last + 1) * width;
        if (end - low >= (high - low) / 3) return round ? end : high;
        high = end;
    }
    return high;
}

static void count_bins(bins_t *bins, const mn_page_values_t *series, int n) {
    double low = INFINITY, high = -INFINITY;
    bins->whole = true;
    for (int s = 0; s < n; s++)
        for (int64_t i = 0; i < series[s].n; i++) {
            double value = series[s].value[i];
            if (!(count_of(&series[s], i) > 0)) continue;
            widen(&low, &high, &value, 1);
            bins->whole = bins->whole && value == floor(value);
        }
    if (low > high) low = high = 0;
    high = cut_tail(series, n, low, high);
    mn_page_ticks(low, high > low ? high : low + 1, 40, &bins->first, &bins->step);
    if (bins->whole && bins->step < 1) bins->step = 1, bins->first = floor(low);
    bins->n = (int)fmin(floor((high - bins->first) / bins->step) + 1, BINS_MAX);
    for (int s = 0; s < n; s++)
        for (int64_t i = 0; i < series[s].n; i++) {
            double count = count_of(&series[s], i), bin = floor((series[s].value[i] - bins->first) / bins->step);
            bins->total[s] += count;
            if (count > 0 && bin >= bins->n)
                bins->beyond += count;
            else if (count > 0)
                bins->count[s][(int)fmax(bin, 0)] += count;
        }
}

static double share_of(const bins_t *bins, int series, int bin) {
    return bins->total[series] > 0 ? 100 * bins->count[series][bin] / bins->total[series] : 0;
}

static double bin_edge(const bins_t *bins, int bin) {
    return bins->first + bin * bins->step;
}

/* The last value of a bin as people say it: "60 to 64" of whole numbers, "0.2 to 0.3" of others. */
static double bin_last(const bins_t *bins, int bin) {
    return bin_edge(bins, bin + 1) - (bins->whole ? 1 : 0);
}

static void draw_steps(FILE *file, const bins_t *bins, int s, const axis_t *x, const axis_t *y, const char *css) {
    bool area = !strcmp(css, "area");
    fprintf(file, "<path class=\"%s\" %s=\"var(--s%d)\" stroke-dasharray=\"%s\" d=\"M%.1f %.1f", css,
            area ? "fill" : "stroke", s, dashes[s % 4], place(x, bins->first), y->from);
    for (int b = 0; b < bins->n; b++)
        fprintf(file, "V%.1fH%.1f", place(y, share_of(bins, s, b)), place(x, bin_edge(bins, b + 1)));
    fprintf(file, "V%.1f\"/>\n", y->from);
}

static void draw_hovers(FILE *file, const bins_t *bins, const mn_page_values_t *series, int n, const axis_t *x,
                        const axis_t *y) {
    char from[64], to[64];
    for (int b = 0; b < bins->n; b++) {
        double left = place(x, bin_edge(bins, b));
        fprintf(file, "<rect class=\"hover\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%s to %s",
                left, y->to, place(x, bin_edge(bins, b + 1)) - left, y->from - y->to,
                mn_page_number(bin_edge(bins, b), bins->step, from, sizeof from),
                mn_page_number(bin_last(bins, b), bins->step, to, sizeof to));
        for (int s = 0; s < n; s++) {
            fputs("\n", file);
            mn_page_escape(file, series[s].name, -1);
            fprintf(file, ": %.2f %% (%.0f)", share_of(bins, s, b), bins->count[s][b]);
        }
        fputs("</title></rect>\n", file);
    }
}

static void write_bins(mn_page_t *page, const bins_t *bins, const mn_page_values_t *series, int n) {
    mn_page_column_t columns[MN_PAGE_SERIES_MAX + 3] = {{"from", .number = true}, {"to", .number = true}};
    char text[64];
    for (int s = 0; s < n; s++) columns[s + 2] = (mn_page_column_t){series[s].name, .number = true};
    begin_numbers(page, columns);
    for (int b = 0; b < bins->n; b++) {
        mn_page_cell(page, "%s", mn_page_number(bin_edge(bins, b), bins->step, text, sizeof text));
        mn_page_cell(page, "%s", mn_page_number(bin_last(bins, b), bins->step, text, sizeof text));
        for (int s = 0; s < n; s++) mn_page_cell(page, "%.0f", bins->count[s][b]);
    }
}

void mn_page_draw_histogram(mn_page_t *page, const char *title, const char *unit, const mn_page_values_t *series,
                            int64_t n_series) {
    enum { HEIGHT = 220 };
    int n = (int)(n_series < MN_PAGE_SERIES_MAX ? n_series : MN_PAGE_SERIES_MAX);
    key_t keys[MN_PAGE_SERIES_MAX];
    bins_t bins = {0};
    count_bins(&bins, series, n);
    double most = 0;
    for (int s = 0; s < n; s++) {
        keys[s] = (key_t){KEY_CURVE, s, series[s].name};
        for (int b = 0; b < bins.n; b++) most = fmax(most, share_of(&bins, s, b));
    }
    double top = draw_legend(NULL, keys, n, 0) + 28, bottom = top + HEIGHT;
    axis_t y = make_axis(0, most, bottom, top, 0, false);
    double left = measure_ticks(&y) + 12;
    double beside = bins.whole && bins.n * bins.step < 5 ? 2 : 0; /* few whole numbers: some room around them */
    axis_t x = make_axis(bins.first - beside, bin_edge(&bins, bins.n) + beside, left, WIDTH - 40, bins.whole, true);
    begin_figure(page, title, bottom + 44);
    draw_legend(page->file, keys, n, 0);
    draw_up(page->file, &y, left, x.to, n > 1 ? "share of each, %" : "share, %");
    draw_across(page->file, &x, bottom, bottom, unit);
    for (int s = 0; n <= 3 && s < n; s++) draw_steps(page->file, &bins, s, &x, &y, "area");
    for (int s = 0; s < n; s++) draw_steps(page->file, &bins, s, &x, &y, "curve");
    draw_segment(page->file, "axis", left, bottom, x.to, bottom);
    draw_hovers(page->file, &bins, series, n, &x, &y);
    end_picture(page, n, n_series, "series");
    if (bins.beyond > 0) {
        char text[64];
        mn_page_text(page, "%.0f values beyond %s are counted in the shares, not drawn.", bins.beyond,
                     mn_page_number(bin_last(&bins, bins.n - 1), bins.step, text, sizeof text));
    }
    write_bins(page, &bins, series, n);
    end_figure(page);
}

/* ---- lines */

static void draw_points(FILE *file, const mn_page_line_t *line, int index, const axis_t *x, const axis_t *y) {
    bool pen = false;
    fprintf(file, "<path class=\"curve\" stroke=\"var(--s%d)\" stroke-dasharray=\"%s\" d=\"M%.1f %.1f", index,
            dashes[index % 4], x->from, y->from);
    for (int64_t i = 0; i < line->n; i++) {
        bool drawn = isfinite(line->x[i]) && isfinite(line->y[i]);
        if (drawn) fprintf(file, "%c%.1f %.1f", pen ? 'L' : 'M', place(x, line->x[i]), place(y, line->y[i]));
        pen = drawn;
    }
    fputs("\"/>\n", file);
    for (int64_t i = 0; i < line->n && line->n <= POINTS_MAX; i++) {
        if (!isfinite(line->x[i]) || !isfinite(line->y[i])) continue;
        fprintf(file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"var(--s%d)\"><title>", place(x, line->x[i]),
                place(y, line->y[i]), index);
        mn_page_escape(file, line->name, -1);
        fprintf(file, ": %.6g, %.6g</title></circle>\n", line->x[i], line->y[i]);
    }
}

void mn_page_draw_lines(mn_page_t *page, const char *title, const char *x_unit, const char *y_unit,
                        const mn_page_line_t *series, int64_t n_series) {
    enum { HEIGHT = 260 };
    int n = (int)(n_series < MN_PAGE_SERIES_MAX ? n_series : MN_PAGE_SERIES_MAX);
    key_t keys[MN_PAGE_SERIES_MAX];
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (int s = 0; s < n; s++) {
        keys[s] = (key_t){KEY_CURVE, s, series[s].name};
        widen(&low[0], &high[0], series[s].x, series[s].n);
        widen(&low[1], &high[1], series[s].y, series[s].n);
    }
    if (low[0] > high[0]) low[0] = high[0] = 0;
    take_zero(&low[1], &high[1], false);
    double top = draw_legend(NULL, keys, n, 0) + 28, bottom = top + HEIGHT;
    axis_t y = make_axis(low[1], high[1], bottom, top, 0, false);
    double left = measure_ticks(&y) + 12;
    axis_t x = make_axis(low[0], high[0], left, WIDTH - 40, 0, true);
    begin_figure(page, title, bottom + 44);
    draw_legend(page->file, keys, n, 0);
    draw_up(page->file, &y, left, x.to, y_unit);
    draw_across(page->file, &x, top, bottom, x_unit);
    draw_segment(page->file, "axis", left, bottom, x.to, bottom);
    for (int s = 0; s < n; s++) draw_points(page->file, &series[s], s, &x, &y);
    end_picture(page, n, n_series, "series");
    static const mn_page_column_t columns[] = {{.name = "series"}, {"x", .number = true}, {"y", .number = true}, {0}};
    begin_numbers(page, columns);
    for (int s = 0; s < n; s++)
        for (int64_t i = 0; i < series[s].n && series[s].n <= POINTS_MAX; i++) {
            if (!isfinite(series[s].x[i]) || !isfinite(series[s].y[i])) continue;
            mn_page_cell(page, "%s", series[s].name);
            mn_page_cell(page, "%.6g", series[s].x[i]);
            mn_page_cell(page, "%.6g", series[s].y[i]);
        }
    end_figure(page);
}
