/* text: a memory stream whose lost writes are seen. */
#include "genomics/base/text.h"
#include "genomics/base/mem.h"
#include <stdbool.h>

static mn_status_t refuse(mn_err_t *err) {
    return mn_err_set(err, MN_FAILED, NULL, NULL, "out of memory for a text");
}

mn_status_t mn_text_begin(mn_text_t *text, mn_err_t *err) {
    *text = (mn_text_t){0};
    text->file = open_memstream(&text->bytes, &text->size);
    return text->file ? MN_OK : refuse(err);
}

mn_status_t mn_text_end(mn_text_t *text, mn_status_t status, char **out, mn_err_t *err) {
    bool failed = ferror(text->file) != 0;
    failed |= fclose(text->file) != 0;
    if (!status && failed) status = refuse(err);
    *out = status ? NULL : text->bytes;
    if (status) mn_mem_free(text->bytes);
    return status;
}
