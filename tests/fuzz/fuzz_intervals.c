/* Any bytes as an interval list, as BED and as an annotation. */
#include "genomics/gff.h"
#include "genomics/labelled.h"
#include "tests/fuzz/fuzz.h"

static void read_set(const char *const *inputs, int64_t n) {
    mn_err_t err;
    mn_labelled_t *set;
    const mn_labelled_options_t options = {.intervals = true};
    if (mn_labelled_read(inputs, n, &options, &set, &err)) return;
    for (int64_t i = 0; i < set->n; i++) /* what comes through is what it should be */
        if (set->places[i].start < 0 || set->places[i].start >= set->places[i].end ||
            set->places[i].contig >= set->contigs.n)
            abort();
    mn_labelled_free(set);
}

static void read_genes(const char *path) {
    mn_err_t err;
    mn_gff_t *gff;
    if (mn_gff_read(path, &gff, &err)) return;
    for (int64_t i = 0; i < gff->n; i++)
        if (gff->features[i].start < 0 || gff->features[i].start >= gff->features[i].end ||
            gff->features[i].contig >= gff->contigs.n || gff->features[i].group >= gff->groups.n)
            abort();
    mn_gff_free(gff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *path = mn_fuzz_file(data, size);
    char one[80], two[80];
    snprintf(one, sizeof one, "one=%s", path);
    snprintf(two, sizeof two, "two=%s", path);
    const char *const beds[] = {one, two};
    read_set(&path, 1);
    read_set(beds, 2);
    read_genes(path);
    return 0;
}
