/* builtin: finding the models that come with mnemon. */
#include "pipelines/builtin.h"
#include "genomics/base/mem.h"
#include "genomics/base/nearest.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char suffix[] = ".safetensors";
enum { SUFFIX = sizeof suffix - 1, PATH_BYTES = 4096 };

/* In its place among the names; one that is there already stays. */
static mn_status_t add_model(mn_builtins_t *list, const char *folder, const char *file, mn_err_t *err) {
    char path[PATH_BYTES], name[256];
    int64_t at = 0, n = list->n;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - SUFFIX), file);
    while (at < n && strcmp(list->names[at], name) < 0) at++;
    if (at < n && !strcmp(list->names[at], name)) return MN_OK;
    mn_status_t status = mn_mem_resize((void **)&list->names, n, n + 1, sizeof *list->names, err);
    if (!status) status = mn_mem_resize((void **)&list->paths, n, n + 1, sizeof *list->paths, err);
    if (status) return status;
    memmove(list->names + at + 1, list->names + at, (size_t)(n - at) * sizeof *list->names);
    memmove(list->paths + at + 1, list->paths + at, (size_t)(n - at) * sizeof *list->paths);
    list->names[at] = list->paths[at] = NULL;
    list->n++;
    status = mn_mem_string(&list->names[at], name, err);
    return status ? status : mn_mem_string(&list->paths[at], path, err);
}

static mn_status_t add_folder(mn_builtins_t *list, const char *folder, mn_err_t *err) {
    mn_status_t status = MN_OK;
    DIR *entries = opendir(folder);
    if (!entries) return MN_OK;
    for (struct dirent *entry; !status && (entry = readdir(entries));) {
        size_t length = strlen(entry->d_name);
        if (entry->d_name[0] != '.' && length > SUFFIX && !strcmp(entry->d_name + length - SUFFIX, suffix))
            status = add_model(list, folder, entry->d_name, err);
    }
    closedir(entries);
    return status;
}

static mn_status_t add_listed(mn_builtins_t *list, const char *folders, mn_err_t *err) {
    char folder[PATH_BYTES];
    mn_status_t status = MN_OK;
    for (size_t length; *folders && !status; folders += length + (folders[length] == ':')) {
        length = strcspn(folders, ":");
        if (length >= sizeof folder) continue;
        memcpy(folder, folders, length);
        folder[length] = 0;
        status = add_folder(list, folder, err);
    }
    return status;
}

/* The folders beside the running program, where the system tells its place. */
static mn_status_t add_beside(mn_builtins_t *list, mn_err_t *err) {
    static const char *const beside[] = {"pipelines/models", MN_MODELS_BESIDE};
    char program[PATH_BYTES], folder[2 * PATH_BYTES];
    mn_status_t status = MN_OK;
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) return MN_OK;
    program[length] = 0;
    *strrchr(program, '/') = 0;
    for (int i = 0; i < 2 && !status; i++) {
        snprintf(folder, sizeof folder, "%s/%s", program, beside[i]);
        status = add_folder(list, folder, err);
    }
    return status;
}

mn_status_t mn_builtins_list(mn_builtins_t *out, mn_err_t *err) {
    const char *listed = getenv("MNEMON_MODELS");
    *out = (mn_builtins_t){0};
    mn_status_t status = listed && *listed ? add_listed(out, listed, err) : add_beside(out, err);
    if (!status && !(listed && *listed)) status = add_folder(out, MN_MODELS_INSTALLED, err);
    if (!status && !out->n)
        status = mn_err_set(err, MN_INPUT, NULL, "set MNEMON_MODELS to the folder that holds them",
                            "no built-in models are found");
    if (status) mn_builtins_done(out);
    return status;
}

void mn_builtins_done(mn_builtins_t *list) {
    for (int64_t i = 0; i < list->n; i++) {
        mn_mem_free(list->names[i]);
        mn_mem_free(list->paths[i]);
    }
    mn_mem_free(list->names);
    mn_mem_free(list->paths);
    *list = (mn_builtins_t){0};
}

static mn_status_t refuse_name(const mn_builtins_t *list, const char *path, mn_err_t *err) {
    char there[200] = "", hint[200] = "'mnemon info " MN_BUILTIN "' tells of them";
    size_t used = 0;
    for (int64_t i = 0; i < list->n && used < sizeof there; i++)
        used += (size_t)snprintf(there + used, sizeof there - used, "%s%s", i ? ", " : "", list->names[i]);
    const char *near = mn_nearest(path + strlen(MN_BUILTIN), (const char *const *)list->names, list->n);
    if (near) snprintf(hint, sizeof hint, "did you mean '" MN_BUILTIN "%.150s'?", near);
    return mn_err_set(err, MN_INPUT, path, hint, "no such model; there is %s", there);
}

mn_status_t mn_builtin_path(const char *path, char **out, mn_err_t *err) {
    mn_builtins_t list;
    if (strncmp(path, MN_BUILTIN, strlen(MN_BUILTIN))) return mn_mem_string(out, path, err);
    mn_status_t status = mn_builtins_list(&list, err);
    if (status) return status;
    int64_t at = 0;
    while (at < list.n && strcmp(list.names[at], path + strlen(MN_BUILTIN))) at++;
    status = at < list.n ? mn_mem_string(out, list.paths[at], err) : refuse_name(&list, path, err);
    mn_builtins_done(&list);
    return status;
}
