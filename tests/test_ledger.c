/* test_ledger: keys and lines of a benchmark, what becomes of damaged files, means over seeds, and which sets papers'
 * figures stand beside. */
#include "benchmarks/genomic_summary.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64]; /* of this test's files */

static const char *in_folder(const char *name) {
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A line whose numbers are all known. */
static mn_entry_t make_line(const char *split, int kind, const char *start, int64_t seed) {
    mn_entry_t line = {.digest = "00000000000000aa",
                       .set = "set",
                       .official = "",
                       .split = split,
                       .kind = kind,
                       .start = start,
                       .seed = seed,
                       .classes = 2,
                       .train = 80,
                       .valid = 10,
                       .test = 10,
                       .shared = 1,
                       .parameters = 1000,
                       .tokens = 5000,
                       .epochs = 2.5,
                       .minutes = 0.5,
                       .valid_mcc = 0.25,
                       .accuracy = {0.5, 0.25, 0.75},
                       .mcc = {0.125, -0.5, 0.625},
                       .note = "",
                       .settings = "--epochs 2"};
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)seed);
    mn_ledger_key(line.key, (const char *const[]){split, mn_entry_kinds[kind], start, number, NULL});
    return line;
}

static void test_keys(void **state) {
    char a[MN_LEDGER_KEY], b[MN_LEDGER_KEY];
    mn_ledger_key(a, (const char *const[]){"set", "official", "1", NULL});
    mn_ledger_key(b, (const char *const[]){"set", "official", "1", NULL});
    assert_string_equal(a, b);
    assert_int_equal(strspn(a, "0123456789abcdef"), MN_LEDGER_KEY - 1);
    static const char *const others[][4] = {
        {"set", "official", "2"}, {"set", "clean", "1"}, {"seto", "fficial", "1"}, {"set", "official1", ""}};
    for (int i = 0; i < 4; i++) {
        mn_ledger_key(b, others[i]);
        assert_string_not_equal(a, b);
    }
}

static void test_lines(void **state) {
    const char *path = in_folder("lines.tsv");
    mn_ledger_t ledger;
    assert_int_equal(mn_ledger_open(path, &ledger, NULL), MN_OK);
    assert_int_equal(ledger.n, 0);
    mn_entry_t known = make_line("official", MN_ENTRY_SCRATCH, "tiny", 7), unknown = known;
    known.note = " a\ttab, a \"quote\"\nand a line end ";
    memcpy(unknown.key, "0123456789abcdef", MN_LEDGER_KEY);
    unknown.test = unknown.tokens = -1;
    unknown.minutes = unknown.mcc.low = NAN;
    assert_int_equal(mn_ledger_add(&ledger, &known, NULL), MN_OK);
    assert_int_equal(mn_ledger_add(&ledger, &unknown, NULL), MN_OK);
    mn_ledger_close(&ledger);
    char command[512]; /* a line that is there twice counts once */
    snprintf(command, sizeof command, "tail -n 1 %s >>%s", path, path);
    assert_int_equal(system(command), 0);

    assert_int_equal(mn_ledger_open(path, &ledger, NULL), MN_OK);
    assert_int_equal(ledger.n, 2);
    const mn_entry_t *line = mn_ledger_find(&ledger, known.key);
    assert_non_null(line);
    assert_string_equal(line->note, "a tab, a 'quote' and a line end");
    assert_string_equal(line->start, "tiny");
    assert_int_equal(line->kind, MN_ENTRY_SCRATCH);
    assert_int_equal(line->seed, 7);
    assert_int_equal(line->tokens, 5000);
    assert_true(line->epochs == 2.5 && line->mcc.low == -0.5 && line->mcc.high == 0.625);
    line = mn_ledger_find(&ledger, "0123456789abcdef");
    assert_non_null(line);
    assert_true(line->test == -1 && line->tokens == -1 && isnan(line->minutes) && isnan(line->mcc.low));
    assert_null(mn_ledger_find(&ledger, "0123456789abcdee"));
    mn_ledger_close(&ledger);
}

