/* digest: XXH3-128 (libxxhash) as 32 lower-case hex digits, canonical (big-endian) form. */
#ifndef MN_DIGEST_H
#define MN_DIGEST_H
#include "genomics/base/err.h"
#include <stdint.h>

typedef struct mn_digest { char hex[33]; } mn_digest_t;

mn_digest_t mn_digest_bytes(const void *data, int64_t size);
/* Of a file's bytes as they lie on disk; "-" and pipes give the empty string. */
mn_status_t mn_digest_file(const char *path, mn_digest_t *out, mn_err_t *err);
/* 64-bit hash of bytes, for splits and bucketing; the same on every machine. */
uint64_t mn_digest_hash(const void *data, int64_t size, uint64_t seed);

#endif
