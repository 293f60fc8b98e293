/* provenance: the canonical command, with base names and XXH3-128 digests for inputs; result files. */
#include "pipelines/provenance.h"
#include "genomics/base/digest.h"
#include "genomics/base/mem.h"
#include "genomics/base/text.h"
#include "pipelines/commands.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static mn_status_t digest_path(const char *path, int depth, mn_digest_t *out, mn_err_t *err);

/* Of a folder: of its sorted lines "name digest", hidden files left out. */
static mn_status_t digest_folder(const char *path, int depth, mn_digest_t *out, mn_err_t *err) {
    enum { DEPTH_MAX = 8 };
    struct dirent **entries = NULL;
    char *list, child[4096];
    mn_text_t text;
    if (depth > DEPTH_MAX) return mn_err_set(err, MN_INPUT, path, NULL, "folders nested deeper than %d", DEPTH_MAX);
    int n = scandir(path, &entries, NULL, alphasort);
    if (n < 0) return mn_err_set(err, MN_INPUT, path, NULL, "%s", strerror(errno));
    mn_status_t status = mn_text_begin(&text, err);
    const bool begun = !status;
    for (int i = 0; i < n; i++) {
        mn_digest_t digest;
        if (!status && entries[i]->d_name[0] != '.') {
            snprintf(child, sizeof child, "%s/%s", path, entries[i]->d_name);
            status = mn_file_check_entry(child, err);
            if (!status) status = mn_writer_spare(child, err);
            if (!status) status = digest_path(child, depth + 1, &digest, err);
            if (!status) fprintf(text.file, "%s %s\n", entries[i]->d_name, digest.hex);
        }
        free(entries[i]);
    }
    free(entries);
    if (begun) status = mn_text_end(&text, status, &list, err);
    if (status) return status;
    *out = mn_digest_bytes(list, (int64_t)text.size);
    mn_mem_free(list);
    return MN_OK;
}

static mn_status_t digest_path(const char *path, int depth, mn_digest_t *out, mn_err_t *err) {
    struct stat info;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return digest_folder(path, depth, out, err);
    return mn_digest_file(path, out, err);
}

const char *mn_provenance_path(const char *operand) {
    const char *equals = strchr(operand, '=');
    return equals && !mn_file_exists(operand) ? equals + 1 : operand;
}

/* " NAME@xxh3:HEX", with CLASS= kept before it; a pipe has a name alone. */
static mn_status_t print_input(FILE *file, const char *operand, mn_err_t *err) {
    const char *path = mn_provenance_path(operand);
    if (mn_path_is_url(path))
        return mn_err_set(err, MN_INPUT, path, "download it first", "is a URL: nothing is read over the network");
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') length--; /* a folder's name without its last slashes */
    const char *base = path + length;
    while (base > path && base[-1] != '/') base--;
    mn_digest_t digest;
    mn_status_t status = digest_path(path, 0, &digest, err);
    if (status) return status;
    fprintf(file, " %.*s", (int)(path - operand), operand);
    for (; base < path + length; base++) fputc(iscntrl((unsigned char)*base) ? '?' : *base, file);
    fprintf(file, "%s%s", digest.hex[0] ? "@xxh3:" : "", digest.hex);
    return MN_OK;
}

static mn_status_t print_option(FILE *file, const mn_option_t *option, const void *field, mn_err_t *err) {
    char text[4096];
    const mn_strings_t *list = field;
    if (option->neutral || option->kind == MN_OPT_FILE || option->kind == MN_OPT_GROUP) return MN_OK;
    for (int64_t i = 0; option->kind == MN_OPT_LIST && i < list->count; i++) {
        fprintf(file, " --%s", option->name);
        mn_status_t status = option->model ? print_input(file, list->items[i], err) : MN_OK;
        if (status) return status;
        if (!option->model) fprintf(file, " %s", list->items[i]);
    }
    if (!mn_option_text(option, field, text, sizeof text)) return MN_OK;
    fprintf(file, " --%s", option->name);
    if (option->kind == MN_OPT_INPUT) return print_input(file, text, err);
    if (*text) fprintf(file, " %s", text);
    return MN_OK;
}

