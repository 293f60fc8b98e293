/* sketch: which sequences of a labelled set are nearly the same, on either strand.
 *
 * Two sequences are as alike as the Jaccard index of their canonical words (K bases, the smaller of a word and its
 * reverse complement): common words / words of either. Those with an N are left out. Candidates come from an inverted
 * index over minimizers, the words of the smallest hash among WINDOW neighbours (Roberts et al. 2004), which any two
 * sequences share that have WINDOW + K - 1 bases in common; the index of a candidate pair is then counted exactly.
 *
 * Time is about linear: a word that many sequences hold (a repeat) compares each with MN_SKETCH_NEIGHBOURS of them
 * only, drawn by hash, and at most MN_SKETCH_CHECKED candidates of a sequence, those with most words in common, are
 * counted. So in a family of more than MN_SKETCH_NEIGHBOURS near copies not all pairs are found, but each finds
 * several. */
#ifndef MN_SKETCH_H
#define MN_SKETCH_H
#include "genomics/distinct.h"

enum { MN_SKETCH_K = 15, MN_SKETCH_WINDOW = 8, MN_SKETCH_NEIGHBOURS = 64, MN_SKETCH_CHECKED = 64 };

typedef struct mn_near_pair {
    int32_t a, b; /* distinct sequences, b < a */
    float jaccard;
} mn_near_pair_t;

typedef struct mn_near {
    mn_near_pair_t *pairs; /* of Jaccard index >= threshold, by a, then b */
    int64_t n;
    int64_t crowded;  /* distinct sequences that were not compared with all that share a minimizer */
} mn_near_t;

/* 0 < threshold <= 1; the set must have sequences. The same at any number of threads and in any order of rows. Errors:
 * MN_FAILED when the index does not fit in memory. Owner: the caller, mn_near_done (accepts NULL). */
mn_status_t mn_near_find(const mn_labelled_t *set, const mn_distinct_t *distinct, double threshold, mn_near_t *out,
                         mn_err_t *err);
void mn_near_done(mn_near_t *near);

#endif
