/* mnemon tokenize: sequence files to one array of token ids with a table of its records, and back to bases. */
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/npy.h"
#include "genomics/source.h"
#include "genomics/tokenizer.h"
#include "pipelines/commands.h"
#include "pipelines/provenance.h"
#include "pipelines/records.h"
#include "pipelines/report.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct settings {
    mn_common_t common;
    mn_reading_t reading;
    const char *output, *tokenizer;
    bool decode;
} settings_t;

static const mn_option_t options[] = {
    MN_OPTION(settings_t, output, "o", "output", FILE, "FILE",
              "OUT.npy: the array, with OUT.tsv beside it; -: the table alone; with --decode: FASTA", .fallback = "-"),
    MN_OPTION(settings_t, tokenizer, NULL, "tokenizer", STRING, "NAME", "nucleotide or kmer:K",
              .fallback = "nucleotide"),
    MN_OPTION(settings_t, decode, NULL, "decode", FLAG, NULL,
              "write the normalised bases as FASTA; IN may be an array with its table, or a sequence file"),
    MN_OPTION_SHARD(settings_t, reading),
    MN_OPTION_GROUP(settings_t, reading, "Reading", mn_reading_options),
    MN_COMMON_OPTIONS,
    {0}};

enum { PART = 1 << 15, LINE_WIDTH = 60 };

static const char columns[] = "name\toffset\tlength\tGC\tN\treplaced\tbases\tdropped\n";
static const char tokenizer_line[] = "#tokenizer ";

typedef struct run {
    const settings_t *settings;
    mn_tokenizer_t tokenizer;
    mn_npy_writer_t array; /* closed (writer.file NULL) when the table alone is asked for */
    mn_result_t result;    /* the table, or FASTA */
    FILE *out;             /* of result */
    int64_t tokens;       /* in the array so far */
    mn_base_counts_t counts;
    int64_t records, column; /* column: bases in the present FASTA line */
    mn_progress_t progress;
    int32_t ids[PART + MN_KMER_MAX];
    uint8_t bases[(PART + MN_KMER_MAX) * MN_KMER_MAX];
    union {
        uint8_t u1[PART + MN_KMER_MAX];
        uint16_t u2[PART + MN_KMER_MAX];
        uint32_t u4[PART + MN_KMER_MAX];
    } numbers; /* tokens as they lie in a file */
} run_t;

/* ---- array and table */

static mn_npy_type_t array_type(mn_tokenizer_t tokenizer) {
    if (!tokenizer.k) return MN_NPY_U1;
    return mn_tokenizer_vocab(tokenizer) <= 1 << 16 ? MN_NPY_U2 : MN_NPY_U4;
}

/* ids[0..n) of the run, in the array's type. */
static mn_status_t write_tokens(run_t *run, int64_t n, mn_err_t *err) {
    run->tokens += n;
    if (!run->array.writer.file) return MN_OK;
    for (int64_t i = 0; i < n; i++) {
        if (run->array.type == MN_NPY_U1) run->numbers.u1[i] = (uint8_t)run->ids[i];
        if (run->array.type == MN_NPY_U2) run->numbers.u2[i] = (uint16_t)run->ids[i];
        if (run->array.type == MN_NPY_U4) run->numbers.u4[i] = (uint32_t)run->ids[i];
    }
    return mn_npy_write(&run->array, &run->numbers, n, err);
}

static void write_heading(run_t *run) {
    char name[MN_TOKENIZER_NAME];
    mn_tokenizer_name(run->tokenizer, name);
    mn_result_header(&run->result);
    fprintf(run->out, "%s%s\n%s", tokenizer_line, name, columns);
}

