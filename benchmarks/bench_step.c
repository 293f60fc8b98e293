/* mnemon benchmark step: how near a forward pass and a training step come to the machine's own SGEMM, and where their
 * time goes. The numerator is the operation count of titans/MATH.md, without recomputation and without elementwise
 * work; the denominator the best of 5 over 512^3, 1024^3 and 1024x128x128 in the same run, measured for as long as a
 * pass takes and by turns with it, so that a machine whose clock changes treats both alike. */
#include "benchmarks/benchmarks.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/base/rng.h"
#include "titans/kernels/gemm.h"
#include "titans/kernels/vec.h"
#include "titans/memory.h"
#include "titans/model.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPEATS = 5, LONG = 1 << 17 }; /* more tokens than that pass once */

/* Multiply-adds of one token in one layer's parts and the head, forward and backward (MATH.md, "Operations"). */
typedef struct {
    double rows[2], memory[2]; /* forward, backward */
} operations_t;

static operations_t count_operations(const mn_config_t *c) {
    const double D = (double)c->dim, H = (double)c->heads, F = (double)c->ffn, C = (double)c->chunk,
                 L = (double)c->memory.depth;
    const double d = D / H, initial = c->memory.forget == MN_FORGET_INITIAL;
    operations_t n = {0};
    n.rows[0] = (double)c->layers * (D * (5 * D + H * (2 + L)) + 3 * D * F) + D * (double)c->vocab;
    if (c->arch == MN_ARCH_MAL || c->arch == MN_ARCH_MAG)
        n.rows[0] += (double)c->layers * (4 * D * D + 2 * D * (double)(c->persistent + c->window));
    if (c->arch == MN_ARCH_MAC) {
        n.rows[0] += (double)c->layers * (8 * D * D + 2 * D * (double)(c->persistent + c->segment + 1));
        for (int64_t l = 0; l < c->memory.depth; l++) {
            const double in = l ? d * (double)c->memory.expansion : d;
            const double out = l + 1 < c->memory.depth ? d * (double)c->memory.expansion : d;
            n.rows[0] += (double)c->layers * H * in * out; /* reads at the segment's start */
        }
    }
    n.rows[1] = 2 * n.rows[0];
    for (int64_t l = 0; l < c->memory.depth; l++) {
        const double in = l ? d * (double)c->memory.expansion : d;
        const double out = l + 1 < c->memory.depth ? d * (double)c->memory.expansion : d;
        n.memory[0] += (double)c->layers * H * (in * out * (5 + (l > 0) + initial) + C * (in + out));
        n.memory[1] += (double)c->layers * H * (in * out * (10 + 2 * (l > 0) + 2 * initial) + 2 * C * (in + out));
    }
    return n;
}

/* One thread's rate at (m, k) (k, n), repeated for `seconds`. x has room for the three matrices. */
static double time_gemm(int64_t m, int64_t n, int64_t k, double seconds, mn_real_t *x) {
    mn_real_t *a = x, *b = a + m * k, *c = b + k * n;
    const double flop = 2 * (double)m * (double)n * (double)k, start = mn_bench_seconds();
    double took;
    int64_t repeats = 0;
    do {
        mn_gemm('N', 'N', m, n, k, 1, a, k, b, n, 0, c, n);
        took = mn_bench_seconds() - start;
        repeats++;
    } while (took < seconds);
    return flop * (double)repeats / took;
}

static double best_gemm(double seconds, mn_real_t *x) {
    static const int64_t shapes[][3] = {{512, 512, 512}, {1024, 1024, 1024}, {1024, 128, 128}};
    double best = 0;
    for (int i = 0; i < 3; i++) {
        const double rate = time_gemm(shapes[i][0], shapes[i][1], shapes[i][2], seconds, x);
        if (rate > best) best = rate;
    }
    return best;
}

/* The memory alone: one head over rows like a layer's, no more than a gradient holds at once. */
static int64_t scan_rows(int64_t length) {
    return length < 2048 ? length : 2048;
}

typedef struct {
    mn_memory_t memory;
    mn_memory_rows_t rows;
    mn_memory_grads_t grads;
    mn_tape_t tapes[2]; /* of a forward pass alone, of a training step */
    mn_real_t *state, *dstate, *scratch;
    mn_arena_t arena;
} scan_t;

static mn_real_t *take_random(scan_t *s, int64_t n, double deviation) {
    mn_real_t *x = mn_arena_take(&s->arena, n, sizeof *x);
    mn_rng_t rng = mn_rng(1, MN_RNG_TEST, 1, (uint64_t)s->arena.used);
    for (int64_t i = 0; x && i < n; i++) x[i] = (mn_real_t)(deviation * mn_rng_normal(&rng));
    return x;
}

