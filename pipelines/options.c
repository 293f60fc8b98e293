/* options: the parser of option tables, and values as text. */
#include "pipelines/options.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "pipelines/builtin.h"
#include "pipelines/commands.h"
#include "pipelines/report.h"
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXACT_BITS = 53 }; /* every integer up to 2^53 is a double, too */

const char *const mn_cpu_names[] = {"auto", "plain", "avx2", "avx512", NULL};

const mn_option_t mn_common_options[] = {
    MN_OPTION(mn_common_t, threads, "t@", "threads", INT, "N", "threads in all; 0: as many as this process may use",
              .fallback = "0", .max = 1024, .neutral = true),
    MN_OPTION(mn_common_t, cpu, NULL, "cpu", CHOICE, NULL, "highest instruction set to use", .choices = mn_cpu_names,
              .fallback = "auto", .neutral = true),
    MN_OPTION(mn_common_t, seed, NULL, "seed", INT, "N", "seed of all random numbers", .fallback = "1"),
    MN_OPTION(mn_common_t, verbosity, NULL, "verbosity", CHOICE, NULL, "what to say on stderr", .fallback = "info",
              .choices = mn_log_names, .neutral = true),
    MN_OPTION(mn_common_t, quiet, NULL, "quiet", FLAG, NULL, "say nothing but errors", .neutral = true),
    MN_OPTION(mn_common_t, help, "h", "help", FLAG, NULL, "show this help", .neutral = true),
    {0}};

static void add_rows(const mn_option_t *table, size_t offset, mn_option_rows_t *out) {
    for (const mn_option_t *o = table; o->kind != MN_OPT_END; o++) {
        assert(out->n < MN_OPTIONS_MAX);
        out->row[out->n++] = (struct mn_option_row){o, offset + o->offset};
        if (o->kind == MN_OPT_GROUP && o->group) add_rows(o->group, offset + o->offset, out);
    }
}

void mn_options_rows(const mn_option_t *table, mn_option_rows_t *out) {
    out->n = 0;
    add_rows(table, 0, out);
}

static int64_t count_names(const char *const *names) {
    int64_t n = 0;
    while (names[n]) n++;
    return n;
}

/* ---- values */

const char *mn_option_value_name(const mn_option_t *option, char *out, size_t size) {
    static const char *const by_kind[] = {
        [MN_OPT_SWITCH] = "on|off", [MN_OPT_INT] = "N",      [MN_OPT_REAL] = "X",   [MN_OPT_STRING] = "TEXT",
        [MN_OPT_FILE] = "FILE",     [MN_OPT_INPUT] = "FILE", [MN_OPT_LIST] = "TEXT"};
    if (option->kind == MN_OPT_FLAG || option->kind == MN_OPT_GROUP || option->kind == MN_OPT_END) return NULL;
    if (option->value) return option->value;
    if (option->kind != MN_OPT_CHOICE) return by_kind[option->kind];
    size_t used = 0;
    out[0] = 0;
    for (int i = 0; option->choices[i] && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? "|" : "", option->choices[i]);
    return out;
}

/* "-o/--output", as messages name an option. */
static const char *describe_option(const mn_option_t *option, char *out, size_t size) {
    if (option->letters)
        snprintf(out, size, "-%c/--%s", option->letters[0], option->name);
    else
        snprintf(out, size, "--%s", option->name);
    return out;
}

static mn_status_t refuse_value(const mn_option_t *option, const char *text, const char *expected, mn_err_t *err) {
    char where[96];
    return mn_err_set(err, MN_USAGE, describe_option(option, where, sizeof where), NULL, "expected %s, got '%s'",
                      expected, text);
}

bool mn_option_parse_int(const char *text, double *out) {
    char *end;
    if (!(text[0] >= '0' && text[0] <= '9') && !(text[0] == '-' && text[1] >= '0' && text[1] <= '9')) return false;
    errno = 0;
    long long digits = strtoll(text, &end, 10);
    long long scale = *end == 'k' || *end == 'K' ? 1000 : *end == 'M' ? 1000000 : *end == 'G' ? 1000000000 : 1;
    long long most = (1LL << EXACT_BITS) / scale;
    if (scale > 1) end++;
    if (*end || errno || digits > most || digits < -most) return false;
    *out = (double)(digits * scale);
    return true;
}