static void test_refusals(void **state) {
    static const char *const broken[][2] = {{"not hexadecimal", "s/^[0-9a-f]\\{16\\}/xyz/"},
                                            {"no kind", "s/scratch/skratch/"},
                                            {"no number", "s/5000/5e3x/"}};
    mn_ledger_t ledger;
    mn_err_t err;
    mn_entry_t line = make_line("official", MN_ENTRY_SCRATCH, "tiny", 7);
    assert_int_equal(mn_ledger_open(in_folder("good.tsv"), &ledger, NULL), MN_OK);
    assert_int_equal(mn_ledger_add(&ledger, &line, NULL), MN_OK);
    mn_ledger_close(&ledger);
    for (int i = 0; i < 3; i++) {
        char command[512];
        snprintf(command, sizeof command, "sed '3%s' %s/good.tsv >%s/bad.tsv", broken[i][1], folder, folder);
        assert_int_equal(system(command), 0);
        assert_int_equal(mn_ledger_open(in_folder("bad.tsv"), &ledger, &err), MN_INPUT);
        assert_non_null(strstr(err.where, "bad.tsv:3"));
    }
    /* what cannot be written is not in the list either */
    assert_int_equal(mn_ledger_open(in_folder("none/x.tsv"), &ledger, NULL), MN_OK);
    assert_int_equal(mn_ledger_add(&ledger, &line, &err), MN_IO);
    assert_int_equal(ledger.n, 0);
    mn_ledger_close(&ledger);
}

static void test_means(void **state) {
    mn_mean_t mean = {0};
    assert_true(isnan(mn_mean_value(&mean)) && isnan(mn_mean_spread(&mean)));
    mn_mean_add(&mean, 2);
    mn_mean_add(&mean, NAN);
    assert_true(mn_mean_value(&mean) == 2 && isnan(mn_mean_spread(&mean)));
    mn_mean_add(&mean, 4);
    mn_mean_add(&mean, 9);
    assert_true(fabs(mn_mean_value(&mean) - 5) < 1e-12);
    assert_true(fabs(mn_mean_spread(&mean) - sqrt(13)) < 1e-12); /* (9 + 1 + 16) / 2 */
}

static void add(mn_ledger_t *ledger, mn_entry_t line, double valid, double accuracy) {
    line.valid_mcc = valid;
    line.accuracy.value = accuracy;
    assert_int_equal(mn_ledger_add(ledger, &line, NULL), MN_OK);
}

/* Seeds come together, splits stand beside each other, and validation, not test, chooses. */
static void test_summary(void **state) {
    mn_ledger_t ledger;
    mn_summary_t summary;
    assert_int_equal(mn_ledger_open(in_folder("summary.tsv"), &ledger, NULL), MN_OK);
    mn_entry_t finding = make_line("official", MN_ENTRY_FINDING, "a name", -1), warning = finding;
    finding.note = "note: one";
    warning.note = "warning: two";
    warning.key[0] = 'f';
    mn_entry_t other = make_line("official", MN_ENTRY_SCRATCH, "tiny", 3);
    other.settings = "--epochs 3";
    other.note = "a; b";
    mn_entry_t skipped = make_line("", MN_ENTRY_SKIPPED, "", -1);
    skipped.set = "single";
    skipped.note = "one class";
    add(&ledger, make_line("official", MN_ENTRY_SCRATCH, "tiny", 1), 0.5, 0.6);
    add(&ledger, finding, NAN, NAN);
    add(&ledger, warning, NAN, NAN);
    add(&ledger, make_line("official", MN_ENTRY_BASELINE, "kmer", -1), NAN, 0.7);
    add(&ledger, make_line("official", MN_ENTRY_SCRATCH, "tiny", 2), 0.7, 0.8);
    add(&ledger, other, 0.5, 0.9);
    add(&ledger, make_line("official", MN_ENTRY_BASELINE, "length", -1), NAN, 0.56);
    add(&ledger, make_line("clean", MN_ENTRY_SCRATCH, "tiny", 1), 0.4, 0.5);
    add(&ledger, skipped, NAN, NAN);

    assert_int_equal(mn_summary_make(&ledger, &summary, NULL), MN_OK);
    assert_int_equal(summary.n, 2);
    const mn_set_summary_t *set = &summary.sets[0];
    assert_int_equal(set->n_splits, 2);
    assert_int_equal(set->n_ways, 4);
    static const char *const order[] = {"kmer", "length", "tiny", "tiny"};
    for (int w = 0; w < 4; w++) assert_string_equal(set->ways[w].first->start, order[w]);
    const mn_way_t *tiny = &set->ways[2];
    assert_int_equal(tiny->on[0].n, 2);
    assert_int_equal(tiny->on[1].n, 1);
    assert_true(fabs(mn_mean_value(&tiny->on[0].accuracy.value) - 0.7) < 1e-12);
    assert_true(fabs(mn_mean_value(&tiny->on[1].accuracy.value) - 0.5) < 1e-12);
    assert_int_equal(set->ways[3].on[1].n, 0);
    assert_ptr_equal(mn_summary_chosen(set, 0), tiny); /* 0.6 on validation against 0.5, 0.7 on test against 0.9 */
    assert_ptr_equal(mn_summary_best_baseline(set, 0), &set->ways[0]);
    assert_null(mn_summary_best_baseline(set, 1));
    assert_true(fabs(mn_summary_share(set, tiny, 0) - 1) < 1e-12);
    assert_null(mn_summary_baseline(set, "kmer", 1));
    assert_null(mn_summary_published(set, 0));

    mn_json_t *findings = mn_summary_findings(&summary, set->splits[0]),
              *notes = mn_summary_notes(&summary, set->splits[0]);
    assert_int_equal(mn_json_count(findings), 2);
    assert_string_equal(mn_json_get_string(mn_json_at(findings, 0), "text"), "two");
    assert_string_equal(mn_json_get_string(mn_json_at(findings, 1), "level"), "note");
    assert_int_equal(mn_json_count(notes), 2);
    assert_string_equal(mn_json_string(mn_json_at(notes, 1)), "b");
    mn_json_free(findings);
    mn_json_free(notes);
    assert_int_equal(summary.sets[1].n_ways, 0);
    assert_null(mn_summary_chosen(&summary.sets[1], 0));
    mn_summary_done(&summary);
    mn_ledger_close(&ledger);
}

