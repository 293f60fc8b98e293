/* json: the one door to jansson. Strict parsing with bounded depth, duplicate keys refused; deterministic output
 * (insertion order, shortest number that reads back the same). Values are jansson's, passed as an opaque type. */
#ifndef MN_JSON_H
#define MN_JSON_H
#include "genomics/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct json_t mn_json_t;

mn_status_t mn_json_parse(const char *text, size_t size, const char *where, mn_json_t **out, mn_err_t *err);
void mn_json_free(mn_json_t *json); /* accepts NULL; only for what mn_json_parse or _object/_array gave */
/* Owner: the caller, mn_mem_free. NULL: no memory now, or when some value was made or read before in this thread. */
char *mn_json_text(const mn_json_t *json, bool pretty);

mn_json_t *mn_json_object(void);
mn_json_t *mn_json_array(void);
/* Whether text is UTF-8, and so can stand in JSON as it is. */
bool mn_json_holds(const char *text);
/* Setters take the value over; strings are copied; invalid UTF-8 becomes '?'. key NULL appends to an array. */
void mn_json_set(mn_json_t *to, const char *key, mn_json_t *value);
void mn_json_set_string(mn_json_t *to, const char *key, const char *value);
void mn_json_set_int(mn_json_t *to, const char *key, int64_t value);
void mn_json_set_real(mn_json_t *to, const char *key, double value); /* NaN and infinities become null */
void mn_json_set_bool(mn_json_t *to, const char *key, bool value);

/* Getters: borrowed values; false or NULL when absent or of another type. A whole real reads as an integer too. */
const mn_json_t *mn_json_get(const mn_json_t *object, const char *key);
bool mn_json_get_int(const mn_json_t *object, const char *key, int64_t *out);
bool mn_json_get_real(const mn_json_t *object, const char *key, double *out);
bool mn_json_get_bool(const mn_json_t *object, const char *key, bool *out);
const char *mn_json_get_string(const mn_json_t *object, const char *key);
bool mn_json_is_object(const mn_json_t *json);
int64_t mn_json_count(const mn_json_t *json); /* of an object or array; -1 for anything else */
const mn_json_t *mn_json_at(const mn_json_t *array, int64_t i);
bool mn_json_int(const mn_json_t *json, int64_t *out);
const char *mn_json_string(const mn_json_t *json);
/* Iterate an object's members: *iter NULL at the start; false at the end. */
bool mn_json_next(const mn_json_t *object, void **iter, const char **key, const mn_json_t **value);

#endif
