/* state: the state of a stream. Of the chunk that is open it keeps the memory at the chunk's start and the rows seen so far,
 * from which the next piece makes the chunk again: the same products on the same rows, hence the same bits. */
#include "genomics/base/mem.h"
#include "titans/pass.h"
#include <string.h>

mn_state_at_t mn_state_at(const mn_model_t *model) {
    const mn_config_t *c = &model->config;
    mn_state_at_t at = {0};
    at.tail = at.memories + c->heads * model->layout->memory.state_size;
    at.open = at.tail + (c->conv - 1) * 3 * c->dim;
    at.gates = at.open + (c->chunk - 1) * 2 * c->dim;
    at.window = at.gates + (c->chunk - 1) * c->heads * (2 + c->memory.depth);
    switch (c->arch) {
    case MN_ARCH_LMM: at.size = at.window; break;
    case MN_ARCH_MAL:
    case MN_ARCH_MAG: at.size = at.window + (c->window - 1) * 2 * c->dim; break;
    case MN_ARCH_MAC:
        at.anchor = at.window + (c->segment - 1) * 4 * c->dim;
        at.rtail = at.anchor + c->heads * model->layout->memory.state_size;
        at.size = at.rtail + (c->conv - 1) * c->dim;
        break;
    }
    at.size = mn_room(at.size);
    return at;
}

int64_t mn_state_size(const mn_model_t *model) {
    return model->config.layers * mn_state_at(model).size + mn_room(mn_max(model->config.words - 1, 0));
}

int64_t mn_memories_size(const mn_model_t *model) {
    return model->config.layers * model->config.heads * model->layout->memory.state_size;
}

mn_status_t mn_state_new(const mn_model_t *model, mn_state_t **out, mn_err_t *err) {
    mn_state_t *state = NULL;
    mn_status_t status;
    *out = NULL;
    if ((status = mn_mem_new((void **)&state, 1, sizeof *state, err))) return status;
    state->size = mn_state_size(model);
    if ((status = mn_mem_new((void **)&state->block, state->size, sizeof(mn_real_t), err))) {
        mn_mem_free(state);
        return status;
    }
    mn_state_reset(state);
    *out = state;
    return MN_OK;
}

void mn_state_free(mn_state_t *state) {
    if (!state) return;
    mn_mem_free(state->block);
    mn_mem_free(state);
}

/* At position 0 the pass takes the learned memories itself, so that a state outlives an update of the weights. */
void mn_state_reset(mn_state_t *state) {
    state->position = 0;
    memset(state->block, 0, (size_t)state->size * sizeof *state->block);
}

void mn_state_copy(mn_state_t *to, const mn_state_t *from) {
    to->position = from->position;
    memcpy(to->block, from->block, (size_t)from->size * sizeof *from->block);
}

mn_real_t *mn_state_block(mn_state_t *state) {
    return state->block;
}

int64_t *mn_state_position(mn_state_t *state) {
    return &state->position;
}

bool mn_state_valid(const mn_model_t *model, int64_t position) {
    return position == 0 || (position > model->layout->prefix && position <= INT64_C(1) << 60);
}
