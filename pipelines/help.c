/* help: the help, the man page and the completions, printed from the tables. */
#include "pipelines/help.h"
#include <string.h>

static const char tagline[] = "genomic sequence models with Titans neural memory";

enum { PAGE_WIDTH = 100, OPTION_COLUMN = 30, SECONDS_BYTES = 160 };

/* text from `column` on, words wrapped at PAGE_WIDTH, further lines indented by `indent`; "\n" in text begins a line.
 */
static void print_wrapped(FILE *out, int column, int indent, const char *text) {
    int at = column;
    while (*text) {
        int word = (int)strcspn(text, " \n");
        if (at > indent && at + 1 + word > PAGE_WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        }
        at += fprintf(out, "%s%.*s", at > indent ? " " : "", word, text);
        text += word;
        if (*text == '\n') {
            fprintf(out, "\n%*s", text[1] == '\n' || !text[1] ? 0 : indent, "");
            at = indent;
        }
        if (*text) text++;
    }
    fputc('\n', out);
}

/* "help text [default]" */
static const char *describe(const mn_option_t *option, char *out, size_t size) {
    if (option->required)
        snprintf(out, size, "%s (required)", option->help);
    else if (option->fallback)
        snprintf(out, size, "%s [%s]", option->help, option->fallback);
    else
        snprintf(out, size, "%s", option->help);
    return out;
}

static void print_option(FILE *out, const mn_option_t *option) {
    char label[256], names[160], text[512];
    const char *value = mn_option_value_name(option, names, sizeof names);
    char letters[16] = "    ";
    if (option->letters) snprintf(letters, sizeof letters, "-%c, ", option->letters[0]);
    if (option->letters && option->letters[1])
        snprintf(letters, sizeof letters, "-%c, -%c, ", option->letters[0], option->letters[1]);
    snprintf(label, sizeof label, "  %s--%s%s%s", letters, option->name, value ? " " : "", value ? value : "");
    fprintf(out, "%-*s", OPTION_COLUMN, label);
    if (strlen(label) + 2 > OPTION_COLUMN) fprintf(out, "\n%*s", OPTION_COLUMN, "");
    print_wrapped(out, OPTION_COLUMN, OPTION_COLUMN, describe(option, text, sizeof text));
}

static void print_summary(FILE *out, const mn_command_t *command) {
    int widest = 0;
    for (int i = 0; mn_commands[i]; i++) {
        int width = (int)strlen(mn_commands[i]->name);
        if (width > widest) widest = width;
    }
    fprintf(out, "  %-*s  %s\n", widest, command->name, command->summary);
}

void mn_help_overview(FILE *out) {
    const char *heading = "";
    fprintf(out, "mnemon %s: %s\n\nUsage: mnemon COMMAND [options] ...\n", MN_VERSION, tagline);
    for (int i = 0; mn_commands[i]; i++) {
        if (strcmp(heading, mn_commands[i]->heading)) fprintf(out, "\n%s\n", heading = mn_commands[i]->heading);
        print_summary(out, mn_commands[i]);
    }
    fprintf(out, "\n'mnemon COMMAND --help' tells all of a command, 'mnemon --version' the version.\n");
}

bool mn_help_family(FILE *out, const char *first) {
    bool any = false;
    for (int i = 0; mn_commands[i]; i++)
        if (strcmp(mn_commands[i]->name, first) == 0) return false;
    for (int i = 0; mn_commands[i]; i++) {
        if (!mn_command_second(mn_commands[i]->name, first)) continue;
        if (!any) fprintf(out, "Usage: mnemon %s COMMAND [options] ...\n\n", first);
        print_summary(out, mn_commands[i]);
        any = true;
    }
    return any;
}

void mn_help_command(FILE *out, const mn_command_t *command) {
    mn_option_rows_t rows;
    mn_options_rows(command->options, &rows);
    fprintf(out, "mnemon %s: %s\n\nUsage: mnemon %s [options] %s\n", command->name, command->summary, command->name,
            command->operands);
    if (command->about) {
        fputc('\n', out);
        print_wrapped(out, 0, 0, command->about);
    }
    if (rows.n && rows.row[0].option->kind != MN_OPT_GROUP) fputs("\nOptions\n", out);
    for (int i = 0; i < rows.n; i++) {
        const mn_option_t *option = rows.row[i].option;
        if (option->kind != MN_OPT_GROUP)
            print_option(out, option);
        else if (option->help)
            fprintf(out, "\n%s\n", option->help);
    }
    fputs("\nEXAMPLES\n", out);
    for (const char *line = command->examples; *line;) {
        int length = (int)strcspn(line, "\n");
        fprintf(out, "  %.*s\n", length, line);
        line += length + (line[length] == '\n');
    }
}

