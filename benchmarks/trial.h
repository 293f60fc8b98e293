/* trial: a model trained for a benchmark, step by step in memory, with the trainer's optimiser and its defaults; and
 * the variants of a model that benchmarks compare. */
#ifndef MN_TRIAL_H
#define MN_TRIAL_H
#include "titans/optimiser.h"

typedef struct mn_trial {
    mn_model_t *model;
    mn_work_t *work;
    mn_optimiser_t *optimiser;
    mn_real_t *gradient;
    int64_t step;      /* taken */
    double bits, norm; /* of the last gradient: bits a target, norm before clipping */
    double top;        /* the largest norm of all steps; NaN once one was not finite */
} mn_trial_t;

/* A model with initial values of `seed`. mn_trial_end also after an error. */
mn_status_t mn_trial_begin(mn_trial_t *trial, const mn_config_t *config, uint64_t seed, mn_err_t *err);
void mn_trial_end(mn_trial_t *trial);
/* Sets bits and norm to those of the next-token loss, by the samples' weights. */
mn_status_t mn_trial_gradient(mn_trial_t *trial, const mn_sample_t *samples, int64_t n, mn_err_t *err);
/* That, and a step of AdamW at `rate`, the gradient clipped at 1. */
mn_status_t mn_trial_step(mn_trial_t *trial, const mn_sample_t *samples, int64_t n, double rate, mn_err_t *err);

/* `steps` steps on windows of ids[0..n), `batch` side by side from a place drawn for each step; the rate rises over a
 * twentieth of the steps to `rate` and falls along a cosine to a twentieth of it. */
typedef struct mn_lesson {
    const int32_t *ids;
    int64_t n, length, batch, steps;
    double rate;
    uint64_t seed;
} mn_lesson_t;
mn_status_t mn_trial_learn(mn_trial_t *trial, const mn_lesson_t *lesson, mn_err_t *err);
/* Bits a base of `count` windows of ids[0..n), spread evenly. */
mn_status_t mn_trial_validate(mn_trial_t *trial, const int32_t *ids, int64_t n, int64_t length, int64_t count,
                              double *bits, mn_err_t *err);

/* The bases of a file, records one after another, as ids. Errors: also MN_INPUT where they are fewer than `least`.
 * Owner: the caller, mn_mem_free. */
mn_status_t mn_trial_genome(const char *path, int64_t least, int32_t **ids, int64_t *n, mn_err_t *err);
/* The operands from `from` on choose among names[0..n_names); none chooses all. *chosen: bit i is set where name i is.
 */
mn_status_t mn_trial_choose(const char *const *operands, int64_t n, int64_t from, const char *const *names,
                            int64_t n_names, uint64_t *chosen, mn_err_t *err);

typedef struct mn_variant {
    const char *name;
    int arch;
    void (*change)(mn_config_t *config); /* NULL: nothing */
} mn_variant_t;
/* The backbones, and lmm without one thing each; and their names as operands. */
enum { MN_VARIANTS = 10 };
extern const mn_variant_t mn_variants[MN_VARIANTS];
mn_status_t mn_variants_choose(const char *const *operands, int64_t n, int64_t from, uint64_t *chosen, mn_err_t *err);
mn_config_t mn_variant_config(const mn_variant_t *variant, const mn_config_t *base);

#endif
