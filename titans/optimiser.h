/* optimiser: AdamW over a model's flat block (Loshchilov & Hutter 2019), the norm of a gradient, and the learning
 * rate's schedule. Work is cut into pieces fixed by the model, sums run in index order: the same bits for any thread
 * count. */
#ifndef MN_OPTIMISER_H
#define MN_OPTIMISER_H
#include "titans/model.h"

typedef struct mn_adamw {
    double beta1, beta2, epsilon;
    double decay; /* per unit of learning rate, on parameters with `decay` set */
} mn_adamw_t;

typedef struct mn_optimiser {
    mn_real_t *first, *second; /* moments, model->size each; zero before the first step */
    int64_t size, n_spans;
    struct mn_span *spans; /* pieces of the block, each within one parameter */
    double *sums;          /* (n_spans), for the norm */
} mn_optimiser_t;

/* Owner: the caller, mn_optimiser_free (accepts NULL). Errors: no memory. */
mn_status_t mn_optimiser_new(const mn_model_t *model, mn_optimiser_t **out, mn_err_t *err);
void mn_optimiser_free(mn_optimiser_t *optimiser);

/* Euclidean norm of gradient[0..size), in double; NaN or infinite when any number of it is. */
double mn_optimiser_norm(const mn_optimiser_t *optimiser, const mn_real_t *gradient);

/* One update of `block` with scale * gradient, the step-th (1 is the first: it sets the bias correction). */
void mn_optimiser_step(const mn_optimiser_t *optimiser, const mn_adamw_t *adamw, int64_t step, double rate,
                       double scale, const mn_real_t *gradient, mn_real_t *block);

/* Moving average of the weights: average = decay * average + (1 - decay) * block. */
void mn_optimiser_average(const mn_optimiser_t *optimiser, double decay, const mn_real_t *block, mn_real_t *average);

/* Rises linearly over `warmup` steps to `peak`, then falls along a cosine to last * peak at step `steps`. */
double mn_optimiser_rate(double peak, double last, int64_t warmup, int64_t steps, int64_t step);

#endif
