/* test_audit: near pairs against all pairs counted, overlaps against all pairs compared, planted findings found, and
 * what new splits promise. */
#include "genomics/audit.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/base/rng.h"
#include "genomics/composition.h"
#include "genomics/divide.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- sets, as tables */

typedef struct table {
    char path[32];
    FILE *file;
} table_t;

static table_t begin_table(const char *columns) {
    table_t table = {.path = "/tmp/test_audit.XXXXXX"};
    int fd = mkstemp(table.path);
    assert_true(fd >= 0);
    table.file = fdopen(fd, "w");
    assert_non_null(table.file);
    fprintf(table.file, "%s\n", columns);
    return table;
}

static mn_labelled_t *end_table(table_t *table) {
    const mn_labelled_options_t options = {.keep_n = true};
    const char *path = table->path;
    mn_labelled_t *set = NULL;
    mn_err_t err = {0};
    char line[800];
    assert_int_equal(fclose(table->file), 0);
    mn_status_t status = mn_labelled_read(&path, 1, &options, &set, &err);
    unlink(path);
    if (status) fail_msg("%s", mn_err_line(&err, line, sizeof line));
    return set;
}

static void fill_random(char *text, int64_t n, mn_rng_t *rng) {
    for (int64_t i = 0; i < n; i++) text[i] = "ACGT"[mn_rng_below(rng, 4)];
    text[n] = 0;
}

static void turn_text(char *text) {
    static const char from[] = "ACGTN", to[] = "TGCAN";
    int64_t n = (int64_t)strlen(text);
    for (int64_t i = 0; i < (n + 1) / 2; i++) {
        char a = to[strchr(from, text[i]) - from], b = to[strchr(from, text[n - 1 - i]) - from];
        text[i] = b, text[n - 1 - i] = a;
    }
}

/* Families: a sequence, and copies of it with some bases changed, shifted, or turned over. */
static mn_labelled_t *make_families(int64_t families, int64_t copies, const char *columns) {
    enum { LENGTH = 240 };
    char first[LENGTH + 1], copy[LENGTH + 1];
    table_t table = begin_table(columns);
    mn_rng_t rng = mn_rng(7, MN_RNG_TEST, 0, 0);
    for (int64_t f = 0; f < families; f++) {
        fill_random(first, LENGTH, &rng);
        for (int64_t c = 0; c < copies; c++) {
            strcpy(copy, first);
            for (int64_t changed = c % 4 ? mn_rng_below(&rng, 6) : 0; changed > 0; changed--)
                copy[mn_rng_below(&rng, LENGTH)] = "ACGTN"[mn_rng_below(&rng, 5)];
            if (c % 3 == 1) turn_text(copy);
            fprintf(table.file, "%s\t%c\t%s\n", c % 5 ? "train" : "test", (int)('a' + f % 2),
                    copy + (c % 3 == 2 ? 30 + mn_rng_below(&rng, 40) : 0));
        }
    }
    return end_table(&table);
}

/* ---- near pairs */

static int compare_words(const void *a, const void *b) {
    return strcmp(a, b);
}

typedef char word_t[MN_SKETCH_K + 1];

/* The distinct canonical words of a row, in order; returns how many. */
static int64_t list_row_words(const mn_labelled_t *set, int64_t row, word_t **out) {
    int64_t length = mn_labelled_length(set, row), n = 0, distinct = 0;
    word_t *words = calloc((size_t)length, sizeof *words);
    assert_non_null(words);
    for (int64_t i = 0; i + MN_SKETCH_K <= length; i++) {
        word_t given = {0}, turned;
        for (int j = 0; j < MN_SKETCH_K; j++) given[j] = mn_base_letter(mn_labelled_row(set, row)[i + j]);
        if (strchr(given, 'N')) continue;
        strcpy(turned, given);
        turn_text(turned);
        strcpy(words[n++], strcmp(given, turned) < 0 ? given : turned);
    }
    qsort(words, (size_t)n, sizeof *words, compare_words);
    for (int64_t i = 0; i < n; i++)
        if (!i || strcmp(words[i], words[distinct - 1])) memmove(words[distinct++], words[i], sizeof *words);
    *out = words;
    return distinct;
}

static double count_jaccard(word_t *const *words, const int64_t *n, int64_t a, int64_t b) {
    int64_t common = 0;
    for (int64_t i = 0, j = 0; i < n[a] && j < n[b];) {
        int order = strcmp(words[a][i], words[b][j]);
        common += order == 0;
        i += order <= 0, j += order >= 0;
    }
    return n[a] + n[b] ? (double)common / (double)(n[a] + n[b] - common) : 0;
}

