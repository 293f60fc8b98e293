/* fai: one line a contig: name, length, offset of its first base, bases a line, bytes a line (samtools faidx). */
#include "genomics/fai.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOCK = 1 << 17, HEADER_MAX = 1 << 16 };

void mn_fai_free(mn_fai_t *fai) {
    if (!fai) return;
    for (int64_t i = 0; i < fai->n; i++) mn_mem_free(fai->entries[i].name);
    mn_mem_free(fai->entries);
    mn_mem_free(fai->by_name);
    mn_mem_free(fai);
}

static mn_status_t add_entry(mn_fai_t *fai, mn_fai_entry_t entry, const char *name, mn_err_t *err) {
    void *block = fai->entries;
    mn_status_t status = mn_mem_reserve(&block, &fai->cap, fai->n + 1, sizeof entry, err);
    fai->entries = block;
    if (!status) status = mn_mem_string(&entry.name, name, err);
    if (!status) fai->entries[fai->n++] = entry;
    return status;
}

/* ---- by name */

static int compare_names(const void *a, const void *b) {
    return strcmp((*(mn_fai_entry_t *const *)a)->name, (*(mn_fai_entry_t *const *)b)->name);
}

static mn_status_t sort_names(mn_fai_t *fai, const char *path, mn_err_t *err) {
    void *block;
    mn_status_t status = mn_mem_new(&block, fai->n, sizeof *fai->by_name, err);
    fai->by_name = block;
    if (status) return status;
    for (int64_t i = 0; i < fai->n; i++) fai->by_name[i] = &fai->entries[i];
    qsort(fai->by_name, (size_t)fai->n, sizeof *fai->by_name, compare_names);
    for (int64_t i = 1; i < fai->n; i++)
        if (!compare_names(&fai->by_name[i - 1], &fai->by_name[i]))
            return mn_err_set(err, MN_INPUT, path, "give each record a name of its own",
                              "two records are named '%.100s'", fai->by_name[i]->name);
    return MN_OK;
}

static int64_t find_entry(void *ctx, const char *name) {
    const mn_fai_t *fai = ctx;
    mn_fai_entry_t key = {.name = (char *)(uintptr_t)name}, *at = &key;
    mn_fai_entry_t **found = bsearch(&at, fai->by_name, (size_t)fai->n, sizeof at, compare_names);
    return found ? *found - fai->entries : -1;
}

static const char *entry_name(void *ctx, int64_t index) {
    return ((const mn_fai_t *)ctx)->entries[index].name;
}

static int64_t entry_length(void *ctx, int64_t index) {
    return ((const mn_fai_t *)ctx)->entries[index].length;
}

mn_contigs_t mn_fai_contigs(mn_fai_t *fai, const mn_source_t *source) {
    return (mn_contigs_t){fai, mn_source_path(source), fai->n, find_entry, entry_name, entry_length};
}

/* ---- the .fai file */

/* Byte of base `at` of a contig; -1 when no file is that large. */
static int64_t base_offset(const mn_fai_entry_t *entry, int64_t at) {
    if (!entry->line_bases) return entry->offset;
    return mn_mem_add(mn_mem_add(entry->offset, mn_mem_mul(at / entry->line_bases, entry->line_width)),
                      at % entry->line_bases);
}

static bool read_line(char *line, mn_fai_entry_t *entry) {
    int64_t *fields[] = {&entry->length, &entry->offset, &entry->line_bases, &entry->line_width};
    char *at = strchr(line, '\t');
    if (!at || at == line) return false;
    for (int i = 0; i < 4; i++) {
        if (!at || *at != '\t' || !isdigit((unsigned char)at[1])) return false;
        *at++ = '\0';
        int64_t value = 0;
        for (; isdigit((unsigned char)*at); at++) {
            if (value > (INT64_MAX >> 8) / 10) return false;
            value = value * 10 + (*at - '0');
        }
        *fields[i] = value;
    }
    return !*at && (!entry->length || (entry->line_bases > 0 && entry->line_width > entry->line_bases)) &&
           base_offset(entry, entry->length) >= 0;
}

static mn_status_t load_entries(mn_fai_t *fai, const char *path, mn_err_t *err) {
    mn_source_t *source;
    mn_status_t status = mn_source_open(path, 1, &source, err);
    if (status) return status;
    enum { NAME_BYTES = 64 }; /* with what the table of names takes */
    const int64_t most = mn_mem_most(sizeof *fai->entries + NAME_BYTES);
    char *line;
    for (int64_t number = 1; !(status = mn_source_line(source, &line, err)) && line; number++) {
        mn_fai_entry_t entry = {0};
        const bool fits = fai->n < most;
        if (fits && read_line(line, &entry)) {
            status = add_entry(fai, entry, line, err);
        } else {
            char where[256];
            snprintf(where, sizeof where, "%.200s:%lld", path, (long long)number);
            status = mn_err_set(err, fits ? MN_INPUT : MN_FAILED, where, "remove the index: it is built again",
                                fits ? "no line of a FASTA index: five columns are expected"
                                     : "more contigs than fit in memory");
        }
        if (status) break;
    }
    mn_source_close(source);
    return status;
}

