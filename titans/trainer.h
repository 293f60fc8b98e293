/* trainer: the loop from samples to a trained model: gradient over a step's samples, clipping, AdamW, validation,
 * metrics file, checkpoints. Everything that decides a bit is in the model, the plan and the feed; a run cut off
 * anywhere and resumed ends with the same model and metrics files, byte for byte. */
#ifndef MN_TRAINER_H
#define MN_TRAINER_H
#include "genomics/base/fileio.h"
#include "titans/checkpoint.h"
#include "titans/optimiser.h"

enum { MN_MEASURES_MAX = 6 };

/* Where samples come from. A step's samples are a function of its number (0 is the first) and of the lanes' states. */
typedef struct mn_feed {
    void *ctx;
    /* All samples of one step, over which the loss is averaged; borrowed until the next call. */
    mn_status_t (*batch)(void *ctx, int64_t step, const mn_sample_t **samples, int64_t *n, mn_err_t *err);
    /* Where sample i of the step last asked for comes from, such as "chr20:1-512(-)", into out[0..size). */
    void (*name)(void *ctx, int64_t i, char *out, size_t size);
    /* The states that samples carry from step to step, if any. */
    mn_state_t **lanes;
    int64_t n_lanes;
} mn_feed_t;

/* How held-out data judge the weights. */
typedef struct mn_judge {
    void *ctx;
    /* values[0..n_measures) of the model; value 0 decides which weights are best. When a stop is asked for it may return
     * early with anything in values. MN_DIVERGED, which the trainer explains: numbers that are not finite. */
    mn_status_t (*measure)(void *ctx, const mn_model_t *model, mn_work_t *work, double *values, mn_err_t *err);
    const char *const *names; /* of the measures: columns of the metrics file */
    int64_t n_measures;
    bool higher; /* of value 0: more is better */
} mn_judge_t;

/* What decides the result beside model and feed. */
typedef struct mn_plan {
    mn_objective_t objective; /* its scale is set by the trainer: 1 / targets of the whole step */
    mn_adamw_t adamw;
    int64_t steps, warmup;
    double rate, last;                /* peak learning rate, and its end as a part of the peak */
    double clip;                      /* largest norm of a gradient; 0: no clipping */
    int64_t micro;                    /* samples per pass; a step with more is accumulated */
    int64_t validate_every, patience; /* in steps; in validations without a new best, 0: never stop early */
    double average; /* decay of the moving average of the weights, which is then what is validated and kept; 0: none */
} mn_plan_t;

typedef enum { MN_POLL_GO, MN_POLL_SAVE, MN_POLL_STOP } mn_poll_t;

typedef struct mn_tick {
    int64_t step, steps, tokens;  /* tokens since step 0, those of the step under way too */
    double loss, norm, rate;      /* of the last step: nats a target, before clipping, learning rate */
    const double *values;         /* of the last validation, n_measures of them; NULL: none yet */
    int64_t validated, best_step; /* -1: none yet */
} mn_tick_t;

/* What does not decide the result. */
typedef struct mn_run {
    const char *output;          /* PREFIX of PREFIX.safetensors, PREFIX.ckpt and PREFIX.metrics.tsv */
    const mn_model_info_t *info; /* with the canonical command, by which a checkpoint is known as this run's */
    uint64_t seed;               /* for the record: samples are the feed's */
    bool resume;
    int64_t save_every;  /* steps between checkpoints; 0: by time only */
    double save_minutes; /* the same in minutes; 0: by steps only */
    void *ctx;
    mn_poll_t (*poll)(void *ctx);                       /* asked between passes; NULL: go */
    void (*progress)(void *ctx, const mn_tick_t *tick); /* at the start and after each pass; NULL: none */
} mn_run_t;

typedef struct mn_trained {
    bool stopped; /* by poll, with the last complete step saved */
    bool early;   /* patience ran out */
    int64_t step, tokens, best_step;
    int64_t found; /* of tokens: those that the checkpoint had already */
    double values[MN_MEASURES_MAX]; /* of the weights kept */
} mn_trained_t;

/* Takes the output for one run before any work: a lock, and without force MN_USAGE where PREFIX's files exist and
 * resume is not set, or is but a model lacks its checkpoint. Owner: the caller, mn_lock_release. */
mn_status_t mn_train_claim(const char *output, bool resume, bool force, mn_lock_t *lock, mn_err_t *err);

/* Trains `model` from its present weights, or with run->resume from PREFIX.ckpt where that exists; at the end the model
 * holds the weights kept (the best by validation, else the last), which PREFIX.safetensors holds too. judge NULL: no
 * validation. Errors: MN_DIVERGED with step, sequences and the last good checkpoint when loss or gradient is not
 * finite; MN_USAGE for a checkpoint of another command, MN_MODEL for one that does not fit; those of feed and files. */
mn_status_t mn_train(mn_model_t *model, mn_work_t *work, const mn_plan_t *plan, const mn_feed_t *feed,
                     const mn_judge_t *judge, const mn_run_t *run, mn_trained_t *out, mn_err_t *err);

#endif
