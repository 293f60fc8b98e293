/* par: task lists on OpenMP threads.
 *
 * The number of threads is given with each region and kept here: OpenBLAS built for OpenMP changes OpenMP's own setting
 * when it is told to run single-threaded. */
#include "genomics/base/par.h"
#include "genomics/base/cgroup.h"
#include <omp.h>
#include <stdlib.h>

static int n_threads; /* 0: not set yet */
static _Thread_local int number; /* in a region of ours: a caller's own region says nothing of it */

void mn_par_for(int64_t n, void (*task)(void *ctx, int64_t i), void *ctx) {
    /* A region of one thread would renumber the threads of the outer one, hence the plain loop. */
    if (n < 2 || mn_par_threads() == 1 || omp_in_parallel()) {
        for (int64_t i = 0; i < n; i++) task(ctx, i);
        return;
    }
    int threads = n < mn_par_threads() ? (int)n : mn_par_threads();
#pragma omp parallel num_threads(threads)
    {
        number = omp_get_thread_num();
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = 0; i < n; i++) task(ctx, i);
        number = 0;
    }
}

void mn_par_set_threads(int threads) {
    n_threads = threads > 1 ? threads : 1;
}

int mn_par_threads(void) {
    if (!n_threads) n_threads = mn_par_default_threads();
    return n_threads;
}

int mn_par_default_threads(void) {
    int64_t least = omp_get_num_procs(), group = mn_cgroup_cpus(); /* the former follows sched_setaffinity */
    if (group < least) least = group;
    const char *text = getenv("OMP_NUM_THREADS"); /* a list gives one number per nesting level */
    long wanted = text ? strtol(text, NULL, 10) : 0;
    if (wanted > 0 && wanted < least) least = wanted;
    return least > 1 ? (int)least : 1;
}

int mn_par_thread(void) {
    return number;
}
