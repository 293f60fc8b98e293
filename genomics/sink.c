/* sink: text through stdio, or through htslib's BGZF onto the same file. */
#include "genomics/sink.h"
#include <htslib/bgzf.h>
#include <htslib/hfile.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 4096, BLOCKS_A_THREAD = 64 };

/* BGZF on a descriptor of its own: closing it leaves the writer's stream open for the commit. */
static mn_status_t open_packed(mn_sink_t *sink, int threads, mn_err_t *err) {
    int fd = dup(fileno(sink->writer.file));
    hFILE *file = fd < 0 ? NULL : hdopen(fd, "w");
    if (file) sink->packed = bgzf_hopen(file, "w3"); /* 6, the default, takes six times as long for 3 % less */
    if (!sink->packed && file)
        hclose_abruptly(file);
    else if (!file && fd >= 0)
        close(fd);
    if (!sink->packed) return mn_err_set(err, MN_FAILED, sink->writer.path, NULL, "out of memory");
    if (threads > 1) bgzf_mt(sink->packed, threads, BLOCKS_A_THREAD);
    return MN_OK;
}

mn_status_t mn_sink_open(mn_sink_t *sink, const char *path, int threads, mn_err_t *err) {
    *sink = (mn_sink_t){0};
    size_t length = strlen(path);
    mn_status_t status = mn_writer_open(&sink->writer, path, err);
    if (!status && length > 3 && !strcmp(path + length - 3, ".gz")) status = open_packed(sink, threads, err);
    if (status) mn_sink_drop(sink);
    return status;
}

void mn_sink_write(mn_sink_t *sink, const void *data, int64_t size) {
    if (!sink->packed)
        fwrite(data, 1, (size_t)size, sink->writer.file);
    else if (!sink->failed)
        sink->failed = bgzf_write(sink->packed, data, (size_t)size) != size;
}

void mn_sink_print(mn_sink_t *sink, const char *format, ...) {
    char line[LINE_BYTES];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    mn_sink_write(sink, line, size < LINE_BYTES ? size : LINE_BYTES - 1);
}

mn_status_t mn_sink_commit(mn_sink_t *sink, mn_err_t *err) {
    bool failed = sink->failed;
    if (sink->packed && bgzf_close(sink->packed)) failed = true;
    sink->packed = NULL;
    if (!failed) return mn_writer_commit(&sink->writer, err);
    mn_err_set(err, MN_IO, sink->writer.path, "is there space left?", "cannot write");
    mn_sink_drop(sink);
    return MN_IO;
}

void mn_sink_drop(mn_sink_t *sink) {
    if (sink->packed) bgzf_close(sink->packed);
    mn_writer_drop(&sink->writer);
    *sink = (mn_sink_t){0};
}

void mn_sink_field(mn_sink_t *sink, const char *text) {
    size_t n = strlen(text);
    if (!n || (!strpbrk(text, "\t\"") && text[0] != '#' && text[0] != ' ' && text[n - 1] != ' ')) {
        mn_sink_write(sink, text, (int64_t)n);
        return;
    }
    mn_sink_write(sink, "\"", 1);
    for (const char *c = text; *c; c++) mn_sink_write(sink, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    mn_sink_write(sink, "\"", 1);
}
