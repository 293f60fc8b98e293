/* trial: see trial.h. */
#include "benchmarks/trial.h"
#include "benchmarks/benchmarks.h"
#include "genomics/alphabet.h"
#include "genomics/base/mem.h"
#include "genomics/base/rng.h"
#include "genomics/input.h"
#include "pipelines/options.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MEMORY = 1000000000, BATCH_MAX = 64 }; /* bytes for activations; windows of a lesson's step */

static const uint8_t ignored[MN_IDS] = {[MN_BASE_N] = 1}; /* N is never a target */

mn_status_t mn_trial_begin(mn_trial_t *trial, const mn_config_t *config, uint64_t seed, mn_err_t *err) {
    mn_status_t status;
    *trial = (mn_trial_t){0};
    if ((status = mn_model_new(config, &trial->model, err)) ||
        (status = mn_work_new(trial->model, MEMORY, &trial->work, err)) ||
        (status = mn_optimiser_new(trial->model, &trial->optimiser, err)))
        return status;
    mn_model_init(trial->model, seed);
    return mn_mem_new((void **)&trial->gradient, trial->model->size, sizeof(mn_real_t), err);
}

void mn_trial_end(mn_trial_t *trial) {
    mn_optimiser_free(trial->optimiser);
    mn_mem_free(trial->gradient);
    mn_work_free(trial->work);
    mn_model_free(trial->model);
}

mn_status_t mn_trial_gradient(mn_trial_t *trial, const mn_sample_t *samples, int64_t n, mn_err_t *err) {
    mn_loss_t loss = {0};
    mn_objective_t objective = {.kind = MN_LOSS_NEXT_TOKEN, .ignore = ignored};
    objective.scale = 1 / mn_model_targets(&objective, samples, n);
    memset(trial->gradient, 0, (size_t)trial->model->size * sizeof *trial->gradient);
    const mn_status_t status =
        mn_model_gradient(trial->model, trial->work, &objective, samples, n, trial->gradient, &loss, err);
    trial->bits = loss.nats / log(2);
    trial->norm = mn_optimiser_norm(trial->optimiser, trial->gradient);
    return status;
}

mn_status_t mn_trial_step(mn_trial_t *trial, const mn_sample_t *samples, int64_t n, double rate, mn_err_t *err) {
    static const mn_adamw_t adamw = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .decay = 0.1};
    const mn_status_t status = mn_trial_gradient(trial, samples, n, err);
    if (status) return status;
    if (!isfinite(trial->norm))
        trial->top = NAN;
    else if (trial->norm > trial->top)
        trial->top = trial->norm;
    mn_optimiser_step(trial->optimiser, &adamw, ++trial->step, rate, trial->norm > 1 ? 1 / trial->norm : 1,
                      trial->gradient, trial->model->block);
    return MN_OK;
}

mn_status_t mn_trial_learn(mn_trial_t *trial, const mn_lesson_t *lesson, mn_err_t *err) {
    mn_sample_t samples[BATCH_MAX];
    assert(lesson->batch <= BATCH_MAX);
    for (int64_t step = 0; step < lesson->steps; step++) {
        mn_rng_t rng = mn_rng(lesson->seed, MN_RNG_WINDOW, (uint64_t)step, 0);
        const int32_t *ids = lesson->ids + mn_rng_below(&rng, lesson->n - lesson->batch * lesson->length);
        for (int64_t i = 0; i < lesson->batch; i++)
            samples[i] = (mn_sample_t){.ids = ids + i * lesson->length, .length = lesson->length};
        const double rate = mn_optimiser_rate(lesson->rate, 0.05, lesson->steps / 20, lesson->steps, step);
        const mn_status_t status = mn_trial_step(trial, samples, lesson->batch, rate, err);
        if (status) return status;
    }
    return MN_OK;
}

