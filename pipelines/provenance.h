/* provenance: what a result says of how it was made, equal bytes for equal runs; and result files that say it. */
#ifndef MN_PROVENANCE_H
#define MN_PROVENANCE_H
#include "genomics/base/fileio.h"
#include "genomics/base/json.h"
#include "pipelines/options.h"

/* The canonical command: "mnemon CMD", every setting that affects the result (also defaults) in the order of its table,
 * then every input as base name and digest (NAME@xxh3:HEX). No paths, threads, dates or hosts. Operands are inputs:
 * files, folders, or CLASS=FILE. Owner: the caller, mn_mem_free. Errors: an input that cannot be read. */
mn_status_t mn_provenance(const mn_args_t *args, char **out, mn_err_t *err);

/* From here on no output replaces a file that an operand or an option names as an input. Errors: MN_USAGE, an output that is
 * given as one. */
mn_status_t mn_provenance_spare(const mn_args_t *args, mn_err_t *err);

/* The file or folder that an operand names, CLASS= aside. */
const char *mn_provenance_path(const char *operand);

/* The settings of a table alone, as they stand there: " --epochs 10 ...", without the option of the name `without`
 * (NULL: all). Owner: the caller, mn_mem_free. */
mn_status_t mn_provenance_settings(const mn_option_t *table, const void *settings, const char *without, char **out,
                                   mn_err_t *err);

/* A result being written, as text or as JSON. */
typedef struct mn_result {
    mn_writer_t writer;
    char *command; /* owned: the canonical command */
    bool part;     /* of --shard: its last line is MN_RESULT_END, so that a part cut short is known */
} mn_result_t;
#define MN_RESULT_END "#end"

mn_status_t mn_result_open(const mn_args_t *args, const char *path, mn_result_t *out, mn_err_t *err);
/* Heads a TSV: lines "#mnemon X.Y.Z" and "#command ...". */
void mn_result_header(mn_result_t *result);
/* The whole of it: {"mnemon": version, "command", "result": json}. Takes json over. */
mn_status_t mn_result_json(mn_result_t *result, mn_json_t *json, mn_err_t *err);
/* With status MN_OK gives the file its name; else nothing of it remains. Returns status, or what went wrong now. */
mn_status_t mn_result_close(mn_result_t *result, mn_status_t status, mn_err_t *err);

#endif
