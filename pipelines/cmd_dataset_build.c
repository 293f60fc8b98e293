/* mnemon dataset build: a labelled set from interval lists, or from annotated genes, and the genomes they lie on. */
#include "pipelines/commands.h"

typedef struct settings {
    mn_common_t common;
    const char *output;
    mn_strings_t references;
    bool skip_missing;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION(settings_t, output, "o", "output", FILE, "FILE", "the table; compressed (BGZF) if its name ends in .gz",
              .required = true),
    MN_OPTION(settings_t, references, NULL, "reference", LIST, "[CLASS=]FASTA",
              "genome or transcripts, plain or bgzip; several make one genome; CLASS=: of that class alone",
              .required = true),
    MN_OPTION(settings_t, skip_missing, NULL, "skip-missing", FLAG, NULL,
              "leave out and count intervals on contigs that no genome has"),
    MN_COMMON_OPTIONS,
    {0}};

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    return mn_err_set(err, MN_FAILED, args->operands[0], NULL, "cannot be read yet");
}

const mn_command_t mn_cmd_dataset_build = {
    .name = "dataset build",
    .heading = "Data",
    .summary = "a labelled set from intervals or genes and their genomes",
    .operands = "LISTS --reference GENOME -o OUT",
    .min_operands = 1,
    .max_operands = -1,
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon dataset build datasets/drosophila_enhancers_stark --reference dm6.fa.gz -o fly.tsv.gz",
    .run = run,
};