/* The nucleotide tokenizer's ids are those of bases, in the array's own type. */
static mn_status_t write_piece(run_t *run, mn_token_stream_t *stream, const mn_piece_t *piece, mn_err_t *err) {
    if (!run->tokenizer.k) {
        run->tokens += piece->n;
        return run->array.writer.file ? mn_npy_write(&run->array, piece->bases, piece->n, err) : MN_OK;
    }
    mn_status_t status = MN_OK;
    for (int64_t at = 0, n; at < piece->n && !status; at += n) {
        n = piece->n - at < PART ? piece->n - at : PART;
        status = write_tokens(run, mn_token_stream_push(stream, piece->bases + at, n, run->ids), err);
    }
    return status;
}

static mn_status_t tokenize_record(run_t *run, mn_input_t *in, const mn_record_t *record, mn_err_t *err) {
    mn_token_stream_t stream = {.tokenizer = run->tokenizer};
    int64_t offset = run->tokens;
    run->ids[0] = MN_ID_BOS;
    mn_status_t status = write_tokens(run, 1, err);
    for (mn_piece_t piece = {.n = 1}; !status && piece.n;) {
        status = mn_input_read(in, &piece, err);
        if (!status) status = write_piece(run, &stream, &piece, err);
        mn_progress_update(&run->progress, run->progress.done + piece.n, NULL);
    }
    if (!status) status = write_tokens(run, mn_token_stream_finish(&stream, run->ids), err);
    if (status) return status;
    const mn_base_counts_t *counts = &record->counts;
    fprintf(run->out, "%s\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n",
            record->name, offset, run->tokens - offset, counts->gc, counts->n, counts->replaced, counts->bases,
            counts->dropped);
    return MN_OK;
}

/* ---- FASTA */

static void begin_record(run_t *run, const char *name) {
    fprintf(run->out, ">%s\n", name);
    run->column = 0;
}

static void write_bases(run_t *run, const uint8_t *bases, int64_t n) {
    char line[LINE_WIDTH + 1];
    for (int64_t at = 0; at < n;) {
        int64_t part = LINE_WIDTH - run->column < n - at ? LINE_WIDTH - run->column : n - at, size = part;
        for (int64_t i = 0; i < part; i++) line[i] = mn_base_letter(bases[at + i]);
        at += part;
        run->column += part;
        if (run->column == LINE_WIDTH) {
            line[size++] = '\n';
            run->column = 0;
        }
        fwrite(line, 1, (size_t)size, run->out);
    }
}

static void end_record(run_t *run) {
    if (run->column) putc('\n', run->out);
}

/* A record of a sequence file as its tokens would give it back: encoding loses nothing that reading has kept. */
static mn_status_t normalise_record(run_t *run, mn_input_t *in, const mn_record_t *record, mn_err_t *err) {
    mn_status_t status = MN_OK;
    begin_record(run, record->name);
    for (mn_piece_t piece = {.n = 1}; !status && piece.n;) {
        status = mn_input_read(in, &piece, err);
        write_bases(run, piece.bases, piece.n);
    }
    end_record(run);
    return status;
}

/* tokens `length` of the array, the first of them BOS. */
static mn_status_t decode_record(run_t *run, mn_npy_reader_t *array, int64_t length, mn_err_t *err) {
    bool first = true;
    for (int64_t left = length, got; left; left -= got) {
        mn_status_t status = mn_npy_read(array, left < PART ? left : PART, run->numbers.u4, &got, err);
        if (status) return status;
        if (!got) return mn_err_set(err, MN_INPUT, array->path, NULL, "shorter than its table says");
        for (int64_t i = 0; i < got; i++)
            run->ids[i] = run->numbers.u4[i] > INT32_MAX ? -1 : (int32_t)run->numbers.u4[i];
        int64_t n = mn_tokenizer_decode(run->tokenizer, run->ids, got, run->bases);
        if (n < 0)
            return mn_err_set(err, MN_INPUT, array->path, "is --tokenizer that of the array?", "no token: %" PRIu32,
                              run->numbers.u4[-1 - n]);
        if (first && run->ids[0] != MN_ID_BOS)
            return mn_err_set(err, MN_INPUT, array->path, NULL, "a record of its table does not begin here");
        first = false;
        write_bases(run, run->bases, n);
        run->counts.bases += n;
    }
    return MN_OK;
}

