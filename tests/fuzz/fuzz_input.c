/* Any bytes as a sequence file: every reader, told by content. */
#include "genomics/input.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mn_err_t err;
    mn_sequences_t *set;
    mn_input_options_t options = mn_input_options_default();
    const char *path = mn_fuzz_file(data, size);
    if (mn_sequences_load(&path, 1, &options, &set, &err) == MN_OK) mn_sequences_free(set);
    return 0;
}