static bool save_entries(const mn_fai_t *fai, const char *path) {
    mn_writer_t writer;
    if (mn_writer_open(&writer, path, NULL)) return false;
    for (const mn_fai_entry_t *e = fai->entries; e < fai->entries + fai->n; e++)
        fprintf(writer.file, "%s\t%lld\t%lld\t%lld\t%lld\n", e->name, (long long)e->length, (long long)e->offset,
                (long long)e->line_bases, (long long)e->line_width);
    return !mn_writer_commit(&writer, NULL);
}

/* ---- building */

/* One pass over the file, a line at a time; lines of any length come in parts. */
typedef struct mn_scan {
    mn_fai_t *fai;
    const mn_source_t *source;
    char name[HEADER_MAX];
    int64_t name_size; /* -1: before the first header */
    bool in_header, in_name;
    int64_t line_bytes; /* of the present line, so far */
    char last;          /* the byte before */
    bool short_seen;    /* a line shorter than the others: it must be the record's last */
    mn_fai_entry_t entry;
} mn_scan_t;

static mn_status_t finish_entry(mn_scan_t *scan, mn_err_t *err) {
    if (scan->name_size < 0) return MN_OK;
    scan->name[scan->name_size] = '\0';
    return add_entry(scan->fai, scan->entry, scan->name, err);
}

static mn_status_t report_lines(mn_scan_t *scan, const char *what, mn_err_t *err) {
    scan->name[scan->name_size < 0 ? 0 : scan->name_size] = '\0';
    return mn_err_set(err, MN_INPUT, mn_source_path(scan->source), "wrap it anew, for instance: seqkit seq -w 60",
                      "%s in '%.80s': regions cannot be looked up", what, scan->name);
}

/* A line of bases has ended: width bytes with its end, of which ending are CR and LF. */
static mn_status_t finish_line(mn_scan_t *scan, int64_t width, int64_t ending, mn_err_t *err) {
    mn_fai_entry_t *entry = &scan->entry;
    int64_t bases = width - ending;
    if (bases && (scan->short_seen || (entry->line_bases && bases > entry->line_bases)))
        return report_lines(scan, "lines of different lengths", err);
    if (bases && !entry->line_bases) {
        entry->line_bases = bases;
        entry->line_width = width;
    }
    scan->short_seen = bases < entry->line_bases || width != entry->line_width;
    entry->length += bases;
    return MN_OK;
}

/* Bytes of a byte order mark, which may begin a file. */
static int64_t skip_mark(const char *text, int64_t n) {
    return n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
}

static mn_status_t scan_header(mn_scan_t *scan, const char *text, int64_t n, mn_err_t *err) {
    for (int64_t i = 0; scan->in_name && i < n; i++) {
        bool blank = isspace((unsigned char)text[i]);
        if (blank && scan->name_size) scan->in_name = false;
        if (blank) continue;
        if (scan->name_size == HEADER_MAX - 1)
            return mn_err_set(err, MN_INPUT, mn_source_path(scan->source), NULL, "a record name longer than 64 KiB");
        scan->name[scan->name_size++] = text[i];
    }
    return MN_OK;
}

static mn_status_t scan_block(mn_scan_t *scan, const char *text, int64_t n, int64_t offset, mn_err_t *err) {
    mn_status_t status = MN_OK;
    for (int64_t at = offset ? 0 : skip_mark(text, n); at < n && !status;) {
        if (!scan->line_bytes) {
            scan->in_header = text[at] == '>';
            if (scan->in_header) {
                status = finish_entry(scan, err);
                if (status) break;
                scan->entry = (mn_fai_entry_t){0};
                scan->short_seen = false;
                scan->name_size = 0;
                scan->in_name = true;
                scan->line_bytes = 1;
                at++;
                continue;
            }
        }
        const char *end = memchr(text + at, '\n', (size_t)(n - at));
        int64_t part = end ? end - (text + at) : n - at;
        if (scan->in_header)
            status = scan_header(scan, text + at, part, err);
        else if (memchr(text + at, ' ', (size_t)part) || memchr(text + at, '\t', (size_t)part))
            status = report_lines(scan, "blanks within lines", err);
        scan->line_bytes += part;
        if (part) scan->last = text[at + part - 1];
        at += part;
        if (!end) continue;
        at++;
        if (scan->in_header)
            scan->entry.offset = offset + at;
        else if (!status && scan->name_size >= 0)
            status = finish_line(scan, scan->line_bytes + 1, scan->line_bytes && scan->last == '\r' ? 2 : 1, err);
        scan->line_bytes = 0;
    }
    return status;
}

