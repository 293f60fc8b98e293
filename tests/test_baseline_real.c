/* test_baseline_real: the figures that baselines are known to reach on real data (../shared/data, skipped where it is
 * not here): test MCC of k-mer logistic regression on three GUE sets, and bits per base of chr21 by chr20's Markov
 * model. */
#include "genomics/base/mem.h"
#include "genomics/input.h"
#include "genomics/markov.h"
#include "pipelines/baselines.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void skip_without(const char *path) {
    if (!access(path, R_OK)) return;
    print_message("%s is not here: skipped\n", path);
    skip();
}

static void test_gue(void **state) {
    static const struct known {
        const char *path;
        double mcc;
    } sets[] = {{"../shared/data/labelled/GUE_prom_prom_core_tata.tsv.gz", 0.50},
                {"../shared/data/labelled/GUE_tf_2.tsv.gz", 0.62},
                {"../shared/data/labelled/GUE_tf_0.tsv.gz", 0.62}};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        skip_without(sets[i].path);
        mn_labelled_t *set;
        mn_baselines_t result;
        mn_err_t err;
        mn_baselines_options_t options = {.resamples = MN_BOOTSTRAP_RESAMPLES};
        assert_int_equal(mn_labelled_read(&sets[i].path, 1, NULL, &set, &err), MN_OK);
        assert_int_equal(mn_baselines_run(set, &options, &result, &err), MN_OK);
        const mn_metric_t *mcc = &result.metrics[MN_BASELINE_KMER].metric[MN_METRIC_mcc];
        print_message("%s: MCC %.4f (%.4f to %.4f)\n", sets[i].path, mcc->value, mcc->low, mcc->high);
        assert_true(fabs(mcc->value - sets[i].mcc) < 0.02);
        assert_true(mcc->low < mcc->value && mcc->value < mcc->high);
        mn_baselines_done(&result);
        mn_labelled_free(set);
    }
}

static void test_chr21(void **state) {
    const char *paths[] = {"../shared/data/genomes/human_GRCh37_chr20.fa.gz",
                           "../shared/data/genomes/human_GRCh37_chr21.fa.gz"};
    mn_stretch_t stretches[2];
    mn_sequences_t *genomes[2];
    mn_markov_t *markov;
    mn_err_t err;
    double bits;
    for (int i = 0; i < 2; i++) {
        skip_without(paths[i]);
        assert_int_equal(mn_sequences_load(&paths[i], 1, NULL, &genomes[i], &err), MN_OK);
        stretches[i] = (mn_stretch_t){genomes[i]->bases, genomes[i]->size};
    }
    assert_int_equal(mn_markov_new(&markov, &err), MN_OK);
    mn_markov_count(markov, &stretches[0], 1);
    assert_int_equal(mn_markov_choose(markov, &stretches[1], 1, &bits, &err), MN_OK);
    assert_int_equal(markov->order, 11);
    assert_true(fabs(bits - 1.799) < 0.0005);
    mn_markov_free(markov);
    for (int i = 0; i < 2; i++) mn_sequences_free(genomes[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gue), cmocka_unit_test(test_chr21)};
    return cmocka_run_group_tests_name("baseline_real", tests, NULL, NULL);
}
