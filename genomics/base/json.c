/* json: jansson behind a small, strict interface, with a writer of our own: jansson writes 0.1 with 17 digits. */
#include "genomics/base/json.h"
#include "genomics/base/mem.h"
#include "genomics/base/text.h"
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* jansson 2.14 goes on when memory fails, with letters or members lost: its allocator tells. It is the one there was.
 * lost: something is missing in some of this thread's trees; until all of them, which are `trees`, are freed. */
static _Thread_local bool lost;
static _Thread_local int64_t trees;
static json_malloc_t take;
static json_free_t give;

static void *take_or_tell(size_t size) {
    void *block = take(size);
    lost |= !block;
    return block;
}

/* A tree of its own from here on, or (by -1) no more. */
static json_t *count(json_t *json, int by) {
    if (json_is_object(json) || json_is_array(json)) trees += by;
    if (!trees) lost = false;
    return json;
}

__attribute__((constructor)) static void listen(void) {
    json_get_alloc_funcs(&take, &give);
    json_set_alloc_funcs(take_or_tell, give);
}

/* A library that is unloaded takes its functions with it. */
__attribute__((destructor)) static void leave(void) {
    json_set_alloc_funcs(take, give);
}

mn_status_t mn_json_parse(const char *text, size_t size, const char *where, mn_json_t **out, mn_err_t *err) {
    json_error_t fault; /* jansson bounds the depth itself, at 2,048 */
    const bool before = lost;
    lost = false;
    *out = json_loadb(text, size, JSON_REJECT_DUPLICATES, &fault);
    const bool whole = !lost;
    lost |= before;
    if (*out && whole) return count(*out, 1), MN_OK;
    json_decref(*out);
    *out = NULL;
    if (!whole) return mn_err_set(err, MN_FAILED, where, NULL, "out of memory");
    return mn_err_set(err, MN_INPUT, where, NULL, "not valid JSON: %s (line %d, column %d)", fault.text, fault.line,
                      fault.column);
}

void mn_json_free(mn_json_t *json) {
    json_decref(count(json, -1));
}

/* ---- writing */

static void write_break(FILE *file, int indent) {
    if (indent < 0) return;
    fputc('\n', file);
    for (int i = 0; i < indent; i++) fputs("  ", file);
}

static void write_string(FILE *file, const char *text) {
    fputc('"', file);
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            fprintf(file, "\\%c", byte);
        else if (byte == '\n')
            fputs("\\n", file);
        else if (byte == '\t')
            fputs("\\t", file);
        else if (byte < 32 || byte == 127)
            fprintf(file, "\\u%04x", byte);
        else
            fputc(byte, file);
    }
    fputc('"', file);
}

