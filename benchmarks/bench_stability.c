/* mnemon benchmark stability: the defaults at every depth of the memory and chunks of 1 to 64 tokens, on real DNA: the
 * norm of the gradient over 8,192 tokens as the model begins, the largest norm within 200 training steps, and that over
 * the same 8,192 tokens after them; all before clipping. */
#include "benchmarks/benchmarks.h"
#include "benchmarks/trial.h"
#include "genomics/base/mem.h"
#include <stdio.h>

enum { LONG = 8192, WINDOW = 512, BATCH = 2, STEPS = 200 };

static mn_status_t try_config(const mn_config_t *config, const int32_t *ids, int64_t n, mn_err_t *err) {
    const mn_sample_t whole = {.ids = ids, .length = LONG};
    const mn_lesson_t lesson = {
        .ids = ids, .n = n, .length = WINDOW, .batch = BATCH, .steps = STEPS, .rate = 3e-3, .seed = 1};
    double bits[2] = {0}, norm[2] = {0};
    mn_trial_t trial;
    mn_status_t status = mn_trial_begin(&trial, config, 1, err);
    for (int i = 0; i < 2 && !status; i++) {
        if (i == 1 && (status = mn_trial_learn(&trial, &lesson, err))) break;
        status = mn_trial_gradient(&trial, &whole, 1, err);
        bits[i] = trial.bits;
        norm[i] = trial.norm;
    }
    if (!status) {
        printf("%lld\t%lld\t%g\t%s\t%s\t%.3g\t%.3g\t%.3g\t%.4f\t%.4f\n", (long long)config->memory.depth,
               (long long)config->chunk, config->memory.theta_max, mn_step_names[config->memory.step],
               mn_forget_names[config->memory.forget], norm[0], trial.top, norm[1], bits[0], bits[1]);
        fflush(stdout);
    }
    mn_trial_end(&trial);
    return status;
}

static mn_status_t run(const char *const *operands, int64_t n, mn_err_t *err) {
    static const int64_t chunks[] = {64, 16, 4, 1};
    int32_t *ids = NULL;
    int64_t n_ids, depth = 0;
    mn_config_t config;
    mn_status_t status;
    const char *preset = n > 1 ? operands[1] : "tiny";
    if (n < 1 || n > 3) return mn_err_set(err, MN_USAGE, NULL, NULL, "stability takes GENOME [PRESET [DEPTH]]");
    if (!mn_config_preset(preset, &config))
        return mn_err_set(err, MN_USAGE, NULL, "tiny, small or base", "no preset '%s'", preset);
    if ((status = mn_bench_number(operands, n, 2, 1, MN_DEPTH_MAX, &depth, err)) ||
        (status = mn_trial_genome(operands[0], LONG + BATCH * WINDOW, &ids, &n_ids, err)))
        return status;
    printf("depth\tchunk\ttheta_max\tstep\tforget\tnorm_first\tnorm_largest\tnorm_last\tbits_first\tbits_last\n");
    for (int64_t d = depth ? depth : 1; d <= (depth ? depth : MN_DEPTH_MAX) && !status; d++)
        for (size_t i = 0; i < sizeof chunks / sizeof *chunks && !status; i++) {
            config.memory.depth = d;
            config.chunk = chunks[i];
            config.segment = 4 * chunks[i];
            status = try_config(&config, ids, n_ids, err);
        }
    mn_mem_free(ids);
    return status;
}

const mn_benchmark_t mn_bench_stability = {"stability", "GENOME [PRESET [DEPTH]]",
                                           "gradient norms at every depth and chunk of the memory", run};
