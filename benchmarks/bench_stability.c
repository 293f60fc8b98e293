/* mnemon benchmark stability: the defaults at every depth of the memory and chunks of 1 to 64 tokens, on real DNA: the norm
 * of the gradient over 8,192 tokens as the model begins, the largest norm within 200 training steps, and that over the same
 * 8,192 tokens after them; all before clipping. */
#include "benchmarks/benchmarks.h"
#include "genomics/base/mem.h"
#include "genomics/base/rng.h"
#include "genomics/input.h"
#include "titans/optimiser.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONG = 8192, WINDOW = 512, BATCH = 2, STEPS = 200, MEMORY = 1000000000 };

typedef struct {
    mn_model_t *model;
    mn_work_t *work;
    mn_optimiser_t *optimiser;
    mn_real_t *gradient;
} run_t;

static void end_run(run_t *r) {
    mn_optimiser_free(r->optimiser);
    mn_mem_free(r->gradient);
    mn_work_free(r->work);
    mn_model_free(r->model);
}

static mn_status_t begin_run(run_t *r, const mn_config_t *config, mn_err_t *err) {
    mn_status_t status;
    memset(r, 0, sizeof *r);
    if ((status = mn_model_new(config, &r->model, err)) || (status = mn_work_new(r->model, MEMORY, &r->work, err)) ||
        (status = mn_optimiser_new(r->model, &r->optimiser, err)))
        return status;
    mn_model_init(r->model, 1);
    return mn_mem_new((void **)&r->gradient, r->model->size, sizeof(mn_real_t), err);
}

/* Loss in bits a base and gradient norm of n windows of `length` at `ids`, `apart` apart. */
static mn_status_t measure(run_t *r, const int32_t *ids, int64_t length, int64_t n, int64_t apart, double *bits, double *norm,
                           mn_err_t *err) {
    mn_sample_t samples[BATCH];
    mn_loss_t loss = {0};
    mn_objective_t objective = {.kind = MN_LOSS_NEXT_TOKEN};
    for (int64_t i = 0; i < n; i++) samples[i] = (mn_sample_t){.ids = ids + i * apart, .length = length};
    objective.scale = 1 / mn_model_targets(&objective, samples, n);
    memset(r->gradient, 0, (size_t)r->model->size * sizeof *r->gradient);
    const mn_status_t status = mn_model_gradient(r->model, r->work, &objective, samples, n, r->gradient, &loss, err);
    *bits = loss.nats / log(2);
    *norm = mn_optimiser_norm(r->optimiser, r->gradient);
    return status;
}

static mn_status_t try_config(const mn_config_t *config, const int32_t *ids, int64_t n_ids, mn_err_t *err) {
    const mn_adamw_t adamw = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .decay = 0.1};
    double bits[3], norm[3], top = 0;
    run_t r;
    mn_status_t status = begin_run(&r, config, err);
    if (!status) status = measure(&r, ids, LONG, 1, 0, &bits[0], &norm[0], err);
    for (int64_t step = 0; !status && step < STEPS; step++) {
        mn_rng_t rng = mn_rng(1, MN_RNG_WINDOW, (uint64_t)step, 0);
        const int64_t at = mn_rng_below(&rng, n_ids - BATCH * WINDOW);
        if ((status = measure(&r, ids + at, WINDOW, BATCH, WINDOW, &bits[1], &norm[1], err))) break;
        if (!(norm[1] <= top)) top = norm[1];
        mn_optimiser_step(r.optimiser, &adamw, step + 1, mn_optimiser_rate(3e-3, 0.05, STEPS / 20, STEPS, step),
                          norm[1] > 1 ? 1 / norm[1] : 1, r.gradient, r.model->block);
    }
    if (!status) status = measure(&r, ids, LONG, 1, 0, &bits[2], &norm[2], err);
    if (!status) {
        printf("%lld\t%lld\t%g\t%s\t%s\t%.3g\t%.3g\t%.3g\t%.4f\t%.4f\n", (long long)config->memory.depth,
               (long long)config->chunk, config->memory.theta_max, mn_step_names[config->memory.step],
               mn_forget_names[config->memory.forget], norm[0], top, norm[2], bits[0], bits[2]);
        fflush(stdout);
    }
    end_run(&r);
    return status;
}

static mn_status_t run(const char *const *operands, int64_t n, mn_err_t *err) {
    static const int64_t chunks[] = {64, 16, 4, 1};
    mn_sequences_t *genome = NULL;
    int32_t *ids = NULL;
    mn_config_t config;
    mn_status_t status;
    const char *preset = n > 1 ? operands[1] : "tiny";
    const long depth = n > 2 ? strtol(operands[2], NULL, 10) : 0;
    if (n < 1 || n > 3 || depth < 0 || depth > MN_DEPTH_MAX)
        return mn_err_set(err, MN_USAGE, NULL, NULL, "stability takes GENOME [PRESET [DEPTH]], depth 1 to %d", MN_DEPTH_MAX);
    if (!mn_config_preset(preset, &config))
        return mn_err_set(err, MN_USAGE, NULL, "tiny, small or base", "no preset '%s'", preset);
    if ((status = mn_sequences_load(operands, 1, NULL, &genome, err)) ||
        (status = mn_mem_new((void **)&ids, genome->size, sizeof *ids, err)))
        goto done;
    for (int64_t i = 0; i < genome->size; i++) ids[i] = genome->bases[i];
    if (genome->size < LONG + BATCH * WINDOW) {
        status = mn_err_set(err, MN_INPUT, operands[0], "take a genome", "too short: %lld bases", (long long)genome->size);
        goto done;
    }
    printf("depth\tchunk\ttheta_max\tstep\tforget\tnorm_first\tnorm_largest\tnorm_last\tbits_first\tbits_last\n");
    for (int64_t d = depth ? depth : 1; d <= (depth ? depth : MN_DEPTH_MAX) && !status; d++)
        for (size_t i = 0; i < sizeof chunks / sizeof *chunks && !status; i++) {
            config.memory.depth = d;
            config.chunk = chunks[i];
            config.segment = 4 * chunks[i];
            status = try_config(&config, ids, genome->size, err);
        }
done:
    mn_mem_free(ids);
    mn_sequences_free(genome);
    return status;
}

const mn_benchmark_t mn_bench_stability = {"stability", "GENOME [PRESET [DEPTH]]",
                                           "gradient norms at every depth and chunk of the memory", run};
