/* safetensors: reading with every check before the payload, and writing with digests. */
#include "titans/safetensors.h"
#include "genomics/base/digest.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors files are little-endian, and their numbers are taken as they lie"
#endif

enum { LENGTH_SIZE = 8, HEADER_MAX = 1 << 24, DIGITS = 32 };
#ifdef MN_FUZZ
enum { CHECK_DIGESTS = false }; /* a fuzzer gets past them, as who forges a file does */
#else
enum { CHECK_DIGESTS = true };
#endif
#define DIGEST_KEY "xxh3_header"

static const char *const dtype_names[] = {
#define MN_X(name, bytes) #name,
    MN_DTYPE_LIST(MN_X)
#undef MN_X
};
static const int64_t dtype_sizes[] = {
#define MN_X(name, bytes) bytes,
    MN_DTYPE_LIST(MN_X)
#undef MN_X
};
enum { N_DTYPES = sizeof dtype_sizes / sizeof *dtype_sizes };

const char *mn_dtype_name(int dtype) {
    return dtype_names[dtype];
}

/* ---- checking a header */

static mn_status_t refuse(mn_err_t *err, const char *where, const char *name, const char *what) {
    char place[256];
    snprintf(place, sizeof place, "%.120s%s%.120s", where, name ? ": " : "", name ? name : "");
    return mn_err_set(err, MN_MODEL, place, "make the file or fetch it again", "%s", what);
}

static int compare_begin(const void *a, const void *b) {
    const mn_tensor_t *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->count > y->count) - (x->count < y->count); /* one without numbers comes before its neighbour */
}

static int compare_name(const void *a, const void *b) {
    return strcmp(((const mn_tensor_t *)a)->name, ((const mn_tensor_t *)b)->name);
}

static int64_t get_bytes(const mn_tensor_t *tensor) {
    return mn_mem_mul(tensor->count, dtype_sizes[tensor->dtype]);
}

/* One member of the header: dtype, shape and offsets that agree with each other and lie in the payload. */
static mn_status_t read_entry(const mn_json_t *json, const char *name, int64_t payload, const char *where,
                              mn_tensor_t *out, mn_err_t *err) {
    const char *dtype = mn_json_get_string(json, "dtype");
    const mn_json_t *shape = mn_json_get(json, "shape"), *offsets = mn_json_get(json, "data_offsets");
    int64_t end = -1;
    *out = (mn_tensor_t){.name = name, .count = 1};
    if (strlen(name) > MN_TENSOR_NAME_MAX) return refuse(err, where, NULL, "a tensor's name is too long");
    if (mn_json_count(json) != 3 || !dtype || !shape || mn_json_count(offsets) != 2)
        return refuse(err, where, name, "is not described by dtype, shape and data_offsets");
    while (out->dtype < N_DTYPES && strcmp(dtype, dtype_names[out->dtype])) out->dtype++;
    if (out->dtype == N_DTYPES) return refuse(err, where, name, "has a dtype other than F32, F64, I64 and U8");
    if (mn_json_count(shape) > MN_TENSOR_RANK_MAX) return refuse(err, where, name, "has more than 8 dimensions");
    for (; out->rank < mn_json_count(shape); out->rank++) {
        int64_t size = -1;
        if (!mn_json_int(mn_json_at(shape, out->rank), &size) || size < 0)
            return refuse(err, where, name, "has a dimension that is not a whole number");
        out->shape[out->rank] = size;
        out->count = mn_mem_mul(out->count, size);
    }
    int64_t bytes = get_bytes(out);
    if (bytes < 0) return refuse(err, where, name, "has more numbers than can be counted");
    if (!mn_json_int(mn_json_at(offsets, 0), &out->begin) || !mn_json_int(mn_json_at(offsets, 1), &end) ||
        out->begin < 0 || end < out->begin || end > payload)
        return refuse(err, where, name, "has offsets outside the file");
    if (end - out->begin != bytes) return refuse(err, where, name, "has offsets that do not fit its shape");
    return MN_OK;
}

static mn_status_t read_metadata(const mn_json_t *json, const char *where, mn_err_t *err) {
    const char *key;
    const mn_json_t *value;
    if (!mn_json_is_object(json)) return refuse(err, where, NULL, "its metadata is not an object");
    for (void *iter = NULL; mn_json_next(json, &iter, &key, &value);)
        if (!mn_json_string(value)) return refuse(err, where, NULL, "its metadata holds something other than text");
    return MN_OK;
}

