/* kmer: the baselines of classification, L2-penalised logistic regression on log(1 + count) of the words of K bases, or
 * on the gapped words of base/gapped.h, the strands apart or together, words with an N left out. Trained by liblinear,
 * one class against the rest where there are over two: min |w|^2 / 2 + (1 / penalty) sum of losses, the bias among the
 * weights.
 */
#ifndef MN_KMER_H
#define MN_KMER_H
#include "genomics/labelled.h"

/* K; or words of MN_COUNTED_MAX bases and, where rows have one length (mn_labelled_window), the bases at their places,
 * at 512 at most. */
enum { MN_COUNTED_PLACED = -1, MN_COUNTED_GAPPED = 0, MN_COUNTED_MIN = 4, MN_COUNTED_MAX = 6 };
enum { MN_KMER_NODE_BYTES = 16 }; /* of a word of a row */

/* The sparse features of one part of a set. */
typedef struct mn_kmer_features mn_kmer_features_t;
typedef struct mn_kmer mn_kmer_t;

/* Features of the rows of set whose part is `part`, in their order; strands: told apart. k: MN_COUNTED_PLACED,
 * MN_COUNTED_GAPPED, or MN_COUNTED_MIN to MN_COUNTED_MAX. Owner: the caller, mn_kmer_features_free (accepts NULL). Errors: MN_FAILED when
 * they do not fit in memory. */
mn_status_t mn_kmer_features_new(const mn_labelled_t *set, const uint8_t *parts, mn_split_t part, int64_t k,
                                 bool strands, mn_kmer_features_t **out, mn_err_t *err);
void mn_kmer_features_free(mn_kmer_features_t *features);
int64_t mn_kmer_features_count(const mn_kmer_features_t *features); /* rows */

/* penalty > 0. The same features give the same bits; several may be trained at a time. Owner: the caller, mn_kmer_free
 * (accepts NULL). Errors: MN_INPUT when a class has no row. */
mn_status_t mn_kmer_train(const mn_kmer_features_t *features, double penalty, mn_kmer_t **out, mn_err_t *err);
void mn_kmer_free(mn_kmer_t *kmer);

/* Class probabilities of every row into probabilities (rows, n_classes); features of the same k and set. */
void mn_kmer_predict(const mn_kmer_t *kmer, const mn_kmer_features_t *features, float *probabilities);

#endif
