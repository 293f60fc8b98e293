/* test_subset: groups by a column, rows as a set of their own, capped sets that keep proportions and do not depend on
 * the order of rows, digests. */
#include "genomics/base/mem.h"
#include "genomics/base/rng.h"
#include "genomics/subset.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS = 1000, BASES = 30 };

/* A table of ROWS random rows, written in the order that `seed` gives; classes a, b, c, one row in 2, 3 and 6. */
static mn_labelled_t *read_set(uint64_t seed) {
    char path[] = "/tmp/test_subset.XXXXXX";
    int64_t order[ROWS];
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    assert_non_null(file);
    mn_rng_permute(mn_rng(seed, MN_RNG_TEST, 0, 0), order, ROWS);
    fprintf(file, "id\tlabel\tsplit\tsite\tsequence\n");
    for (int64_t i = 0; i < ROWS; i++) {
        int64_t row = order[i];
        mn_rng_t rng = mn_rng(1, MN_RNG_TEST, 1, (uint64_t)row);
        char text[BASES + 1] = "";
        for (int b = 0; b < BASES; b++) text[b] = "ACGT"[mn_rng_below(&rng, 4)];
        fprintf(file, "row%lld\t%s\t%s\t%s\t%s\n", (long long)row,
                row % 2   ? "a"
                : row % 6 ? "b"
                          : "c",
                row % 5 ? "train" : "test", row % 10 < 7 ? "donor" : "acceptor", text);
    }
    assert_int_equal(fclose(file), 0);
    const char *input = path;
    const mn_labelled_options_t options = {.by = "site"};
    mn_labelled_t *set;
    assert_int_equal(mn_labelled_read(&input, 1, &options, &set, NULL), MN_OK);
    unlink(path);
    return set;
}

static void test_groups(void **state) {
    mn_labelled_t *set = read_set(1);
    assert_int_equal(set->group_names.n, 2);
    for (int64_t i = 0; i < set->n; i++) {
        int row = atoi(mn_labelled_name(set, i) + 3);
        assert_string_equal(mn_names_text(&set->group_names, set->groups[i]), row % 10 < 7 ? "donor" : "acceptor");
    }
    mn_labelled_free(set);
}

static mn_labelled_t *read_text(const char *text, const mn_labelled_options_t *options, mn_status_t expected) {
    char path[] = "/tmp/test_subset.XXXXXX";
    int fd = mkstemp(path);
    const char *input = path;
    mn_labelled_t *set = NULL;
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && !close(fd));
    assert_int_equal(mn_labelled_read(&input, 1, options, &set, NULL), expected);
    unlink(path);
    return set;
}

static void test_options(void **state) {
    static const char one[] = "label\tsequence\na\tACGT\na\tACGG\n";
    read_text(one, &(mn_labelled_options_t){0}, MN_INPUT);
    mn_labelled_t *set = read_text(one, &(mn_labelled_options_t){.single = true}, MN_OK);
    assert_int_equal(set->n_classes, 1);
    mn_labelled_free(set);
    read_text(one, &(mn_labelled_options_t){.single = true, .by = "site"}, MN_INPUT); /* no such column */
}

static void test_take(void **state) {
    mn_labelled_t *set = read_set(1), *subset;
    int64_t rows[ROWS], n = 0;
    for (int64_t i = 0; i < set->n; i++) /* all but class a */
        if (set->labels[i]) rows[n++] = i;
    assert_int_equal(mn_subset_take(set, rows, n, &subset, NULL), MN_OK);
    assert_int_equal(subset->n, n);
    assert_int_equal(subset->n_classes, 2);
    assert_string_equal(subset->classes[0], "b");
    assert_int_equal(subset->per_split[MN_SPLIT_TRAIN] + subset->per_split[MN_SPLIT_TEST], n);
    for (int64_t i = 0; i < n; i++) {
        assert_string_equal(mn_labelled_name(subset, i), mn_labelled_name(set, rows[i]));
        assert_string_equal(subset->classes[subset->labels[i]], set->classes[set->labels[rows[i]]]);
        assert_int_equal(subset->splits[i], set->splits[rows[i]]);
        assert_int_equal(mn_labelled_length(subset, i), BASES);
        assert_memory_equal(mn_labelled_row(subset, i), mn_labelled_row(set, rows[i]), BASES);
    }
    mn_labelled_free(subset);
    mn_labelled_free(set);
}

static int64_t list_all(const mn_labelled_t *set, int64_t *rows) {
    for (int64_t i = 0; i < set->n; i++) rows[i] = i;
    return set->n;
}

static void test_cap(void **state) {
    enum { MOST = 120 };
    mn_labelled_t *sets[2] = {read_set(1), read_set(2)};
    bool kept[2][ROWS] = {{false}};
    for (int s = 0; s < 2; s++) {
        const mn_labelled_t *set = sets[s];
        int64_t rows[ROWS], n = list_all(set, rows), counts[MN_SPLIT_COUNT][3] = {{0}},
                            whole[MN_SPLIT_COUNT][3] = {{0}};
        assert_int_equal(mn_subset_cap(set, ROWS, rows, &n, NULL), MN_OK);
        assert_int_equal(n, ROWS);
        assert_int_equal(mn_subset_cap(set, MOST, rows, &n, NULL), MN_OK);
        assert_int_equal(n, MOST);
        for (int64_t i = 0; i < set->n; i++) whole[set->splits[i]][set->labels[i]]++;
        for (int64_t i = 0; i < n; i++) {
            assert_true(!i || rows[i] > rows[i - 1]);
            counts[set->splits[rows[i]]][set->labels[rows[i]]]++;
            kept[s][atoi(mn_labelled_name(set, rows[i]) + 3)] = true;
        }
        for (int p = 0; p < MN_SPLIT_COUNT; p++)
            for (int c = 0; c < 3; c++)
                assert_in_range(counts[p][c] * ROWS + ROWS, whole[p][c] * MOST, whole[p][c] * MOST + 2 * ROWS);
    }
    assert_memory_equal(kept[0], kept[1], sizeof kept[0]); /* the order of rows decides nothing */
    for (int s = 0; s < 2; s++) mn_labelled_free(sets[s]);
}

static void test_digest(void **state) {
    mn_labelled_t *set = read_set(1), *same = read_set(1), *other = read_set(2);
    const uint64_t digest = mn_subset_digest(set);
    assert_true(digest == mn_subset_digest(same));
    assert_true(digest != mn_subset_digest(other));
    same->splits[5] ^= 1;
    assert_true(digest != mn_subset_digest(same));
    same->splits[5] ^= 1;
    same->labels[7] = (same->labels[7] + 1) % 3;
    assert_true(digest != mn_subset_digest(same));
    mn_labelled_free(set);
    mn_labelled_free(same);
    mn_labelled_free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups), cmocka_unit_test(test_options), cmocka_unit_test(test_take),
        cmocka_unit_test(test_cap),    cmocka_unit_test(test_digest),
    };
    return cmocka_run_group_tests_name("subset", tests, NULL, NULL);
}
