/* mnemon merge: the results of --shard 1/N to N/N as the one that a run without it gives. */
#include "genomics/base/mem.h"
#include "genomics/base/text.h"
#include "genomics/npy.h"
#include "genomics/source.h"
#include "pipelines/bits.h"
#include "pipelines/commands.h"
#include "pipelines/options.h"
#include "pipelines/provenance.h"
#include "pipelines/records.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct settings {
    mn_common_t common;
    const char *output;
} settings_t;

static const mn_option_t options[] = {MN_OPTION(settings_t, output, "o", "output", FILE, "FILE",
                                                "where the whole goes; of arrays OUT.npy", .fallback = "-"),
                                      MN_COMMON_OPTIONS,
                                      {0}};

typedef struct part {
    const char *path;
    char *table, *heading; /* owned: path, or what lies beside the array; its first lines without the shard */
    int64_t shard, shards;
} part_t;

typedef struct run {
    part_t *parts; /* in order of shards, once all are known */
    int64_t n;
    bool arrays, moved, bits; /* moved: the second column is a row in the array of all */
    int64_t rows;             /* moved: of the parts so far */
    mn_writer_t out;
    mn_npy_writer_t array;
    mn_bits_t total, part; /* bits: of the parts so far; of the rows of this one so far */
    char *held;            /* owned: the row before, of perplexity's */
    int64_t held_capacity;
} run_t;

/* ---- headings: lines of '#', then the names of the columns where there are any */

