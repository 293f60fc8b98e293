/* mnemon doctor: what mnemon found on this machine and what it chose: a line each on stdout; what is amiss on stderr. */
#include "genomics/base/clock.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/version.h"
#include "pipelines/builtin.h"
#include "pipelines/commands.h"
#include "pipelines/options.h"
#include "pipelines/report.h"
#include "titans/kernels/gemm.h"
#include "titans/kernels/vec.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#ifdef __clang__
static const char compiler[] = __VERSION__;
#else
static const char compiler[] = "gcc " __VERSION__;
#endif

typedef struct settings {
    mn_common_t common;
} settings_t;

static const mn_option_t options[] = {MN_COMMON_OPTIONS, {0}};

/* GFLOP/s of products of BLAS on one thread, over a fifth of a second; 0: no memory. */
static double time_products(void) {
    enum { N = 512 };
    mn_real_t *x = NULL;
    if (mn_mem_new((void **)&x, 3 * N * N, (int64_t)sizeof *x, NULL)) return 0;
    int64_t products = 0;
    mn_gemm('N', 'N', N, N, N, 1, x, N, x + N * N, N, 0, x + 2 * N * N, N); /* the first wakes BLAS */
    const double start = mn_clock(CLOCK_MONOTONIC);
    double now;
    do {
        mn_gemm('N', 'N', N, N, N, 1, x, N, x + N * N, N, 0, x + 2 * N * N, N);
        products++;
        now = mn_clock(CLOCK_MONOTONIC);
    } while (now < start + 0.2);
    mn_mem_free(x);
    return 2e-9 * N * N * N * (double)products / (now - start);
}

static void say(const char *what, const char *format, ...) MN_PRINTF(2, 3);
static void say(const char *what, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("%-12s", what);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
}

static void tell_processor(void) {
    char blas[256];
    const char *const harmful[] = {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"};
    say("kernels", "%s; the best of this processor: %s", mn_vec_level(), mn_vec_best());
    mn_gemm_init();
    mn_gemm_describe(blas, sizeof blas);
    const bool room = mn_mem_available() > 500000000; /* OpenBLAS asks for memory again and again where there is none */
    if (room)
        say("BLAS", "%s; %.0f GFLOP/s on one thread", blas, time_products());
    else
        say("BLAS", "%s", blas);
    for (size_t i = 0; i < sizeof harmful / sizeof *harmful; i++)
        if (getenv(harmful[i]))
            mn_log(MN_LOG_WARNING, "%s is set, which can halve the speed of OpenBLAS (unset it)", harmful[i]);
    if (strcmp(mn_vec_level(), mn_vec_best()))
        mn_log(MN_LOG_WARNING, "%s is in use instead of %s (leave out --cpu)", mn_vec_level(), mn_vec_best());
    if (!strcmp(mn_vec_best(), "plain"))
        mn_log(MN_LOG_WARNING, "this processor has no AVX2: plain loops, several times as slow");
}

static void tell_limits(void) {
    const char *temporary = getenv("TMPDIR");
    const char *const folders[] = {".", temporary && *temporary ? temporary : "/tmp"};
    const int threads = mn_par_default_threads();
    say("threads", "%d by default, as many as affinity, the control group and OMP_NUM_THREADS allow", threads);
    say("memory", "%.1f GB may be used", (double)mn_mem_available() / 1e9);
    if (mn_mem_available() < 1000000000)
        mn_log(MN_LOG_WARNING, "less than 1 GB of memory may be used; with less than 0.4 GB of address space OpenBLAS never ends");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        struct statvfs info;
        if (statvfs(folders[i], &info)) {
            mn_log(MN_LOG_WARNING, "no folder %s", folders[i]);
            continue;
        }
        const double room = (double)info.f_bavail * (double)info.f_frsize;
        say("free space", "%.1f GB in %s", room / 1e9, folders[i]);
        if (room < 1e9) mn_log(MN_LOG_WARNING, "less than 1 GB is free in %s", folders[i]);
    }
}

static void tell_models(void) {
    mn_builtins_t list;
    mn_err_t err;
    char line[1024];
    if (mn_builtins_list(&list, &err)) {
        mn_log(MN_LOG_WARNING, "%s", mn_err_line(&err, line, sizeof line));
        return;
    }
    for (int64_t i = 0; i < list.n; i++) say("model", MN_BUILTIN "%s, %s", list.names[i], list.paths[i]);
    mn_builtins_done(&list);
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    (void)args, (void)err;
    say("mnemon", "%s, compiled by %s", MN_VERSION, compiler);
    say("htslib", "%s", mn_version_htslib());
    tell_processor();
    tell_limits();
    tell_models();
    return MN_OK;
}

const mn_command_t mn_cmd_doctor = {
    .name = "doctor",
    .heading = "Inspect",
    .summary = "what mnemon found on this machine and chose: kernels, BLAS, threads, memory, space, models",
    .operands = "",
    .max_operands = 0,
    .about = "A line each on stdout; what is amiss, with its remedy, on stderr. Paste it into a report of a fault.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon doctor",
    .run = run,
};
