/* markov: the baseline of pretraining, a Markov model of DNA over the four bases, of order 8 to 12, counted on both
 * strands: p(base | context) = (count + pseudo) / (counts of the context + 4 pseudo). Order and pseudo-count are chosen
 * on validation stretches. Words that hold an N are not counted; an N is not scored; a base with less than a whole
 * context before it (a record's or run's begin) costs 2 bits. Needs 360 MB. */
#ifndef MN_MARKOV_H
#define MN_MARKOV_H
#include "genomics/alphabet.h"
#include "genomics/base/err.h"

enum { MN_MARKOV_ORDER_MIN = 8, MN_MARKOV_ORDER_MAX = 12 };

/* n base ids without a break between; borrowed. */
typedef struct mn_stretch {
    const uint8_t *bases;
    int64_t n;
} mn_stretch_t;

typedef struct mn_markov {
    int order;                                 /* what mn_markov_choose chose; settable */
    double pseudo;                             /* 1/16, 1, 4 or 16; any number above 0 may be set */
    uint32_t *counts[MN_MARKOV_ORDER_MAX + 1]; /* [order][word of order + 1 bases, the last one fastest] */
} mn_markov_t;

/* Owner: the caller, mn_markov_free (accepts NULL). Errors: no memory. */
mn_status_t mn_markov_new(mn_markov_t **out, mn_err_t *err);
void mn_markov_free(mn_markov_t *markov);

/* Adds the words of stretches[0..n) and of their reverse complements. Counts stop at 2^32 - 1. */
void mn_markov_count(mn_markov_t *markov, const mn_stretch_t *stretches, int64_t n);

/* Sets order and pseudo to the best of all pairs on the stretches, which should not have been counted. Ties go to the
 * lower order and the first pseudo-count. Returns bits per base, as mn_markov_bits. */
mn_status_t mn_markov_choose(mn_markov_t *markov, const mn_stretch_t *stretches, int64_t n, double *bits,
                             mn_err_t *err);

/* Mean bits per base A, C, G, T of the stretches, and the number of these (scored may be NULL). Threads change no bit.
 * Errors: MN_INPUT without such a base; no memory. */
mn_status_t mn_markov_bits(const mn_markov_t *markov, const mn_stretch_t *stretches, int64_t n, double *bits,
                           int64_t *scored, mn_err_t *err);

#endif
