/* shim: makes one library call fail, for tests: LD_PRELOAD it. FAULT="KIND N": the N-th call of that kind fails, 1-based;
 * FAULT_CLOCK=SECONDS: every other look at a clock finds it so much later.
 * FAULT_COUNT=FILE: at the end the number of calls of each kind is appended there as "KIND N".
 *
 * Only calls from mnemon and from the readers on its behalf (htslib, zlib, jansson) count: libc, OpenMP and liblinear end
 * the program by themselves when memory fails, and OpenBLAS waits for it for ever.
 * "live N" in that file: blocks that mnemon itself took and never gave back. */
#undef _FILE_OFFSET_BITS /* open and open64 are two here */
#undef _FORTIFY_SOURCE   /* what it makes of calls is below, by its own names */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#pragma GCC visibility push(default)

#define KINDS(X) X(malloc) X(open) X(read) X(write) X(fsync) X(rename) X(close)
#define X(kind) KIND_##kind,
enum { KINDS(X) KIND_COUNT };
#undef X
#define X(kind) #kind,
static const char *const kinds[] = {KINDS(X)};
#undef X

static atomic_long calls[KIND_COUNT];
static int failing = -1;
static long failing_call, clock_jump;
static struct {
    uintptr_t from, to;
} watched[64];
static int n_watched, n_own; /* those of the program itself come first */

static int watch(struct dl_phdr_info *info, size_t size, void *ctx) {
    static const char *const names[] = {"libhts", "libjansson", "libz.", "libmnemon"};
    (void)size;
    int *first = ctx;
    const int own = (*first)++ == 0;
    int wanted = own;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) wanted |= strstr(info->dlpi_name, names[i]) != NULL;
    for (int i = 0; wanted && i < info->dlpi_phnum && n_watched < 64; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        watched[n_watched].from = info->dlpi_addr + part->p_vaddr;
        watched[n_watched++].to = info->dlpi_addr + part->p_vaddr + part->p_memsz;
        n_own += own;
    }
    return 0;
}

/* ---- blocks of the program: an open table, emptied and filled under a lock */

enum { BLOCKS = 1 << 20 };
static void *blocks[BLOCKS];
static atomic_flag busy = ATOMIC_FLAG_INIT;
static long live;

static size_t place(const void *block) {
    return (size_t)(((uintptr_t)block >> 4) * 0x9E3779B97F4A7C15u >> 44) % BLOCKS;
}

static void enter(void) {
    while (atomic_flag_test_and_set(&busy)) {}
}

static void *take(void *block, const void *caller) {
    const uintptr_t at = (uintptr_t)caller;
    int own = 0;
    for (int i = 0; i < n_own; i++) own |= at >= watched[i].from && at < watched[i].to;
    if (!own || !block) return block;
    enter();
    size_t i = place(block);
    while (blocks[i] && blocks[i] != (void *)1) i = (i + 1) % BLOCKS;
    blocks[i] = block;
    live++;
    atomic_flag_clear(&busy);
    return block;
}

static void give(const void *block) {
    if (!block || !live) return;
    enter();
    for (size_t i = place(block); blocks[i]; i = (i + 1) % BLOCKS)
        if (blocks[i] == block) {
            blocks[i] = (void *)1; /* a place that was taken */
            live--;
            break;
        }
    atomic_flag_clear(&busy);
}

__attribute__((constructor)) static void start(void) {
    int first = 0;
    const char *fault = getenv("FAULT"), *jump = getenv("FAULT_CLOCK");
    char kind[16] = "";
    dl_iterate_phdr(watch, &first);
    clock_jump = jump ? atol(jump) : 0;
    if (!fault || sscanf(fault, "%15s %ld", kind, &failing_call) != 2) return;
    for (int i = 0; i < KIND_COUNT; i++)
        if (!strcmp(kind, kinds[i])) failing = i;
}

__attribute__((destructor)) static void finish(void) {
    const char *path = getenv("FAULT_COUNT");
    char line[512];
    int length = snprintf(line, sizeof line, "live %ld\n", live);
    for (int i = 0; i < KIND_COUNT; i++)
        length += snprintf(line + length, sizeof line - (size_t)length, "%s %ld\n", kinds[i], atomic_load(&calls[i]));
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
    if (fd >= 0 && write(fd, line, (size_t)length) < 0) abort();
}

/* At exit only what a compiler adds to the program (counts of lines) still reads and writes. */
static atomic_bool begun, ended;
static void end(void) {
    ended = true;
}

/* Whether this call is the one to fail. */
static int fails(int kind, const void *caller) {
    const uintptr_t at = (uintptr_t)caller;
    if (ended) return 0;
    for (int i = 0; i < n_watched; i++)
        if (at >= watched[i].from && at < watched[i].to) {
            if (!atomic_exchange(&begun, true)) atexit(end);
            return atomic_fetch_add(&calls[kind], 1) + 1 == failing_call && kind == failing;
        }
    return 0;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name)
#define FAIL(kind, code, value)                                                                                        \
    if (fails(KIND_##kind, __builtin_return_address(0))) return errno = (code), (value)

/* dlsym may call these itself. */
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t),
    *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);
