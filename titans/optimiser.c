/* optimiser: AdamW, the gradient's norm and the schedule. Each task is one span of the block, so no sum or update
 * depends on how spans meet threads. Source: Loshchilov & Hutter, "Decoupled weight decay regularization", 2019. */
#include "titans/optimiser.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include <math.h>

enum { SPAN = 8192, LANES = 8 };

struct mn_span {
    int64_t offset, size;
    bool decay;
};

mn_status_t mn_optimiser_new(const mn_model_t *model, mn_optimiser_t **out, mn_err_t *err) {
    mn_optimiser_t *optimiser;
    mn_status_t status = mn_mem_new((void **)&optimiser, 1, sizeof *optimiser, err);
    *out = NULL;
    if (status) return status;
    int64_t n_spans = 0;
    for (int64_t i = 0; i < model->n_params; i++) n_spans += (model->params[i].size + SPAN - 1) / SPAN;
    if ((status = mn_mem_new((void **)&optimiser->first, model->size, sizeof *optimiser->first, err)) ||
        (status = mn_mem_new((void **)&optimiser->second, model->size, sizeof *optimiser->second, err)) ||
        (status = mn_mem_new((void **)&optimiser->spans, n_spans, sizeof *optimiser->spans, err)) ||
        (status = mn_mem_new((void **)&optimiser->sums, n_spans, sizeof *optimiser->sums, err))) {
        mn_optimiser_free(optimiser);
        return status;
    }
    optimiser->size = model->size;
    for (int64_t i = 0; i < model->n_params; i++) {
        const mn_param_t *param = &model->params[i];
        for (int64_t at = 0; at < param->size; at += SPAN) {
            int64_t size = param->size - at < SPAN ? param->size - at : SPAN;
            optimiser->spans[optimiser->n_spans++] = (struct mn_span){param->offset + at, size, param->decay};
        }
    }
    *out = optimiser;
    return MN_OK;
}

void mn_optimiser_free(mn_optimiser_t *optimiser) {
    if (!optimiser) return;
    mn_mem_free(optimiser->first);
    mn_mem_free(optimiser->second);
    mn_mem_free(optimiser->spans);
    mn_mem_free(optimiser->sums);
    mn_mem_free(optimiser);
}

/* The norm: LANES running sums per span let the compiler use vectors without changing the order of addition. */
typedef struct norm_task {
    const mn_optimiser_t *optimiser;
    const mn_real_t *gradient;
} norm_task_t;

static void sum_squares(void *ctx, int64_t i) {
    const norm_task_t *task = ctx;
    struct mn_span span = task->optimiser->spans[i];
    const mn_real_t *g = task->gradient + span.offset;
    double lanes[LANES] = {0}, sum = 0;
    int64_t t = 0;
    for (; t + LANES <= span.size; t += LANES)
        for (int j = 0; j < LANES; j++) lanes[j] += (double)g[t + j] * (double)g[t + j];
    for (; t < span.size; t++) sum += (double)g[t] * (double)g[t];
    for (int j = 0; j < LANES; j++) sum += lanes[j];
    task->optimiser->sums[i] = sum;
}

double mn_optimiser_norm(const mn_optimiser_t *optimiser, const mn_real_t *gradient) {
    norm_task_t task = {optimiser, gradient};
    mn_par_for(optimiser->n_spans, sum_squares, &task);
    double sum = 0;
    for (int64_t i = 0; i < optimiser->n_spans; i++) sum += optimiser->sums[i];
    return sqrt(sum);
}

typedef struct step_task {
    const mn_optimiser_t *optimiser;
    const mn_real_t *gradient;
    mn_real_t *block;
    mn_real_t beta1, beta2, scale, epsilon, shrink, rate, correct1, correct2;
} step_task_t;

static void update_span(void *ctx, int64_t i) {
    const step_task_t c = *(const step_task_t *)ctx;
    struct mn_span span = c.optimiser->spans[i];
    const mn_real_t *restrict g = c.gradient + span.offset;
    mn_real_t *restrict p = c.block + span.offset;
    mn_real_t *restrict m = c.optimiser->first + span.offset;
    mn_real_t *restrict v = c.optimiser->second + span.offset;
    const mn_real_t keep = span.decay ? 1 - c.shrink : 1;
    for (int64_t t = 0; t < span.size; t++) {
        mn_real_t x = c.scale * g[t];
        m[t] = c.beta1 * m[t] + (1 - c.beta1) * x;
        v[t] = c.beta2 * v[t] + (1 - c.beta2) * (x * x);
        p[t] = keep * p[t] - c.rate * (c.correct1 * m[t]) / ((mn_real_t)sqrt(c.correct2 * v[t]) + c.epsilon);
    }
}

void mn_optimiser_step(const mn_optimiser_t *optimiser, const mn_adamw_t *adamw, int64_t step, double rate,
                       double scale, const mn_real_t *gradient, mn_real_t *block) {
    step_task_t task = {.optimiser = optimiser,
                        .gradient = gradient,
                        .block = block,
                        .beta1 = (mn_real_t)adamw->beta1,
                        .beta2 = (mn_real_t)adamw->beta2,
                        .scale = (mn_real_t)scale,
                        .epsilon = (mn_real_t)adamw->epsilon,
                        .shrink = (mn_real_t)(rate * adamw->decay),
                        .rate = (mn_real_t)rate,
                        .correct1 = (mn_real_t)(1 / (1 - pow(adamw->beta1, (double)step))),
                        .correct2 = (mn_real_t)(1 / (1 - pow(adamw->beta2, (double)step)))};
    mn_par_for(optimiser->n_spans, update_span, &task);
}

typedef struct average_task {
    const mn_optimiser_t *optimiser;
    const mn_real_t *block;
    mn_real_t *average;
    mn_real_t decay;
} average_task_t;

static void average_span(void *ctx, int64_t i) {
    const average_task_t *task = ctx;
    struct mn_span span = task->optimiser->spans[i];
    const mn_real_t *restrict p = task->block + span.offset;
    mn_real_t *restrict a = task->average + span.offset;
    const mn_real_t decay = task->decay;
    for (int64_t t = 0; t < span.size; t++) a[t] += (1 - decay) * (p[t] - a[t]);
}

void mn_optimiser_average(const mn_optimiser_t *optimiser, double decay, const mn_real_t *block, mn_real_t *average) {
    average_task_t task = {optimiser, block, average, (mn_real_t)decay};
    mn_par_for(optimiser->n_spans, average_span, &task);
}

double mn_optimiser_rate(double peak, double last, int64_t warmup, int64_t steps, int64_t step) {
    if (step < warmup) return peak * (double)(step + 1) / (double)warmup;
    double part = steps > warmup ? (double)(step - warmup) / (double)(steps - warmup) : 1;
    return peak * (last + (1 - last) * 0.5 * (1 + cos(acos(-1.0) * (part < 1 ? part : 1))));
}
