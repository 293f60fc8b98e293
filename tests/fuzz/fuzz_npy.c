/* Any bytes as an array. What comes through has as many numbers as it says. */
#include "genomics/npy.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *path = mn_fuzz_file(data, size);
    mn_err_t err;
    mn_npy_reader_t npy;
    uint32_t numbers[1000];
    int64_t got, all = 0;
    if (!mn_npy_is_array(path) || mn_npy_reader_open(&npy, path, &err)) return 0;
    while (mn_npy_read(&npy, 1000, numbers, &got, &err) == MN_OK && got) all += got;
    if (npy.type != MN_NPY_F4 && !npy.inner && all != npy.rows) abort();
    mn_npy_reader_close(&npy);
    return 0;
}