/* ---- man page */

/* Text for roff: dashes and backslashes escaped, no line begins with a control character. */
static void print_roff(FILE *out, const char *text) {
    for (const char *c = text; *c; c++) {
        if ((c == text || c[-1] == '\n') && (*c == '.' || *c == '\'')) fputs("\\&", out);
        if (*c == '-')
            fputs("\\-", out);
        else if (*c == '\\')
            fputs("\\e", out);
        else
            fputc(*c, out);
    }
}

static void print_man_options(FILE *out, const mn_option_t *table) {
    mn_option_rows_t rows;
    mn_options_rows(table, &rows);
    for (int i = 0; i < rows.n && rows.row[i].option->group != mn_common_options; i++) {
        const mn_option_t *option = rows.row[i].option;
        char names[160], text[512];
        const char *value = mn_option_value_name(option, names, sizeof names);
        if (option->kind == MN_OPT_GROUP) {
            if (!option->help) continue;
            fputs(".PP\n.I \"", out);
            print_roff(out, option->help);
            fputs("\"\n", out);
            continue;
        }
        fputs(".TP\n", out);
        for (const char *c = option->letters; c && *c; c++) fprintf(out, "\\fB\\-%c\\fR, ", *c);
        fputs("\\fB\\-\\-", out);
        print_roff(out, option->name);
        fputs("\\fR", out);
        if (value) {
            fputs(" \\fI", out);
            print_roff(out, value);
            fputs("\\fR", out);
        }
        fputc('\n', out);
        print_roff(out, describe(option, text, sizeof text));
        fputc('\n', out);
    }
}

static void print_man_command(FILE *out, const mn_command_t *command) {
    fputs(".SS \"mnemon ", out);
    print_roff(out, command->name);
    fputs(" [options] ", out);
    print_roff(out, command->operands);
    fputs("\"\n", out);
    print_roff(out, command->summary);
    fputs(".\n", out);
    if (command->about) {
        fputs(".PP\n", out);
        print_roff(out, command->about);
        fputc('\n', out);
    }
    print_man_options(out, command->options);
    fputs(".PP\n.nf\n.RS 4\n", out);
    print_roff(out, command->examples);
    fputs("\n.RE\n.fi\n", out);
}

void mn_help_man(FILE *out) {
    fprintf(out, ".TH MNEMON 1 \"\" \"mnemon %s\" \"User Commands\"\n.SH NAME\nmnemon \\- %s\n", MN_VERSION, tagline);
    fputs(".SH SYNOPSIS\n.B mnemon\n.I COMMAND\n[options] ...\n.SH COMMANDS\n", out);
    for (int i = 0; mn_commands[i]; i++) print_man_command(out, mn_commands[i]);
    fputs(".SH \"GENERAL OPTIONS\"\nKnown to every command.\n", out);
    print_man_options(out, mn_common_options);
    fputs(".PP\nWhole numbers take the suffixes k, M and G (1000, 10^6, 10^9). Standard output carries data only.\n"
          ".SH \"EXIT STATUS\"\n",
          out);
#define MN_X(name, code, text) fprintf(out, ".TP\n.B %d\n%s\n", code, text);
    MN_STATUS_LIST(MN_X)
#undef MN_X
}

/* ---- completions */

static void print_option_names(FILE *out, const mn_option_rows_t *rows) {
    for (int i = 0; i < rows->n; i++)
        if (rows->row[i].option->kind != MN_OPT_GROUP) fprintf(out, " --%s", rows->row[i].option->name);
}

/* The words that can follow an option, or NULL. */
static const char *list_values(const mn_option_t *option, char *out, size_t size) {
    static const char *const on_off[] = {"on", "off", NULL};
    const char *const *names = option->kind == MN_OPT_SWITCH ? on_off : option->choices;
    if (!names) return NULL;
    size_t used = 0;
    for (int i = 0; names[i] && used + 2 < size; i++) {
        if (i) out[used++] = ' ';
        used += (size_t)snprintf(out + used, size - used, "%s", names[i]);
    }
    return out;
}

static bool names_file(const mn_option_t *option) {
    return option->kind == MN_OPT_FILE || option->kind == MN_OPT_INPUT || option->model;
}

