/* stream_file: what a stream leaves behind, as a file tied to the model that read it.
 *
 * safetensors, digested; metadata: kind "state" or "memory", version, model (digest of config and weights). A state
 * goes on exactly where its stream stopped: one tensor "state" as mn_state_block has it, and in the metadata its
 * position and `next`, an id that belongs to the stream and is still to be read. A memory is what was memorised alone:
 * per layer I and matrix L the tensors layers.I.mixer.wL and layers.I.mixer.sL (H, in, out), W and S of every head,
 * named like the learned ones that they stand for.
 *
 * Reading checks it all before anything is changed. Errors: MN_INPUT for a file that cannot be opened; MN_MODEL for one
 * that is cut, damaged, of another model, kind or version, or holds numbers that are not finite; MN_DIVERGED when asked
 * to save such numbers; MN_IO. */
#ifndef MN_STREAM_FILE_H
#define MN_STREAM_FILE_H
#include "titans/model.h"

/* next: a token id, or -1: none. */
mn_status_t mn_state_save(const char *path, const mn_model_t *model, mn_state_t *state, int32_t next, mn_err_t *err);
mn_status_t mn_state_load(const char *path, const mn_model_t *model, mn_state_t *state, int32_t *next, mn_err_t *err);

/* memories: (mn_memories_size) as mn_output_t gives them and mn_work_remember takes them. */
mn_status_t mn_memories_save(const char *path, const mn_model_t *model, const mn_real_t *memories, mn_err_t *err);
mn_status_t mn_memories_load(const char *path, const mn_model_t *model, mn_real_t *memories, mn_err_t *err);

#endif
