/* options: one table of options per command, from which the parser, the help, the man page, the completions and the
 * canonical command are made. Values are written into the command's settings struct by offset.
 *
 *     static const mn_option_t options[] = {
 *         MN_OPTION(settings_t, output, "o", "output", FILE, "FILE", "where it goes", .fallback = "-"),
 *         MN_OPTION(settings_t, length, "l", "length", INT, "N", "tokens", .fallback = "1k", .max = 1e9),
 *         MN_OPTION(settings_t, config.memory.norm, NULL, "norm", SWITCH, NULL, "normalise the output"),
 *         MN_COMMON_OPTIONS,
 *         {0}}; */
#ifndef MN_OPTIONS_H
#define MN_OPTIONS_H
#include "genomics/base/err.h"
#include "genomics/base/nearest.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum {
    MN_OPT_END,
    MN_OPT_FLAG,   /* bool: present or not, no value */
    MN_OPT_SWITCH, /* bool: on|off */
    MN_OPT_INT,    /* int64_t: strict, with suffix k, M or G (1000, 10^6, 10^9) */
    MN_OPT_REAL,   /* double: strict, finite */
    MN_OPT_STRING, /* const char *: borrowed from argv */
    MN_OPT_FILE,   /* const char *: a file that is written; never part of the canonical command */
    MN_OPT_INPUT,  /* const char *: a file that is read; base name and digest in the canonical command */
    MN_OPT_CHOICE, /* int: index into choices */
    MN_OPT_LIST,   /* mn_strings_t: a string each time the option is given */
    MN_OPT_GROUP   /* no option: begins the heading `help` (NULL: none) and takes in the table `group` at `offset` */
} mn_opt_kind_t;

typedef struct mn_strings {
    const char **items; /* owned by the mn_args_t; the strings are argv's */
    int64_t count;
} mn_strings_t;

typedef struct mn_option {
    const char *letters;        /* "t@": -t, with -@ as an alias; NULL: none */
    const char *name;           /* long name without its dashes */
    int kind;                   /* mn_opt_kind_t */
    const char *value;          /* what help calls the value; NULL: by kind */
    size_t offset;              /* of the field in the settings (of the group's part of them) */
    const char *help;           /* lower case, no full stop; the default is added in [brackets] */
    const char *fallback;       /* default, written as on the command line; NULL: the field stays as it was (zero) */
    double min, max;            /* INT, REAL: inclusive; both 0: INT from 0 to 2^53, REAL any */
    const char *const *choices; /* CHOICE: names, NULL-terminated, indexed by value */
    bool required;
    bool model;   /* INPUT, LIST: model files, which builtin:NAME may stand for (builtin.h) */
    bool neutral; /* cannot change a result: left out of the canonical command */
    const struct mn_option *group;
} mn_option_t;

/* The last arguments: help, then any other field by name. */
#define MN_OPTION(type, field, short_letters, long_name, opt_kind, value_name, ...)                                    \
    {                                                                                                                  \
        .letters = short_letters, .name = long_name, .kind = MN_OPT_##opt_kind, .value = value_name,                   \
        .offset = offsetof(type, field), .help = __VA_ARGS__                                                           \
    }
#define MN_OPTION_HEADING(text)                                                                                        \
    { .kind = MN_OPT_GROUP, .help = text }
#define MN_OPTION_GROUP(type, field, text, table)                                                                      \
    { .kind = MN_OPT_GROUP, .help = text, .offset = offsetof(type, field), .group = table }

/* What every command knows. A settings struct begins with it, a table ends with MN_COMMON_OPTIONS, {0}. */
typedef struct mn_common {
    int64_t threads, seed;
    int cpu;       /* index into mn_cpu_names */
    int verbosity; /* mn_log_level_t of report.h */
    bool quiet, help;
} mn_common_t;
extern const mn_option_t mn_common_options[];
extern const char *const mn_cpu_names[];
#define MN_COMMON_OPTIONS                                                                                              \
    { .kind = MN_OPT_GROUP, .help = "General", .group = mn_common_options }

/* A table with its groups taken in, in order; GROUP rows remain as headings. */
enum { MN_OPTIONS_MAX = 160 };
typedef struct mn_option_rows {
    int n;
    struct mn_option_row {
        const mn_option_t *option;
        size_t offset;
    } row[MN_OPTIONS_MAX];
} mn_option_rows_t;
void mn_options_rows(const mn_option_t *table, mn_option_rows_t *out);

/* An option as it came. */
typedef struct mn_given {
    int row;
    const char *text; /* argv's, or owned */
    char *owned;      /* a model's path; NULL: none */
} mn_given_t;

/* A parsed command line. */
typedef struct mn_args {
    const struct mn_command *command;
    mn_option_rows_t rows;
    void *settings;        /* owned; of command->settings_size bytes */
    const char **operands; /* owned array of argv's strings, NULL-terminated */
    int64_t n_operands;
    mn_given_t *given; /* owned */
    int64_t n_given;
} mn_args_t;

/* Parses argv[0..argc) (after the command's name) against command->options: zeroed settings, then defaults, then what
 * is given. Short flags may be joined, a value may follow its letter or stand apart; --name=value or --name value; "--"
 * ends options; options and operands may be mixed. With --help nothing that is missing is an error. Errors: MN_USAGE
 * with the option, what was expected and a did-you-mean. Owner: the caller, mn_args_done. */
mn_status_t mn_args_parse(const struct mn_command *command, int argc, char **argv, mn_args_t *out, mn_err_t *err);
void mn_args_done(mn_args_t *args);
/* Whether --name was on the command line. */
bool mn_args_given(const mn_args_t *args, const char *name);
/* Writes what was given into the settings again: after a preset or a file has filled them. */
void mn_args_reapply(const mn_args_t *args);

/* The field's value as it would be typed; false: there is nothing to type (unset string, empty list, flag not given).
 */
bool mn_option_text(const mn_option_t *option, const void *field, char *out, size_t size);
/* A whole number as options take it: digits with an optional sign and suffix k, K, M or G; false: it is none. */
bool mn_option_parse_int(const char *text, double *out);
/* What help calls the option's value: NULL for flags, a|b|c for choices. */
const char *mn_option_value_name(const mn_option_t *option, char *out, size_t size);

#endif
