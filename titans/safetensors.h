/* safetensors: named tensors in one file, as Python's safetensors library reads and writes them.
 *
 * Format (github.com/huggingface/safetensors): u64 little-endian N; N bytes of JSON {"__metadata__": {string: string},
 * NAME: {"dtype", "shape", "data_offsets": [begin, end)}, ...}, padded with spaces; the payload, without gap or overlap.
 * mnemon's own files also carry, in the metadata, "xxh3": a JSON object of each tensor's XXH3-128, and "xxh3_header": that
 * of the header, taken with this value's own digits as '0'. So no bit of them can change unseen. */
#ifndef MN_SAFETENSORS_H
#define MN_SAFETENSORS_H
#include "genomics/base/json.h"
#include "titans/kernels/real.h"

/* X(name, bytes) */
#define MN_DTYPE_LIST(X) X(F32, 4) X(F64, 8) X(I64, 8) X(U8, 1)
typedef enum {
#define MN_X(name, bytes) MN_##name,
    MN_DTYPE_LIST(MN_X)
#undef MN_X
} mn_dtype_t;

/* The type that holds mn_real_t. */
#define MN_REAL_DTYPE (sizeof(mn_real_t) == 4 ? MN_F32 : MN_F64)

enum { MN_TENSOR_RANK_MAX = 8, MN_TENSOR_NAME_MAX = 200 };

/* count is the product of shape; begin, the place in the payload, is not looked at when saving. data need not be aligned
 * in a file that was read. */
typedef struct mn_tensor {
    const char *name; /* borrowed */
    int dtype, rank;
    int64_t shape[MN_TENSOR_RANK_MAX], count, begin;
    const void *data; /* borrowed */
} mn_tensor_t;

typedef struct mn_tensors {
    mn_tensor_t *items; /* owned, in order of names */
    int64_t count;
    const mn_json_t *metadata; /* {string: string}, the digests among them; NULL: none */
    bool digested;             /* digests were there, and right */
    mn_json_t *header;         /* owned */
    char *payload;             /* owned; NULL where the caller's memory is used */
} mn_tensors_t;

/* Everything is checked before the payload is allocated and read: lengths against the file, header at most 16 MiB, JSON
 * without duplicate keys, dtype one of the list, shape products, offsets covering the payload exactly once; then the
 * digests, if any. Errors: MN_INPUT for a file that cannot be opened, else MN_MODEL with what is wrong.
 * Owner: the caller, mn_tensors_free. */
mn_status_t mn_tensors_load(const char *path, mn_tensors_t *out, mn_err_t *err);
/* The same from a file's bytes, which must outlive *out; where names them in errors. */
mn_status_t mn_tensors_parse(const void *data, int64_t size, const char *where, mn_tensors_t *out, mn_err_t *err);
void mn_tensors_free(mn_tensors_t *tensors);

const mn_tensor_t *mn_tensors_get(const mn_tensors_t *tensors, const char *name); /* NULL: none */
const char *mn_tensors_meta(const mn_tensors_t *tensors, const char *key);       /* NULL: none */

/* All count numbers in row-major order into out: F32 and F64 to mn_real_t (rounded to nearest), I64 and U8 to int64_t.
 * False: the tensor is of another type. */
bool mn_tensor_reals(const mn_tensor_t *tensor, mn_real_t *out);
bool mn_tensor_ints(const mn_tensor_t *tensor, int64_t *out);

const char *mn_dtype_name(int dtype);

/* Writes the file with digests, whole or not at all (base/fileio.h). metadata: {string: string}, borrowed; may be NULL.
 * items in the order of the payload, names all different. Errors: MN_IO, no memory. */
mn_status_t mn_tensors_save(const char *path, const mn_tensor_t *items, int64_t n, const mn_json_t *metadata, mn_err_t *err);

#endif
