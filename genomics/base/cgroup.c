/* cgroup: limits read from /sys/fs/cgroup; the group's own and its parents' hold alike, so the least counts.
 * Formats: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/{memory,cpusets}.rst of Linux. */
#include "genomics/base/cgroup.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int64_t limit_fn_t(const char *folder);

/* The first `n` numbers of a file; a word such as "max" or a missing number reads as -1. */
static bool read_numbers(const char *folder, const char *name, int64_t *out, int n) {
    char path[4096 + 64], text[128] = "";
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (!file) return false;
    bool got = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    char *rest = text;
    for (int i = 0; i < n; i++) {
        const char *word = strtok_r(i ? NULL : text, " \n", &rest);
        char *end = NULL;
        long long value = word ? strtoll(word, &end, 10) : -1;
        out[i] = word && end != word && value >= 0 ? value : -1;
    }
    return got;
}

static int64_t read_memory_v2(const char *folder) {
    int64_t bytes;
    return read_numbers(folder, "memory.max", &bytes, 1) && bytes >= 0 ? bytes : INT64_MAX;
}

static int64_t read_memory_v1(const char *folder) {
    int64_t bytes;
    return read_numbers(folder, "memory.limit_in_bytes", &bytes, 1) && bytes >= 0 ? bytes : INT64_MAX;
}

static int64_t divide_quota(int64_t quota, int64_t period) {
    if (quota < 0 || period <= 0) return INT64_MAX;
    return quota < period ? 1 : quota / period;
}

static int64_t read_cpus_v2(const char *folder) {
    int64_t quota[2];
    return read_numbers(folder, "cpu.max", quota, 2) ? divide_quota(quota[0], quota[1]) : INT64_MAX;
}

static int64_t read_cpus_v1(const char *folder) {
    int64_t quota, period;
    if (!read_numbers(folder, "cpu.cfs_quota_us", &quota, 1)) return INT64_MAX;
    return read_numbers(folder, "cpu.cfs_period_us", &period, 1) ? divide_quota(quota, period) : INT64_MAX;
}

/* The least limit on the way from root/group up to root. */
static int64_t climb(const char *root, const char *group, limit_fn_t *limit) {
    char folder[4096];
    if (snprintf(folder, sizeof folder, "%s%s", root, group) >= (int)sizeof folder) return INT64_MAX;
    int64_t least = INT64_MAX;
    for (;;) {
        int64_t here = limit(folder);
        if (here < least) least = here;
        char *slash = strrchr(folder, '/');
        if (strlen(folder) <= strlen(root) || !slash) return least;
        *slash = '\0';
    }
}

/* True if `name` is one of the comma-separated controllers. */
static bool has_controller(const char *list, const char *name) {
    size_t size = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at += size)
        if ((at == list || at[-1] == ',') && (at[size] == ',' || at[size] == '\0')) return true;
    return false;
}

/* /proc/self/cgroup has lines "id:controllers:group"; version 2's has no controllers. */
static int64_t find_limit(const char *controller, limit_fn_t *v1, limit_fn_t *v2) {
    FILE *file = fopen("/proc/self/cgroup", "r");
    if (!file) return INT64_MAX;
    int64_t least = INT64_MAX;
    char line[4096];
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *list = strchr(line, ':'), *group = list ? strchr(list + 1, ':') : NULL;
        if (!group) continue;
        *group++ = '\0';
        list++;
        if (!strcmp(group, "/")) group++;
        char root[64];
        snprintf(root, sizeof root, "/sys/fs/cgroup%s%s", *list ? "/" : "", *list ? controller : "");
        int64_t here =
            *list ? (has_controller(list, controller) ? climb(root, group, v1) : INT64_MAX) : climb(root, group, v2);
        if (here < least) least = here;
    }
    fclose(file);
    return least;
}

int64_t mn_cgroup_memory(void) {
    return find_limit("memory", read_memory_v1, read_memory_v2);
}

int64_t mn_cgroup_cpus(void) {
    return find_limit("cpu", read_cpus_v1, read_cpus_v2);
}