/* The fewest digits that read back the same; a point or exponent marks it as a real. */
static void write_real(FILE *file, double value) {
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    fprintf(file, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

/* indent < 0: all on one line. */
static void write_value(FILE *file, const json_t *json, int indent) {
    int inner = indent < 0 ? -1 : indent + 1;
    switch (json_typeof(json)) {
    case JSON_STRING:
        write_string(file, json_string_value(json));
        break;
    case JSON_INTEGER:
        fprintf(file, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
        break;
    case JSON_REAL:
        write_real(file, json_real_value(json));
        break;
    case JSON_ARRAY:
        fputc('[', file);
        for (size_t i = 0; i < json_array_size(json); i++) {
            if (i) fputc(',', file);
            write_break(file, inner);
            write_value(file, json_array_get(json, i), inner);
        }
        if (json_array_size(json)) write_break(file, indent);
        fputc(']', file);
        break;
    case JSON_OBJECT: {
        fputc('{', file);
        void *iter = NULL;
        const char *key;
        const json_t *value;
        for (bool first = true; mn_json_next(json, &iter, &key, &value); first = false) {
            if (!first) fputc(',', file);
            write_break(file, inner);
            write_string(file, key);
            fputs(indent < 0 ? ":" : ": ", file);
            write_value(file, value, inner);
        }
        if (json_object_size(json)) write_break(file, indent);
        fputc('}', file);
        break;
    }
    default:
        fputs(json_is_true(json) ? "true" : json_is_false(json) ? "false" : "null", file);
    }
}

char *mn_json_text(const mn_json_t *json, bool pretty) {
    mn_text_t text;
    char *out;
    const bool whole = json && !lost;
    if (mn_text_begin(&text, NULL)) return lost = true, NULL;
    if (whole) write_value(text.file, json, pretty ? 0 : -1);
    mn_text_end(&text, whole ? MN_OK : MN_FAILED, &out, NULL);
    lost |= !out; /* it may have been for another tree */
    return out;
}

/* ---- making */

mn_json_t *mn_json_object(void) {
    return count(json_object(), 1);
}

mn_json_t *mn_json_array(void) {
    return count(json_array(), 1);
}

/* Text that is not UTF-8 (file names, labels) keeps its ASCII part. */
static json_t *make_string(const char *text) {
    json_t *json = json_string(text);
    if (json) return json;
    char *copy;
    if (mn_mem_string(&copy, text, NULL)) return NULL;
    for (char *at = copy; *at; at++)
        if ((unsigned char)*at >= 128) *at = '?';
    json = json_string(copy);
    mn_mem_free(copy);
    return json;
}

bool mn_json_holds(const char *text) {
    json_t *json = json_string(text);
    json_decref(json);
    return json != NULL;
}

void mn_json_set(mn_json_t *to, const char *key, mn_json_t *value) {
    count(value, -1);
    if (!key) {
        json_array_append_new(to, value);
        return;
    }
    json_t *name = make_string(key);
    json_object_set_new(to, json_string_value(name), value);
    json_decref(name);
}

void mn_json_set_string(mn_json_t *to, const char *key, const char *value) {
    mn_json_set(to, key, make_string(value));
}

void mn_json_set_int(mn_json_t *to, const char *key, int64_t value) {
    mn_json_set(to, key, json_integer(value));
}

void mn_json_set_real(mn_json_t *to, const char *key, double value) {
    mn_json_set(to, key, isfinite(value) ? json_real(value) : json_null());
}

void mn_json_set_bool(mn_json_t *to, const char *key, bool value) {
    mn_json_set(to, key, json_boolean(value));
}

/* ---- reading */

const mn_json_t *mn_json_get(const mn_json_t *object, const char *key) {
    return json_object_get(object, key);
}

bool mn_json_int(const mn_json_t *json, int64_t *out) {
    if (json_is_integer(json)) {
        *out = json_integer_value(json);
        return true;
    }
    double value = json_real_value(json);
    if (!json_is_real(json) || value != trunc(value) || fabs(value) > 0x1p53) return false;
    *out = (int64_t)value;
    return true;
}

const char *mn_json_string(const mn_json_t *json) {
    return json_string_value(json);
}

bool mn_json_get_int(const mn_json_t *object, const char *key, int64_t *out) {
    return mn_json_int(json_object_get(object, key), out);
}

bool mn_json_get_real(const mn_json_t *object, const char *key, double *out) {
    const json_t *json = json_object_get(object, key);
    if (!json_is_number(json)) return false;
    *out = json_number_value(json);
    return true;
}

bool mn_json_get_bool(const mn_json_t *object, const char *key, bool *out) {
    const json_t *json = json_object_get(object, key);
    if (!json_is_boolean(json)) return false;
    *out = json_is_true(json);
    return true;
}

const char *mn_json_get_string(const mn_json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

bool mn_json_is_object(const mn_json_t *json) {
    return json_is_object(json);
}

int64_t mn_json_count(const mn_json_t *json) {
    if (json_is_array(json)) return (int64_t)json_array_size(json);
    return json_is_object(json) ? (int64_t)json_object_size(json) : -1;
}

const mn_json_t *mn_json_at(const mn_json_t *array, int64_t i) {
    return i < 0 ? NULL : json_array_get(array, (size_t)i);
}

bool mn_json_next(const mn_json_t *object, void **iter, const char **key, const mn_json_t **value) {
    json_t *of = (json_t *)object; /* jansson's iterators want it writable and leave it as it is */
    *iter = *iter ? json_object_iter_next(of, *iter) : json_object_iter(of);
    if (!*iter) return false;
    *key = json_object_iter_key(*iter);
    *value = json_object_iter_value(*iter);
    return true;
}
