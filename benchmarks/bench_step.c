/* mnemon benchmark step: how near a forward pass and a training step come to the machine's own SGEMM, on one thread's worth
 * of work. The numerator is the operation count of titans/MATH.md, without recomputation and without elementwise work; the
 * denominator the best of 5 over 512^3, 1024^3 and 1024x128x128 in the same run. */
#include "benchmarks/benchmarks.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/base/rng.h"
#include "titans/kernels/gemm.h"
#include "titans/kernels/vec.h"
#include "titans/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPEATS = 5 };

/* Multiply-adds of one token in one layer's parts and the head, forward and backward (MATH.md, "Operations"). */
typedef struct {
    double rows[2], memory[2]; /* forward, backward */
} operations_t;

static operations_t count_operations(const mn_config_t *c) {
    const double D = (double)c->dim, H = (double)c->heads, F = (double)c->ffn, C = (double)c->chunk, L = (double)c->memory.depth;
    const double d = D / H, initial = c->memory.forget == MN_FORGET_INITIAL;
    operations_t n = {0};
    n.rows[0] = (double)c->layers * (D * (5 * D + H * (2 + L)) + 3 * D * F) + D * (double)c->vocab;
    n.rows[1] = 2 * n.rows[0];
    for (int64_t l = 0; l < c->memory.depth; l++) {
        const double in = l ? d * (double)c->memory.expansion : d;
        const double out = l + 1 < c->memory.depth ? d * (double)c->memory.expansion : d;
        n.memory[0] += (double)c->layers * H * (in * out * (5 + (l > 0) + initial) + C * (in + out));
        n.memory[1] += (double)c->layers * H * (in * out * (10 + 2 * (l > 0) + 2 * initial) + 2 * C * (in + out));
    }
    return n;
}

static double time_gemm(int64_t m, int64_t n, int64_t k, const mn_real_t *a, const mn_real_t *b, mn_real_t *c) {
    const double flop = 2 * (double)m * (double)n * (double)k;
    const int64_t repeats = (int64_t)(1e9 / flop) + 1;
    const double start = mn_bench_seconds();
    for (int64_t i = 0; i < repeats; i++) mn_gemm('N', 'N', m, n, k, 1, a, k, b, n, 0, c, n);
    return flop * (double)repeats / (mn_bench_seconds() - start);
}

static mn_status_t best_gemm(double *best, mn_err_t *err) {
    static const int64_t shapes[][3] = {{512, 512, 512}, {1024, 1024, 1024}, {1024, 128, 128}};
    mn_real_t *x;
    const mn_status_t status = mn_mem_new((void **)&x, 3 << 20, sizeof *x, err);
    if (status) return status;
    for (int64_t i = 0; i < 2 << 20; i++) x[i] = (mn_real_t)(i % 7) / 7;
    *best = 0;
    for (int r = 0; r < REPEATS; r++)
        for (int i = 0; i < 3; i++) {
            const double rate = time_gemm(shapes[i][0], shapes[i][1], shapes[i][2], x, x + (1 << 20), x + (2 << 20));
            if (rate > *best) *best = rate;
        }
    mn_mem_free(x);
    return MN_OK;
}

/* These halve OpenBLAS and are read before main: start again without them. */
static void start_clean(const char *const *operands, int64_t n) {
    if (!getenv("OPENBLAS_CORETYPE") && !getenv("OPENBLAS_L2_SIZE")) return;
    char threads[24];
    const char *argv[16] = {"mnemon", "benchmark", "-t", threads, "step"};
    snprintf(threads, sizeof threads, "%d", mn_par_threads());
    for (int64_t i = 0; i < n && i < 8; i++) argv[5 + i] = operands[i];
    unsetenv("OPENBLAS_CORETYPE");
    unsetenv("OPENBLAS_L2_SIZE");
    execv("/proc/self/exe", (char **)(uintptr_t)argv);
}

