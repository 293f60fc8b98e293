/* bits: see bits.h. */
#include "pipelines/bits.h"
#include "genomics/base/mem.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

bool mn_bits_add(mn_bits_t *sum, const mn_bits_t *more) {
    sum->bases = mn_mem_add(sum->bases, more->bases);
    sum->scored = mn_mem_add(sum->scored, more->scored);
    sum->millionths = mn_mem_add(sum->millionths, more->millionths);
    return sum->bases >= 0 && sum->scored >= 0 && sum->millionths >= 0;
}

double mn_bits_per_base(const mn_bits_t *bits) {
    return (double)bits->millionths / 1e6 / (double)bits->scored;
}

void mn_bits_write(FILE *out, const char *name, const mn_bits_t *bits) {
    fprintf(out, "%s\t%" PRId64 "\t%" PRId64 "\t%" PRId64 ".%06" PRId64, name, bits->bases, bits->scored,
            bits->millionths / 1000000, bits->millionths % 1000000);
    if (bits->scored)
        fprintf(out, "\t%.6f\t%.6f\n", mn_bits_per_base(bits), exp2(mn_bits_per_base(bits)));
    else
        fputs("\tNA\tNA\n", out);
}

bool mn_bits_parse(const char *row, mn_bits_t *out) {
    const char *at = strchr(row, '\t');
    int64_t whole, part;
    int before, after;
    if (!at || sscanf(at, "%18" SCNd64 "%18" SCNd64 "%12" SCNd64 ".%n%6" SCNd64 "%n", &out->bases, &out->scored, &whole,
                      &before, &part, &after) != 4)
        return false;
    out->millionths = whole * 1000000 + part;
    return after - before == 6 && out->bases >= 0 && out->scored >= 0 && whole >= 0 && part >= 0;
}
