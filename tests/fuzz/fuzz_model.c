/* Any bytes as a safetensors file, as a model and as a checkpoint. */
#include "tests/fuzz/fuzz.h"
#include "titans/checkpoint.h"
#include "titans/safetensors.h"

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
    if (mn_checkpoint_load(mn_fuzz_file(data, size), &checkpoint, &err) == MN_OK) mn_checkpoint_done(&checkpoint);
    return 0;
}
