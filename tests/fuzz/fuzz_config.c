/* Any bytes as a config. What comes through is written, and reads as the same. */
#include "genomics/base/json.h"
#include "genomics/base/mem.h"
#include "tests/fuzz/fuzz.h"
#include "titans/config.h"
#include <string.h>

static char *write_config(const mn_config_t *config) {
    mn_json_t *json = mn_config_to_json(config);
    char *text = mn_json_text(json, false);
    mn_json_free(json);
    if (!text) abort();
    return text;
}

static bool read_config(const char *text, size_t size, mn_config_t *out) {
    mn_err_t err;
    mn_json_t *json;
    if (mn_json_parse(text, size, "fuzz", &json, &err)) return false;
    const bool read = mn_config_from_json(json, "fuzz", out, &err) == MN_OK;
    mn_json_free(json);
    return read;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mn_config_t config, again;
    if (!read_config((const char *)data, size, &config)) return 0;
    char *text = write_config(&config), *second;
    if (!read_config(text, strlen(text), &again)) abort();
    second = write_config(&again);
    if (strcmp(text, second) || mn_config_parameters(&config) != mn_config_parameters(&again)) abort();
    mn_mem_free(text);
    mn_mem_free(second);
    return 0;
}
