/* commands: what a command is, and the list of them all. cmd_X.c defines mn_cmd_X; main.c lists it. */
#ifndef MN_COMMANDS_H
#define MN_COMMANDS_H
#include "pipelines/options.h"

typedef struct mn_command {
    const char *name, *heading;         /* one word or two ("dataset build"); heading: Data, Train, Use, Inspect */
    const char *summary;                /* one line, lower case, no full stop */
    const char *operands;               /* as in the usage line: "IN... -o MODEL" */
    int64_t min_operands, max_operands; /* max < 0: any number */
    const char *about;                  /* paragraphs for the help and the man page; may be NULL */
    const mn_option_t *options;
    size_t settings_size; /* the struct begins with mn_common_t */
    const char *examples; /* lines "mnemon ...", each may follow a "# comment" line */
    mn_status_t (*run)(const mn_args_t *args, mn_err_t *err); /* never prints the error, never exits */
} mn_command_t;

/* All commands in the order of help, NULL-terminated. */
extern const mn_command_t *const mn_commands[];
/* The command that words[0..n), n >= 1, begin with, the one of more words where two fit; *used: how many words its name
 * has. NULL with MN_USAGE, a did-you-mean or the possible second words: no such command. */
const mn_command_t *mn_command_find(const char *const *words, int64_t n, int64_t *used, mn_err_t *err);
/* The second word of name if its first is that of `first` ("dataset", "dataset build"); else NULL. */
const char *mn_command_second(const char *name, const char *first);
/* All second words that may follow first, with `between` between them; empty: none may. Returns out. */
const char *mn_command_seconds(const char *first, const char *between, char *out, size_t size);

extern const mn_command_t mn_cmd_tokenize, mn_cmd_dataset_build, mn_cmd_dataset_split, mn_cmd_dataset_stats,
    mn_cmd_dataset_audit;
extern const mn_command_t mn_cmd_pretrain, mn_cmd_finetune, mn_cmd_baseline;
extern const mn_command_t mn_cmd_predict, mn_cmd_embed, mn_cmd_evaluate, mn_cmd_perplexity, mn_cmd_merge;
extern const mn_command_t mn_cmd_info, mn_cmd_doctor, mn_cmd_help;

#endif