static void test_near_pairs(void **state) {
    static const double threshold = 0.5;
    mn_labelled_t *set = make_families(40, 12, "split\tlabel\tsequence");
    mn_distinct_t distinct;
    mn_near_t near[2];
    for (int run = 0; run < 2; run++) { /* the same with one thread and with three */
        mn_par_set_threads(run ? 3 : 1);
        assert_int_equal(mn_distinct_find(set, &distinct, NULL), MN_OK);
        assert_int_equal(mn_near_find(set, &distinct, threshold, &near[run], NULL), MN_OK);
        if (!run) mn_distinct_done(&distinct);
    }
    assert_int_equal(near[0].n, near[1].n);
    assert_memory_equal(near[0].pairs, near[1].pairs, (size_t)near[0].n * sizeof *near[0].pairs);
    word_t **words = calloc((size_t)distinct.n, sizeof *words);
    int64_t *n = calloc((size_t)distinct.n, sizeof *n), at = 0, found = 0;
    assert_true(words && n);
    for (int64_t k = 0; k < distinct.n; k++) n[k] = list_row_words(set, distinct.rows[distinct.begins[k]], &words[k]);
    for (int64_t a = 0; a < distinct.n; a++)
        for (int64_t b = 0; b < a; b++) {
            double jaccard = count_jaccard(words, n, a, b);
            if (jaccard < threshold) continue;
            found++;
            assert_true(at < near[0].n);
            assert_int_equal(near[0].pairs[at].a, a);
            assert_int_equal(near[0].pairs[at].b, b);
            assert_true(near[0].pairs[at++].jaccard == (float)jaccard);
        }
    assert_int_equal(found, near[0].n);
    assert_true(found > 1000);
    for (int64_t k = 0; k < distinct.n; k++) free(words[k]);
    free(words), free(n);
    mn_near_done(&near[0]), mn_near_done(&near[1]);
    mn_distinct_done(&distinct);
    mn_labelled_free(set);
}

/* Far more copies than a word is compared with: not all pairs, but all in one group. */
static void test_crowd(void **state) {
    mn_labelled_t *set = make_families(2, 600, "split\tlabel\tsequence");
    uint8_t *parts = calloc((size_t)set->n, 1);
    mn_divided_t done;
    assert_non_null(parts);
    assert_int_equal(mn_divide_given(set, parts, NULL), MN_OK);
    assert_int_equal(mn_divide_clean(set, 0.3, MN_SPLIT_TEST, parts, &done, NULL), MN_OK);
    assert_in_range(done.groups, 2, 8); /* copies shifted and changed most may stand alone */
    assert_true(done.largest > 550);
    free(parts);
    mn_labelled_free(set);
}

/* ---- new splits */

static void test_clean(void **state) {
    mn_labelled_t *set = make_families(300, 7, "split\tlabel\tsequence");
    uint8_t *parts = calloc((size_t)set->n, 1);
    int64_t before[MN_SPLIT_COUNT][2] = {{0}}, after[MN_SPLIT_COUNT][2] = {{0}}, moved = 0;
    mn_divided_t done;
    assert_non_null(parts);
    assert_int_equal(mn_divide_given(set, parts, NULL), MN_OK);
    for (int64_t i = 0; i < set->n; i++) before[parts[i]][set->labels[i]]++;
    assert_int_equal(mn_divide_clean(set, 0.3, MN_SPLIT_TEST, parts, &done, NULL), MN_OK);
    for (int64_t i = 0; i < set->n; i++) {
        after[parts[i]][set->labels[i]]++;
        moved += parts[i] != set->splits[i];
        if (i % 7) assert_int_equal(parts[i], parts[i - i % 7]); /* a family is in one part */
    }
    assert_int_equal(done.groups, 300);
    assert_int_equal(done.largest, 7);
    assert_int_equal(done.torn, set->n);
    assert_int_equal(done.moved, moved);
    for (int part = MN_SPLIT_TRAIN; part < MN_SPLIT_COUNT; part++)
        for (int c = 0; c < 2; c++) assert_true(llabs(after[part][c] - before[part][c]) < 7);
    free(parts);
    mn_labelled_free(set);
}

