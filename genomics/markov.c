/* markov: counts of words of 13 bases, the shorter ones summed from them; scores in fixed chunks. */
#include "genomics/markov.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include <math.h>

enum { LOW = MN_MARKOV_ORDER_MIN, HIGH = MN_MARKOV_ORDER_MAX, PSEUDOS = 4, CHUNK = 1 << 20, FACTORS = 16 };

static const double pseudo_counts[PSEUDOS] = {1.0 / 16, 1, 4, 16};

static int64_t count_words(int order) {
    return (int64_t)1 << 2 * (order + 1);
}

mn_status_t mn_markov_new(mn_markov_t **out, mn_err_t *err) {
    mn_markov_t *markov;
    mn_status_t status = mn_mem_new((void **)&markov, 1, sizeof *markov, err);
    if (status) return status;
    markov->order = HIGH;
    markov->pseudo = 1;
    for (int order = LOW; !status && order <= HIGH; order++)
        status = mn_mem_new((void **)&markov->counts[order], count_words(order), sizeof(uint32_t), err);
    if (status)
        mn_markov_free(markov);
    else
        *out = markov;
    return status;
}

void mn_markov_free(mn_markov_t *markov) {
    if (!markov) return;
    for (int order = LOW; order <= HIGH; order++) mn_mem_free(markov->counts[order]);
    mn_mem_free(markov);
}

static void add_count(uint32_t *count, uint64_t more) {
    uint64_t sum = *count + more;
    *count = sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}

/* The counts of order o - 1 are those of order o summed over the first base, but for the words at a run's begin. */
static void derive_orders(mn_markov_t *markov) {
    for (int order = HIGH; order > LOW; order--) {
        int64_t words = count_words(order - 1);
        const uint32_t *from = markov->counts[order];
        for (int64_t w = 0; w < words; w++) {
            markov->counts[order - 1][w] = 0;
            for (int64_t base = 0; base < 4; base++) add_count(&markov->counts[order - 1][w], from[base * words + w]);
        }
    }
}

void mn_markov_count(mn_markov_t *markov, const mn_stretch_t *stretches, int64_t n) {
    const uint32_t mask = (uint32_t)count_words(HIGH) - 1;
    for (int64_t s = 0; s < n; s++) {
        uint32_t word = 0, complement = 0; /* the last 13 bases, and their reverse complement */
        int run = 0;
        for (int64_t i = 0; i < stretches[s].n; i++) {
            uint8_t base = stretches[s].bases[i];
            if (base >= MN_BASE_N) {
                run = 0;
                continue;
            }
            word = (word << 2 | base) & mask;
            complement = complement >> 2 | (uint32_t)(3 - base) << 2 * HIGH;
            if (++run <= HIGH) continue;
            run = HIGH;
            add_count(&markov->counts[HIGH][word], 1);
            add_count(&markov->counts[HIGH][complement], 1);
        }
    }
    derive_orders(markov);
}

/* ---- scoring */

typedef struct chunk {
    const mn_stretch_t *stretch;
    int64_t begin, end;
    int64_t scored;
    double bits[PSEUDOS];
} chunk_t;

typedef struct scorer {
    const mn_markov_t *markov;
    int order, n_pseudos;
    const double *pseudos;
    chunk_t *chunks;
} scorer_t;

/* Bits of a chunk under each pseudo-count. Probabilities are multiplied, and a logarithm taken of every 16th product:
 * none is below 2^-38, so no product is below 2^-608. */