/* name, offset, length of a table's row: offset must be where the array stands. */
static mn_status_t decode_row(run_t *run, mn_npy_reader_t *array, char *line, const char *where, mn_err_t *err) {
    char *at = strchr(line, '\t'), *end = NULL;
    int64_t offset = at ? strtoll(at + 1, &end, 10) : -1,
            length = end && *end == '\t' ? strtoll(end + 1, &end, 10) : -1;
    if (offset != array->at || length < 1 || length > array->rows - offset || (*end && *end != '\t'))
        return mn_err_set(err, MN_INPUT, where, NULL, "this row does not fit the array beside it");
    *at = '\0';
    begin_record(run, line);
    mn_status_t status = decode_record(run, array, length, err);
    end_record(run);
    run->records++;
    return status;
}

static mn_status_t decode_rows(run_t *run, mn_npy_reader_t *array, mn_source_t *table, mn_err_t *err) {
    mn_status_t status;
    char *line;
    bool heading = true; /* up to the names of the columns; a record's name may begin with '#', too */
    for (int64_t number = 1; !(status = mn_source_line(table, &line, err)) && line; number++) {
        char where[256];
        snprintf(where, sizeof where, "%.200s:%" PRId64, mn_source_path(table), number);
        if (heading && *line == '#') {
            if (!strncmp(line, tokenizer_line, sizeof tokenizer_line - 1))
                status = mn_tokenizer_parse(line + sizeof tokenizer_line - 1, MN_INPUT, where, &run->tokenizer, err);
        } else if (heading ? strncmp(line, columns, strlen(line)) : strcmp(line, MN_RESULT_END)) {
            status = decode_row(run, array, line, where, err);
        }
        heading = heading && *line == '#';
        if (status) return status;
    }
    if (!status && array->at < array->rows)
        status = mn_err_set(err, MN_INPUT, mn_source_path(table), NULL,
                            "has fewer rows than the array beside it has records");
    return status;
}

static mn_status_t decode_array(run_t *run, const char *path, mn_err_t *err) {
    mn_npy_reader_t array;
    mn_source_t *table = NULL;
    char *table_path;
    mn_status_t status = mn_npy_table_path(path, &table_path, err);
    if (status) return status;
    status = mn_npy_reader_open(&array, path, err);
    if (!status) {
        status = mn_source_open(table_path, 1, &table, err);
        if (!status) status = decode_rows(run, &array, table, err);
        mn_npy_reader_close(&array);
    }
    mn_source_close(table);
    mn_mem_free(table_path);
    return status;
}

/* ---- the command */

/* Sequence files, all to tokens or all to bases. A first record that cannot be read leaves no heading on a pipe. */
static mn_status_t read_sequences(run_t *run, const char *const *paths, int64_t n, mn_err_t *err) {
    const bool decode = run->settings->decode;
    mn_records_t r;
    mn_status_t status = mn_records_open(&run->settings->reading, paths, n, mn_par_threads(), &r, err);
    if (!status) status = mn_records_next(&r, err);
    if (!status && !decode) write_heading(run);
    while (!status && r.record) {
        status = decode ? normalise_record(run, r.in, r.record, err) : tokenize_record(run, r.in, r.record, err);
        mn_base_counts_add(&run->counts, &r.record->counts);
        run->records++;
        if (!status) status = mn_records_next(&r, err);
    }
    mn_records_close(&r);
    return status;
}

static mn_status_t decode_file(run_t *run, const char *path, mn_err_t *err) {
    if (!mn_npy_is_array(path)) return read_sequences(run, &path, 1, err);
    return decode_array(run, path, err);
}

