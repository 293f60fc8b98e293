/* classify: class probabilities of sequences by a fine-tuned model; what predict, evaluate, the validation of fine-tuning
 * and the library share. */
#ifndef MN_CLASSIFY_H
#define MN_CLASSIFY_H
#include "genomics/tokenizer.h"
#include "titans/model.h"
#include <stdbool.h>

/* probabilities (n, classes), rows sum to 1, of n sequences: base ids bases[i][0 .. lengths[i]), each read as BOS and its
 * tokens. rc: the mean over both strands. Passes of bounded size; a row depends on its sequence alone.
 * Errors: those of mn_model_forward, no memory. */
mn_status_t mn_classify(const mn_model_t *model, mn_work_t *work, mn_tokenizer_t tokenizer, bool rc,
                        const uint8_t *const *bases, const int64_t *lengths, int64_t n, float *probabilities,
                        mn_err_t *err);

#endif