static mn_real_t *take_gates(scan_t *s, int64_t n, double value) {
    mn_real_t *x = take_random(s, n, 0);
    for (int64_t i = 0; x && i < n; i++) x[i] = (mn_real_t)value;
    return x;
}

static void lay_out(scan_t *s, int64_t length) {
    mn_memory_t *m = &s->memory;
    const int64_t d = m->d, n = mn_memory_chunks(m, length) * m->chunk;
    const double deviation = 1 / sqrt((double)d);
    s->rows = (mn_memory_rows_t){.n = length,
                                 .ld = d,
                                 .ldy = d,
                                 .q = take_random(s, n * d, deviation),
                                 .k = take_random(s, n * d, deviation),
                                 .v = take_random(s, n * d, deviation),
                                 .alpha = take_gates(s, n, 0.01),
                                 .eta = take_gates(s, n, 0.5),
                                 .theta = take_gates(s, n * m->depth, 0.01),
                                 .y = take_random(s, n * d, 0)};
    s->grads = (mn_memory_grads_t){.dy = s->rows.y,
                                   .dq = take_random(s, n * d, 0),
                                   .dk = take_random(s, n * d, 0),
                                   .dv = take_random(s, n * d, 0),
                                   .dalpha = take_random(s, n, 0),
                                   .deta = take_random(s, n, 0),
                                   .dtheta = take_random(s, n * m->depth, 0)};
    for (int64_t l = 0; l < m->depth; l++) {
        s->rows.initial[l] = take_random(s, m->dims[l] * m->dims[l + 1], deviation);
        s->grads.dinitial[l] = take_random(s, m->dims[l] * m->dims[l + 1], 0);
    }
    s->tapes[0] = (mn_tape_t){.every = 1, .chunks = mn_arena_take(&s->arena, m->chunk_size, sizeof(mn_real_t))};
    mn_tape_take(&s->tapes[1], m, length, false, &s->arena);
    s->state = take_random(s, m->state_size, 0.01);
    s->dstate = take_random(s, m->state_size, 0);
    s->scratch = take_random(s, m->scratch_size, 0);
}

/* Owner: the caller frees s->arena.base. */
static mn_status_t begin_scan(scan_t *s, const mn_config_t *config, int64_t length, mn_err_t *err) {
    *s = (scan_t){0};
    mn_memory_init(&s->memory, config);
    lay_out(s, length);
    const mn_status_t status = mn_mem_new((void **)&s->arena.base, s->arena.peak, 1, err);
    if (status) return status;
    s->arena.size = s->arena.peak;
    s->arena.used = 0;
    lay_out(s, length);
    return MN_OK;
}

