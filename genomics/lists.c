/* lists: metadata.yaml, as far as it is used here, and the sizes of the published sets. */
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

/* Table 1 of Gresova et al. 2023, Genomic benchmarks, BMC Genomic Data 24:25; the lists hold as many. */
int64_t mn_lists_published(const char *name) {
    static const struct {
        const char *name;
        int64_t n;
    } sets[] = {{"dummy_mouse_enhancers_ensembl", 1210},
                {"demo_coding_vs_intergenomic_seqs", 100000},
                {"demo_human_or_worm", 100000},
                {"drosophila_enhancers_stark", 6914},
                {"human_enhancers_cohn", 27791},
                {"human_enhancers_ensembl", 154842},
                {"human_ensembl_regulatory", 289061},
                {"human_nontata_promoters", 36131},
                {"human_ocr_ensembl", 174756}};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (!strcmp(name, sets[i].name)) return sets[i].n;
    return -1;
}
