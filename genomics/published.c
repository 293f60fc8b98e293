/* published: the table of sets and figures.
 *
 * GenomicBenchmarks (Gresova et al. 2023): counts (its table 1) are those of the official interval lists. Accuracies:
 * Titans, the neural memory alone, and HyenaDNA as in Behrouz et al. 2025, arXiv:2501.00663, DNA modelling; HyenaDNA's
 * (Nguyen et al. 2023) were picked on the test set. "best small model": the best published of up to some millions of
 * parameters otherwise. GUE (Zhou et al. 2023, arXiv:2306.15006): MCC of DNABERT-2 with 117 M parameters. iEnhancer-2L
 * (Liu et al. 2016): the range that papers report of the independent test. */
#include "genomics/published.h"
#include <string.h>

#define TITANS "Titans (neural memory)"
#define SMALL "best small model"
#define DNABERT "DNABERT-2 (117 M)"

static const mn_published_t sets[] = {
    {"human_enhancers_cohn", 20843, 0, 6948, 0, NULL, false, {{TITANS, 0.752}, {"HyenaDNA", 0.742}, {SMALL, 0.747}}},
    {"human_enhancers_ensembl",
     123872,
     0,
     30970,
     0,
     NULL,
     false,
     {{TITANS, 0.896}, {"HyenaDNA", 0.892}, {SMALL, 0.907}}},
    {"human_ensembl_regulatory", 231348, 0, 57713, 0, NULL, false, {{TITANS, 0.893}, {"HyenaDNA", 0.938}}},
    {"human_nontata_promoters", 27097, 0, 9034, 0, NULL, false, {{TITANS, 0.966}, {"HyenaDNA", 0.966}}},
    {"human_ocr_ensembl", 139804, 0, 34952, 0, NULL, false, {{TITANS, 0.799}, {"HyenaDNA", 0.809}, {SMALL, 0.828}}},
    {"dummy_mouse_enhancers_ensembl", 968, 0, 242, 0, NULL, false, {{SMALL, 0.851}}},
    {"demo_coding_vs_intergenomic_seqs", 75000, 0, 25000, 0, "coding_seqs", false, {{SMALL, 0.943}}},
    {"demo_human_or_worm", 75000, 0, 25000, 0, "worm", false, {{SMALL, 0.973}}},
    {"drosophila_enhancers_stark", 5184, 0, 1730, 0, NULL, false, {{0}}},
    {"GUE tf_0", 32378, 1000, 1000, 101, NULL, true, {{DNABERT, 0.7199}}},
    {"GUE tf_2", 19000, 1000, 1000, 101, NULL, true, {{DNABERT, 0.6652}}},
    {"GUE prom_core_notata", 42452, 5307, 5307, 70, NULL, true, {{DNABERT, 0.6804}}},
    {"GUE prom_core_tata", 4904, 613, 613, 70, NULL, true, {{DNABERT, 0.7417}}},
    {"GUE prom_300_tata", 4904, 613, 613, 300, NULL, true, {{0}}},
    {"GUE mouse_0", 6478, 810, 810, 101, NULL, true, {{0}}},
    {"iEnhancer-2L layer 1", 2968, 0, 400, 200, NULL, false, {{"lowest in papers", 0.73}, {"highest", 0.83}}},
};
enum { SETS = sizeof sets / sizeof *sets };

static bool has_class(const mn_labelled_t *set, const char *name) {
    for (int64_t c = 0; c < set->n_classes; c++)
        if (!strcmp(set->classes[c], name)) return true;
    return false;
}

const mn_published_t *mn_published_find(const mn_labelled_t *set) {
    for (int i = 0; i < SETS; i++)
        if (set->per_split[MN_SPLIT_TRAIN] == sets[i].train && set->per_split[MN_SPLIT_VALID] == sets[i].valid &&
            set->per_split[MN_SPLIT_TEST] == sets[i].test && set->n == sets[i].train + sets[i].valid + sets[i].test &&
            (!sets[i].longest || set->longest == sets[i].longest) &&
            (!sets[i].class_name || has_class(set, sets[i].class_name)))
            return &sets[i];
    return NULL;
}

const mn_published_t *mn_published_named(const char *name) {
    for (int i = 0; i < SETS; i++)
        if (!strcmp(sets[i].name, name)) return &sets[i];
    return NULL;
}
