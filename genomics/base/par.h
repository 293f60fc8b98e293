/* par: the one door to OpenMP. Work is a numbered list of independent tasks fixed by the problem, never by the number
 * of threads, so any thread count gives the same bits. A call from inside a task runs serially. */
#ifndef MN_PAR_H
#define MN_PAR_H
#include <stdint.h>

/* Runs task(ctx, i) for 0 <= i < n, dynamically spread over the threads; returns when all are done. */
void mn_par_for(int64_t n, void (*task)(void *ctx, int64_t i), void *ctx);

/* Threads used by mn_par_for: set (>= 1), get, the default that affinity, cgroup quota and OMP_NUM_THREADS allow, and
 * the index (0 ..) of the thread that runs the present task. */
void mn_par_set_threads(int threads);
int mn_par_threads(void);
int mn_par_default_threads(void);
int mn_par_thread(void);

#endif