/* A decimal number; no hexadecimal, infinity or NaN. */
static bool parse_real(const char *text, double *out) {
    char *end;
    if (!text[0] || text[strspn(text, "0123456789+-.eE")]) return false;
    *out = strtod(text, &end);
    return !*end && isfinite(*out);
}

static void describe_range(const mn_option_t *option, char *out, size_t size) {
    bool whole = option->kind == MN_OPT_INT, open = option->min == 0 && option->max == 0;
    const char *what = whole ? "a whole number" : "a number";
    if (open)
        snprintf(out, size, "%s%s", what, whole ? " from 0 (suffixes k, M, G)" : "");
    else
        snprintf(out, size, "%s from %.15g to %.15g", what, option->min, option->max);
}

static mn_status_t set_number(const mn_option_t *option, void *field, const char *text, mn_err_t *err) {
    bool whole = option->kind == MN_OPT_INT, open = option->min == 0 && option->max == 0;
    double value, min = open ? (whole ? 0 : -INFINITY) : option->min, max = open ? INFINITY : option->max;
    bool ok = whole ? mn_option_parse_int(text, &value) : parse_real(text, &value);
    if (!ok || value < min || value > max) {
        char expected[96];
        describe_range(option, expected, sizeof expected);
        return refuse_value(option, text, expected, err);
    }
    if (whole)
        *(int64_t *)field = (int64_t)value;
    else
        *(double *)field = value;
    return MN_OK;
}

static mn_status_t set_choice(const mn_option_t *option, void *field, const char *text, mn_err_t *err) {
    for (int i = 0; option->choices[i]; i++)
        if (strcmp(option->choices[i], text) == 0) return *(int *)field = i, MN_OK;
    char where[96], choices[160], hint[96] = "";
    const mn_option_t bare = {.kind = MN_OPT_CHOICE, .choices = option->choices};
    const char *near = mn_nearest(text, option->choices, count_names(option->choices));
    if (near) snprintf(hint, sizeof hint, "did you mean '%s'?", near);
    return mn_err_set(err, MN_USAGE, describe_option(option, where, sizeof where), hint, "expected %s, got '%s'",
                      mn_option_value_name(&bare, choices, sizeof choices), text);
}

static mn_status_t add_string(mn_strings_t *strings, const char *text, mn_err_t *err) {
    mn_status_t status = mn_mem_resize((void **)&strings->items, strings->count, strings->count + 1,
                                       (int64_t)sizeof *strings->items, err);
    if (!status) strings->items[strings->count++] = text;
    return status;
}

/* text is NULL for flags alone. */
static mn_status_t set_value(const mn_option_t *option, void *field, const char *text, mn_err_t *err) {
    switch (option->kind) {
    case MN_OPT_FLAG:
        *(bool *)field = true;
        return MN_OK;
    case MN_OPT_SWITCH:
        if (strcmp(text, "on") && strcmp(text, "off")) return refuse_value(option, text, "on or off", err);
        *(bool *)field = strcmp(text, "on") == 0;
        return MN_OK;
    case MN_OPT_INT:
    case MN_OPT_REAL:
        return set_number(option, field, text, err);
    case MN_OPT_CHOICE:
        return set_choice(option, field, text, err);
    case MN_OPT_LIST:
    case MN_OPT_STRING:
    case MN_OPT_FILE:
    case MN_OPT_INPUT:
        if (!*text) return refuse_value(option, text, "a value that is not empty", err);
        if (option->kind == MN_OPT_LIST) return add_string(field, text, err);
        *(const char **)field = text;
        return MN_OK;
    default:
        assert(!"an option kind without a value");
        return MN_FAILED;
    }
}

bool mn_option_text(const mn_option_t *option, const void *field, char *out, size_t size) {
    const char *text = NULL;
    switch (option->kind) {
    case MN_OPT_FLAG:
        text = *(const bool *)field ? "" : NULL;
        break;
    case MN_OPT_SWITCH:
        text = *(const bool *)field ? "on" : "off";
        break;
    case MN_OPT_INT:
        snprintf(out, size, "%lld", (long long)*(const int64_t *)field);
        return true;
    case MN_OPT_REAL:
        for (int digits = 1; digits <= 17; digits++) { /* the shortest that reads back the same */
            snprintf(out, size, "%.*g", digits, *(const double *)field);
            if (strtod(out, NULL) == *(const double *)field) break;
        }
        return true;
    case MN_OPT_CHOICE:
        text = option->choices[*(const int *)field];
        break;
    case MN_OPT_STRING:
    case MN_OPT_FILE:
    case MN_OPT_INPUT:
        text = *(const char *const *)field;
        break;
    default:
        break;
    }
    if (text) snprintf(out, size, "%s", text);
    return text != NULL;
}

