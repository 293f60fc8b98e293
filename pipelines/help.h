/* help: texts made from the command and option tables: help, man page, shell completions. */
#ifndef MN_HELP_H
#define MN_HELP_H
#include "pipelines/commands.h"
#include <stdio.h>

/* All commands under their headings. */
void mn_help_overview(FILE *out);
/* Usage, options with defaults in [brackets] and examples of one command. */
void mn_help_command(FILE *out, const mn_command_t *command);
/* mnemon.1 in man macros. */
void mn_help_man(FILE *out);
/* A completion script. */
typedef enum { MN_SHELL_BASH, MN_SHELL_ZSH, MN_SHELL_FISH } mn_shell_t;
void mn_help_completions(FILE *out, mn_shell_t shell);

#endif
