/* score: what a model says of held-out data: class probabilities of sequences, bits per base of tracts. */
#ifndef MN_SCORE_H
#define MN_SCORE_H
#include "pipelines/feed.h"

/* When the work space is told to stop, both end early with results that are worth nothing.
 *
 * Class probabilities of the n sequences of base ids at bases[i], lengths[i] (>= 1), BOS before each, into
 * probabilities (n, classes); with `strands` the mean over both. Errors: no memory, those of the model,
 * MN_DIVERGED: numbers that are not finite. */
mn_status_t mn_score_classes(const mn_model_t *model, mn_work_t *work, mn_tokenizer_t tokenizer, bool strands,
                             const uint8_t *const *bases, const int64_t *lengths, int64_t n, float *probabilities,
                             mn_err_t *err);

typedef struct mn_bits {
    double nats;   /* -log probability of all bases scored */
    int64_t bases; /* scored: none of N */
} mn_bits_t;

/* Next-token loss: each tract is read forward as a stream of its own that begins with BOS. */
mn_status_t mn_score_tracts(const mn_model_t *model, mn_work_t *work, mn_tokenizer_t tokenizer,
                            const mn_tract_t *tracts, int64_t n, mn_bits_t *out, mn_err_t *err);

#endif
