/* checkpoint: the two files of a model.
 *
 * MODEL.safetensors, kind "model": the weights in use; tensor names as in model.h. MODEL.ckpt, kind "checkpoint": all that
 * a resumed training run needs: tensors param.NAME, m.NAME, v.NAME, best.NAME, average.NAME, state.I, positions.
 * Metadata of both: kind, version, config (JSON), tokenizer, labels (JSON list), command, extra (JSON), digests as in
 * safetensors.h; of a checkpoint also seed, step and trainer (JSON).
 *
 * Reading checks it all before the model is allocated: digests, version, config, and each tensor's name, shape and that
 * its numbers are finite; saving refuses numbers that are not. Errors: MN_INPUT for a file that cannot be opened, MN_MODEL
 * for one that is not as it should be, MN_DIVERGED when asked to save NaN or infinity, MN_IO. */
#ifndef MN_CHECKPOINT_H
#define MN_CHECKPOINT_H
#include "titans/model.h"

/* What a model file says beside weights and config. Texts and list are owned: mn_model_info_done; a caller that only
 * saves may borrow them and never call it. */
typedef struct mn_model_info {
    char *tokenizer; /* "nucleotide" or "kmer:K" */
    char *command;   /* the canonical command: settings that affect the result, base names and digests of inputs */
    char **labels;   /* n_labels == config.classes */
    int64_t n_labels;
    mn_json_t *extra; /* an object, free for the commands (pretrained from, validation score, ...); NULL: none */
} mn_model_info_t;

void mn_model_info_done(mn_model_info_t *info);

mn_status_t mn_model_save(const char *path, const mn_model_t *model, const mn_model_info_t *info, mn_err_t *err);
/* Owner of *model: the caller, mn_model_free; of info's content: the caller, mn_model_info_done. info may be NULL. */
mn_status_t mn_model_load(const char *path, mn_model_t **model, mn_model_info_t *info, mn_err_t *err);
/* From a file's bytes, borrowed for the call; where names them in errors. */
mn_status_t mn_model_load_memory(const void *data, int64_t size, const char *where, mn_model_t **model,
                                 mn_model_info_t *info, mn_err_t *err);

typedef struct mn_checkpoint {
    mn_model_t *model; /* parameters in training, with the config */
    mn_model_info_t info;
    mn_real_t *m, *v, *best, *average; /* (model->size) as the parameters lie; NULL: none */
    mn_state_t **lanes;                /* n_lanes carried streams */
    int64_t n_lanes;
    uint64_t seed;
    int64_t step;       /* complete steps */
    mn_json_t *trainer; /* an object of the trainer's own: scores, counts; NULL: none */
} mn_checkpoint_t;

/* All fields borrowed. */
mn_status_t mn_checkpoint_save(const char *path, const mn_checkpoint_t *checkpoint, mn_err_t *err);
/* Every field is then the caller's: mn_checkpoint_done, which leaves alone what the caller took and set to NULL. */
mn_status_t mn_checkpoint_load(const char *path, mn_checkpoint_t *out, mn_err_t *err);
mn_status_t mn_checkpoint_load_memory(const void *data, int64_t size, const char *where, mn_checkpoint_t *out,
                                      mn_err_t *err); /* as mn_model_load_memory */
void mn_checkpoint_done(mn_checkpoint_t *checkpoint);

#endif