/* Best so far of seconds: a forward pass alone, a training step. */
static void time_scan(scan_t *s, double seconds[2]) {
    for (int training = 0; training < 2; training++) {
        const double start = mn_bench_seconds();
        mn_memory_forward(&s->memory, &s->rows, &s->tapes[training], s->state, s->scratch);
        if (training) mn_memory_backward(&s->memory, &s->rows, &s->tapes[1], &s->grads, s->dstate, s->scratch);
        const double took = mn_bench_seconds() - start;
        if (took < seconds[training]) seconds[training] = took;
    }
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

/* Best of all repeats, in seconds: forward pass and training step of the batch, and of one head's memory; SGEMM in
 * operations a second. */
typedef struct {
    double pass[2], memory[2], gemm;
} times_t;

static mn_status_t time_passes(const mn_config_t *config, int64_t length, int64_t batch, times_t *times,
                               mn_err_t *err) {
    mn_model_t *model = NULL;
    mn_work_t *work = NULL;
    int32_t *ids = NULL;
    float *nats = NULL;
    mn_real_t *gradient = NULL, *x = NULL;
    mn_sample_t *samples = NULL;
    mn_output_t *outputs = NULL;
    mn_status_t status;
    scan_t scan = {0};
    *times = (times_t){{INFINITY, INFINITY}, {INFINITY, INFINITY}, 0};
    if ((status = mn_model_new(config, &model, err)) || (status = mn_work_new(model, 0, &work, err)) ||
        (status = mn_mem_new((void **)&ids, length, sizeof *ids, err)) ||
        (status = mn_mem_new((void **)&nats, length * batch, sizeof *nats, err)) ||
        (status = mn_mem_new((void **)&samples, batch, sizeof *samples, err)) ||
        (status = mn_mem_new((void **)&outputs, batch, sizeof *outputs, err)) ||
        (status = begin_scan(&scan, config, scan_rows(length), err)) ||
        (status = mn_mem_new((void **)&x, 3 << 20, sizeof *x, err)) ||
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
    for (int64_t i = 0; i < 2 << 20; i++) x[i] = (mn_real_t)(i % 7) / 7;
    const int repeats = length * batch <= LONG ? REPEATS : 1;
    for (int r = 0; r < repeats; r++) {
        mn_loss_t loss = {0};
        double start = mn_bench_seconds();
        if ((status = mn_model_forward(model, work, samples, batch, outputs, err))) goto done;
        double took = mn_bench_seconds() - start;
        if (took < times->pass[0]) times->pass[0] = took;
        start = mn_bench_seconds();
        if ((status = mn_model_gradient(model, work, &objective, samples, batch, gradient, &loss, err))) goto done;
        took = mn_bench_seconds() - start;
        if (took < times->pass[1]) times->pass[1] = took;
        time_scan(&scan, times->memory);
        const double rate = best_gemm(took < 1 ? took : 1, x);
        if (rate > times->gemm) times->gemm = rate;
    }
done:
    mn_mem_free(ids);
    mn_mem_free(nats);
    mn_mem_free(samples);
    mn_mem_free(outputs);
    mn_mem_free(gradient);
    mn_mem_free(x);
    mn_mem_free(scan.arena.base);
    mn_work_free(work);
    mn_model_free(model);
    return status;
}

static mn_status_t run(const char *const *operands, int64_t n, mn_err_t *err) {
    mn_config_t config;
    mn_status_t status;
    int64_t length = 1024;
    const char *preset = n > 0 ? operands[0] : "small";
    start_clean(operands, n);
    if (!mn_config_preset(preset, &config))
        return mn_err_set(err, MN_USAGE, NULL, "tiny, small or base", "no preset '%s'", preset);
    if ((status = mn_bench_number(operands, n, 1, 1, 1 << 20, &length, err)) ||
        (status = mn_bench_number(operands, n, 2, 1, 1 << 20, &config.chunk, err)))
        return status;
    if (n > 4) return mn_err_set(err, MN_USAGE, NULL, NULL, "step takes at most four operands");
    if (n > 3 && (config.arch = mn_bench_arch(operands[3])) < 0)
        return mn_err_set(err, MN_USAGE, NULL, "lmm, mal, mag or mac", "no arch '%s'", operands[3]);
    config.segment = config.chunk * 4;

    const int64_t batch = mn_par_threads();
    const operations_t ops = count_operations(&config);
    times_t times;
    if ((status = time_passes(&config, length, batch, &times, err))) return status;
    printf("# preset %s, arch %s, length %lld, chunk %lld, %d thread(s), OpenBLAS %s, loops %s, peak memory %.0f MB\n",
           preset, mn_arch_names[config.arch], (long long)length, (long long)config.chunk, mn_par_threads(),
           mn_gemm_core(), mn_vec_level(), (double)mn_mem_peak() / 1e6);
    printf("part\ttokens_per_s\tmflop_per_token\tgflop_per_s\tshare_of_sgemm\tshare_of_time\n");
    static const char *const names[2][3] = {{"forward", "forward: memory", "forward: rows"},
                                            {"step", "step: memory", "step: rows"}};
    for (int i = 0; i < 2; i++) {
        /* multiply-adds and one thread's seconds a token: all, memory, rows */
        const double scans = (double)(config.layers * config.heads * batch), tokens = (double)(length * batch);
        const double all = times.pass[i] / tokens * mn_par_threads(),
                     memory = times.memory[i] * scans / (double)(scan_rows(length) * batch);
        const double rows_ops = ops.rows[0] + i * ops.rows[1], memory_ops = ops.memory[0] + i * ops.memory[1];
        const double parts[3][2] = {{rows_ops + memory_ops, all}, {memory_ops, memory}, {rows_ops, all - memory}};
        for (int k = 0; k < 3; k++) {
            const double rate = 2 * parts[k][0] / parts[k][1];
            printf("%s\t%.0f\t%.4f\t%.2f\t%.3f\t%.3f\n", names[i][k], mn_par_threads() / parts[k][1],
                   2e-6 * parts[k][0], rate * mn_par_threads() / 1e9, rate / times.gemm, parts[k][1] / all);
        }
    }
    printf("sgemm, one thread\tNA\tNA\t%.2f\t1.000\tNA\n", times.gemm / 1e9);
    return MN_OK;
}

const mn_benchmark_t mn_bench_step = {"step", "[PRESET [LENGTH [CHUNK [ARCH]]]]",
                                      "a forward pass and a training step beside SGEMM", run};
