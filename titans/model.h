/* model: parameters of a Titans backbone with its heads, and the two entry points: forward, and loss with gradient.
 *
 * Rows are tokens. Bits: a result depends on the sequence, the parameters and the position in the stream alone, never on
 * threads, on the other sequences of the batch, on max_memory or on where a stream was cut. */
#ifndef MN_MODEL_H
#define MN_MODEL_H
#include "titans/config.h"
#include "titans/kernels/real.h"

/* One named tensor, a view into the flat block. Names as in the golden files without "param."; the heads add
 * head.weight ((1 + bins) D, classes), head.bias (classes), head.query (D) for attention pooling, and by the config
 * head.gapped (mn_gapped_rows(), classes) and head.lengths (MN_LENGTHS, classes). */
typedef struct mn_param {
    char name[64];
    int rank;
    int64_t shape[3];
    int64_t offset, size; /* in numbers, into a block of model->size */
    bool decay;           /* weight decay applies: matrices yes; gains, biases, convolutions, initial memories, rows of words
                             and what the head reads beside the pooled row no */
} mn_param_t;

typedef struct mn_model {
    mn_config_t config;
    mn_param_t *params;
    int64_t n_params, size; /* tensors; numbers in all (each tensor begins on a 16-number boundary, the gap is zero) */
    mn_real_t *block;       /* owned, size numbers */
    struct mn_layout *layout; /* owned: how the passes see the parameters (layout.h) */
} mn_model_t;

/* Checks the config, lays the parameters out, zeroed. Owner: the caller, mn_model_free (accepts NULL). */
mn_status_t mn_model_new(const mn_config_t *config, mn_model_t **out, mn_err_t *err);
void mn_model_free(mn_model_t *model);
/* Initial values, a function of (seed, parameter name, index) alone: the same tensor in two configs begins alike. */
void mn_model_init(mn_model_t *model, uint64_t seed);
const mn_param_t *mn_model_param(const mn_model_t *model, const char *name); /* NULL: none */

/* ---- the state of a stream: position, memories, open chunk, convolution tails. Independent of piece sizes. */
typedef struct mn_state mn_state_t;
mn_status_t mn_state_new(const mn_model_t *model, mn_state_t **out, mn_err_t *err); /* at the start of a stream */
void mn_state_free(mn_state_t *state);
void mn_state_reset(mn_state_t *state);
void mn_state_copy(mn_state_t *to, const mn_state_t *from);
/* Its content as one block of numbers and its position, for files: size is fixed by the model. */
int64_t mn_state_size(const mn_model_t *model);
mn_real_t *mn_state_block(mn_state_t *state);
int64_t *mn_state_position(mn_state_t *state);
/* Whether a stream can stand there: 0, or some tokens beyond the persistent rows, and the next sample does not overflow it. */
bool mn_state_valid(const mn_model_t *model, int64_t position);
/* The numbers of all memories, by layer and head. */
int64_t mn_memories_size(const mn_model_t *model);

/* ---- work space for passes over one model; grows as needed, up to max_memory where recomputation can serve instead. */
typedef struct mn_work mn_work_t;
/* max_memory: bytes for activations over all threads; 0: half of the memory that this process may use. Owner: the
 * caller, mn_work_free (accepts NULL). */
mn_status_t mn_work_new(const mn_model_t *model, int64_t max_memory, mn_work_t **out, mn_err_t *err);
void mn_work_free(mn_work_t *work);
/* For the forward passes to come. memories: what every stream begins with instead of the learned initial memories
 * (mn_output_t; borrowed; NULL: the learned ones). frozen: no learning at test time, W stays what it was. */
void mn_work_remember(mn_work_t *work, const mn_real_t *memories, bool frozen);
/* Asked every some thousand tokens of a pass, on any thread; once it says true, always. A pass then ends early, with MN_OK,
 * and what it gave is worth nothing. NULL, as at first: never. */
void mn_work_set_stop(mn_work_t *work, bool (*stop)(void));
bool mn_work_stopped(const mn_work_t *work);

