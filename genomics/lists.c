/* lists: metadata.yaml, as far as it is used here. */
#include "genomics/lists.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include <stdio.h>
#include <string.h>

enum { METADATA_MAX = 1 << 20 };

/* Whether line[0..size) is "key:"; *value then begins behind it, without blanks and quotes; *length is what it spans.
 */
static bool is_key(const char *line, size_t size, const char *key, const char **value, size_t *length) {
    static const char trim[] = " \t\r\"'";
    size_t n = strlen(key);
    while (size && strchr(trim, *line)) line++, size--;
    if (size <= n || strncmp(line, key, n)) return false;
    size_t at = n;
    while (at < size && strchr("\"'", line[at])) at++;
    if (at == size || line[at] != ':') return false;
    for (at++; at < size && strchr(trim, line[at]);) at++;
    while (size > at && strchr(trim, line[size - 1])) size--;
    *value = line + at;
    *length = size - at;
    return true;
}

/* The lines below "LABEL:" that are indented more than it is, up to "url:". */
static void find_url(const char *text, const char *label, char *url) {
    size_t inside = 0, length; /* 1 + indentation of "LABEL:" */
    const char *value;
    for (const char *line = text; *line && !*url;) {
        size_t size = strcspn(line, "\n"), indent = strspn(line, " ");
        if (is_key(line, size, label, &value, &length) && !length)
            inside = indent + 1;
        else if (inside && indent < inside && indent < size)
            inside = 0;
        else if (inside && is_key(line, size, "url", &value, &length) && length < MN_LISTS_URL_MAX)
            snprintf(url, MN_LISTS_URL_MAX, "%.*s", (int)length, value);
        line += size + (line[size] == '\n');
    }
}

mn_status_t mn_lists_url(const char *folder, const char *label, char *url, mn_err_t *err) {
    char path[4096], *text;
    int64_t size;
    *url = '\0';
    snprintf(path, sizeof path, "%.4000s/metadata.yaml", folder);
    if (!mn_file_exists(path)) return MN_OK;
    mn_status_t status = mn_file_read(path, METADATA_MAX, &text, &size, err);
    if (status) return status;
    find_url(text, label, url);
    mn_mem_free(text);
    return MN_OK;
}