/* Where the header's own digest stands in its text; NULL: it has none. No other text can look like this key, as quotes
 * within JSON strings are escaped. */
static char *find_digest(char *header) {
    static const char key[] = "\"" DIGEST_KEY "\":\"";
    char *at = strstr(header, key);
    at = at ? at + sizeof key - 1 : NULL;
    return at && strnlen(at, DIGITS) == DIGITS ? at : NULL;
}

static mn_status_t check_digest(char *header, int64_t size, const char *where, bool *found, mn_err_t *err) {
    char *at = find_digest(header), digits[DIGITS];
    *found = at != NULL;
    if (!at) return MN_OK;
    memcpy(digits, at, DIGITS);
    memset(at, '0', DIGITS);
    mn_digest_t digest = mn_digest_bytes(header, size);
    memcpy(at, digits, DIGITS);
    return CHECK_DIGESTS && memcmp(digits, digest.hex, DIGITS) ? refuse(err, where, NULL, "its header is damaged: the digest differs")
                                              : MN_OK;
}

/* Fills *out but for the data. header holds size bytes and a NUL. */
static mn_status_t read_header(char *header, int64_t size, int64_t payload, const char *where, mn_tensors_t *out,
                               mn_err_t *err) {
    mn_err_t fault;
    mn_status_t status = check_digest(header, size, where, &out->digested, err);
    if (status) return status;
    if (header[0] != '{') return refuse(err, where, NULL, "not a safetensors file: its header is not JSON");
    if (mn_json_parse(header, (size_t)size, where, &out->header, &fault))
        return fault.status == MN_FAILED ? mn_err_set(err, MN_FAILED, where, NULL, "%s", fault.what)
                                         : refuse(err, where, NULL, fault.what);
    void *items;
    status = mn_mem_new(&items, mn_json_count(out->header), sizeof *out->items, err);
    out->items = items;
    const char *name;
    const mn_json_t *value;
    for (void *iter = NULL; !status && mn_json_next(out->header, &iter, &name, &value);) {
        if (!strcmp(name, "__metadata__")) {
            out->metadata = value;
            status = read_metadata(value, where, err);
        } else {
            status = read_entry(value, name, payload, where, &out->items[out->count++], err);
        }
    }
    if (status) return status;
    qsort(out->items, (size_t)out->count, sizeof *out->items, compare_begin);
    int64_t end = 0;
    for (int64_t i = 0; i < out->count; end += get_bytes(&out->items[i++]))
        if (out->items[i].begin != end)
            return refuse(err, where, out->items[i].name,
                          out->items[i].begin < end ? "overlaps another tensor" : "leaves a gap before it");
    if (end != payload) return refuse(err, where, NULL, "its length is not what its header says");
    qsort(out->items, (size_t)out->count, sizeof *out->items, compare_name);
    return MN_OK;
}

/* Where digests of tensors must be, every tensor has one, and the right one. */
static mn_status_t check_payload(const mn_tensors_t *tensors, const char *where, mn_err_t *err) {
    if (!tensors->digested) return MN_OK;
    const char *text = mn_tensors_meta(tensors, "xxh3");
    mn_json_t *digests = NULL;
    mn_status_t status = text ? mn_json_parse(text, strlen(text), where, &digests, err) : MN_MODEL;
    if (status == MN_FAILED) return status;
    if (status || mn_json_count(digests) != tensors->count) {
        mn_json_free(digests);
        return refuse(err, where, NULL, "it lacks the digests of its tensors");
    }
    for (int64_t i = 0; !status && i < tensors->count; i++) {
        const mn_tensor_t *tensor = &tensors->items[i];
        const char *digest = mn_json_get_string(digests, tensor->name);
        if (CHECK_DIGESTS && (!digest || strcmp(digest, mn_digest_bytes(tensor->data, get_bytes(tensor)).hex)))
            status = refuse(err, where, tensor->name, "is damaged: its digest differs");
    }
    mn_json_free(digests);
    return status;
}

/* ---- reading */

/* The header's length from the first bytes of a file of `size`; -1: it cannot be. */
static int64_t read_length(const unsigned char *bytes, int64_t size) {
    uint64_t length = 0;
    for (int i = LENGTH_SIZE; i--;) length = length << 8 | bytes[i];
    return size >= LENGTH_SIZE && length <= HEADER_MAX && (int64_t)length <= size - LENGTH_SIZE ? (int64_t)length : -1;
}

