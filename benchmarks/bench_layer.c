/* mnemon benchmark layer: one memory layer alone, for comparison with other programs (benchmarks/peers): width 128,
 * two heads, depth 2, expansion 4, in the form of the paper's second version: GELU, x + LN(f(x)), plain steps; no
 * convolution, no persistent rows. It forgets towards the initial matrices (one product more), since towards zero LN's
 * gradient overflows at 32 k tokens. The model around it is the least there can be: an embedding of 9 rows, two norms,
 * a feed-forward part one wide. A forward pass leaves (LENGTH, 128) rows, a training step the gradient of every
 * parameter. One kind of pass a run, so that the peak memory is its own. */
#include "benchmarks/benchmarks.h"
#include "genomics/base/mem.h"
#include "genomics/base/rng.h"
#include "titans/model.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { REPEATS = 20 };
static const double enough = 4; /* seconds, after which it is not repeated */

static mn_config_t make_config(int64_t chunk) {
    mn_config_t config;
    mn_config_preset("small", &config);
    config.layers = config.ffn = config.conv = 1;
    config.persistent = 0;
    config.chunk = config.segment = chunk;
    config.memory.activation = MN_ACT_GELU;
    config.memory.norm = config.memory.residual = true;
    config.memory.step = MN_STEP_PLAIN;
    config.memory.forget = MN_FORGET_INITIAL;
    config.memory.theta_max = 0.01;
    return config;
}

/* Best of the repeats and of *best, in seconds. */
static mn_status_t time_pass(const mn_config_t *config, int64_t length, bool training, double *best, mn_err_t *err) {
    mn_model_t *model = NULL;
    mn_work_t *work = NULL;
    int32_t *ids = NULL;
    mn_real_t *out = NULL;
    mn_status_t status;
    if ((status = mn_model_new(config, &model, err)) || (status = mn_work_new(model, 0, &work, err)) ||
        (status = mn_mem_new((void **)&ids, length, sizeof *ids, err)) ||
        (status = mn_mem_new((void **)&out, training ? model->size : length * config->dim, sizeof *out, err)))
        goto done;
    mn_model_init(model, 1);
    mn_rng_t rng = mn_rng(1, MN_RNG_TEST, 0, 0);
    for (int64_t t = 0; t < length; t++) ids[t] = (int32_t)mn_rng_below(&rng, 4);
    const mn_sample_t sample = {.ids = ids, .length = length};
    const mn_objective_t objective = {.kind = MN_LOSS_NEXT_TOKEN, .scale = 1 / (double)length};
    double spent = 0;
    for (int r = 0; r < REPEATS && spent < enough; r++) {
        mn_output_t output = {.hidden = out, .layer = -1, .next = -1};
        mn_loss_t loss = {0};
        const double start = mn_bench_seconds();
        status = training ? mn_model_gradient(model, work, &objective, &sample, 1, out, &loss, err)
                          : mn_model_forward(model, work, &sample, 1, &output, err);
        if (status) goto done;
        const double took = mn_bench_seconds() - start;
        spent += took;
        if (took < *best) *best = took;
    }
    for (int64_t i = 0; i < (training ? model->size : length * config->dim); i++)
        if (!isfinite(out[i])) {
            status = mn_err_set(err, MN_DIVERGED, NULL, NULL, "number %lld of the result is not finite", (long long)i);
            break;
        }
done:
    mn_mem_free(out);
    mn_mem_free(ids);
    mn_work_free(work);
    mn_model_free(model);
    return status;
}

static mn_status_t run(const char *const *operands, int64_t n, mn_err_t *err) {
    int64_t length = 1024, chunk = 16;
    mn_status_t status;
    double best = INFINITY;
    const char *pass = n > 0 ? operands[0] : "forward";
    const bool training = !strcmp(pass, "step");
    if (n > 3 || (!training && strcmp(pass, "forward")))
        return mn_err_set(err, MN_USAGE, NULL, "forward or step, length, chunk", "layer takes [PASS [LENGTH [CHUNK]]]");
    if ((status = mn_bench_number(operands, n, 1, 1, 1 << 20, &length, err)) ||
        (status = mn_bench_number(operands, n, 2, 1, 1 << 20, &chunk, err)))
        return status;
    const mn_config_t config = make_config(chunk);
    if ((status = mn_config_check(&config, MN_USAGE, NULL, err)) ||
        (status = time_pass(&config, length, training, &best, err)))
        return status;
    printf("pass\ttokens\tchunk\tseconds\ttokens_per_s\tpeak_mb\n%s\t%lld\t%lld\t%.5g\t%.0f\t%.1f\n", pass,
           (long long)length, (long long)chunk, best, (double)length / best, (double)mn_mem_peak() / 1e6);
    return MN_OK;
}

const mn_benchmark_t mn_bench_layer = {"layer", "[PASS [LENGTH [CHUNK]]]", "one memory layer alone", run};