static mn_status_t print_options(FILE *file, const mn_option_rows_t *rows, const void *settings, const char *without,
                                 mn_err_t *err) {
    mn_status_t status = MN_OK;
    for (int i = 0; i < rows->n && !status; i++) {
        const struct mn_option_row *row = &rows->row[i];
        if (!without || !row->option->name || strcmp(row->option->name, without))
            status = print_option(file, row->option, (const char *)settings + row->offset, err);
    }
    return status;
}

static mn_status_t check_outputs(const mn_args_t *args, mn_err_t *err) {
    mn_status_t status = MN_OK;
    for (int i = 0; i < args->rows.n && !status; i++) {
        const char *const *written = (const void *)((const char *)args->settings + args->rows.row[i].offset);
        if (args->rows.row[i].option->kind == MN_OPT_FILE && *written) status = mn_writer_check(*written, err);
    }
    return status;
}

mn_status_t mn_provenance_spare(const mn_args_t *args, mn_err_t *err) {
    mn_status_t status = MN_OK;
    for (int64_t i = 0; i < args->n_operands && !status; i++)
        status = mn_writer_spare(mn_provenance_path(args->operands[i]), err);
    for (int i = 0; i < args->rows.n && !status; i++) {
        const mn_option_t *option = args->rows.row[i].option;
        const void *field = (const char *)args->settings + args->rows.row[i].offset;
        const mn_strings_t *list = field;
        const char *const *input = field;
        if (option->kind == MN_OPT_INPUT && *input) status = mn_writer_spare(*input, err);
        for (int64_t j = 0; option->kind == MN_OPT_LIST && j < list->count && !status; j++)
            status = mn_writer_spare(mn_provenance_path(list->items[j]), err);
    }
    return status ? status : check_outputs(args, err);
}

mn_status_t mn_provenance(const mn_args_t *args, char **out, mn_err_t *err) {
    mn_text_t text;
    *out = NULL;
    mn_status_t status = mn_text_begin(&text, err);
    if (status) return status;
    fprintf(text.file, "mnemon %s", args->command->name);
    status = print_options(text.file, &args->rows, args->settings, NULL, err);
    for (int64_t i = 0; i < args->n_operands && !status; i++) status = print_input(text.file, args->operands[i], err);
    if (!status) status = check_outputs(args, err); /* again, as the files of folders are known now */
    return mn_text_end(&text, status, out, err);
}

mn_status_t mn_provenance_settings(const mn_option_t *table, const void *settings, const char *without, char **out,
                                   mn_err_t *err) {
    mn_option_rows_t rows;
    mn_text_t text;
    *out = NULL;
    mn_status_t status = mn_text_begin(&text, err);
    if (status) return status;
    mn_options_rows(table, &rows);
    return mn_text_end(&text, print_options(text.file, &rows, settings, without, err), out, err);
}

mn_status_t mn_result_open(const mn_args_t *args, const char *path, mn_result_t *out, mn_err_t *err) {
    *out = (mn_result_t){0};
    mn_status_t status = mn_provenance(args, &out->command, err);
    if (!status) status = mn_writer_open(&out->writer, path, err);
    out->part = mn_args_given(args, "shard");
    return status;
}

void mn_result_header(mn_result_t *result) {
    fprintf(result->writer.file, "#mnemon %s\n#command %s\n", MN_VERSION, result->command);
}

mn_status_t mn_result_json(mn_result_t *result, mn_json_t *json, mn_err_t *err) {
    mn_json_t *whole = mn_json_object();
    mn_json_set_string(whole, "mnemon", MN_VERSION);
    mn_json_set_string(whole, "command", result->command);
    mn_json_set(whole, "result", json);
    char *text = mn_json_text(whole, true);
    mn_json_free(whole);
    if (!text) return mn_err_set(err, MN_FAILED, NULL, NULL, "out of memory");
    fprintf(result->writer.file, "%s\n", text);
    mn_mem_free(text);
    return MN_OK;
}

mn_status_t mn_result_close(mn_result_t *result, mn_status_t status, mn_err_t *err) {
    if (!status && result->part) fputs(MN_RESULT_END "\n", result->writer.file);
    if (!status) status = mn_writer_commit(&result->writer, err);
    mn_writer_drop(&result->writer);
    mn_mem_free(result->command);
    *result = (mn_result_t){0};
    return status;
}