typedef struct mn_sample {
    const int32_t *ids;  /* length tokens, every id below vocab; borrowed */
    int64_t length;      /* >= 1; padding has no place here */
    int32_t label;       /* class, when the objective is classification */
    mn_real_t weight;    /* of this sample in a classification loss */
    uint64_t noise;      /* what is left out of it by dropout is a function of this */
    const mn_real_t *weights; /* (length): of the targets, ids[t + 1], in a next-token loss; NULL: 1. Borrowed */
    mn_state_t *state;   /* NULL: a stream of its own. Else read at the start (a constant to back-propagation) and
                            advanced to the end of ids */
} mn_sample_t;

/* What a forward pass should give back for one sample; every pointer may be NULL. Shapes with T = sample.length. */
typedef struct mn_output {
    mn_real_t *hidden;  /* (T, D): rows after layer `layer`, 1-based; 0 = the embedding; < 0 = after the final norm */
    int64_t layer;
    mn_real_t *pooled;  /* (D): mean over T of what `hidden` would hold */
    mn_real_t *logits;  /* (T, V), by the tied embedding */
    float *nats;        /* (T): -log p of ids[t + 1] given ids[0..t] and the state; nats[T-1] scores `next` */
    int32_t next;       /* the id that follows ids[T-1] in the stream; < 0: unknown, nats[T-1] is then 0 */
    mn_real_t *classes; /* (classes): log-probabilities by the head over these T rows */
    mn_real_t *memories; /* mn_memories_size numbers: what every memory holds after these T rows: per layer and head, matrix
                            after matrix, [W | S], (in, 2 out) */
} mn_output_t;

/* What to say where they are not: weights far from all that training gives. */
#define MN_NOT_FINITE "the model gives numbers that are not finite"

/* Forward over n samples, in parallel over samples or, with few of them, inside. Any length in bounded memory beyond the
 * outputs. Errors: no memory; an id out of range (MN_FAILED: a caller's mistake). */
mn_status_t mn_model_forward(const mn_model_t *model, mn_work_t *work, const mn_sample_t *samples, int64_t n,
                             mn_output_t *outputs, mn_err_t *err);

typedef enum { MN_LOSS_NEXT_TOKEN, MN_LOSS_CLASS } mn_loss_kind_t;

typedef struct mn_objective {
    int kind;              /* mn_loss_kind_t */
    const uint8_t *ignore; /* (V): 1 where an id is never a target; NULL: every id is one. MN_LOSS_NEXT_TOKEN */
    double label_smoothing; /* MN_LOSS_CLASS */
    double dropout;         /* chance that a number of the pooled row, or the word at a token, is left out */
    double scale;          /* the gradient and loss are those of scale * sum over targets (or of weighted samples) */
} mn_objective_t;

typedef struct mn_loss {
    double nats;     /* scale * sum of losses */
    double weight;   /* sum of the weights of targets, or of samples */
    int64_t correct; /* MN_LOSS_CLASS: samples whose label has the highest probability */
} mn_loss_t;

/* The sum of the weights of a batch's targets, or of its samples, from which a caller makes `scale`. */
double mn_model_targets(const mn_objective_t *objective, const mn_sample_t *samples, int64_t n);

/* Room for the gradient of such samples, ahead of it. Errors: no memory, a max_memory too small (says what would do). */
mn_status_t mn_work_reserve(mn_work_t *work, const mn_sample_t *samples, int64_t n, mn_err_t *err);

/* Adds the gradient of the objective over n samples to gradient[0..model->size) and to *loss. All of each sample's ids
 * pass through; target t is ids[t + 1]. Full back-propagation through each sample, beyond some thousand tokens piece by
 * piece; where a piece's activations do not fit in max_memory the states of every k-th chunk are kept and the rest
 * recomputed (same bits).
 * Errors: no memory, a max_memory too small (says what would do). A non-finite value is the caller's to look for. */
mn_status_t mn_model_gradient(const mn_model_t *model, mn_work_t *work, const mn_objective_t *objective,
                              const mn_sample_t *samples, int64_t n, mn_real_t *gradient, mn_loss_t *loss, mn_err_t *err);

#endif
