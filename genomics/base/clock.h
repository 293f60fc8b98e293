/* clock: seconds of one of the system's clocks. */
#ifndef MN_CLOCK_H
#define MN_CLOCK_H
#include <time.h>

/* which: CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID. */
static inline double mn_clock(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
