/* rng: splitmix64 (Steele, Lea, Flood 2014) started at a mix of the key. */
#include "genomics/base/rng.h"
#include <math.h>

static const uint64_t GOLDEN = 0x9e3779b97f4a7c15u;

static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

mn_rng_t mn_rng(uint64_t seed, mn_rng_purpose_t purpose, uint64_t step, uint64_t sample) {
    uint64_t key[] = {seed, (uint64_t)purpose, step, sample}, state = 0;
    for (int i = 0; i < 4; i++) state = mix(state + GOLDEN + mix(key[i] + GOLDEN * (uint64_t)(i + 1)));
    return (mn_rng_t){state};
}

uint64_t mn_rng_next(mn_rng_t *rng) {
    return mix(rng->state += GOLDEN);
}

int64_t mn_rng_below(mn_rng_t *rng, int64_t n) {
    uint64_t range = (uint64_t)n, end = UINT64_MAX - UINT64_MAX % range, draw;
    do draw = mn_rng_next(rng);
    while (draw >= end); /* the rest of a division would favour small numbers */
    return (int64_t)(draw % range);
}

double mn_rng_uniform(mn_rng_t *rng) {
    return (double)(mn_rng_next(rng) >> 11) * 0x1p-53;
}

double mn_rng_normal(mn_rng_t *rng) {
    double radius = sqrt(-2 * log(1 - mn_rng_uniform(rng))); /* the logarithm's argument is never 0 */
    return radius * cos(6.283185307179586 * mn_rng_uniform(rng));
}

void mn_rng_permute(mn_rng_t rng, int64_t *order, int64_t n) {
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = mn_rng_below(&rng, i + 1), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}
