/* length: a baseline that knows a sequence by its length alone: class frequencies within bins of lengths, each bin with
 * as many training rows as the next, equal lengths never apart. One bin is the majority baseline. */
#ifndef MN_LENGTH_H
#define MN_LENGTH_H
#include "genomics/labelled.h"

enum { MN_LENGTH_BINS_MAX = 4096 };

typedef struct mn_length {
    int64_t n_bins, n_classes; /* bins that came about: at most the number asked for */
    int64_t *last;             /* (n_bins) longest length of a bin; the last bin has no end */
    float *probabilities;      /* (n_bins, n_classes); a bin's counts and one row spread as the whole set */
} mn_length_t;

/* From the rows of part TRAIN, at least one; 1 <= bins <= MN_LENGTH_BINS_MAX. Owner: the caller, mn_length_done
 * (accepts NULL). */
mn_status_t mn_length_train(const mn_labelled_t *set, const uint8_t *parts, int64_t bins, mn_length_t *out,
                            mn_err_t *err);
void mn_length_done(mn_length_t *model);

/* (n_classes) probabilities of a sequence of this length; borrowed from the model. */
const float *mn_length_predict(const mn_length_t *model, int64_t length);

#endif
