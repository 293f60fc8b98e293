/* commands: finds a command by the words of its name, and what could follow a first word. */
#include "pipelines/commands.h"
#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 64, WORD_BYTES = 32 };

const char *mn_command_second(const char *name, const char *first) {
    size_t length = strcspn(first, " ");
    return strncmp(name, first, length) == 0 && name[length] == ' ' ? name + length + 1 : NULL;
}

const char *mn_command_seconds(const char *first, const char *between, char *out, size_t size) {
    size_t used = 0;
    *out = 0;
    for (int i = 0; mn_commands[i]; i++) {
        const char *second = mn_command_second(mn_commands[i]->name, first);
        if (second && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? between : "", second);
    }
    return out;
}

/* Says what could follow words[0] where names begin with it, else which name is near. */
static void refuse_words(const char *const *words, int64_t n, mn_err_t *err) {
    char firsts[NAMES_MAX][WORD_BYTES], list[160], hint[256] = "see 'mnemon help'";
    const char *first_names[NAMES_MAX], *seconds[NAMES_MAX], *near;
    int64_t n_firsts = 0, n_seconds = 0;
    for (; mn_commands[n_firsts] && n_firsts < NAMES_MAX; n_firsts++) {
        const char *name = mn_commands[n_firsts]->name, *second = mn_command_second(name, words[0]);
        snprintf(firsts[n_firsts], WORD_BYTES, "%.*s", (int)strcspn(name, " "), name);
        first_names[n_firsts] = firsts[n_firsts];
        if (second) seconds[n_seconds++] = second;
    }
    if (!n_seconds) {
        near = mn_nearest(words[0], first_names, n_firsts);
        if (near) snprintf(hint, sizeof hint, "did you mean '%s'?", near);
        mn_err_set(err, MN_USAGE, NULL, hint, "unknown command '%s'", words[0]);
        return;
    }
    near = n > 1 ? mn_nearest(words[1], seconds, n_seconds) : NULL;
    if (near)
        snprintf(hint, sizeof hint, "did you mean '%s %s'?", words[0], near);
    else
        snprintf(hint, sizeof hint, "one of %s", mn_command_seconds(words[0], ", ", list, sizeof list));
    if (n > 1)
        mn_err_set(err, MN_USAGE, NULL, hint, "unknown command '%s %s'", words[0], words[1]);
    else
        mn_err_set(err, MN_USAGE, NULL, hint, "'%s' wants a second word", words[0]);
}

/* How many of words[0..n) make up name; 0: they do not begin with it. */
static int64_t match_name(const char *name, const char *const *words, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        size_t length = strcspn(name, " ");
        if (strlen(words[i]) != length || strncmp(words[i], name, length)) return 0;
        if (!name[length]) return i + 1;
        name += length + 1;
    }
    return 0;
}

const mn_command_t *mn_command_find(const char *const *words, int64_t n, int64_t *used, mn_err_t *err) {
    const mn_command_t *found = NULL;
    *used = 0;
    for (int i = 0; mn_commands[i]; i++) {
        int64_t matched = match_name(mn_commands[i]->name, words, n);
        if (matched > *used) found = mn_commands[i], *used = matched;
    }
    if (!found) refuse_words(words, n, err);
    return found;
}
