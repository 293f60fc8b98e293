/* heads: what is made of the last rows: hidden, next-token losses, pooling and classes. Inside titans/ only. */
#ifndef MN_HEADS_H
#define MN_HEADS_H
#include "titans/pass.h"

/* hidden = rms(x; norm), all rows. */
void mn_heads_hidden(mn_pass_t *pass);

/* -log p of the id after each token into nats[0..length) and, where given, the logits (length, V). ids: the tokens of this
 * piece; next: the id after the last, or -1. Needs hidden. */
void mn_heads_score(mn_pass_t *pass, const int32_t *ids, int32_t next, float *nats, mn_real_t *logits);

/* Sum of next-token losses over targets that are not ignored, times scale; with its gradient in dx (of the last layer's
 * rows) and pass->g. ids, next: as above; weights (length): of the ids after them, NULL: 1. Needs hidden. */
double mn_heads_next_token(mn_pass_t *pass, const int32_t *ids, int32_t next, const mn_real_t *weights, const uint8_t *ignore,
                           double scale);

/* Pooling over a stream's rows, piece after piece, of which pass->origin and total tell the whole: start, add (needs hidden), then the log-probabilities of the classes. */
int64_t mn_heads_width(const mn_config_t *config);       /* of the pooled row: (1 + bins) D */
int64_t mn_heads_pool_size(const mn_config_t *config);   /* numbers of pass->pool */
int64_t mn_heads_pooled_size(const mn_config_t *config); /* numbers of pass->pooled */
void mn_heads_pool_start(mn_pass_t *pass);
void mn_heads_pool_add(mn_pass_t *pass);
void mn_heads_classes(mn_pass_t *pass, mn_real_t *log_p);

/* Weighted class loss, with label smoothing, of the rows pooled; *correct: the label won. Then, for each piece, its gradient
 * as above (needs hidden). pool and pooled stay as they are in between. */
double mn_heads_class(mn_pass_t *pass, const mn_sample_t *sample, double smoothing, double scale, bool *correct);
void mn_heads_class_back(mn_pass_t *pass);

#endif
