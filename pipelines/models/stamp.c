/* stamp: writes the facts at the head of a model's card into its file, so that the file alone tells them too.
 *
 *     stamp CARD.md TRAINED.safetensors OUT.safetensors
 *
 * The facts are lines "key: value" between two lines "---"; they become the object "card" of the metadata's "extra",
 * whole numbers and decimal ones as such, all else as text. Weights and what training wrote stay bit for bit. */
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "titans/checkpoint.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void set_fact(mn_json_t *facts, const char *key, const char *value) {
    char *whole_end, *real_end;
    long long whole = strtoll(value, &whole_end, 10);
    double real = strtod(value, &real_end);
    if (*value && !*whole_end)
        mn_json_set_int(facts, key, whole);
    else if (*value && !*real_end && isfinite(real))
        mn_json_set_real(facts, key, real);
    else
        mn_json_set_string(facts, key, value);
}

/* text is the card's, which is cut into lines. */
static mn_status_t read_facts(char *text, const char *path, mn_json_t *facts, mn_err_t *err) {
    const char mark[] = "---";
    char *rest, *line = strtok_r(text, "\n", &rest);
    bool begins = line && !strcmp(line, mark);
    while (begins && (line = strtok_r(NULL, "\n", &rest)) && strcmp(line, mark)) {
        char *value = strstr(line, ": ");
        if (!value) return mn_err_set(err, MN_INPUT, path, NULL, "expected 'key: value', got '%s'", line);
        *value = 0;
        set_fact(facts, line, value + 2);
    }
    if (!begins || !line)
        return mn_err_set(err, MN_INPUT, path, NULL, "no facts between two lines '%s' at its head", mark);
    return MN_OK;
}

static mn_status_t stamp(const char *card, const char *trained, const char *out, mn_err_t *err) {
    enum { CARD_MAX = 1 << 16 };
    char *text;
    int64_t size;
    mn_model_t *model = NULL;
    mn_model_info_t info = {0};
    mn_status_t status = mn_file_read(card, CARD_MAX, &text, &size, err);
    if (status) return status;
    mn_json_t *facts = mn_json_object();
    status = read_facts(text, card, facts, err);
    if (!status) status = mn_model_load(trained, &model, &info, err);
    if (!status) {
        if (!info.extra) info.extra = mn_json_object();
        mn_json_set(info.extra, "card", facts);
        status = mn_model_save(out, model, &info, err);
    } else {
        mn_json_free(facts);
    }
    mn_mem_free(text);
    mn_model_info_done(&info);
    mn_model_free(model);
    return status;
}

int main(int argc, char **argv) {
    mn_err_t err;
    char line[1024];
    if (argc != 4) {
        fputs("usage: stamp CARD.md TRAINED.safetensors OUT.safetensors\n", stderr);
        return MN_USAGE;
    }
    mn_status_t status = stamp(argv[1], argv[2], argv[3], &err);
    if (status) fprintf(stderr, "stamp: %s\n", mn_err_line(&err, line, sizeof line));
    return status;
}