static void report_counts(const run_t *run) {
    const mn_base_counts_t *counts = &run->counts;
    mn_log(MN_LOG_INFO, "%" PRId64 " records, %" PRId64 " bases", run->records, counts->bases);
    if (counts->n) mn_log(MN_LOG_INFO, "%" PRId64 " N", counts->n);
    if (counts->replaced) mn_log(MN_LOG_INFO, "%" PRId64 " letters read as N", counts->replaced);
    if (counts->skipped) mn_log(MN_LOG_INFO, "%" PRId64 " invalid letters skipped", counts->skipped);
    if (counts->dropped)
        mn_log(MN_LOG_INFO, "%" PRId64 " N left out of runs longer than %d", counts->dropped, MN_N_RUN);
}

static mn_status_t run_all(run_t *run, const mn_args_t *args, mn_err_t *err) {
    const settings_t *settings = run->settings;
    bool has_array = !settings->decode && strcmp(settings->output, "-");
    char *table_path = NULL;
    if (settings->decode && settings->reading.shard)
        return mn_err_set(err, MN_USAGE, "--shard", NULL, "FASTA is not merged: decode it whole");
    mn_status_t status = mn_tokenizer_parse(settings->tokenizer, MN_USAGE, "--tokenizer", &run->tokenizer, err);
    if (!status && has_array) status = mn_npy_table_path(settings->output, &table_path, err);
    if (!status && has_array) status = mn_npy_open(&run->array, settings->output, array_type(run->tokenizer), 0, err);
    if (!status) status = mn_result_open(args, has_array ? table_path : settings->output, &run->result, err);
    if (!status) run->out = run->result.writer.file;
    if (!status && !settings->decode) status = read_sequences(run, args->operands, args->n_operands, err);
    for (int64_t i = 0; i < args->n_operands && settings->decode && !status; i++)
        status = decode_file(run, args->operands[i], err);
    status = mn_result_close(&run->result, status, err);
    if (!status && has_array) status = mn_npy_commit(&run->array, err); /* last: an array has its table */
    if (!status) {
        mn_progress_end(&run->progress);
        report_counts(run);
    }
    mn_npy_drop(&run->array);
    mn_mem_free(table_path);
    return status;
}

static mn_status_t run(const mn_args_t *args, mn_err_t *err) {
    void *block;
    mn_status_t status = mn_mem_new(&block, 1, sizeof(run_t), err);
    if (status) return status;
    run_t *run = block;
    run->settings = args->settings;
    run->progress = mn_progress_start("tokenize", "bases", 0, 0);
    status = run_all(run, args, err);
    mn_mem_free(run);
    return status;
}

const mn_command_t mn_cmd_tokenize = {
    .name = "tokenize",
    .heading = "Data",
    .summary = "sequence files to one array of token ids, and back",
    .operands = "IN... -o OUT.npy",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "IN is FASTA, FASTQ, SAM, BAM or CRAM, told by content, plain, gzip or BGZF; '-' for stdin. The array is u1 "
        "(nucleotide), u2 or u4 (k-mers), records one after another, each begun by BOS. The table has a row a record: "
        "name; offset and length in the array, in tokens, BOS with it; bases that are G or C, N, replaced by N; all "
        "bases; N left out of runs longer than 32.\n"
        "Ids: A 0, C 1, G 2, T 3, N 4, PAD 5, BOS 6, EOS 7, MASK 8; words of K bases from 9 on.",
    .options = options,
    .settings_size = sizeof(settings_t),
    .examples = "mnemon tokenize genome.fa.gz -o genome.npy\n"
                "mnemon tokenize --tokenizer kmer:6 -r chr20:1-100000 genome.fa -o part.npy\n"
                "# the normalised bases again\n"
                "mnemon tokenize --decode genome.npy -o again.fa\n"
                "# a table of reads\n"
                "samtools view -b reads.bam chr1 | mnemon tokenize -q 30 - > reads.tsv",
    .run = run,
};
