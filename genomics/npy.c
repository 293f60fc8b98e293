/* npy: NumPy's file format 1.0: magic, version, header length, a Python dict padded to a multiple of 64, the numbers.
 * Source: numpy.lib.format. */
#include "genomics/npy.h"
#include "genomics/base/mem.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HEADER = 128, LENGTH_AT = 8, TEXT_AT = 10 };

/* Numbers are written as they lie in memory, which the description says; read are little-endian ones. */
static const char *const descriptions[2][4] = {{"|u1", "<u2", "<u4", "<f4"}, {"|u1", ">u2", ">u4", ">f4"}};
static const int sizes[] = {1, 2, 4, 4};

static const char *describe(int type) {
    const uint16_t one = 1;
    return descriptions[!*(const uint8_t *)&one][type];
}

static mn_status_t refuse_write(const mn_npy_writer_t *npy, mn_err_t *err) {
    return mn_err_set(err, MN_IO, npy->writer.path, "free some space or write elsewhere", "cannot write: %s",
                      strerror(errno));
}

/* HEADER bytes, whatever the numbers, so that it can be written again at the end. */
static mn_status_t write_header(mn_npy_writer_t *npy, mn_err_t *err) {
    char header[HEADER + 1], shape[48];
    if (npy->inner)
        snprintf(shape, sizeof shape, "(%lld, %lld)", (long long)npy->rows, (long long)npy->inner);
    else
        snprintf(shape, sizeof shape, "(%lld,)", (long long)npy->rows);
    memcpy(header, "\x93NUMPY\1\0", LENGTH_AT);
    header[LENGTH_AT] = HEADER - TEXT_AT;
    header[LENGTH_AT + 1] = 0;
    int used = TEXT_AT + snprintf(header + TEXT_AT, sizeof header - TEXT_AT,
                                  "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", describe(npy->type), shape);
    memset(header + used, ' ', (size_t)(HEADER - used));
    header[HEADER - 1] = '\n';
    return fwrite(header, 1, HEADER, npy->writer.file) == HEADER ? MN_OK : refuse_write(npy, err);
}

mn_status_t mn_npy_open(mn_npy_writer_t *npy, const char *path, mn_npy_type_t type, int64_t inner, mn_err_t *err) {
    *npy = (mn_npy_writer_t){.type = type, .inner = inner};
    if (!strcmp(path, "-"))
        return mn_err_set(err, MN_USAGE, NULL, "give a file: -o OUT.npy",
                          "an array cannot be written to standard output");
    mn_status_t status = mn_writer_open(&npy->writer, path, err);
    if (status) return status;
    struct stat info;
    if (fstat(fileno(npy->writer.file), &info) || !S_ISREG(info.st_mode)) {
        status = mn_err_set(err, MN_USAGE, path, "give a file: -o OUT.npy", "an array can only be written to a file");
    } else {
        status = write_header(npy, err);
    }
    if (status) mn_npy_drop(npy);
    return status;
}

mn_status_t mn_npy_write(mn_npy_writer_t *npy, const void *data, int64_t rows, mn_err_t *err) {
    size_t count = (size_t)(rows * (npy->inner ? npy->inner : 1)), size = (size_t)sizes[npy->type];
    npy->rows += rows;
    return !count || fwrite(data, size, count, npy->writer.file) == count ? MN_OK : refuse_write(npy, err);
}

mn_status_t mn_npy_commit(mn_npy_writer_t *npy, mn_err_t *err) {
    if (!fflush(npy->writer.file) && !fseek(npy->writer.file, 0, SEEK_SET)) {
        mn_status_t status = write_header(npy, err);
        if (!status) return mn_writer_commit(&npy->writer, err);
        mn_npy_drop(npy);
        return status;
    }
    return mn_writer_commit(&npy->writer, err); /* says what failed */
}

void mn_npy_drop(mn_npy_writer_t *npy) {
    mn_writer_drop(&npy->writer);
}

mn_status_t mn_npy_table_path(const char *path, char **out, mn_err_t *err) {
    size_t length = strlen(path);
    *out = NULL;
    if (length < 5 || strcmp(path + length - 4, ".npy"))
        return mn_err_set(err, MN_USAGE, path, "name the array OUT.npy", "an array's name must end in .npy");
    mn_status_t status = mn_mem_string(out, path, err);
    if (!status) memcpy(*out + length - 3, "tsv", 3);
    return status;
}

/* ---- reading */

bool mn_npy_is_array(const char *path) {
    char magic[6] = "";
    struct stat info;
    bool regular = !stat(path, &info) && S_ISREG(info.st_mode); /* a pipe can be read but once */
    FILE *file = regular ? fopen(path, "rb") : NULL;
    bool read = file && fread(magic, 1, sizeof magic, file) == sizeof magic;
    if (file) fclose(file);
    return read && !memcmp(magic, "\x93NUMPY", sizeof magic);
}

static const char cut_short[] = "truncated: fewer numbers than its header says";

static mn_status_t refuse_array(const mn_npy_reader_t *npy, mn_err_t *err, const char *what) {
    return mn_err_set(err, MN_INPUT, npy->path, "give an array that mnemon wrote", "%s", what);
}

