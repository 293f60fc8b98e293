/* help: texts made from the command and option tables: help, man page, shell completions. */
#ifndef MN_HELP_H
#define MN_HELP_H
#include "pipelines/commands.h"
#include <stdio.h>

/* All commands under their headings. */
void mn_help_overview(FILE *out);
/* The commands of two words that begin with `first`; false, and nothing printed: there is none, or a command of that
 * one word. */
bool mn_help_family(FILE *out, const char *first);
/* Usage, options with defaults in [brackets] and examples of one command. */
void mn_help_command(FILE *out, const mn_command_t *command);
/* mnemon.1 in man macros. */
void mn_help_man(FILE *out);
/* A completion script. */
typedef enum { MN_SHELL_BASH, MN_SHELL_ZSH, MN_SHELL_FISH } mn_shell_t;
void mn_help_completions(FILE *out, mn_shell_t shell);

#endif