static void test_hash(void **state) {
    static const double shares[] = {0.5, 0.2, 0.3};
    mn_labelled_t *set =
        make_families(1500, 2, "split\tlabel\tsequence"); /* the second is turned and changed or equal */
    uint8_t *parts = calloc((size_t)set->n, 1), *again = calloc((size_t)set->n, 1);
    int64_t rows[4] = {0};
    mn_distinct_t distinct;
    assert_true(parts && again);
    mn_divide_hash(set, shares, 3, 0, parts);
    assert_int_equal(mn_distinct_find(set, &distinct, NULL), MN_OK);
    for (int64_t i = 0; i < set->n; i++) {
        rows[parts[i]]++;
        assert_int_equal(parts[i], parts[distinct.rows[distinct.begins[distinct.of[i]]]]);
    }
    assert_true(distinct.n < set->n);
    assert_int_equal(rows[0], 0);
    for (int p = 0; p < 3; p++) assert_in_range(rows[p + 1], (int64_t)(shares[p] * 2800), (int64_t)(shares[p] * 3200));
    memcpy(again, parts, (size_t)set->n);
    mn_divide_hash(set, (const double[]){0.5, 0.5}, 2, 2, again); /* part 2 alone is dealt out again */
    for (int64_t i = 0; i < set->n; i++) assert_true(parts[i] == 2 ? again[i] <= 2 : again[i] == parts[i]);
    mn_distinct_done(&distinct);
    free(parts), free(again);
    mn_labelled_free(set);
}

static void test_contigs(void **state) {
    static const double shares[] = {0.7, 0.1, 0.2};
    table_t table = begin_table("label\tchrom\tstart\tend\tsequence");
    for (int64_t i = 0; i < 3000; i++)
        fprintf(table.file, "%c\tchr%d\t%d\t%d\tACGT\n", (int)('a' + i % 2), (int)(i % 20), (int)i, (int)i + 4);
    mn_labelled_t *set = end_table(&table);
    uint8_t *parts = calloc((size_t)set->n, 1), given[20] = {0};
    int64_t rows[4] = {0};
    assert_non_null(parts);
    given[mn_names_find(&set->contigs, "chr7")] = MN_SPLIT_TEST;
    assert_int_equal(mn_divide_contigs(set, shares, 3, given, parts, NULL), MN_OK);
    for (int64_t i = 0; i < set->n; i++) {
        rows[parts[i]]++;
        assert_int_equal(parts[i], parts[i % 20]);
    }
    assert_int_equal(parts[7], MN_SPLIT_TEST);
    for (int p = 0; p < 3; p++) assert_int_equal(rows[p + 1], (int64_t)(shares[p] * 3000 + 0.5));
    mn_labelled_free(set);
    free(parts);
}

/* Two classes that length and GC tell apart are not told apart any more. */
static void test_match(void **state) {
    table_t table = begin_table("split\tlabel\tsequence");
    mn_rng_t rng = mn_rng(3, MN_RNG_TEST, 1, 0);
    for (int64_t i = 0; i < 6000; i++) {
        char text[64];
        bool b = i % 2;
        int64_t n = 20 + mn_rng_below(&rng, 20) + (b ? mn_rng_below(&rng, 12) : 0);
        for (int64_t j = 0; j < n; j++)
            text[j] = (mn_rng_below(&rng, 100) < (b ? 55 : 45) ? "CG" : "AT")[mn_rng_below(&rng, 2)];
        text[n] = 0;
        fprintf(table.file, "%s\t%c\t%s\n", i % 3 ? "train" : "test", b ? 'b' : 'a', text);
    }
    mn_labelled_t *set = end_table(&table);
    uint8_t *parts = calloc((size_t)set->n, 1);
    int64_t rows[MN_SPLIT_COUNT][2] = {{0}};
    mn_divided_t done;
    mn_audit_t before, after;
    mn_audit_options_t options = {.no_near = true};
    assert_non_null(parts);
    assert_int_equal(mn_audit_run(set, &options, &before, NULL), MN_OK);
    assert_int_equal(mn_divide_given(set, parts, NULL), MN_OK);
    assert_int_equal(mn_divide_match(set, true, true, parts, &done, NULL), MN_OK);
    for (int64_t i = 0; i < set->n; i++) rows[parts[i]][set->labels[i]]++;
    assert_int_equal(rows[MN_SPLIT_NONE][0] + rows[MN_SPLIT_NONE][1], done.dropped);
    for (int part = MN_SPLIT_TRAIN; part < MN_SPLIT_COUNT; part++) assert_int_equal(rows[part][0], rows[part][1]);
    assert_true(rows[MN_SPLIT_TEST][0] > 300);
    options.parts = parts;
    assert_int_equal(mn_audit_run(set, &options, &after, NULL), MN_OK);
    assert_true(mn_audit_find(&before, "length_alone", NULL)->value > 0.6);
    assert_true(mn_audit_find(&before, "composition_alone", NULL)->value > 0.65);
    assert_true(mn_audit_find(&after, "length_alone", NULL)->value < 0.54);
    assert_true(mn_audit_find(&after, "composition_alone", NULL)->value < 0.54);
    mn_audit_done(&before), mn_audit_done(&after);
    free(parts);
    mn_labelled_free(set);
}