/* The part of the header behind 'key': with blanks left out; NULL: absent. */
static const char *find_value(const char *header, const char *key) {
    const char *at = strstr(header, key);
    if (!at) return NULL;
    at += strlen(key);
    return at + strspn(at, ": ");
}

static mn_status_t read_header(mn_npy_reader_t *npy, mn_err_t *err) {
    unsigned char fixed[TEXT_AT];
    char text[1025];
    if (fread(fixed, 1, TEXT_AT, npy->file) != TEXT_AT || memcmp(fixed, "\x93NUMPY\1", 7))
        return refuse_array(npy, err, "no NumPy array of format 1");
    size_t size = fixed[LENGTH_AT] | (size_t)fixed[LENGTH_AT + 1] << 8;
    if (size > sizeof text - 1 || fread(text, 1, size, npy->file) != size)
        return refuse_array(npy, err, "truncated, or a header longer than 1,024 bytes");
    text[size] = '\0';
    const char *type = find_value(text, "'descr'"), *shape = find_value(text, "'shape'");
    const char *order = find_value(text, "'fortran_order'");
    if (!order || strncmp(order, "False", 5))
        return refuse_array(npy, err, "expected rows one after another (C order)");
    npy->type = -1;
    for (int i = MN_NPY_U1; type && i <= MN_NPY_F4; i++)
        if (*type && !strncmp(type + 1, descriptions[0][i], 3)) npy->type = i;
    if (npy->type < 0) return refuse_array(npy, err, "expected numbers of type u1, u2, u4 or f4");
    char *end = NULL;
    errno = 0;
    npy->rows = shape && *shape == '(' && shape[1] >= '0' && shape[1] <= '9' ? strtoll(shape + 1, &end, 10) : -1;
    if (end && !strncmp(end, ", ", 2) && end[2] >= '1' && end[2] <= '9') npy->inner = strtoll(end + 2, &end, 10);
    if (npy->rows < 0 || errno || !end || strncmp(end, npy->inner ? ")" : ",)", npy->inner ? 1 : 2))
        return refuse_array(npy, err, "expected an array of one or two dimensions");
    struct stat info;
    int64_t bytes = mn_mem_mul(mn_mem_mul(npy->rows, npy->inner ? npy->inner : 1), sizes[npy->type]);
    if (!fstat(fileno(npy->file), &info) && S_ISREG(info.st_mode) && info.st_size - (int64_t)(TEXT_AT + size) != bytes)
        return refuse_array(npy, err, "the file's size does not fit its header: truncated?");
    return MN_OK;
}

mn_status_t mn_npy_reader_open(mn_npy_reader_t *npy, const char *path, mn_err_t *err) {
    *npy = (mn_npy_reader_t){0};
    mn_status_t status = mn_mem_string(&npy->path, path, err);
    if (status) return status;
    npy->file = fopen(path, "rb");
    status =
        npy->file ? read_header(npy, err) : mn_err_set(err, MN_INPUT, path, NULL, "cannot read: %s", strerror(errno));
    if (status) mn_npy_reader_close(npy);
    return status;
}

mn_status_t mn_npy_read(mn_npy_reader_t *npy, int64_t n, uint32_t *out, int64_t *got, mn_err_t *err) {
    unsigned char block[4096];
    int size = sizes[npy->type];
    *got = 0;
    if (npy->type == MN_NPY_F4 || npy->inner) return refuse_array(npy, err, "expected whole numbers in one dimension");
    while (*got < n && npy->at < npy->rows) {
        int64_t want = n - *got < (int64_t)sizeof block / size ? n - *got : (int64_t)sizeof block / size;
        if (want > npy->rows - npy->at) want = npy->rows - npy->at;
        if (fread(block, (size_t)size, (size_t)want, npy->file) != (size_t)want)
            return refuse_array(npy, err, cut_short);
        for (int64_t i = 0; i < want; i++) {
            uint32_t value = 0;
            for (int byte = size - 1; byte >= 0; byte--) value = value << 8 | block[i * size + byte];
            out[(*got)++] = value;
        }
        npy->at += want;
    }
    return MN_OK;
}

mn_status_t mn_npy_copy(mn_npy_reader_t *npy, mn_npy_writer_t *to, mn_err_t *err) {
    unsigned char block[1 << 16];
    assert(npy->type == to->type && npy->inner == to->inner);
    int64_t left = (npy->rows - npy->at) * (npy->inner ? npy->inner : 1) * sizes[npy->type];
    while (left) {
        size_t want = left < (int64_t)sizeof block ? (size_t)left : sizeof block;
        if (fread(block, 1, want, npy->file) != want) return refuse_array(npy, err, cut_short);
        if (fwrite(block, 1, want, to->writer.file) != want) return refuse_write(to, err);
        left -= (int64_t)want;
    }
    to->rows += npy->rows - npy->at;
    npy->at = npy->rows;
    return MN_OK;
}

void mn_npy_reader_close(mn_npy_reader_t *npy) {
    if (npy->file) fclose(npy->file);
    mn_mem_free(npy->path);
    *npy = (mn_npy_reader_t){0};
}
