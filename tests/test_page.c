/* test_page: the HTML page: text from outside stays text, ticks are round, and what is drawn stays inside the picture.
 */
#include "pipelines/page.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What write wrote to a page; owner: the caller, free. */
static char *capture(void (*write)(mn_page_t *)) {
    static char *text;
    static size_t size;
    mn_page_t page;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    mn_page_begin(&page, file, "T <1>", "a & b");
    write(&page);
    mn_page_end(&page);
    assert_int_equal(fclose(file), 0);
    return text;
}

/* Every element that begins ends, in order, every attribute is quoted, and there is no bare '&': what a browser needs
 * to read a page as it is meant. */
static void assert_well_formed(const char *text) {
    char open[64][16];
    int depth = 0;
    for (const char *at = text; *at; at++) {
        assert_true((unsigned char)*at >= 0x20 || *at == '\n');
        assert_true((unsigned char)*at < 0x7f);
        if (*at == '&') {
            size_t n = strcspn(at, "; <\n");
            assert_true(at[n] == ';' && n > 2 && n < 10);
        }
        if (*at != '<' || at[1] == '!') continue;
        char name[16] = "";
        bool closing = at[1] == '/', quoted = false;
        assert_int_equal(sscanf(at + 1 + closing, "%15[a-z0-9]", name), 1);
        for (at++; *at && (quoted || *at != '>'); at++) {
            assert_true(*at != '<');
            quoted ^= *at == '"';
            if (*at == '=' && !quoted) assert_int_equal(at[1], '"');
        }
        assert_int_equal(*at, '>');
        if (closing) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], name);
        } else if (at[-1] != '/') {
            assert_true(depth < 64);
            strcpy(open[depth++], name);
        }
    }
    assert_int_equal(depth, 0);
}

static void assert_holds(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("not in the page: %s", part);
}

static void write_texts(mn_page_t *page) {
    static const mn_page_column_t columns[] = {{.name = "class"}, {"rows", .number = true}, {0}};
    mn_page_heading(page, "</h2><script>");
    mn_page_finding(page, MN_PAGE_WARNING, "dup", "%d %s", 7, "\"x\" & 'y'");
    mn_page_table(page, "c", columns);
    mn_page_cell(page, "%s", "\xc3\xa9 \xff\xc0\x80\xed\xa0\x80 \xe2\x80\xae\x1b[31m");
    mn_page_cell(page, "%d", 12);
    mn_page_cell(page, "%s", "row cut short");
    mn_page_table_end(page);
}

static void test_text(void **state) {
    char *text = capture(write_texts);
    assert_well_formed(text);
    assert_holds(text, "<title>T &lt;1&gt;</title>");
    assert_holds(text, "<p class=\"provenance\">a &amp; b</p>");
    assert_holds(text, "<h2>&lt;/h2&gt;&lt;script&gt;</h2>");
    assert_holds(text, "<div class=\"finding warning\"><span class=\"level\">warning</span><strong>dup.</strong> 7 "
                       "&quot;x&quot; &amp; &#39;y&#39;</div>");
    /* A mark for each byte that is no UTF-8 and of an overlong zero, for a surrogate, a turn of direction, an escape.
     */
    assert_holds(text, "<td>&#233; &#65533;&#65533;&#65533;&#65533; &#65533;&#65533;[31m</td><td class=\"n\">12</td>");
    assert_holds(text, "<tr><td>row cut short</td><td class=\"n\"></td></tr>\n");
    assert_null(strstr(text, "<script"));
    free(text);
}

static void test_cut(void **state) {
    char *text;
    size_t size;
    int64_t fit;
    FILE *file = open_memstream(&text, &size);
    mn_page_escape(file, "abc", 3);
    mn_page_escape(file, "abcd", 3);
    fclose(file);
    assert_string_equal(text, "abcab&#8230;");
    free(text);
    double all = mn_page_width("iWi", 100, &fit);
    assert_int_equal(fit, 3);
    assert_true(mn_page_width("iWi", all - 0.01, &fit) < all);
    assert_int_equal(fit, 2);
}

static void test_ticks(void **state) {
    static const struct {
        double low, high;
        int most, n;
        double first, step;
    } cases[] = {{0, 100, 11, 11, 0, 10},     {0, 100, 10, 6, 0, 20},           {50, 96.6, 11, 11, 50, 5},
                 {0.3, 0.9, 7, 7, 0.3, 0.1},  {-0.2, 0.4, 11, 7, -0.2, 0.1},    {0, 0, 11, 11, 0, 0.1},
                 {5, 5, 11, 11, 5, 0.5},      {1e-7, 3e-7, 5, 5, 1e-7, 5e-8},   {0, 5113, 11, 7, 0, 1000},
                 {0, 5e-324, 11, 11, 0, 0.1}, {1e-310, 2e-310, 11, 11, 0, 0.1}, {-1e308, 1e308, 5, 5, -1e300, 5e299}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double first, step;
        assert_int_equal(mn_page_ticks(cases[i].low, cases[i].high, cases[i].most, &first, &step), cases[i].n);
        assert_true(fabs(first - cases[i].first) <= 1e-9 * fabs(cases[i].first));
        assert_true(fabs(step - cases[i].step) <= 1e-9 * cases[i].step);
    }
}

