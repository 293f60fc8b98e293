/* text: a string written with stdio. */
#ifndef MN_TEXT_H
#define MN_TEXT_H
#include "genomics/base/err.h"
#include <stdio.h>

typedef struct mn_text {
    FILE *file; /* write here; errors need no look before the end */
    char *bytes;
    size_t size; /* of bytes, once ended */
} mn_text_t;

/* Errors: no memory (MN_FAILED); the text is then not to be ended. */
mn_status_t mn_text_begin(mn_text_t *text, mn_err_t *err);
/* With status MN_OK all that was written is *out, owner: the caller, mn_mem_free; else *out is NULL. Returns status, or
 * no memory. */
mn_status_t mn_text_end(mn_text_t *text, mn_status_t status, char **out, mn_err_t *err);

#endif