static mn_status_t scan_file(mn_fai_t *fai, mn_source_t *source, mn_err_t *err) {
    void *state, *block = NULL;
    mn_status_t status = mn_mem_new(&state, 1, sizeof(mn_scan_t), err);
    if (!status) status = mn_mem_new(&block, BLOCK, 1, err);
    mn_scan_t *scan = state;
    int64_t offset = 0;
    if (scan) *scan = (mn_scan_t){.fai = fai, .source = source, .name_size = -1};
    for (int64_t got = 1; !status && got; offset += got) {
        status = mn_source_read(source, block, BLOCK, &got, err);
        if (!status) status = scan_block(scan, block, got, offset, err);
    }
    if (!status && scan->line_bytes) { /* the last line has no end: as if it had */
        if (scan->in_header)
            scan->entry.offset = offset;
        else if (scan->name_size >= 0)
            status = finish_line(scan, scan->line_bytes + 1, scan->last == '\r' ? 2 : 1, err);
    }
    if (!status) status = finish_entry(scan, err);
    mn_mem_free(block);
    mn_mem_free(state);
    return status;
}

/* ---- opening */

static bool is_same(const mn_fai_t *a, const mn_fai_t *b) {
    if (a->n != b->n) return false;
    for (int64_t i = 0; i < a->n; i++) {
        const mn_fai_entry_t *x = &a->entries[i], *y = &b->entries[i];
        /* A contig of one line may be given any width, an empty one any offset. */
        bool lines = x->length <= x->line_bases && y->length <= y->line_bases;
        if (strcmp(x->name, y->name) || x->length != y->length || (x->length && x->offset != y->offset) ||
            (!lines && (x->line_bases != y->line_bases || x->line_width != y->line_width)))
            return false;
    }
    return true;
}

static mn_status_t new_fai(mn_fai_t **out, mn_err_t *err) {
    void *block;
    mn_status_t status = mn_mem_new(&block, 1, sizeof(mn_fai_t), err);
    *out = block;
    return status;
}

static mn_status_t report_stale(const char *index, mn_err_t *err) {
    return mn_err_set(err, MN_INPUT, index, "remove the index: it is built again",
                      "stale: it does not fit the file beside it");
}

/* Whether an index is there, and not newer than its file. */
typedef struct found {
    bool there, older;
} found_t;

static found_t find_file(const char *path, const struct stat *data) {
    struct stat info;
    bool there = !stat(path, &info);
    return (found_t){there, there && !mn_file_newer(&info, data)};
}

/* The .fai, which is read, or built, or both. */
static mn_status_t open_entries(mn_source_t *source, const char *path, const struct stat *data, mn_fai_t **out,
                                mn_err_t *err) {
    found_t found = find_file(path, data);
    mn_fai_t *read = NULL, *built = NULL;
    mn_status_t status = new_fai(&read, err);
    if (!status) status = new_fai(&built, err);
    if (!status && found.there) status = load_entries(read, path, err);
    if (!status && (!found.there || found.older)) {
        status = scan_file(built, source, err);
        if (!status && found.there && !is_same(read, built)) status = report_stale(path, err);
        if (!status && !found.there) save_entries(built, path);
    }
    if (!status) *out = found.there ? read : built;
    if (status || !found.there) mn_fai_free(read);
    if (status || found.there) mn_fai_free(built);
    return status;
}

/* The same for the .gzi: blocks are quickly found anew, so an older one is not even read. */
static mn_status_t open_blocks(mn_source_t *source, const char *path, const struct stat *data, mn_err_t *err) {
    found_t found = find_file(path, data);
    if (found.there && !found.older) return mn_source_blocks_load(source, path, err);
    mn_status_t status = mn_source_blocks_build(source, err);
    if (!status && !found.there) mn_source_blocks_save(source, path);
    return status;
}

