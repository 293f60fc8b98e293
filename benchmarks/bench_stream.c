/* mnemon benchmark stream: one sequence of up to LENGTH tokens as one context, its state carried from piece to piece:
 * tokens a second and resident memory at 2 k tokens and each further power of two. Both should stay where they begin.
 */
#include "benchmarks/benchmarks.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/base/rng.h"
#include "titans/model.h"
#include <stdio.h>
#include <unistd.h>

enum { PIECE = 2048 };

/* Bytes of this process in memory now; 0: unknown. */
static int64_t read_resident(void) {
    long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%*d %lld", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

static mn_status_t stream(const mn_model_t *model, mn_work_t *work, mn_state_t *state, int64_t length, mn_err_t *err) {
    int32_t ids[PIECE];
    float nats[PIECE];
    int64_t done = 0, shown = 0;
    double start = mn_bench_seconds();
    printf("tokens\ttokens_per_s\tresident_mb\n");
    for (int64_t mark = PIECE; done < length; mark = mark * 2 < length ? mark * 2 : length) {
        for (; done < mark; done += PIECE) {
            mn_rng_t rng = mn_rng(1, MN_RNG_TEST, (uint64_t)done, 0);
            for (int t = 0; t < PIECE; t++) ids[t] = (int32_t)mn_rng_below(&rng, 4);
            const mn_sample_t sample = {.ids = ids, .length = PIECE, .state = state};
            mn_output_t output = {.nats = nats, .layer = -1, .next = -1};
            const mn_status_t status = mn_model_forward(model, work, &sample, 1, &output, err);
            if (status) return status;
        }
        const double now = mn_bench_seconds();
        printf("%lld\t%.0f\t%.1f\n", (long long)done, (double)(done - shown) / (now - start),
               (double)read_resident() / 1e6);
        fflush(stdout);
        start = now;
        shown = done;
    }
    return MN_OK;
}

static mn_status_t run(const char *const *operands, int64_t n, mn_err_t *err) {
    mn_config_t config;
    mn_model_t *model = NULL;
    mn_work_t *work = NULL;
    mn_state_t *state = NULL;
    mn_status_t status;
    const char *preset = n > 0 ? operands[0] : "small", *arch = n > 2 ? operands[2] : "lmm";
    int64_t length = 1 << 20;
    if (n > 3) return mn_err_set(err, MN_USAGE, NULL, NULL, "stream takes at most three operands");
    if ((status = mn_bench_number(operands, n, 1, PIECE, INT64_MAX, &length, err))) return status;
    if (!mn_config_preset(preset, &config))
        return mn_err_set(err, MN_USAGE, NULL, "tiny, small or base", "no preset '%s'", preset);
    if ((config.arch = mn_bench_arch(arch)) < 0)
        return mn_err_set(err, MN_USAGE, NULL, "lmm, mal, mag or mac", "no arch '%s'", arch);
    if (!(status = mn_model_new(&config, &model, err)) && !(status = mn_work_new(model, 0, &work, err)) &&
        !(status = mn_state_new(model, &state, err))) {
        mn_model_init(model, 1);
        printf("# preset %s, arch %s, chunk %lld, %d thread(s)\n", preset, arch, (long long)config.chunk,
               mn_par_threads());
        status = stream(model, work, state, length, err);
    }
    mn_state_free(state);
    mn_work_free(work);
    mn_model_free(model);
    return status;
}

const mn_benchmark_t mn_bench_stream = {"stream", "[PRESET [LENGTH [ARCH]]]",
                                        "tokens a second and memory along one long context", run};
