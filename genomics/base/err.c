/* err: fills error records and turns them into one line. */
#include "genomics/base/err.h"
#include <stdarg.h>
#include <stdio.h>

/* One line on any terminal: control bytes, DEL included, are shown as '?'. */
static void clean_text(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 32 || *text == 127) *text = '?';
}

mn_status_t mn_err_set(mn_err_t *err, mn_status_t status, const char *where, const char *hint, const char *format,
                       ...) {
    if (!err) return status;
    mn_err_t fresh = {.status = status}; /* where and hint may lie in *err itself */
    snprintf(fresh.where, sizeof fresh.where, "%s", where ? where : "");
    snprintf(fresh.hint, sizeof fresh.hint, "%s", hint ? hint : "");
    va_list args;
    va_start(args, format);
    vsnprintf(fresh.what, sizeof fresh.what, format, args);
    va_end(args);
    clean_text(fresh.where);
    clean_text(fresh.what);
    clean_text(fresh.hint);
    *err = fresh;
    return status;
}

char *mn_err_line(const mn_err_t *err, char *out, unsigned long size) {
    snprintf(out, size, "%s%s%s%s%s%s", err->where, err->where[0] ? ": " : "",
             err->what[0] ? err->what : mn_status_text(err->status), err->hint[0] ? " (" : "", err->hint,
             err->hint[0] ? ")" : "");
    return out;
}

const char *mn_status_text(mn_status_t status) {
    switch (status) {
#define MN_X(name, code, text)                                                                                         \
    case MN_##name:                                                                                                    \
        return text;
        MN_STATUS_LIST(MN_X)
#undef MN_X
    }
    return "unknown status";
}