/* ---- the audit */

static const mn_finding_t *find(const mn_audit_t *audit, const char *name, const char *scope) {
    const mn_finding_t *finding = mn_audit_find(audit, name, scope);
    if (!finding) fail_msg("no finding %s, %s", name, scope ? scope : "any");
    return finding;
}

static void assert_finding(const mn_audit_t *audit, const char *name, const char *scope, int64_t count, int64_t of) {
    const mn_finding_t *finding = find(audit, name, scope);
    assert_int_equal(finding->count, count);
    assert_int_equal(finding->of, of);
    assert_true(finding->value == (double)count / (double)of);
}

/* 100 random rows of train, 50 of test; in test three are copies, one of them with another label, and one is turned
 * over; in train one is there twice. */
static void test_planted(void **state) {
    table_t table = begin_table("split\tlabel\tid\tsequence");
    mn_rng_t rng = mn_rng(11, MN_RNG_TEST, 0, 0);
    char rows[150][101];
    for (int i = 0; i < 150; i++) fill_random(rows[i], 100, &rng);
    memset(rows[70], 'N', 60);
    strcpy(rows[99], rows[0]);
    for (int i = 0; i < 3; i++) strcpy(rows[100 + i], rows[1 + i]); /* labels of row i: i % 2 */
    strcpy(rows[104], rows[4]);
    turn_text(rows[104]);
    strcpy(rows[106], rows[6]);
    for (int i = 80; i < 100; i++) rows[106][i] = "TGCA"[strcspn("ACGT", (char[]){rows[106][i], 0})];
    for (int i = 0; i < 150; i++)
        fprintf(table.file, "%s\t%d\t%d\t%s\n", i < 100 ? "train" : "test", i % 2, i == 140 ? 3 : i, rows[i]);
    mn_labelled_t *set = end_table(&table);
    mn_audit_t audit;
    assert_int_equal(mn_audit_run(set, NULL, &audit, NULL), MN_OK);
    assert_finding(&audit, "class_balance", "train", 50, 100);
    assert_finding(&audit, "ids", "all", 1, 150);
    assert_finding(&audit, "n_share", "all", 60, 15000);
    assert_finding(&audit, "duplicates", "train", 1, 100);
    assert_finding(&audit, "duplicates", "test", 0, 50);
    assert_finding(&audit, "duplicates_across", "test/train", 4, 50);
    assert_non_null(strstr(find(&audit, "duplicates_across", NULL)->text, "1 of them on the other strand; 4 of 145"));
    assert_finding(&audit, "duplicates_labels", "all", 4, 145); /* 0 and 99; 1, 2, 3 and their copies */
    assert_finding(&audit, "near_0.5", "test/train", 5, 50);
    assert_finding(&audit, "near_0.7", "test/train", 4, 50);
    assert_int_equal(audit.n_near, 50);
    /* Row 106 has 66 of its 86 words in common with row 6. */
    assert_true(audit.nearest[4] == 1 && audit.nearest[6] == (double)(float)(66.0 / 106.0) && audit.nearest[7] == 0);
    assert_finding(&audit, "length_alone", "test", 25, 50);
    assert_null(mn_audit_find(&audit, "overlap_across", NULL));
    mn_audit_done(&audit);
    mn_labelled_free(set);
}

