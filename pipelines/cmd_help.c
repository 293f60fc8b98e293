/* mnemon help: of all commands or one; also the sources of the man page and the completions. */
#include "pipelines/help.h"
#include <string.h>

typedef struct settings {
    mn_common_t common;
    bool man;
    int completions; /* 0: none, else 1 + mn_shell_t */
} settings_t;

static const char *const shells[] = {"none", "bash", "zsh", "fish", NULL};

static const mn_option_t options[] = {
    MN_OPTION(settings_t, man, NULL, "man", FLAG, NULL, "print the man page (mnemon.1)"),
    MN_OPTION(settings_t, completions, NULL, "completions", CHOICE, NULL, "print a shell's completion script",
              .choices = shells, .fallback = "none"),
    MN_COMMON_OPTIONS,
    {0}};

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = args->settings;
    if (s->man) return mn_help_man(stdout), MN_OK;
    if (s->completions) return mn_help_completions(stdout, (mn_shell_t)(s->completions - 1)), MN_OK;
    if (!args->n_operands) return mn_help_overview(stdout), MN_OK;
    int64_t used;
    if (args->n_operands == 1 && mn_help_family(stdout, args->operands[0])) return MN_OK;
    const mn_command_t *command = mn_command_find(args->operands, args->n_operands, &used, err);
    if (!command) return MN_USAGE;
    if (used < args->n_operands)
        return mn_err_set(err, MN_USAGE, NULL, "see 'mnemon help'", "unexpected argument '%s'", args->operands[used]);
    mn_help_command(stdout, command);
    return MN_OK;
}

const mn_command_t mn_cmd_help = {
    .name = "help",
    .heading = "Inspect",
    .summary = "help for all commands or one",
    .operands = "[COMMAND]",
    .max_operands = 2,
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon help pretrain\n"
                "mnemon help dataset build\n"
                "mnemon help --man | man -l -\n"
                "source <(mnemon help --completions bash)",
    .run = run,
};