mn_status_t mn_fai_open(mn_source_t *source, mn_fai_t **out, mn_err_t *err) {
    const char *path = mn_source_path(source);
    *out = NULL;
    if (!mn_source_seekable(source))
        return mn_err_set(err, MN_USAGE, path, "save it to a file first", "regions need a file that can be sought in");
    if (mn_source_pack(source) == MN_PACK_GZIP)
        return mn_err_set(err, MN_INPUT, path, "compress it by bgzip instead of gzip",
                          "regions cannot be looked up in a gzip file");
    struct stat info;
    if (stat(path, &info)) return mn_err_set(err, MN_IO, path, NULL, "has gone while it was read");
    int64_t size = (int64_t)strlen(path) + 5;
    void *name = NULL;
    mn_fai_t *fai = NULL;
    mn_status_t status = mn_source_check_end(source, err);
    if (!status) status = mn_mem_new(&name, size, 1, err);
    if (!status) {
        snprintf(name, (size_t)size, "%s.fai", path);
        status = open_entries(source, name, &info, &fai, err);
    }
    if (!status && mn_source_pack(source) == MN_PACK_BGZF) {
        snprintf(name, (size_t)size, "%s.gzi", path);
        status = open_blocks(source, name, &info, err);
    }
    if (!status) status = sort_names(fai, path, err);
    mn_mem_free(name);
    if (!status)
        *out = fai;
    else
        mn_fai_free(fai);
    return status;
}

/* ---- looking up */

mn_status_t mn_fai_stale(const mn_fai_t *fai, const mn_source_t *source, int64_t index, mn_err_t *err) {
    char name[256];
    snprintf(name, sizeof name, "%.250s.fai", mn_source_path(source));
    return mn_err_set(err, MN_INPUT, name, "remove the index: it is built again",
                      "stale: '%.80s' is not where it says in the file beside it", fai->entries[index].name);
}

/* Whether text[0..n), the bytes up to a contig's first base, end with its header line. */
static bool ends_with_header(const char *text, int64_t n, const char *name) {
    if (!n || text[n - 1] != '\n') return false;
    int64_t begin = n - 1;
    while (begin && text[begin - 1] != '\n') begin--;
    begin += skip_mark(text + begin, n - begin);
    if (text[begin] != '>') return false;
    for (begin++; begin < n && (text[begin] == ' ' || text[begin] == '\t');) begin++;
    int64_t size = (int64_t)strlen(name);
    return n - begin > size && !memcmp(text + begin, name, (size_t)size) && isspace((unsigned char)text[begin + size]);
}

/* Whether text[0..n), from a contig's last base on, holds nothing more of it. */
static bool ends_here(const char *text, int64_t n, bool has_base) {
    if (has_base && (!n || !isgraph((unsigned char)*text))) return false;
    int64_t at = has_base;
    if (at == n || (!has_base && *text == '>')) return true;
    if (!isspace((unsigned char)text[at])) return false;
    while (at < n && isspace((unsigned char)text[at])) at++;
    return at == n || (text[at] == '>' && text[at - 1] == '\n');
}

static mn_status_t check_entry(mn_fai_t *fai, mn_source_t *source, int64_t index, mn_err_t *err) {
    const mn_fai_entry_t *entry = &fai->entries[index];
    void *block;
    mn_status_t status = mn_mem_new(&block, HEADER_MAX, 1, err);
    if (status) return status;
    int64_t from = entry->offset < HEADER_MAX ? 0 : entry->offset - HEADER_MAX, got;
    bool fits = !mn_source_seek(source, from, NULL) &&
                !mn_source_read(source, block, entry->offset - from, &got, NULL) && got == entry->offset - from &&
                ends_with_header(block, got, entry->name);
    if (fits)
        fits = !mn_source_seek(source, base_offset(entry, entry->length - (entry->length > 0)), NULL) &&
               !mn_source_read(source, block, HEADER_MAX, &got, NULL) && ends_here(block, got, entry->length > 0);
    mn_mem_free(block);
    return fits ? MN_OK : mn_fai_stale(fai, source, index, err);
}

mn_status_t mn_fai_seek(mn_fai_t *fai, mn_source_t *source, int64_t index, int64_t start, mn_err_t *err) {
    mn_fai_entry_t *entry = &fai->entries[index];
    if (!entry->fits) {
        mn_status_t status = check_entry(fai, source, index, err);
        if (status) return status;
        entry->fits = true;
    }
    const int64_t into = entry->line_bases ? start % entry->line_bases : 0;
    char line[4096]; /* from the end of the line before, which must stand there; read rather than sought over again */
    int64_t n = into + 1 < (int64_t)sizeof line ? into + 1 : 1, got;
    if (start > into) {
        if (mn_source_seek(source, base_offset(entry, start - into) - 1, NULL) ||
            mn_source_read(source, line, n, &got, NULL) || got != n || *line != '\n')
            return mn_fai_stale(fai, source, index, err);
        if (n == into + 1) return MN_OK;
    }
    return mn_source_seek(source, base_offset(entry, start), err);
}
