/* Any bytes as a state and as a memory of the tiny model among the seeds; from the project's root. What is refused
 * changes nothing. */
#include "genomics/base/mem.h"
#include "tests/fuzz/fuzz.h"
#include "titans/checkpoint.h"
#include "titans/stream_file.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static mn_model_t *model;
    static mn_state_t *state;
    static mn_real_t *memories;
    mn_err_t err;
    int32_t next;
    if (!model) {
        if (mn_model_load("tests/fuzz/model/tiny.safetensors", &model, NULL, &err) || mn_state_new(model, &state, &err) ||
            mn_mem_new((void **)&memories, mn_memories_size(model), (int64_t)sizeof *memories, &err))
            abort();
    }
    const char *path = mn_fuzz_file(data, size);
    memset(memories, 0, (size_t)mn_memories_size(model) * sizeof *memories);
    mn_state_load(path, model, state, &next, &err);
    if (mn_memories_load(path, model, memories, &err))
        for (int64_t i = 0; i < mn_memories_size(model); i++)
            if (memories[i] != 0) abort();
    return 0;
}
