/* mnemon benchmark: runs one of the benchmarks by name. */
#include "benchmarks/cmd_benchmark.h"
#include "benchmarks/benchmarks.h"
#include "genomics/base/clock.h"
#include "titans/config.h"
#include <string.h>
#include <sys/resource.h>

static const mn_benchmark_t *const benchmarks[] = {
    &mn_bench_layer,     &mn_bench_read,  &mn_bench_step,     &mn_bench_stream,
    &mn_bench_stability, &mn_bench_sweep, &mn_bench_ablation, &mn_bench_needle};
enum { BENCHMARKS = sizeof benchmarks / sizeof *benchmarks };

typedef struct settings {
    mn_common_t common;
} settings_t;

static const mn_option_t options[] = {MN_COMMON_OPTIONS, {0}};

double mn_bench_seconds(void) {
    return mn_clock(CLOCK_MONOTONIC);
}

double mn_bench_cpu(void) {
    double seconds = 0;
    for (int children = 0; children < 2; children++) {
        struct rusage usage;
        if (getrusage(children ? RUSAGE_CHILDREN : RUSAGE_SELF, &usage)) continue;
        seconds += (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
        seconds += (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    }
    return seconds;
}

int mn_bench_arch(const char *name) {
    int arch = 0;
    while (mn_arch_names[arch] && strcmp(mn_arch_names[arch], name)) arch++;
    return mn_arch_names[arch] ? arch : -1;
}

mn_status_t mn_bench_number(const char *const *operands, int64_t n, int64_t i, int64_t least, int64_t most,
                            int64_t *out, mn_err_t *err) {
    double value;
    if (i >= n) return MN_OK;
    if (!mn_option_parse_int(operands[i], &value) || value < (double)least || value > (double)most)
        return mn_err_set(err, MN_USAGE, NULL, NULL,
                          "operand %lld: expected a whole number from %lld to %lld, got '%s'", (long long)i + 1,
                          (long long)least, (long long)most, operands[i]);
    *out = (int64_t)value;
    return MN_OK;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    const char *names[BENCHMARKS];
    for (int i = 0; i < BENCHMARKS; i++) {
        names[i] = benchmarks[i]->name;
        if (!strcmp(args->operands[0], names[i]))
            return benchmarks[i]->run(args->operands + 1, args->n_operands - 1, err);
    }
    char hint[96];
    const char *near = mn_nearest(args->operands[0], names, BENCHMARKS);
    snprintf(hint, sizeof hint, near ? "did you mean '%s'?" : "there is: %s", near ? near : names[0]);
    return mn_err_set(err, MN_USAGE, NULL, hint, "unknown benchmark '%s'", args->operands[0]);
}

const mn_command_t mn_cmd_benchmark = {
    .name = "benchmark",
    .heading = "Inspect",
    .summary = "speed on this machine, and what the memory is good for",
    .operands = "NAME [...]",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "read FILE...: reading sequence files; BAM and CRAM beside `samtools view -c` on as many threads, where "
        "samtools is installed.\n\n"
        "layer [PASS [LENGTH [CHUNK]]]: one memory layer alone, of width 128 with two heads; PASS is forward or "
        "step [forward 1024 16].\n\n"
        "step [PRESET [LENGTH [CHUNK [ARCH]]]]: a forward pass and a training step beside the matrix product of "
        "this machine, in the same run [small 1024 16 lmm].\n\n"
        "stream [PRESET [LENGTH [ARCH]]]: tokens a second and resident memory along one context of LENGTH tokens "
        "[small 1048576 lmm].\n\n"
        "stability GENOME [PRESET [DEPTH]]: norms of the gradient at every depth and chunk of the memory, as the "
        "model begins and within 200 steps [tiny].\n\n"
        "sweep GENOME [TOKENS [SEED [SETTING...]]]: the tiny preset with one default changed at a time, trained on "
        "three quarters of GENOME, and bits per base on the last; the defaults themselves from three seeds [1M "
        "1].\n\n"
        "ablation GENOME [TOKENS [SEED [VARIANT...]]]: the same of the four backbones and of lmm without one thing "
        "each, all with as many parameters [1M 1].\n\n"
        "needle GENOME [TOKENS [LONGEST [VARIANT...]]]: a key and 8 random bases in real DNA; the key again at a "
        "distance of 1 k to LONGEST: how often the 8 bases follow, of a small model trained on TOKENS tokens at "
        "distances up to 4 k [4M 1M, all variants].",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon benchmark -t 1 read genome.fa reads.bam\nmnemon benchmark -t 1 step small 1024 16",
    .run = run,
};
