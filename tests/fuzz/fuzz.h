/* fuzz: what every fuzz target shares. With -Dfuzz=true (clang) a target is a libFuzzer program; else replay.c is its main
 * and it runs over the folder of seeds beside it, each seed also with bytes changed, cut and doubled. */
#ifndef MN_FUZZ_H
#define MN_FUZZ_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char mn_fuzz_path[64];
static inline void mn_fuzz_remove(void) {
    unlink(mn_fuzz_path);
}

/* Writes a temporary file, the same one every time, removed at exit. Its path. */
static inline const char *mn_fuzz_file(const uint8_t *data, size_t size) {
    if (!mn_fuzz_path[0]) {
        /* in memory where there is such a folder: millions of files */
        snprintf(mn_fuzz_path, sizeof mn_fuzz_path, "%s/mnemon-fuzz-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
        int fd = mkstemp(mn_fuzz_path);
        if (fd < 0 || atexit(mn_fuzz_remove)) abort();
        close(fd);
    }
    FILE *file = fopen(mn_fuzz_path, "wb");
    if (!file || (size && fwrite(data, 1, size, file) != size) || fclose(file)) abort();
    return mn_fuzz_path;
}

#endif
