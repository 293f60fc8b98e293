/* gapped: words of every length from 5 to 7, and of 6 or 7 bases with gaps. */
#include "genomics/base/gapped.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* 1: a base of the word, 0: any. By validation: benchmarks/README.md, The recipe. */
static const char *const patterns[MN_GAPPED_PATTERNS] = {"11111",    "111111",     "1111111",    "11101011",
                                                         "11100111", "1110000111", "1101100111", "11100000000111"};
enum { WEIGHT_MAX = 7 };

/* At this scale AdamW's steps find in some hundred steps what a solver of logistic regression finds. */
static const double SCALE = 10;

typedef struct pattern {
    int64_t span, weight, first; /* bases from the first to the last; of the word; its first row */
    int64_t back[WEIGHT_MAX];    /* how far before the last base each one stands */
} pattern_t;

static int64_t make_patterns(pattern_t out[MN_GAPPED_PATTERNS]) {
    int64_t rows = 0;
    for (int i = 0; i < MN_GAPPED_PATTERNS; i++) {
        pattern_t *p = &out[i];
        *p = (pattern_t){.span = (int64_t)strlen(patterns[i]), .first = rows};
        for (int64_t j = 0; j < p->span; j++)
            if (patterns[i][j] == '1') {
                assert(p->weight < WEIGHT_MAX);
                p->back[p->weight++] = p->span - 1 - j;
            }
        rows += INT64_C(1) << 2 * p->weight;
    }
    return rows;
}

int64_t mn_gapped_rows(void) {
    pattern_t made[MN_GAPPED_PATTERNS];
    return make_patterns(made);
}

void mn_gapped_count(const int32_t *ids, int64_t length, mn_gapped_t *out) {
    pattern_t made[MN_GAPPED_PATTERNS];
    int32_t *const counts = out->counts;
    memset(counts, 0, (size_t)make_patterns(made) * sizeof *counts);
    out->n = 0;
    for (int64_t t = 0, bases = 0; t < length; t++) {
        bases = ids[t] >= 0 && ids[t] < 4 ? bases + 1 : 0;
        for (const pattern_t *p = made; p < made + MN_GAPPED_PATTERNS; p++) {
            if (bases < p->span) continue;
            int64_t word = 0;
            for (int64_t j = 0; j < p->weight; j++) word = word << 2 | ids[t - p->back[j]];
            int32_t *count = &counts[p->first + word];
            if (!*count) out->words[out->n++] = (int32_t)(p->first + word);
            *count += *count < INT32_MAX;
        }
    }
    double sum = 0;
    for (int64_t i = 0; i < out->n; i++) sum += pow(log1p(counts[out->words[i]]), 2);
    for (int64_t i = 0; i < out->n; i++) out->x[i] = (float)(SCALE * log1p(counts[out->words[i]]) / sqrt(sum));
}