static mn_status_t refuse_length(mn_err_t *err, const char *where) {
    return refuse(err, where, NULL, "not a safetensors file, or cut off: it is shorter than its header says, or that is longer than 16 MiB");
}

static void attach_payload(mn_tensors_t *out, const char *payload) {
    for (int64_t i = 0; i < out->count; i++) out->items[i].data = payload + out->items[i].begin;
}

mn_status_t mn_tensors_parse(const void *data, int64_t size, const char *where, mn_tensors_t *out, mn_err_t *err) {
    *out = (mn_tensors_t){0};
    int64_t length = size < LENGTH_SIZE ? -1 : read_length(data, size);
    if (length < 0) return refuse_length(err, where);
    void *header;
    mn_status_t status = mn_mem_new(&header, length + 1, 1, err);
    if (status) return status;
    const char *text = (const char *)data + LENGTH_SIZE;
    memcpy(header, text, (size_t)length);
    mn_tensors_t tensors = {0};
    status = read_header(header, length, size - LENGTH_SIZE - length, where, &tensors, err);
    mn_mem_free(header);
    if (!status) {
        attach_payload(&tensors, text + length);
        status = check_payload(&tensors, where, err);
    }
    if (status)
        mn_tensors_free(&tensors);
    else
        *out = tensors;
    return status;
}

static mn_status_t read_bytes(FILE *file, const char *path, void *out, int64_t n, mn_err_t *err) {
    if (fread(out, 1, (size_t)n, file) == (size_t)n) return MN_OK;
    return ferror(file) ? mn_err_set(err, MN_IO, path, NULL, "read failed: %s", strerror(errno)) : refuse_length(err, path);
}

static mn_status_t load_file(FILE *file, const char *path, mn_tensors_t *out, mn_err_t *err) {
    struct stat info;
    unsigned char bytes[LENGTH_SIZE] = {0};
    if (fstat(fileno(file), &info) || !S_ISREG(info.st_mode)) return refuse(err, path, NULL, "not a regular file");
    mn_status_t status = read_bytes(file, path, bytes, sizeof bytes, err);
    if (status) return status;
    int64_t length = read_length(bytes, (int64_t)info.st_size);
    if (length < 0) return refuse_length(err, path);
    void *block;
    status = mn_mem_new(&block, length + 1, 1, err);
    if (status) return status;
    int64_t payload = (int64_t)info.st_size - LENGTH_SIZE - length;
    status = read_bytes(file, path, block, length, err);
    if (!status) status = read_header(block, length, payload, path, out, err);
    mn_mem_free(block);
    if (!status) status = mn_mem_new(&block, payload, 1, err);
    if (status) return status;
    out->payload = block;
    status = read_bytes(file, path, block, payload, err);
    if (status) return status;
    attach_payload(out, out->payload);
    return check_payload(out, path, err);
}

mn_status_t mn_tensors_load(const char *path, mn_tensors_t *out, mn_err_t *err) {
    *out = (mn_tensors_t){0};
    FILE *file = fopen(path, "rb");
    if (!file) return mn_err_set(err, MN_INPUT, path, NULL, "cannot read: %s", strerror(errno));
    mn_tensors_t tensors = {0};
    mn_status_t status = load_file(file, path, &tensors, err);
    fclose(file);
    if (status)
        mn_tensors_free(&tensors);
    else
        *out = tensors;
    return status;
}

void mn_tensors_free(mn_tensors_t *tensors) {
    mn_mem_free(tensors->items);
    mn_mem_free(tensors->payload);
    mn_json_free(tensors->header);
    *tensors = (mn_tensors_t){0};
}

const mn_tensor_t *mn_tensors_get(const mn_tensors_t *tensors, const char *name) {
    if (!tensors->count) return NULL;
    mn_tensor_t key = {.name = name};
    return bsearch(&key, tensors->items, (size_t)tensors->count, sizeof key, compare_name);
}

const char *mn_tensors_meta(const mn_tensors_t *tensors, const char *key) {
    return mn_json_get_string(tensors->metadata, key);
}

bool mn_tensor_reals(const mn_tensor_t *tensor, mn_real_t *out) {
    const char *data = tensor->data;
    if (tensor->dtype != MN_F32 && tensor->dtype != MN_F64) return false;
    for (int64_t i = 0; i < tensor->count; i++) {
        float single;
        double twice;
        if (tensor->dtype == MN_F32) {
            memcpy(&single, data + i * 4, 4);
            out[i] = (mn_real_t)single;
        } else {
            memcpy(&twice, data + i * 8, 8);
            out[i] = (mn_real_t)twice;
        }
    }
    return true;
}

