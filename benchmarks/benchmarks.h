/* benchmarks: the list of them. Each prints a TSV on stdout. */
#ifndef MN_BENCHMARKS_H
#define MN_BENCHMARKS_H
#include "genomics/base/err.h"
#include <stdint.h>

typedef struct mn_benchmark {
    const char *name, *operands, *summary;
    mn_status_t (*run)(const char *const *operands, int64_t n, mn_err_t *err);
} mn_benchmark_t;

extern const mn_benchmark_t mn_bench_layer, mn_bench_read, mn_bench_step, mn_bench_stability, mn_bench_stream,
    mn_bench_sweep, mn_bench_ablation, mn_bench_needle;

/* Seconds of a clock that only goes forward, and CPU seconds of this process with its ended children. */
double mn_bench_seconds(void);
double mn_bench_cpu(void);

/* The arch of a name, or -1. */
int mn_bench_arch(const char *name);

/* Operand i of n into *out, which keeps its value where it is not given: a whole number in [least, most]. */
mn_status_t mn_bench_number(const char *const *operands, int64_t n, int64_t i, int64_t least, int64_t most,
                            int64_t *out, mn_err_t *err);

#endif
