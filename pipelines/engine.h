/* engine: a model file opened for use, with what every command over it needs. */
#ifndef MN_ENGINE_H
#define MN_ENGINE_H
#include "genomics/tokenizer.h"
#include "pipelines/options.h"
#include "titans/checkpoint.h"

typedef struct mn_engine {
    mn_model_t *model;
    mn_model_info_t info;
    mn_tokenizer_t tokenizer;
    mn_work_t *work;
    mn_real_t *memories; /* owned: what --memory-in gave; NULL: nothing */
} mn_engine_t;

/* What a command is told of the model to use: its file, what records begin with, whether they learn
 * (mn_engine_remember). */
typedef struct mn_engine_use {
    const char *model, *memory;
    bool frozen;
} mn_engine_use_t;

/* classes: the model must have a classification head. Errors: those of mn_model_load and mn_engine_remember; MN_MODEL
 * for a tokenizer or labels that do not fit the model, or no head. Owner: the caller, mn_engine_done. */
mn_status_t mn_engine_open(const mn_engine_use_t *use, bool classes, mn_engine_t *out, mn_err_t *err);
/* The same from a file's bytes, borrowed for the call; where names them in errors. */
mn_status_t mn_engine_open_memory(const void *data, int64_t size, const char *where, mn_engine_t *out, mn_err_t *err);
void mn_engine_done(mn_engine_t *engine);

/* What records read from now on begin with: a memory file's content (NULL: the learned memories), and whether they go
 * on learning from what they read. Errors: those of mn_memories_load, the engine as it was. */
mn_status_t mn_engine_remember(mn_engine_t *engine, const char *path, bool frozen, mn_err_t *err);

/* --rc: whether class probabilities are the mean over both strands. */
typedef enum { MN_RC_MODEL, MN_RC_ON, MN_RC_OFF } mn_rc_t;
extern const char *const mn_rc_names[];
/* MN_RC_MODEL: as the model was fine-tuned. */
bool mn_engine_rc(const mn_engine_t *engine, int rc);

/* Rows of a command's table; field is its mn_engine_use_t. */
#define MN_OPTION_MODEL(type, field)                                                                                   \
    MN_OPTION(type, field.model, "m", "model", INPUT, "MODEL",                                                         \
              "the model file, or builtin:NAME ('mnemon info builtin:' lists them)", .model = true, .required = true)
#define MN_OPTION_MEMORY(type, field)                                                                                  \
    MN_OPTION(type, field.memory, NULL, "memory-in", INPUT, "FILE",                                                    \
              "each record begins with the memory in FILE (perplexity --memory-out), not with the learned one"),       \
        MN_OPTION(type, field.frozen, NULL, "freeze-memory", FLAG, NULL,                                               \
                  "no learning from what is read: each memory stays what it was at the start")
#define MN_OPTION_RC(type, field)                                                                                      \
    MN_OPTION(type, field, NULL, "rc", CHOICE, NULL, "average over both strands; model: as it was fine-tuned",         \
              .choices = mn_rc_names, .fallback = "model")

#endif