bool mn_tensor_ints(const mn_tensor_t *tensor, int64_t *out) {
    if (tensor->dtype == MN_I64) {
        if (tensor->count) memcpy(out, tensor->data, (size_t)tensor->count * sizeof *out);
        return true;
    }
    for (int64_t i = 0; tensor->dtype == MN_U8 && i < tensor->count; i++)
        out[i] = ((const unsigned char *)tensor->data)[i];
    return tensor->dtype == MN_U8;
}

/* ---- writing */

static mn_json_t *describe(const mn_tensor_t *tensor, int64_t begin) {
    mn_json_t *json = mn_json_object(), *shape = mn_json_array(), *offsets = mn_json_array();
    mn_json_set_string(json, "dtype", dtype_names[tensor->dtype]);
    for (int i = 0; i < tensor->rank; i++) mn_json_set_int(shape, NULL, tensor->shape[i]);
    mn_json_set(json, "shape", shape);
    mn_json_set_int(offsets, NULL, begin);
    mn_json_set_int(offsets, NULL, begin + get_bytes(tensor));
    mn_json_set(json, "data_offsets", offsets);
    return json;
}

/* The metadata as given, the digests of all tensors, and room for the header's own. */
static mn_json_t *make_metadata(const mn_tensor_t *items, int64_t n, const mn_json_t *given) {
    mn_json_t *metadata = mn_json_object(), *digests = mn_json_object();
    const char *key;
    const mn_json_t *value;
    for (void *iter = NULL; given && mn_json_next(given, &iter, &key, &value);)
        mn_json_set_string(metadata, key, mn_json_string(value));
    for (int64_t i = 0; i < n; i++)
        mn_json_set_string(digests, items[i].name, mn_digest_bytes(items[i].data, get_bytes(&items[i])).hex);
    char *text = mn_json_text(digests, false);
    mn_json_set_string(metadata, "xxh3", text ? text : "");
    mn_json_set_string(metadata, DIGEST_KEY, "00000000000000000000000000000000");
    mn_mem_free(text);
    mn_json_free(digests);
    return metadata;
}

/* The header with its digest, padded so that the payload begins on an 8-byte boundary; *out is the caller's. */
static mn_status_t make_header(const mn_tensor_t *items, int64_t n, const mn_json_t *given, char **out, int64_t *size,
                               mn_err_t *err) {
    mn_json_t *header = mn_json_object();
    mn_json_set(header, "__metadata__", make_metadata(items, n, given));
    int64_t begin = 0;
    for (int64_t i = 0; i < n; begin += get_bytes(&items[i++]))
        mn_json_set(header, items[i].name, describe(&items[i], begin));
    bool whole = mn_json_count(header) == n + 1;
    char *text = mn_json_text(header, false);
    mn_json_free(header);
    int64_t length = text ? (int64_t)strlen(text) : 0;
    void *block = NULL;
    mn_status_t status = mn_mem_new(&block, length + 8, 1, err);
    *size = (length + 7) / 8 * 8;
    if (!status && (!text || !whole))
        status = mn_err_set(err, MN_FAILED, NULL, NULL, "no memory, or tensors of one name");
    if (!status && *size > HEADER_MAX) status = mn_err_set(err, MN_FAILED, NULL, NULL, "the header would be too long");
    if (!status) {
        memset(block, ' ', (size_t)*size);
        memcpy(block, text, (size_t)length);
        mn_digest_t digest = mn_digest_bytes(block, *size);
        memcpy(find_digest(block), digest.hex, DIGITS);
        *out = block;
    } else {
        mn_mem_free(block);
    }
    mn_mem_free(text);
    return status;
}

mn_status_t mn_tensors_save(const char *path, const mn_tensor_t *items, int64_t n, const mn_json_t *metadata,
                            mn_err_t *err) {
    char *header;
    int64_t size;
    mn_status_t status = make_header(items, n, metadata, &header, &size, err);
    if (status) return status;
    mn_writer_t writer;
    status = mn_writer_open(&writer, path, err);
    if (!status) {
        for (int i = 0; i < LENGTH_SIZE; i++) fputc((int)(size >> 8 * i & 255), writer.file);
        fwrite(header, 1, (size_t)size, writer.file);
        for (int64_t i = 0; i < n; i++) fwrite(items[i].data, 1, (size_t)get_bytes(&items[i]), writer.file);
        status = mn_writer_commit(&writer, err);
    }
    mn_mem_free(header);
    return status;
}
