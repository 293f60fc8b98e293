/* builtin: the models that come with mnemon. builtin:NAME is NAME.safetensors in the first of these folders that has it:
 * those of MNEMON_MODELS (colon-separated), and where that is not set
 *   pipelines/models beside the running program, of a build tree;
 *   MN_MODELS_BESIDE from there, of an installed tree, wherever it was moved (bin/../share/mnemon/models);
 *   MN_MODELS_INSTALLED, where it was installed to (datadir/mnemon/models).
 * Beside each lies its card, NAME.md; pipelines/models/README.md tells how both are made. */
#ifndef MN_BUILTIN_H
#define MN_BUILTIN_H
#include "genomics/base/err.h"
#include <stdint.h>

#define MN_BUILTIN "builtin:"

/* The file that a model's name stands for: path itself, or that of builtin:NAME. Owner: the caller, mn_mem_free.
 * Errors: MN_INPUT for a name that is not there, telling those that are. */
mn_status_t mn_builtin_path(const char *path, char **out, mn_err_t *err);

typedef struct mn_builtins {
    char **names, **paths; /* (n) owned, as are the texts; in order of names */
    int64_t n;
} mn_builtins_t;

/* All that are found. Errors: MN_INPUT when there is none, no memory. Owner: the caller, mn_builtins_done. */
mn_status_t mn_builtins_list(mn_builtins_t *out, mn_err_t *err);
void mn_builtins_done(mn_builtins_t *list);

#endif