/* Random intervals on three contigs, with and without a third part. */
static void test_overlaps(void **state) {
    enum { ROWS = 400 };
    static const char *const splits[] = {"train", "test", "valid"};
    for (int kinds = 2; kinds <= 3; kinds++) {
        table_t table = begin_table("split\tlabel\tregion\tstart\tend\tstrand\tsequence");
        mn_rng_t rng = mn_rng(5, MN_RNG_TEST, (uint64_t)kinds, 0);
        for (int i = 0; i < ROWS; i++) {
            int start = (int)mn_rng_below(&rng, 4000), n = 1 + (int)mn_rng_below(&rng, i % 50 ? 20 : 300);
            fprintf(table.file, "%s\t%c\tchr%d\t%d\t%d\t+\tACGT\n", splits[mn_rng_below(&rng, kinds)],
                    (int)('a' + mn_rng_below(&rng, 3)), (int)mn_rng_below(&rng, 3), start, start + n);
        }
        mn_labelled_t *set = end_table(&table);
        mn_audit_t audit;
        assert_int_equal(mn_audit_run(set, &(mn_audit_options_t){.no_near = true}, &audit, NULL), MN_OK);
        int64_t across[4] = {0}, tested[4] = {0}, labels = 0;
        for (int i = 0; i < ROWS; i++) {
            bool meets = false, other = false;
            for (int j = 0; j < ROWS; j++) {
                const mn_place_t *a = &set->places[i], *b = &set->places[j];
                if (a->contig != b->contig || a->end <= b->start || b->end <= a->start) continue;
                meets |= set->splits[j] != MN_SPLIT_TEST;
                other |= set->labels[i] != set->labels[j];
            }
            labels += other;
            if (set->splits[i] != MN_SPLIT_TEST) continue;
            across[3] += meets, across[set->labels[i]] += meets;
            tested[3]++, tested[set->labels[i]]++;
        }
        assert_true(across[3] > 20 && across[3] < tested[3]);
        assert_finding(&audit, "overlap_across", "test/train", across[3], tested[3]);
        assert_finding(&audit, "overlap_across", "test/train:b", across[1], tested[1]);
        assert_finding(&audit, "overlap_labels", "all", labels, ROWS);
        mn_audit_done(&audit);
        mn_labelled_free(set);
    }
}

/* Without a test part everything is measured in folds, without classes nothing is classified. */
static void test_bare(void **state) {
    table_t table = begin_table("label\tsequence");
    mn_rng_t rng = mn_rng(2, MN_RNG_TEST, 0, 0);
    for (int i = 0; i < 500; i++) {
        char text[40];
        fill_random(text, 20 + i % 2, &rng); /* the length tells the class */
        fprintf(table.file, "%d\t%s\n", i % 2, text);
    }
    mn_labelled_t *set = end_table(&table);
    mn_audit_t audit;
    assert_int_equal(mn_audit_run(set, NULL, &audit, NULL), MN_OK);
    assert_finding(&audit, "length_alone", "all", 500, 500);
    assert_int_equal(find(&audit, "length_alone", NULL)->level, MN_AUDIT_WARNING);
    assert_int_equal(find(&audit, "composition_alone", NULL)->level, MN_AUDIT_OK);
    assert_null(mn_audit_find(&audit, "lookup_alone", NULL));
    assert_finding(&audit, "near_0.5", "all", 0, 500);
    mn_audit_done(&audit);
    mn_labelled_free(set);
}

/* Frequencies that a line tells apart, a curve, and none; three classes. */
static void test_composition(void **state) {
    static const int gc[] = {20, 50, 80};
    table_t table = begin_table("label\tsequence");
    mn_rng_t rng = mn_rng(4, MN_RNG_TEST, 0, 0);
    int64_t rows[900], right = 0;
    for (int i = 0; i < 900; i++) {
        char text[101];
        for (int j = 0; j < 100; j++)
            text[j] = (mn_rng_below(&rng, 100) < gc[i % 3] ? "CG" : "AT")[mn_rng_below(&rng, 2)];
        text[100] = 0;
        fprintf(table.file, "%d\t%s\n", i % 3, text);
        rows[i] = i;
    }
    mn_labelled_t *set = end_table(&table);
    mn_composition_t model;
    assert_int_equal(mn_composition_train(set, rows, 450, &model, NULL), MN_OK);
    for (int i = 450; i < 900; i++) right += mn_composition_predict(&model, set, i) == set->labels[i];
    assert_true(right > 440);
    mn_composition_done(&model);
    mn_labelled_free(set);
}

static void test_names(void **state) {
    mn_names_t names = {0};
    assert_int_equal(mn_names_find(&names, "x"), -1);
    for (int round = 0; round < 2; round++)
        for (int64_t i = 0; i < 10000; i++) {
            char text[16];
            int64_t number;
            snprintf(text, sizeof text, "%" PRId64, i);
            assert_int_equal(mn_names_add(&names, text, &number, NULL), MN_OK);
            assert_int_equal(number, i);
            assert_string_equal(mn_names_text(&names, number), text);
        }
    assert_int_equal(names.n, 10000);
    assert_int_equal(mn_names_find(&names, "10000"), -1);
    mn_names_done(&names);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_near_pairs),  cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_clean), cmocka_unit_test(test_hash),        cmocka_unit_test(test_contigs),
        cmocka_unit_test(test_match), cmocka_unit_test(test_planted),     cmocka_unit_test(test_overlaps),
        cmocka_unit_test(test_bare),  cmocka_unit_test(test_composition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