/* Ways that begin alike are told apart by their settings. */
static void test_labels(void **state) {
    static const char *const settings[] = {"--epochs 2 --lr 0.1", "--epochs 20 --lr 0.1", "--epochs 2 --lr 0.1 --rc",
                                           "--lr 0.1"};
    static const char *const labels[] = {"tiny", "tiny --epochs 20", "tiny --rc", "tiny without --epochs 2"};
    mn_ledger_t ledger;
    mn_summary_t summary;
    char label[64];
    assert_int_equal(mn_ledger_open(in_folder("labels.tsv"), &ledger, NULL), MN_OK);
    for (int i = 0; i < 4; i++) {
        mn_entry_t line = make_line("official", MN_ENTRY_SCRATCH, "tiny", i);
        line.settings = settings[i];
        assert_int_equal(mn_ledger_add(&ledger, &line, NULL), MN_OK);
    }
    assert_int_equal(mn_summary_make(&ledger, &summary, NULL), MN_OK);
    assert_int_equal(summary.sets[0].n_ways, 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(mn_summary_label(summary.sets, &summary.sets[0].ways[i], label, sizeof label), labels[i]);
    assert_string_equal(mn_summary_label(summary.sets, &summary.sets[0].ways[1], label, 9), "tiny --e");
    mn_summary_done(&summary);
    mn_ledger_close(&ledger);
}

/* By counts, and where these are alike by length or class; a part of such a set is none. */
static void test_published(void **state) {
    char *digits[] = {"0", "1"}, *coding[] = {"coding_seqs", "intergenomic_seqs"}, *worm[] = {"human", "worm"};
    mn_labelled_t set = {.n = 6130, .classes = digits, .n_classes = 2, .longest = 70, .per_split = {0, 4904, 613, 613}};
    assert_string_equal(mn_published_find(&set)->name, "GUE prom_core_tata");
    assert_true(mn_published_find(&set)->mcc);
    set.longest = 300;
    assert_string_equal(mn_published_find(&set)->name, "GUE prom_300_tata");
    set.longest = 71;
    assert_null(mn_published_find(&set));
    set = (mn_labelled_t){.n = 100000, .n_classes = 2, .longest = 200, .per_split = {0, 75000, 0, 25000}};
    set.classes = digits;
    assert_null(mn_published_find(&set));
    set.classes = coding;
    assert_string_equal(mn_published_find(&set)->name, "demo_coding_vs_intergenomic_seqs");
    set.classes = worm;
    assert_string_equal(mn_published_find(&set)->name, "demo_human_or_worm");
    assert_ptr_equal(mn_published_named("demo_human_or_worm"), mn_published_find(&set));
    set.per_split[MN_SPLIT_TEST]--;
    set.n--;
    assert_null(mn_published_find(&set));
    assert_null(mn_published_named(""));
}

static int set_up(void **state) {
    strcpy(folder, "/tmp/test_ledger.XXXXXX");
    return mkdtemp(folder) ? 0 : 1;
}

static int tear_down(void **state) {
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) ? 1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),      cmocka_unit_test(test_lines),   cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_means),     cmocka_unit_test(test_summary), cmocka_unit_test(test_labels),
        cmocka_unit_test(test_published),
    };
    return cmocka_run_group_tests_name("ledger", tests, set_up, tear_down);
}