#define TAKE(block) take(block, __builtin_return_address(0))
void *malloc(size_t size) {
    FAIL(malloc, ENOMEM, NULL);
    return TAKE(__libc_malloc(size));
}
void *calloc(size_t n, size_t size) {
    FAIL(malloc, ENOMEM, NULL);
    return TAKE(__libc_calloc(n, size));
}
void *realloc(void *block, size_t size) {
    FAIL(malloc, ENOMEM, NULL);
    give(block);
    return TAKE(__libc_realloc(block, size));
}
void *aligned_alloc(size_t align, size_t size) {
    FAIL(malloc, ENOMEM, NULL);
    return TAKE(__libc_memalign(align, size));
}
char *strdup(const char *text) {
    FAIL(malloc, ENOMEM, NULL);
    char *copy = TAKE(__libc_malloc(strlen(text) + 1));
    return copy ? strcpy(copy, text) : NULL;
}
void free(void *block) {
    give(block);
    __libc_free(block);
}
FILE *open_memstream(char **text, size_t *size) {
    FAIL(malloc, ENOMEM, NULL);
    REAL(open_memstream);
    return real(text, size);
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        const int mode = flags & O_CREAT ? va_arg(rest, int) : 0;                                                      \
        va_end(rest);                                                                                                  \
        FAIL(open, EMFILE, -1);                                                                                        \
        REAL(name);                                                                                                    \
        return real(path, flags, mode);                                                                                \
    }
OPEN(open)
OPEN(open64)
#define FOPEN(name)                                                                                                    \
    FILE *name(const char *path, const char *mode) {                                                                   \
        FAIL(open, EMFILE, NULL);                                                                                      \
        REAL(name);                                                                                                    \
        return real(path, mode);                                                                                       \
    }
FOPEN(fopen)
FOPEN(fopen64)
FILE *fdopen(int fd, const char *mode) {
    FAIL(open, EMFILE, NULL);
    REAL(fdopen);
    return real(fd, mode);
}
int dup(int fd) {
    FAIL(open, EMFILE, -1);
    REAL(dup);
    return real(fd);
}

/* As stdio marks a stream whose call failed (glibc). */
static void mark(FILE *file) {
    file->_flags |= 0x20;
}
ssize_t read(int fd, void *data, size_t n) {
    FAIL(read, EIO, -1);
    REAL(read);
    return real(fd, data, n);
}
#define PREAD(name, type)                                                                                              \
    ssize_t name(int fd, void *data, size_t n, type at) {                                                              \
        FAIL(read, EIO, -1);                                                                                           \
        REAL(name);                                                                                                    \
        return real(fd, data, n, at);                                                                                  \
    }
PREAD(pread64, off64_t)
size_t fread(void *data, size_t size, size_t n, FILE *file) {
    if (fails(KIND_read, __builtin_return_address(0))) return mark(file), errno = EIO, 0;
    REAL(fread);
    return real(data, size, n, file);
}

size_t __fread_chk(void *data, size_t room, size_t size, size_t n, FILE *file);
size_t __fread_chk(void *data, size_t room, size_t size, size_t n, FILE *file) {
    if (fails(KIND_read, __builtin_return_address(0))) return mark(file), errno = EIO, 0;
    REAL(__fread_chk);
    return real(data, room, size, n, file);
}
ssize_t __read_chk(int fd, void *data, size_t n, size_t room);
ssize_t __read_chk(int fd, void *data, size_t n, size_t room) {
    FAIL(read, EIO, -1);
    REAL(__read_chk);
    return real(fd, data, n, room);
}

ssize_t write(int fd, const void *data, size_t n) {
    FAIL(write, ENOSPC, -1);
    REAL(write);
    return real(fd, data, n);
}
size_t fwrite(const void *data, size_t size, size_t n, FILE *file) {
    if (fails(KIND_write, __builtin_return_address(0))) return mark(file), errno = ENOSPC, 0;
    REAL(fwrite);
    return real(data, size, n, file);
}
int fputs(const char *text, FILE *file) {
    if (fails(KIND_write, __builtin_return_address(0))) return mark(file), errno = ENOSPC, EOF;
    REAL(fputs);
    return real(text, file);
}
int fprintf(FILE *file, const char *format, ...) {
    va_list rest;
    if (fails(KIND_write, __builtin_return_address(0))) return mark(file), errno = ENOSPC, -1;
    va_start(rest, format);
    const int n = vfprintf(file, format, rest);
    va_end(rest);
    return n;
}
int __fprintf_chk(FILE *file, int level, const char *format, ...);
int __fprintf_chk(FILE *file, int level, const char *format, ...) {
    va_list rest;
    (void)level;
    if (fails(KIND_write, __builtin_return_address(0))) return mark(file), errno = ENOSPC, -1;
    va_start(rest, format);
    const int n = vfprintf(file, format, rest);
    va_end(rest);
    return n;
}
int fflush(FILE *file) {
    if (fails(KIND_write, __builtin_return_address(0))) return file ? mark(file) : (void)0, errno = ENOSPC, EOF;
    REAL(fflush);
    return real(file);
}

#define SYNC(name)                                                                                                     \
    int name(int fd) {                                                                                                 \
        FAIL(fsync, EIO, -1);                                                                                          \
        REAL(name);                                                                                                    \
        return real(fd);                                                                                               \
    }
SYNC(fsync)
SYNC(fdatasync)
int rename(const char *from, const char *to) {
    FAIL(rename, EACCES, -1);
    REAL(rename);
    return real(from, to);
}
/* What cannot be closed is closed all the same. */
int close(int fd) {
    REAL(close);
    const int result = real(fd);
    FAIL(close, EIO, -1);
    return result;
}
int fclose(FILE *file) {
    REAL(fclose);
    const int result = real(file);
    FAIL(close, EIO, EOF);
    return result;
}
int clock_gettime(clockid_t which, struct timespec *now) {
    static atomic_long looks;
    REAL(clock_gettime);
    const int result = real(which, now);
    if (atomic_fetch_add(&looks, 1) % 2) now->tv_sec += clock_jump;
    return result;
}
