/* provenance: what a result says of how it was made, equal bytes for equal runs. */
#ifndef MN_PROVENANCE_H
#define MN_PROVENANCE_H
#include "pipelines/options.h"

/* The canonical command: "mnemon CMD", every setting that affects the result (also defaults) in the order of its table,
 * then every input as base name and digest (NAME@xxh3:HEX). No paths, threads, dates or hosts. Operands are inputs: files,
 * folders, or CLASS=FILE. Owner: the caller, mn_mem_free. Errors: an input that cannot be read. */
mn_status_t mn_provenance(const mn_args_t *args, char **out, mn_err_t *err);

/* Heads a TSV: "#mnemon X.Y.Z" and "#command ..." lines. */
void mn_provenance_header(FILE *file, const char *command);

#endif