static void test_numbers(void **state) {
    static const struct {
        double value, step;
        const char *text;
    } cases[] = {{0.30000000000000004, 0.1, "0.3"},
                 {1234567, 1, "1,234,567"},
                 {-999, 1, "-999"},
                 {-1000, 1, "-1,000"},
                 {2500000, 5e5, "2.5M"},
                 {0, 5e5, "0"},
                 {-1e-17, 0.1, "0.0"},
                 {1e300, 5e299, "1e+300"},
                 {1200.5, 0.5, "1,200.5"}};
    char text[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(mn_page_number(cases[i].value, cases[i].step, text, sizeof text), cases[i].text);
}

/* All that has a place is within the picture: 760 wide. */
static void assert_inside(const char *figures) {
    int n = 0;
    for (const char *at = figures; (at = strstr(at, " x=\"")); at++, n++) {
        double x = strtod(at + 4, NULL);
        assert_true(x >= 0 && x <= 760);
    }
    assert_true(n > 0);
}

/* Charts of what hostile or empty data may hold. */
static void write_charts(mn_page_t *page) {
    static char name[5000];
    memset(name, 'W', sizeof name - 1);
    const char *groups[] = {name, "<g>", ""};
    double value[] = {75.2, NAN, -1e308}, low[] = {70, 1, -INFINITY}, high[] = {80, 2, 0}, zeros[3] = {0};
    mn_page_bars_t bars[] = {{.name = name, .value = value, .low = low, .high = high},
                             {.name = "\"", .value = zeros, .mark = true}};
    mn_page_draw_bars(page, "bars", "%", 1, true, groups, 2, bars, 2);
    mn_page_draw_bars(page, "dots", "%", 1, false, groups, 3, bars, 2);
    mn_page_draw_bars(page, "none", "%", 1, true, groups, 0, bars, 0);
    double lengths[] = {200, 201, 260, 1e9}, odd[] = {NAN, INFINITY};
    int64_t counts[] = {5000, 4000, 3000, 1};
    mn_page_values_t values[] = {{"a", lengths, counts, 4}, {"b<", odd, NULL, 2}};
    mn_page_draw_histogram(page, "tail", "bases", values, 2);
    mn_page_draw_histogram(page, "nothing", "bases", values, 0);
    double x[] = {1, 2, 3, 1e300}, y[] = {-1e308, NAN, 1e308, 0};
    mn_page_line_t lines[] = {{"l", x, y, 4}, {"empty", x, y, 0}};
    mn_page_draw_lines(page, "lines", "x", "y", lines, 2);
    mn_page_draw_lines(page, "no lines", "x", "y", lines, 0);
}

static void test_charts(void **state) {
    char *text = capture(write_charts);
    assert_well_formed(text);
    const char *figures = strstr(text, "<figure>");
    assert_null(strstr(figures, "nan"));
    assert_null(strstr(figures, "inf"));
    assert_inside(figures);
    assert_holds(text, "75.2 (70.0 to 80.0)</title>");
    assert_holds(text, "1 values beyond 261 are counted in the shares, not drawn.");
    assert_holds(text, "<td class=\"n\">200</td>");
    free(text);
}

/* More than there is room for: what is left out is told, and every share is of all values of its series. */
static void write_many(mn_page_t *page) {
    enum { GROUPS = 150, SERIES = 12 };
    static const char *groups[GROUPS];
    static double value[GROUPS];
    mn_page_bars_t bars[SERIES];
    mn_page_values_t values[SERIES];
    for (int g = 0; g < GROUPS; g++) groups[g] = "g", value[g] = g;
    for (int s = 0; s < SERIES; s++) {
        bars[s] = (mn_page_bars_t){.name = "s", .value = value};
        values[s] = (mn_page_values_t){"s", value, NULL, GROUPS};
    }
    mn_page_draw_bars(page, "many", "n", 0, true, groups, GROUPS, bars, SERIES);
    mn_page_draw_histogram(page, "many", "n", values, SERIES);
}

static void test_many(void **state) {
    char *text = capture(write_many);
    assert_well_formed(text);
    assert_holds(text, "Drawn are the first 100 of 150 groups.");
    assert_holds(text, "Drawn are the first 8 of 12 series.");
    assert_null(strstr(text, "--s8)"));
    assert_holds(text, "<title>0 to 4\ns: 3.33 % (5)");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text),   cmocka_unit_test(test_cut),
                                       cmocka_unit_test(test_ticks),  cmocka_unit_test(test_numbers),
                                       cmocka_unit_test(test_charts), cmocka_unit_test(test_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
