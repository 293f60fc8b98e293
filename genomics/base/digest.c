/* digest: XXH3 (xxhash.com) of bytes and files. */
#include "genomics/base/digest.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

static mn_digest_t format_hash(XXH128_hash_t hash) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    mn_digest_t out;
    for (int i = 0; i < 16; i++) snprintf(out.hex + 2 * i, 3, "%02x", canonical.digest[i]);
    return out;
}

mn_digest_t mn_digest_bytes(const void *data, int64_t size) {
    return format_hash(XXH3_128bits(data, (size_t)size));
}

mn_status_t mn_digest_file(const char *path, mn_digest_t *out, mn_err_t *err) {
    struct stat info;
    memset(out, 0, sizeof *out);
    if (!strcmp(path, "-")) return MN_OK;
    if (stat(path, &info)) return mn_err_set(err, MN_INPUT, path, NULL, "cannot read: %s", strerror(errno));
    if (!S_ISREG(info.st_mode)) return MN_OK;
    FILE *file = fopen(path, "rb");
    if (!file) return mn_err_set(err, MN_INPUT, path, NULL, "cannot read: %s", strerror(errno));
    XXH3_state_t *state = XXH3_createState();
    if (!state) {
        fclose(file);
        return mn_err_set(err, MN_FAILED, path, NULL, "out of memory");
    }
    XXH3_128bits_reset(state);
    char block[65536];
    for (size_t got; (got = fread(block, 1, sizeof block, file));) XXH3_128bits_update(state, block, got);
    mn_status_t status = ferror(file) ? mn_err_set(err, MN_IO, path, NULL, "read failed: %s", strerror(errno)) : MN_OK;
    if (!status) *out = format_hash(XXH3_128bits_digest(state));
    XXH3_freeState(state);
    fclose(file);
    return status;
}

uint64_t mn_digest_hash(const void *data, int64_t size, uint64_t seed) {
    return XXH3_64bits_withSeed(data, (size_t)size, seed);
}