/* Whether no earlier command has the same first word. */
static bool opens_family(int i) {
    const char *name = mn_commands[i]->name;
    size_t length = strcspn(name, " ");
    for (int j = 0; j < i; j++)
        if (strncmp(mn_commands[j]->name, name, length) == 0 && strchr(" ", mn_commands[j]->name[length])) return false;
    return true;
}

static void print_bash_command(FILE *out, const mn_command_t *command) {
    mn_option_rows_t rows;
    mn_options_rows(command->options, &rows);
    fprintf(out, "    '%s '*)\n        options='", command->name);
    print_option_names(out, &rows);
    fputs("'\n        case $before in\n", out);
    for (int j = 0; j < rows.n; j++) {
        const mn_option_t *option = rows.row[j].option;
        char values[256];
        if (list_values(option, values, sizeof values))
            fprintf(out, "        --%s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", option->name,
                    values);
    }
    fputs("        esac ;;\n", out);
}

static void print_bash(FILE *out) {
    char seconds[SECONDS_BYTES];
    fputs("# bash completion for mnemon\n_mnemon() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options= seconds=\n"
          "    if [ \"$COMP_CWORD\" = 1 ]; then\n        COMPREPLY=($(compgen -W \"",
          out);
    for (int i = 0; mn_commands[i]; i++)
        if (opens_family(i)) fprintf(out, "%.*s ", (int)strcspn(mn_commands[i]->name, " "), mn_commands[i]->name);
    fputs("--help --version\" -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n", out);
    for (int i = 0; mn_commands[i]; i++)
        if (opens_family(i) && *mn_command_seconds(mn_commands[i]->name, " ", seconds, sizeof seconds))
            fprintf(out, "    %.*s) seconds='%s' ;;\n", (int)strcspn(mn_commands[i]->name, " "), mn_commands[i]->name,
                    seconds);
    fputs("    esac\n    if [ \"$COMP_CWORD\" = 2 ] && [ \"$seconds\" ] && [[ $word != -* ]]; then\n"
          "        COMPREPLY=($(compgen -W \"$seconds\" -- \"$word\"))\n        return\n    fi\n"
          "    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]} \" in\n",
          out);
    for (int words = 2; words; words--) /* the longer name first, as it wins */
        for (int i = 0; mn_commands[i]; i++)
            if ((words == 2) == !!strchr(mn_commands[i]->name, ' ')) print_bash_command(out, mn_commands[i]);
    fputs("    esac\n    case $word in\n    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n    esac\n}\n"
          "complete -o default -F _mnemon mnemon\n",
          out);
}

/* Within single quotes of a shell, with the characters of `special` escaped for _arguments. */
static void print_quoted(FILE *out, const char *text, const char *special) {
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            fputs("'\\''", out);
        else
            fprintf(out, "%s%c", strchr(special, *c) ? "\\" : "", *c);
    }
}

static void print_zsh_option(FILE *out, const mn_option_t *option) {
    char values[256], names[160];
    const char *value = mn_option_value_name(option, names, sizeof names);
    bool file = names_file(option), many = option->kind == MN_OPT_LIST;
    for (int form = -1; form < 0 || (option->letters && option->letters[form]); form++) {
        fprintf(out, "            '%s", many ? "*" : "");
        if (form < 0)
            fprintf(out, "--%s[", option->name);
        else
            fprintf(out, "-%c[", option->letters[form]);
        print_quoted(out, option->help, "[]:");
        fputc(']', out);
        if (value) fprintf(out, ":%s:", option->choices || option->kind == MN_OPT_SWITCH ? option->name : value);
        if (file)
            fputs("_files", out);
        else if (list_values(option, values, sizeof values))
            fprintf(out, "(%s)", values);
        fputs("' \\\n", out);
    }
}

/* "        'WORD:what it does' \", for _describe. */
static void print_zsh_word(FILE *out, const char *word, const char *what) {
    fprintf(out, "        '%.*s:", (int)strcspn(word, " "), word);
    print_quoted(out, what, ":");
    fputs("'\n", out);
}

static void print_zsh_command(FILE *out, const mn_command_t *command) {
    mn_option_rows_t rows;
    mn_options_rows(command->options, &rows);
    fprintf(out, "    '%s '*)\n        shift %d words\n        (( CURRENT -= %d ))\n        _arguments -s \\\n",
            command->name, strchr(command->name, ' ') ? 2 : 1, strchr(command->name, ' ') ? 2 : 1);
    for (int j = 0; j < rows.n; j++)
        if (rows.row[j].option->kind != MN_OPT_GROUP) print_zsh_option(out, rows.row[j].option);
    fputs("            '*:file:_files' ;;\n", out);
}

