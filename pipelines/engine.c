/* engine: opening a model for use. */
#include "pipelines/engine.h"
#include "genomics/base/mem.h"
#include "titans/stream_file.h"

const char *const mn_rc_names[] = {"model", "on", "off", NULL};

static mn_status_t check_engine(const char *path, bool classes, mn_engine_t *engine, mn_err_t *err) {
    const mn_config_t *config = &engine->model->config;
    mn_status_t status = mn_tokenizer_parse(engine->info.tokenizer, MN_MODEL, path, &engine->tokenizer, err);
    if (status) return status;
    int64_t vocab = mn_tokenizer_vocab(engine->tokenizer);
    if (vocab != config->vocab)
        return mn_err_set(err, MN_MODEL, path, NULL, "the model has %lld token ids, its tokenizer %s has %lld",
                          (long long)config->vocab, engine->info.tokenizer, (long long)vocab);
    if (classes && !config->classes)
        return mn_err_set(err, MN_MODEL, path, "fine-tune it first: mnemon finetune", "the model has no classes");
    return mn_work_new(engine->model, 0, &engine->work, err);
}

mn_status_t mn_engine_open(const mn_engine_use_t *use, bool classes, mn_engine_t *out, mn_err_t *err) {
    *out = (mn_engine_t){0};
    mn_status_t status = mn_model_load(use->model, &out->model, &out->info, err);
    if (status) return status;
    status = check_engine(use->model, classes, out, err);
    if (!status) status = mn_engine_remember(out, use->memory, use->frozen, err);
    if (status) mn_engine_done(out);
    return status;
}

mn_status_t mn_engine_open_memory(const void *data, int64_t size, const char *where, mn_engine_t *out, mn_err_t *err) {
    *out = (mn_engine_t){0};
    mn_status_t status = mn_model_load_memory(data, size, where, &out->model, &out->info, err);
    if (status) return status;
    status = check_engine(where, false, out, err);
    if (status) mn_engine_done(out);
    return status;
}

void mn_engine_done(mn_engine_t *engine) {
    mn_work_free(engine->work);
    mn_mem_free(engine->memories);
    mn_model_info_done(&engine->info);
    mn_model_free(engine->model);
    *engine = (mn_engine_t){0};
}

mn_status_t mn_engine_remember(mn_engine_t *engine, const char *path, bool frozen, mn_err_t *err) {
    mn_real_t *memories = NULL;
    mn_status_t status = MN_OK;
    if (path) {
        status = mn_mem_new((void **)&memories, mn_memories_size(engine->model), sizeof *memories, err);
        if (!status) status = mn_memories_load(path, engine->model, memories, err);
    }
    if (status) {
        mn_mem_free(memories);
        return status;
    }
    mn_mem_free(engine->memories);
    engine->memories = memories;
    mn_work_remember(engine->work, memories, frozen);
    return MN_OK;
}

bool mn_engine_rc(const mn_engine_t *engine, int rc) {
    bool tuned = false;
    if (rc == MN_RC_MODEL && engine->info.extra) mn_json_get_bool(engine->info.extra, "rc", &tuned);
    return rc == MN_RC_MODEL ? tuned : rc == MN_RC_ON;
}