/* ---- the command line */

static void *find_field(const mn_args_t *args, int row) {
    return (char *)args->settings + args->rows.row[row].offset;
}

static bool takes_value(const mn_option_t *option) {
    return option->kind != MN_OPT_FLAG;
}

static mn_status_t refuse_name(const mn_args_t *args, const char *given, const char *name, mn_err_t *err) {
    const char *names[MN_OPTIONS_MAX];
    int64_t n = 0;
    for (int i = 0; i < args->rows.n; i++)
        if (args->rows.row[i].option->kind != MN_OPT_GROUP) names[n++] = args->rows.row[i].option->name;
    char hint[128];
    const char *near = mn_nearest(name, names, n);
    if (near)
        snprintf(hint, sizeof hint, "did you mean '--%s'?", near);
    else
        snprintf(hint, sizeof hint, "see 'mnemon %s --help'", args->command->name);
    return mn_err_set(err, MN_USAGE, NULL, hint, "unknown option '%s'", given);
}

static int find_name(const mn_args_t *args, const char *name, size_t length) {
    for (int i = 0; i < args->rows.n; i++) {
        const mn_option_t *o = args->rows.row[i].option;
        if (o->kind != MN_OPT_GROUP && strncmp(o->name, name, length) == 0 && !o->name[length]) return i;
    }
    return -1;
}

static int find_letter(const mn_args_t *args, char letter) {
    for (int i = 0; i < args->rows.n; i++) {
        const mn_option_t *o = args->rows.row[i].option;
        if (o->letters && strchr(o->letters, letter)) return i;
    }
    return -1;
}

static mn_status_t take_option(mn_args_t *args, int row, const char *text, mn_err_t *err) {
    const mn_option_t *option = args->rows.row[row].option;
    char where[96];
    if (takes_value(option) && !text)
        return mn_err_set(err, MN_USAGE, describe_option(option, where, sizeof where), NULL, "a value is missing");
    mn_given_t *given = &args->given[args->n_given++];
    *given = (mn_given_t){row, text, NULL};
    mn_status_t status = option->model ? mn_builtin_path(text, &given->owned, err) : MN_OK;
    if (given->owned) given->text = given->owned;
    return status ? status : set_value(option, find_field(args, row), given->text, err);
}

/* argv[*at] is "--name", "--name=value": *at moves over a value that stands apart. */
static mn_status_t take_long(mn_args_t *args, int argc, char **argv, int *at, mn_err_t *err) {
    const char *name = argv[*at] + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    int row = find_name(args, name, length);
    if (row < 0) {
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word - 1), name);
        return refuse_name(args, argv[*at], word, err);
    }
    const mn_option_t *option = args->rows.row[row].option;
    if (!takes_value(option) && equals)
        return mn_err_set(err, MN_USAGE, argv[*at], NULL, "--%s takes no value", option->name);
    const char *value = equals ? equals + 1 : takes_value(option) && *at + 1 < argc ? argv[++*at] : NULL;
    return take_option(args, row, value, err);
}

/* argv[*at] is "-abc", "-n5" or "-n". */
static mn_status_t take_letters(mn_args_t *args, int argc, char **argv, int *at, mn_err_t *err) {
    for (const char *c = argv[*at] + 1; *c; c++) {
        int row = find_letter(args, *c);
        if (row < 0) return refuse_name(args, argv[*at], argv[*at] + 1, err);
        bool value = takes_value(args->rows.row[row].option);
        const char *text = !value ? NULL : c[1] ? c + 1 : *at + 1 < argc ? argv[++*at] : NULL;
        mn_status_t status = take_option(args, row, text, err);
        if (status || value) return status;
    }
    return MN_OK;
}

