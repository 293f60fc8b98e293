/* The first line as a region, the rest as BED, of a file with three contigs. What comes through lies on one. */
#include "genomics/region.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

static const char *const names[] = {"chr1", "HLA:A*01:01", "a"};
static const int64_t lengths[] = {1000, 20, 1};
enum { CONTIGS = 3 };

static int64_t find(void *ctx, const char *name) {
    (void)ctx;
    for (int64_t i = 0; i < CONTIGS; i++)
        if (!strcmp(names[i], name)) return i;
    return -1;
}
static const char *name_of(void *ctx, int64_t index) {
    (void)ctx;
    return names[index];
}
static int64_t length_of(void *ctx, int64_t index) {
    (void)ctx;
    return lengths[index];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const mn_contigs_t contigs = {.path = "fuzz", .n = CONTIGS, .find = find, .name = name_of, .length = length_of};
    const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
    const size_t length = line ? (size_t)(line - data) : size;
    mn_regions_t regions = {0};
    mn_err_t err;
    char *text = malloc(length + 1);
    if (!text) abort();
    if (length) memcpy(text, data, length);
    text[length] = 0;
    mn_regions_add(&regions, text, &contigs, &err);
    if (line) mn_regions_add_bed(&regions, mn_fuzz_file(line + 1, size - length - 1), &contigs, &err);
    for (int64_t i = 0; i < regions.n; i++) {
        const mn_region_t *r = &regions.items[i];
        if (r->contig < 0 || r->contig >= CONTIGS || r->start < 0 || r->start >= r->end || r->end > lengths[r->contig])
            abort();
    }
    mn_regions_done(&regions);
    free(text);
    return 0;
}
