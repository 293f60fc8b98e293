/* Any bytes as a command line, a word a line. */
#include "pipelines/commands.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

const mn_command_t *const mn_commands[] = {&mn_cmd_tokenize, &mn_cmd_dataset_build, &mn_cmd_dataset_split, &mn_cmd_pretrain,
                                           &mn_cmd_finetune, &mn_cmd_predict,       &mn_cmd_perplexity,    NULL};
enum { WORDS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1), *words[WORDS + 1] = {0};
    mn_args_t args;
    mn_err_t err;
    int64_t n = 0, used;
    if (!text) abort();
    if (size) memcpy(text, data, size);
    text[size] = 0;
    for (char *at = text; at && n < WORDS; at = strchr(at, '\n')) {
        if (at > text) *at++ = 0;
        words[n++] = at;
    }
    const mn_command_t *command = mn_command_find((const char *const *)words, n, &used, &err);
    if (command && mn_args_parse(command, (int)(n - used), words + used, &args, &err) == MN_OK) {
        char value[4096];
        for (int i = 0; i < args.rows.n; i++)
            if (args.rows.row[i].option->kind != MN_OPT_GROUP)
                mn_option_text(args.rows.row[i].option, (const char *)args.settings + args.rows.row[i].offset, value,
                               sizeof value);
        mn_args_done(&args);
    }
    free(text);
    return 0;
}