mn_status_t mn_trial_validate(mn_trial_t *trial, const int32_t *ids, int64_t n, int64_t length, int64_t count,
                              double *bits, mn_err_t *err) {
    float *nats;
    int64_t targets = 0;
    double sum = 0;
    mn_status_t status = mn_mem_new((void **)&nats, length, sizeof *nats, err);
    for (int64_t i = 0; i < count && !status; i++) {
        const mn_sample_t sample = {.ids = ids + (n - length) / count * i, .length = length};
        mn_output_t output = {.nats = nats, .layer = -1, .next = -1};
        status = mn_model_forward(trial->model, trial->work, &sample, 1, &output, err);
        for (int64_t t = 0; t + 1 < length && !status; t++) {
            if (ignored[sample.ids[t + 1]]) continue;
            sum += (double)nats[t];
            targets++;
        }
    }
    *bits = sum / log(2) / (double)targets;
    mn_mem_free(nats);
    return status;
}

mn_status_t mn_trial_genome(const char *path, int64_t least, int32_t **ids, int64_t *n, mn_err_t *err) {
    mn_sequences_t *genome;
    mn_status_t status = mn_sequences_load(&path, 1, NULL, &genome, err);
    if (status) return status;
    if (genome->size < least)
        status = mn_err_set(err, MN_INPUT, path, "take a longer genome", "has %lld bases, %lld are needed",
                            (long long)genome->size, (long long)least);
    else
        status = mn_mem_new((void **)ids, genome->size, sizeof **ids, err);
    *n = genome->size;
    for (int64_t i = 0; !status && i < *n; i++) (*ids)[i] = genome->bases[i];
    mn_sequences_free(genome);
    return status;
}

mn_status_t mn_trial_choose(const char *const *operands, int64_t n, int64_t from, const char *const *names,
                            int64_t n_names, uint64_t *chosen, mn_err_t *err) {
    *chosen = n > from ? 0 : UINT64_MAX;
    for (int64_t i = from; i < n; i++) {
        int64_t k = 0;
        while (k < n_names && strcmp(operands[i], names[k])) k++;
        if (k == n_names) {
            char hint[96];
            const char *near = mn_nearest(operands[i], names, n_names);
            snprintf(hint, sizeof hint, near ? "did you mean '%s'?" : "there is: %s", near ? near : names[0]);
            return mn_err_set(err, MN_USAGE, NULL, hint, "'%s' is not to choose from", operands[i]);
        }
        *chosen |= UINT64_C(1) << k;
    }
    return MN_OK;
}

/* ---- variants */

static void make_linear(mn_config_t *config) {
    config->memory.depth = 1;
}

static void drop_momentum(mn_config_t *config) {
    config->memory.momentum = false;
}

static void drop_forgetting(mn_config_t *config) {
    config->memory.decay = false;
}

static void drop_convolution(mn_config_t *config) {
    config->conv = 1;
}

static void drop_persistent(mn_config_t *config) {
    config->persistent = 0;
}

static void drop_learning(mn_config_t *config) {
    config->memory.theta_max = 0;
}

const mn_variant_t mn_variants[MN_VARIANTS] = {{"lmm", MN_ARCH_LMM, NULL},
                                               {"mac", MN_ARCH_MAC, NULL},
                                               {"mag", MN_ARCH_MAG, NULL},
                                               {"mal", MN_ARCH_MAL, NULL},
                                               {"linear", MN_ARCH_LMM, make_linear},
                                               {"no-momentum", MN_ARCH_LMM, drop_momentum},
                                               {"no-forgetting", MN_ARCH_LMM, drop_forgetting},
                                               {"no-convolution", MN_ARCH_LMM, drop_convolution},
                                               {"no-persistent", MN_ARCH_LMM, drop_persistent},
                                               {"no-learning", MN_ARCH_LMM, drop_learning}};

mn_status_t mn_variants_choose(const char *const *operands, int64_t n, int64_t from, uint64_t *chosen, mn_err_t *err) {
    const char *names[MN_VARIANTS];
    for (int64_t i = 0; i < MN_VARIANTS; i++) names[i] = mn_variants[i].name;
    return mn_trial_choose(operands, n, from, names, MN_VARIANTS, chosen, err);
}

mn_config_t mn_variant_config(const mn_variant_t *variant, const mn_config_t *base) {
    mn_config_t config = *base;
    config.arch = variant->arch;
    if (variant->change) variant->change(&config);
    return config;
}
