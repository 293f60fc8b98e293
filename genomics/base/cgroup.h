/* cgroup: what the control group that this process runs in (a container, a batch job) allows it; Linux, v2 and v1. */
#ifndef MN_CGROUP_H
#define MN_CGROUP_H
#include <stdint.h>

/* Bytes of memory; INT64_MAX without a limit. */
int64_t mn_cgroup_memory(void);
/* Processors by quota, rounded down, at least 1; INT64_MAX without a quota. */
int64_t mn_cgroup_cpus(void);

#endif