static void score_chunk(void *ctx, int64_t at) {
    const scorer_t *scorer = ctx;
    chunk_t *chunk = &scorer->chunks[at];
    const uint8_t *bases = chunk->stretch->bases;
    const uint32_t *counts = scorer->markov->counts[scorer->order];
    const int64_t contexts = count_words(scorer->order) / 4;
    double product[PSEUDOS] = {1, 1, 1, 1};
    int64_t context = 0, factors = 0;
    int run = 0;
    for (int64_t i = chunk->begin < scorer->order ? 0 : chunk->begin - scorer->order; i < chunk->end; i++) {
        uint8_t base = bases[i];
        if (base >= MN_BASE_N) {
            run = 0;
            continue;
        }
        if (i >= chunk->begin) {
            const uint32_t *row = counts + 4 * context;
            double sum = (double)row[0] + row[1] + row[2] + row[3];
            for (int p = 0; p < scorer->n_pseudos; p++)
                product[p] *=
                    run < scorer->order ? 0.25 : (row[base] + scorer->pseudos[p]) / (sum + 4 * scorer->pseudos[p]);
            chunk->scored++;
            if (++factors == FACTORS) {
                for (int p = 0; p < scorer->n_pseudos; p++) chunk->bits[p] -= log2(product[p]), product[p] = 1;
                factors = 0;
            }
        }
        context = (context << 2 | base) & (contexts - 1);
        run += run < scorer->order;
    }
    for (int p = 0; p < scorer->n_pseudos; p++) chunk->bits[p] -= log2(product[p]);
}

/* Mean bits of the stretches at one order under each pseudo-count. */
static mn_status_t score_stretches(const mn_markov_t *markov, int order, const double *pseudos, int n_pseudos,
                                   const mn_stretch_t *stretches, int64_t n, double *bits, int64_t *scored,
                                   mn_err_t *err) {
    int64_t n_chunks = 0, at = 0;
    for (int64_t s = 0; s < n; s++) n_chunks += (stretches[s].n + CHUNK - 1) / CHUNK;
    scorer_t scorer = {.markov = markov, .order = order, .n_pseudos = n_pseudos, .pseudos = pseudos};
    mn_status_t status = mn_mem_new((void **)&scorer.chunks, n_chunks, sizeof *scorer.chunks, err);
    if (status) return status;
    for (int64_t s = 0; s < n; s++)
        for (int64_t i = 0; i < stretches[s].n; i += CHUNK) {
            int64_t end = i + CHUNK < stretches[s].n ? i + CHUNK : stretches[s].n;
            scorer.chunks[at++] = (chunk_t){.stretch = stretches + s, .begin = i, .end = end};
        }
    mn_par_for(n_chunks, score_chunk, &scorer);
    double sums[PSEUDOS] = {0};
    int64_t all = 0;
    for (int64_t c = 0; c < n_chunks; c++) {
        all += scorer.chunks[c].scored;
        for (int p = 0; p < n_pseudos; p++) sums[p] += scorer.chunks[c].bits[p];
    }
    mn_mem_free(scorer.chunks);
    if (!all)
        return mn_err_set(err, MN_INPUT, NULL, "give sequences with bases A, C, G, T", "there is no base to be scored");
    for (int p = 0; p < n_pseudos; p++) bits[p] = sums[p] / (double)all;
    if (scored) *scored = all;
    return MN_OK;
}

mn_status_t mn_markov_choose(mn_markov_t *markov, const mn_stretch_t *stretches, int64_t n, double *bits,
                             mn_err_t *err) {
    double best = INFINITY;
    for (int order = LOW; order <= HIGH; order++) {
        double tried[PSEUDOS] = {0};
        mn_status_t status = score_stretches(markov, order, pseudo_counts, PSEUDOS, stretches, n, tried, NULL, err);
        if (status) return status;
        for (int p = 0; p < PSEUDOS; p++)
            if (tried[p] < best) best = tried[p], markov->order = order, markov->pseudo = pseudo_counts[p];
    }
    *bits = best;
    return MN_OK;
}

mn_status_t mn_markov_bits(const mn_markov_t *markov, const mn_stretch_t *stretches, int64_t n, double *bits,
                           int64_t *scored, mn_err_t *err) {
    return score_stretches(markov, markov->order, &markov->pseudo, 1, stretches, n, bits, scored, err);
}