static void print_zsh(FILE *out) {
    char seconds[SECONDS_BYTES];
    fputs("#compdef mnemon\n_mnemon() {\n    local -a commands seconds\n    commands=(\n", out);
    for (int i = 0; mn_commands[i]; i++) {
        const char *name = mn_commands[i]->name;
        if (opens_family(i))
            print_zsh_word(out, name,
                           strchr(name, ' ') ? mn_command_seconds(name, ", ", seconds, sizeof seconds)
                                             : mn_commands[i]->summary);
    }
    fputs("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n"
          "    case $words[2] in\n",
          out);
    for (int i = 0; mn_commands[i]; i++) {
        const char *name = mn_commands[i]->name;
        if (!opens_family(i) || !*mn_command_seconds(name, " ", seconds, sizeof seconds)) continue;
        fprintf(out, "    %.*s) seconds=(\n", (int)strcspn(name, " "), name);
        for (int j = 0; mn_commands[j]; j++) {
            const char *second = mn_command_second(mn_commands[j]->name, name);
            if (second) print_zsh_word(out, second, mn_commands[j]->summary);
        }
        fputs("    ) ;;\n", out);
    }
    fputs("    esac\n    if (( CURRENT == 3 && $#seconds )) && [[ $words[3] != -* ]]; then\n"
          "        _describe command seconds\n        return\n    fi\n    case \"$words[2] $words[3] \" in\n",
          out);
    for (int words = 2; words; words--) /* the longer name first, as it wins */
        for (int i = 0; mn_commands[i]; i++)
            if ((words == 2) == !!strchr(mn_commands[i]->name, ' ')) print_zsh_command(out, mn_commands[i]);
    fputs("    esac\n}\n_mnemon \"$@\"\n", out);
}

static void print_fish_word(FILE *out, const char *when, const char *word, const char *what) {
    fprintf(out, "complete -c mnemon -n '%s' -f -a %.*s -d '", when, (int)strcspn(word, " "), word);
    print_quoted(out, what, "\\");
    fputs("'\n", out);
}

static void print_fish_option(FILE *out, const char *when, const mn_option_t *option) {
    char values[256];
    fprintf(out, "complete -c mnemon -n '%s' -l %s", when, option->name);
    for (const char *c = option->letters; c && *c; c++) fprintf(out, " -s %c", *c);
    if (list_values(option, values, sizeof values))
        fprintf(out, " -x -a '%s'", values);
    else if (names_file(option))
        fputs(" -r", out);
    else if (option->kind != MN_OPT_FLAG)
        fputs(" -x", out);
    fputs(" -d '", out);
    print_quoted(out, option->help, "\\");
    fputs("'\n", out);
}

static void print_fish(FILE *out) {
    const char *seen = "__fish_seen_subcommand_from";
    fputs("# fish completion for mnemon\n", out);
    for (int i = 0; mn_commands[i]; i++) {
        const char *name = mn_commands[i]->name, *second = strchr(name, ' ');
        int length = (int)strcspn(name, " ");
        char seconds[SECONDS_BYTES], when[2 * SECONDS_BYTES], open[2 * SECONDS_BYTES];
        mn_command_seconds(name, " ", seconds, sizeof seconds);
        snprintf(open, sizeof open, "%s %.*s%s%s%s%s", seen, length, name, *seconds ? "; and not " : "",
                 *seconds ? seen : "", *seconds ? " " : "", seconds); /* the first word, and no second yet */
        snprintf(when, sizeof when, "%s %.*s; and %s%s", seen, length, name, seen, second ? second : "");
        if (opens_family(i))
            print_fish_word(out, "__fish_use_subcommand", name, second ? seconds : mn_commands[i]->summary);
        if (second) print_fish_word(out, open, second + 1, mn_commands[i]->summary);
        mn_option_rows_t rows;
        mn_options_rows(mn_commands[i]->options, &rows);
        for (int j = 0; j < rows.n; j++)
            if (rows.row[j].option->kind != MN_OPT_GROUP)
                print_fish_option(out, second ? when : open, rows.row[j].option);
    }
}

void mn_help_completions(FILE *out, mn_shell_t shell) {
    if (shell == MN_SHELL_BASH)
        print_bash(out);
    else if (shell == MN_SHELL_ZSH)
        print_zsh(out);
    else
        print_fish(out);
}