static bool in_heading(const char *line) {
    static const char *const begins[] = {"#mnemon ",       "#command ",       "#tokenizer ",          "name\tbases\t",
                                         "name\toffset\t", "name\trow\trows", "name\tstart\tend\tp_", "name\tp_"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (!strncmp(line, begins[i], strlen(begins[i]))) return true;
    return false;
}

/* Takes " --shard I/N" out of the line; false: there is none. */
static bool cut_shard(char *line, part_t *part) {
    static const char option[] = " --shard ";
    char text[32], *at = strstr(line, option);
    if (strncmp(line, "#command ", 9) || !at) return false;
    size_t length = strcspn(at + sizeof option - 1, " ");
    snprintf(text, sizeof text, "%.*s", (int)length, at + sizeof option - 1);
    memmove(at, at + sizeof option - 1 + length, strlen(at + sizeof option - 1 + length) + 1);
    return mn_shard_parse(text, &part->shard, &part->shards);
}

static mn_status_t read_heading(part_t *part, mn_err_t *err) {
    mn_source_t *source;
    mn_text_t heading;
    char *line;
    mn_status_t status = mn_source_open(part->table, 1, &source, err);
    if (status) return status;
    status = mn_text_begin(&heading, err);
    if (!status) {
        while (!status && !(status = mn_source_line(source, &line, err)) && line && in_heading(line)) {
            cut_shard(line, part);
            fprintf(heading.file, "%s\n", line);
        }
        status = mn_text_end(&heading, status, &part->heading, err);
    }
    mn_source_close(source);
    if (status || part->shards) return status;
    return mn_err_set(err, MN_INPUT, part->table, "give what --shard I/N made; other files join with cat",
                      "its command has no --shard");
}

/* ---- all parts, and what is missing */

static int compare_parts(const void *a, const void *b) {
    const part_t *x = a, *y = b;
    return (x->shard > y->shard) - (x->shard < y->shard);
}

static mn_status_t check_parts(run_t *run, mn_err_t *err) {
    const part_t *first = &run->parts[0];
    for (int64_t i = 0; i < run->n; i++) {
        const part_t *part = &run->parts[i];
        if (part->shards != first->shards || strcmp(part->heading, first->heading))
            return mn_err_set(err, MN_INPUT, part->table, "give the parts of one run of one version",
                              "is of another run than %s", first->table);
    }
    qsort(run->parts, (size_t)run->n, sizeof *run->parts, compare_parts);
    for (int64_t i = 0; i < run->n || i < run->parts[0].shards; i++) {
        if (i && i < run->n && run->parts[i].shard == run->parts[i - 1].shard)
            return mn_err_set(err, MN_INPUT, run->parts[i].table, NULL, "is shard %" PRId64 ", as %s is",
                              run->parts[i].shard + 1, run->parts[i - 1].table);
        if (i >= run->n || run->parts[i].shard != i)
            return mn_err_set(err, MN_INPUT, NULL, NULL, "shard %" PRId64 " of %" PRId64 " is missing", i + 1,
                              run->parts[0].shards);
    }
    return MN_OK;
}

static mn_status_t read_parts(run_t *run, const mn_args_t *args, mn_err_t *err) {
    mn_status_t status = mn_mem_new((void **)&run->parts, args->n_operands, sizeof *run->parts, err);
    for (; !status && run->n < args->n_operands; run->n++) {
        part_t *part = &run->parts[run->n];
        part->path = args->operands[run->n];
        const bool array = mn_npy_is_array(part->path);
        if (!run->n) run->arrays = array;
        if (array != run->arrays)
            status = mn_err_set(err, MN_INPUT, part->path, NULL, "arrays and tables do not go together");
        else if (mn_file_is_once(part->path))
            status = mn_err_set(err, MN_USAGE, part->path, "give files", "parts are read twice");
        else
            status =
                array ? mn_npy_table_path(part->path, &part->table, err) : mn_mem_string(&part->table, part->path, err);
        if (!status) status = mn_writer_spare(part->path, err);
        if (!status) status = mn_writer_spare(part->table, err);
        if (!status) status = read_heading(part, err);
    }
    return status ? status : check_parts(run, err);
}

/* ---- rows */

/* A row with its first row in the array and how many there are, as the next of all. */
static mn_status_t write_moved(run_t *run, const part_t *part, const char *line, int64_t before, mn_err_t *err) {
    const char *at = strchr(line, '\t');
    char *end = NULL, *after = NULL;
    const int64_t first = at ? strtoll(at + 1, &end, 10) : -1,
                  n = end && *end == '\t' ? strtoll(end + 1, &after, 10) : -1;
    if (first != run->rows - before || n < 0 || n > INT64_MAX - run->rows || (*after && *after != '\t'))
        return mn_err_set(err, MN_INPUT, part->table, NULL, "a row that does not follow the one before: '%.80s'", line);
    fprintf(run->out.file, "%.*s\t%" PRId64 "%s\n", (int)(at - line), line, run->rows, end);
    run->rows += n;
    return MN_OK;
}

/* The last row is the total of the others: each waits for the next. */
static mn_status_t hold_row(run_t *run, const part_t *part, const char *line, mn_err_t *err) {
    const int64_t size = (int64_t)strlen(line) + 1;
    mn_bits_t bits;
    if (run->held && *run->held) {
        if (!mn_bits_parse(run->held, &bits) || !mn_bits_add(&run->part, &bits))
            return mn_err_set(err, MN_INPUT, part->table, NULL, "no row of perplexity: '%.80s'", run->held);
        fprintf(run->out.file, "%s\n", run->held);
    }
    mn_status_t status = mn_mem_reserve((void **)&run->held, &run->held_capacity, size, 1, err);
    if (!status) memcpy(run->held, line, (size_t)size);
    return status;
}

static mn_status_t add_total(run_t *run, const part_t *part, mn_err_t *err) {
    mn_bits_t bits;
    if (!run->held || strncmp(run->held, "total\t", 6) || !mn_bits_parse(run->held, &bits) ||
        memcmp(&bits, &run->part, sizeof bits) || !mn_bits_add(&run->total, &bits))
        return mn_err_set(err, MN_INPUT, part->table, "is it cut short?",
                          "the last row is not the total of the others");
    *run->held = 0;
    run->part = (mn_bits_t){0};
    return MN_OK;
}

static mn_status_t write_rows(run_t *run, const part_t *part, mn_err_t *err) {
    const int64_t before = run->rows;
    mn_npy_reader_t array = {0};
    mn_source_t *source;
    char *line;
    bool heading = true, ended = false;
    mn_status_t status = mn_source_open(part->table, 1, &source, err);
    while (!status && !ended && !(status = mn_source_line(source, &line, err)) && line) {
        heading = heading && in_heading(line);
        ended = !strcmp(line, MN_RESULT_END);
        if (heading || ended) continue;
        if (run->moved)
            status = write_moved(run, part, line, before, err);
        else if (run->bits)
            status = hold_row(run, part, line, err);
        else
            fprintf(run->out.file, "%s\n", line);
    }
    mn_source_close(source);
    if (!status && !ended)
        status = mn_err_set(err, MN_INPUT, part->table, "is it cut short? Make this part again",
                            "does not end with a line " MN_RESULT_END);
    if (!status && run->bits) status = add_total(run, part, err);
    if (status || !run->arrays) return status;
    status = mn_npy_reader_open(&array, part->path, err);
    if (!status && (array.type != run->array.type || array.inner != run->array.inner))
        status = mn_err_set(err, MN_INPUT, part->path, NULL, "an array of another kind than %s", run->parts[0].path);
    if (!status && array.rows != run->rows - before)
        status = mn_err_set(err, MN_INPUT, part->path, NULL, "has other rows than the table beside it says");
    if (!status) status = mn_npy_copy(&array, &run->array, err);
    mn_npy_reader_close(&array);
    return status;
}

static mn_status_t open_array(run_t *run, const char *output, mn_err_t *err) {
    mn_npy_reader_t first;
    mn_status_t status = mn_npy_reader_open(&first, run->parts[0].path, err);
    if (status) return status;
    status = mn_npy_open(&run->array, output, first.type, first.inner, err);
    mn_npy_reader_close(&first);
    return status;
}

static mn_status_t merge(run_t *run, const char *output, mn_err_t *err) {
    char *table = NULL;
    mn_status_t status = run->arrays ? open_array(run, output, err) : MN_OK;
    if (!status) status = run->arrays ? mn_npy_table_path(output, &table, err) : mn_mem_string(&table, output, err);
    if (!status) status = mn_writer_open(&run->out, table, err);
    if (!status) {
        const char *heading = run->parts[0].heading;
        fputs(heading, run->out.file);
        run->bits = strstr(heading, "\n" MN_BITS_COLUMNS "\n") != NULL;
        run->moved = strstr(heading, "\nname\toffset\tlength\t") || strstr(heading, "\nname\trow\trows\n");
    }
    for (int64_t i = 0; i < run->n && !status; i++) status = write_rows(run, &run->parts[i], err);
    if (!status && run->bits) mn_bits_write(run->out.file, "total", &run->total);
    if (!status) status = mn_writer_commit(&run->out, err);
    if (!status && run->arrays) status = mn_npy_commit(&run->array, err); /* last: an array has its table */
    mn_writer_drop(&run->out);
    mn_npy_drop(&run->array);
    mn_mem_free(table);
    return status;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    const settings_t *s = args->settings;
    run_t run = {0};
    mn_status_t status = read_parts(&run, args, err);
    if (!status) status = merge(&run, s->output, err);
    for (int64_t i = 0; run.parts && i < args->n_operands; i++) {
        mn_mem_free(run.parts[i].table);
        mn_mem_free(run.parts[i].heading);
    }
    mn_mem_free(run.parts);
    mn_mem_free(run.held);
    return status;
}

const mn_command_t mn_cmd_merge = {
    .name = "merge",
    .heading = "Use",
    .summary = "results of --shard as one, byte for byte what a run without it gives",
    .operands = "PART... -o OUT",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "PART is what tokenize, predict, embed or perplexity made with --shard I/N: all N of one run, in any order. Of "
        "arrays give PART.npy; the tables beside them are merged, too, and tell which part each is. A part that is "
        "missing, twice there, cut short or of "
        "another run is an error.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples =
        "for i in 1 2 3 4; do mnemon predict -m m.safetensors --shard $i/4 genome.fa -o part$i.tsv & done; wait\n"
        "  mnemon merge part[1-4].tsv -o calls.tsv\n"
        "mnemon merge part*.npy -o embedding.npy",
    .run = run,
};