static mn_status_t time_passes(const mn_config_t *config, int64_t length, int64_t batch, double seconds[2], mn_err_t *err) {
    mn_model_t *model = NULL;
    mn_work_t *work = NULL;
    int32_t *ids = NULL;
    float *nats = NULL;
    mn_real_t *gradient = NULL;
    mn_sample_t *samples = NULL;
    mn_output_t *outputs = NULL;
    mn_status_t status;
    if ((status = mn_model_new(config, &model, err)) || (status = mn_work_new(model, 0, &work, err)) ||
        (status = mn_mem_new((void **)&ids, length, sizeof *ids, err)) ||
        (status = mn_mem_new((void **)&nats, length * batch, sizeof *nats, err)) ||
        (status = mn_mem_new((void **)&samples, batch, sizeof *samples, err)) ||
        (status = mn_mem_new((void **)&outputs, batch, sizeof *outputs, err)) ||
        (status = mn_mem_new((void **)&gradient, model->size, sizeof *gradient, err)))
        goto done;
    mn_model_init(model, 1);
    mn_rng_t rng = mn_rng(1, MN_RNG_TEST, 0, 0);
    for (int64_t t = 0; t < length; t++) ids[t] = (int32_t)mn_rng_below(&rng, 4);
    for (int64_t i = 0; i < batch; i++) {
        samples[i] = (mn_sample_t){.ids = ids, .length = length};
        outputs[i] = (mn_output_t){.nats = nats + i * length, .layer = -1, .next = -1};
    }
    mn_objective_t objective = {.kind = MN_LOSS_NEXT_TOKEN};
    objective.scale = 1 / mn_model_targets(&objective, samples, batch);
    for (int r = 0; r < REPEATS; r++) {
        mn_loss_t loss = {0};
        double start = mn_bench_seconds();
        if ((status = mn_model_forward(model, work, samples, batch, outputs, err))) goto done;
        double took = mn_bench_seconds() - start;
        if (r == 0 || took < seconds[0]) seconds[0] = took;
        start = mn_bench_seconds();
        if ((status = mn_model_gradient(model, work, &objective, samples, batch, gradient, &loss, err))) goto done;
        took = mn_bench_seconds() - start;
        if (r == 0 || took < seconds[1]) seconds[1] = took;
    }
done:
    mn_mem_free(ids);
    mn_mem_free(nats);
    mn_mem_free(samples);
    mn_mem_free(outputs);
    mn_mem_free(gradient);
    mn_work_free(work);
    mn_model_free(model);
    return status;
}

static mn_status_t read_count(const char *text, int64_t *out, mn_err_t *err) {
    char *end;
    const long n = strtol(text, &end, 10);
    if (*end || n < 1 || n > 1 << 20) return mn_err_set(err, MN_USAGE, NULL, "1 to 1048576", "'%s' is no such number", text);
    *out = n;
    return MN_OK;
}

static mn_status_t run(const char *const *operands, int64_t n, mn_err_t *err) {
    mn_config_t config;
    mn_status_t status;
    int64_t length = 1024;
    const char *preset = n > 0 ? operands[0] : "small";
    start_clean(operands, n);
    if (!mn_config_preset(preset, &config))
        return mn_err_set(err, MN_USAGE, NULL, "tiny, small or base", "no preset '%s'", preset);
    if (n > 1 && (status = read_count(operands[1], &length, err))) return status;
    if (n > 2 && (status = read_count(operands[2], &config.chunk, err))) return status;
    if (n > 3) return mn_err_set(err, MN_USAGE, NULL, NULL, "step takes at most three operands");
    config.segment = config.chunk * 4;

    const int64_t batch = mn_par_threads();
    const operations_t ops = count_operations(&config);
    double gemm, seconds[2];
    if ((status = best_gemm(&gemm, err)) || (status = time_passes(&config, length, batch, seconds, err))) return status;
    printf("# preset %s, length %lld, chunk %lld, %d thread(s), OpenBLAS %s, loops %s\n", preset, (long long)length,
           (long long)config.chunk, mn_par_threads(), mn_gemm_core(), mn_vec_level());
    printf("pass\ttokens_per_s\tgflop_per_token\tgflop_per_s\tshare_of_sgemm\n");
    static const char *const names[] = {"forward", "step"};
    for (int i = 0; i < 2; i++) {
        const double tokens = (double)(length * batch) / seconds[i];
        const double flop = 2 * (ops.rows[0] + ops.memory[0] + (i ? ops.rows[1] + ops.memory[1] : 0));
        printf("%s\t%.0f\t%.6f\t%.2f\t%.3f\n", names[i], tokens, flop / 1e9, flop * tokens / 1e9,
               flop * tokens / gemm / (double)batch);
    }
    printf("sgemm\tNA\tNA\t%.2f\t1.000\n", gemm / 1e9);
    return MN_OK;
}

const mn_benchmark_t mn_bench_step = {"step", "[PRESET [LENGTH [CHUNK]]]", "a forward pass and a training step beside SGEMM",
                                      run};
