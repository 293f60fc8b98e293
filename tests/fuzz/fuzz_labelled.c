/* Any bytes as a labelled table. */
#include "genomics/labelled.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mn_err_t err;
    mn_labelled_t *set;
    mn_labelled_options_t options = {0};
    const char *path = mn_fuzz_file(data, size);
    if (mn_labelled_read(&path, 1, &options, &set, &err) == MN_OK) mn_labelled_free(set);
    return 0;
}