static mn_status_t check_complete(const mn_args_t *args, mn_err_t *err) {
    const mn_command_t *command = args->command;
    char hint[128], name[96];
    snprintf(hint, sizeof hint, "usage: mnemon %s [options] %s", command->name, command->operands);
    for (int i = 0; i < args->rows.n; i++) {
        const mn_option_t *o = args->rows.row[i].option;
        if (o->required && !mn_args_given(args, o->name))
            return mn_err_set(err, MN_USAGE, NULL, hint, "%s is missing", describe_option(o, name, sizeof name));
    }
    for (int i = 0; i < args->rows.n; i++)
        for (int j = 0; j < i; j++) {
            const mn_option_t *a = args->rows.row[j].option, *b = args->rows.row[i].option;
            if (a->kind != MN_OPT_FILE || b->kind != MN_OPT_FILE) continue;
            const char *one = *(const char *const *)find_field(args, j),
                       *two = *(const char *const *)find_field(args, i);
            if (one && two && !strcmp(one, two) &&
                (!strcmp(one, "-") || !mn_file_is_once(one))) /* /dev/null is no loss */
                return mn_err_set(err, MN_USAGE, NULL, hint, "--%s and --%s are one file, '%.200s'", a->name, b->name,
                                  one);
        }
    if (args->n_operands < command->min_operands) return mn_err_set(err, MN_USAGE, NULL, hint, "an input is missing");
    if (command->max_operands >= 0 && args->n_operands > command->max_operands)
        return mn_err_set(err, MN_USAGE, NULL, hint, "unexpected argument '%s'", args->operands[command->max_operands]);
    return MN_OK;
}

static mn_status_t parse_all(mn_args_t *args, int argc, char **argv, mn_err_t *err) {
    mn_status_t status = mn_mem_new(&args->settings, 1, (int64_t)args->command->settings_size, err);
    if (!status) status = mn_mem_new((void **)&args->operands, argc + 1, (int64_t)sizeof *args->operands, err);
    /* letters may be joined, so that one argument may hold as many options as it has bytes */
    int64_t n_given = 1;
    for (int i = 0; i < argc; i++) n_given += (int64_t)strlen(argv[i]);
    if (!status) status = mn_mem_new((void **)&args->given, n_given, (int64_t)sizeof *args->given, err);
    for (int i = 0; i < args->rows.n && !status; i++) {
        const mn_option_t *o = args->rows.row[i].option;
        if (o->fallback) status = set_value(o, find_field(args, i), o->fallback, err);
    }
    bool options = true;
    for (int i = 0; i < argc && !status; i++) {
        if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && strncmp(argv[i], "--", 2) == 0)
            status = take_long(args, argc, argv, &i, err);
        else if (options && argv[i][0] == '-' && argv[i][1])
            status = take_letters(args, argc, argv, &i, err);
        else
            args->operands[args->n_operands++] = argv[i];
    }
    const mn_common_t *common = args->settings;
    return status || common->help ? status : check_complete(args, err);
}

mn_status_t mn_args_parse(const mn_command_t *command, int argc, char **argv, mn_args_t *out, mn_err_t *err) {
    *out = (mn_args_t){.command = command};
    mn_options_rows(command->options, &out->rows);
    mn_status_t status = parse_all(out, argc, argv, err);
    if (status) mn_args_done(out);
    return status;
}

void mn_args_done(mn_args_t *args) {
    for (int i = 0; args->settings && i < args->rows.n; i++)
        if (args->rows.row[i].option->kind == MN_OPT_LIST) mn_mem_free(((mn_strings_t *)find_field(args, i))->items);
    for (int64_t i = 0; i < args->n_given; i++) mn_mem_free(args->given[i].owned);
    mn_mem_free(args->settings);
    mn_mem_free(args->operands);
    mn_mem_free(args->given);
    *args = (mn_args_t){0};
}

bool mn_args_given(const mn_args_t *args, const char *name) {
    for (int64_t i = 0; i < args->n_given; i++)
        if (strcmp(args->rows.row[args->given[i].row].option->name, name) == 0) return true;
    return false;
}

void mn_args_reapply(const mn_args_t *args) {
    for (int64_t i = 0; i < args->n_given; i++) {
        const mn_option_t *option = args->rows.row[args->given[i].row].option;
        if (option->kind != MN_OPT_LIST)
            set_value(option, find_field(args, args->given[i].row), args->given[i].text, NULL);
    }
}
