/* mem: checked allocation, the arena, and what memory there is. */
#include "genomics/base/mem.h"
#include "genomics/base/cgroup.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ALIGN = 64 };

int64_t mn_mem_mul(int64_t a, int64_t b) {
    if (a < 0 || b < 0 || (b && a > INT64_MAX / b)) return -1;
    return a * b;
}

int64_t mn_mem_add(int64_t a, int64_t b) {
    if (a < 0 || b < 0 || a > INT64_MAX - b) return -1;
    return a + b;
}

mn_status_t mn_mem_new(void **out, int64_t count, int64_t size, mn_err_t *err) {
    *out = NULL;
    int64_t bytes = mn_mem_mul(count, size), padded = mn_mem_add(bytes, ALIGN);
    if (padded < 0)
        return mn_err_set(err, MN_FAILED, NULL, NULL, "cannot allocate %lld items of %lld bytes", (long long)count,
                          (long long)size);
    padded -= padded % ALIGN; /* whole lines, and one where no byte is asked for */
    *out = aligned_alloc(ALIGN, (size_t)padded);
    if (!*out)
        return mn_err_set(err, MN_FAILED, NULL, "use a smaller batch, length or model, or --max-memory",
                          "out of memory: %.1f MiB asked for", (double)bytes / 1048576.0);
    memset(*out, 0, (size_t)padded);
    return MN_OK;
}

mn_status_t mn_mem_resize(void **ptr, int64_t old_count, int64_t count, int64_t size, mn_err_t *err) {
    void *fresh;
    mn_status_t status = mn_mem_new(&fresh, count, size, err);
    if (status) return status;
    int64_t kept = (old_count < count ? old_count : count) * size;
    if (*ptr && kept > 0) memcpy(fresh, *ptr, (size_t)kept);
    free(*ptr);
    *ptr = fresh;
    return MN_OK;
}

mn_status_t mn_mem_reserve(void **ptr, int64_t *cap, int64_t need, int64_t size, mn_err_t *err) {
    if (*ptr && need <= *cap) return MN_OK;
    int64_t grown = *cap > INT64_MAX / 2 ? INT64_MAX : *cap * 2;
    if (grown < need) grown = need;
    if (grown < 16) grown = 16;
    mn_status_t status = mn_mem_resize(ptr, *cap, grown, size, err);
    if (!status) *cap = grown;
    return status;
}

mn_status_t mn_mem_string(char **out, const char *text, mn_err_t *err) {
    size_t size = strlen(text) + 1;
    void *copy;
    mn_status_t status = mn_mem_new(&copy, (int64_t)size, 1, err);
    *out = copy;
    if (!status) memcpy(copy, text, size);
    return status;
}

void mn_mem_free(void *ptr) {
    free(ptr);
}

void *mn_arena_take(mn_arena_t *arena, int64_t count, int64_t size) {
    int64_t bytes = mn_mem_add(mn_mem_mul(count, size), ALIGN - 1);
    assert(bytes >= 0);
    int64_t begin = arena->used, end = mn_mem_add(begin, bytes / ALIGN * ALIGN);
    assert(end >= 0 && (!arena->base || end <= arena->size));
    arena->used = end;
    if (end > arena->peak) arena->peak = end;
    return arena->base ? arena->base + begin : NULL;
}

int64_t mn_mem_peak(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : (int64_t)usage.ru_maxrss * 1024;
}

int64_t mn_mem_available(void) {
    int64_t least = mn_mem_mul(sysconf(_SC_PHYS_PAGES), sysconf(_SC_PAGESIZE)), group = mn_cgroup_memory();
    if (least < 0) least = INT64_MAX;
    if (group < least) least = group;
    struct rlimit limit;
    if (!getrlimit(RLIMIT_AS, &limit) && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < (rlim_t)least)
        least = (int64_t)limit.rlim_cur;
    return least;
}

int64_t mn_mem_most(int64_t size) {
    return mn_mem_available() / 3 / size;
}
