/* rng: random numbers as a function of (seed, purpose, step, sample), so that a resumed run needs no generator state.
 * splitmix64 over the mixed key (Steele et al. 2014). */
#ifndef MN_RNG_H
#define MN_RNG_H
#include <stdint.h>

typedef enum {
    MN_RNG_INIT, MN_RNG_WINDOW, MN_RNG_ORDER, MN_RNG_STRAND, MN_RNG_BOOTSTRAP, MN_RNG_FOLD, MN_RNG_DROPOUT, MN_RNG_TEST
} mn_rng_purpose_t;

typedef struct mn_rng { uint64_t state; } mn_rng_t;

mn_rng_t mn_rng(uint64_t seed, mn_rng_purpose_t purpose, uint64_t step, uint64_t sample);
uint64_t mn_rng_next(mn_rng_t *rng);
int64_t mn_rng_below(mn_rng_t *rng, int64_t n); /* uniform in [0, n), unbiased; n >= 1 */
double mn_rng_uniform(mn_rng_t *rng);           /* [0, 1), 53 bits */
double mn_rng_normal(mn_rng_t *rng);            /* Box-Muller, two uniforms a call */

/* Fisher-Yates over order[0..n), filled with 0 .. n-1 first. */
void mn_rng_permute(mn_rng_t rng, int64_t *order, int64_t n);

#endif
