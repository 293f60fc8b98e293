/* Any bytes as a safetensors file, as a model and as a checkpoint. A checkpoint that comes through is written, read again
 * and written to the same bytes. */
#include "tests/fuzz/fuzz.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "titans/checkpoint.h"
#include "titans/safetensors.h"
#include <string.h>

/* The bytes that saving gives, NULL where it is refused; takes the checkpoint's content over. */
static char *save(mn_checkpoint_t *checkpoint, int64_t *size) {
    mn_err_t err;
    char *bytes = NULL;
    const char *path = mn_fuzz_file(NULL, 0);
    if (mn_checkpoint_save(path, checkpoint, &err) == MN_OK && mn_file_read(path, INT64_MAX, &bytes, size, &err)) abort();
    mn_checkpoint_done(checkpoint);
    return bytes;
}

static void go_round(mn_checkpoint_t *checkpoint) {
    mn_checkpoint_t again;
    mn_err_t err;
    int64_t sizes[2];
    char *first = save(checkpoint, &sizes[0]);
    if (!first) return;
    if (mn_checkpoint_load_memory(first, sizes[0], "fuzz", &again, &err)) abort();
    char *second = save(&again, &sizes[1]);
    if (!second || sizes[0] != sizes[1] || memcmp(first, second, (size_t)sizes[0])) abort();
    mn_mem_free(first);
    mn_mem_free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mn_err_t err;
    mn_tensors_t tensors;
    mn_model_t *model;
    mn_model_info_t info;
    mn_checkpoint_t checkpoint;
    if (mn_tensors_parse(data, (int64_t)size, "fuzz", &tensors, &err) == MN_OK) mn_tensors_free(&tensors);
    if (mn_model_load_memory(data, (int64_t)size, "fuzz", &model, &info, &err) == MN_OK) {
        mn_model_info_done(&info);
        mn_model_free(model);
    }
    if (mn_checkpoint_load_memory(data, (int64_t)size, "fuzz", &checkpoint, &err) == MN_OK) go_round(&checkpoint);
    return 0;
}
