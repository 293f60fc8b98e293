/* input: one reader for text and alignments; shortens runs of N; loads whole files. */
#include "genomics/input.h"
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include "genomics/fasta.h"
#include "genomics/reads.h"
#include <string.h>

enum { READS_EXCLUDED = 0x100 | 0x200 | 0x400 | 0x800 }; /* secondary, QC-fail, duplicate, supplementary */

struct mn_input {
    mn_format_t format;
    mn_fasta_t *fasta; /* one of these two */
    mn_reads_t *reads;
    bool keep_n_runs, in_record;
    mn_record_t record;
    mn_base_counts_t counts; /* of the records before */
    mn_piece_t rest;         /* of the reader's piece: what is not given out yet */
    int64_t run;             /* N just before rest */
};

mn_input_options_t mn_input_options_default(void) {
    return (mn_input_options_t){.exclude_flags = READS_EXCLUDED};
}

mn_status_t mn_input_open(const char *path, const mn_input_options_t *options, mn_input_t **out, mn_err_t *err) {
    mn_input_options_t defaults = mn_input_options_default();
    if (!options) options = &defaults;
    *out = NULL;
    mn_source_t *source;
    mn_status_t status = mn_source_open(path, options->threads, &source, err);
    if (status) return status;
    mn_format_t format = mn_source_format(source);
    if (format == MN_FORMAT_OTHER) {
        status = mn_source_refuse(source, err);
        mn_source_close(source);
        return status;
    }
    void *block;
    status = mn_mem_new(&block, 1, sizeof(mn_input_t), err);
    if (status) {
        mn_source_close(source);
        return status;
    }
    mn_input_t *in = block;
    in->format = format;
    in->keep_n_runs = options->keep_n_runs;
    if (options->allow_missing_eof) mn_source_allow_missing_eof(source);
    if (format == MN_FORMAT_FASTA || format == MN_FORMAT_FASTQ)
        status = mn_fasta_open(source, options, &in->fasta, err);
    else
        status = mn_reads_open(source, options, &in->reads, err);
    if (!status)
        *out = in;
    else
        mn_input_close(in);
    return status;
}

void mn_input_close(mn_input_t *in) {
    if (!in) return;
    mn_fasta_close(in->fasta);
    mn_reads_close(in->reads);
    mn_mem_free(in);
}

const char *mn_input_format(const mn_input_t *in) {
    return mn_format_names[in->format];
}

mn_base_counts_t mn_input_counts(const mn_input_t *in) {
    mn_base_counts_t counts = in->counts;
    mn_base_counts_add(&counts, &in->record.counts);
    return counts;
}

mn_status_t mn_input_next(mn_input_t *in, const mn_record_t **record, mn_err_t *err) {
    *record = NULL;
    while (in->in_record) {
        mn_piece_t piece;
        mn_status_t status = mn_input_read(in, &piece, err);
        if (status) return status;
    }
    mn_base_counts_add(&in->counts, &in->record.counts);
    bool more;
    mn_status_t status = in->fasta ? mn_fasta_next(in->fasta, &in->record, &more, err)
                                   : mn_reads_next(in->reads, &in->record, &more, err);
    if (status || !more) {
        in->record = (mn_record_t){0};
        return status;
    }
    in->rest = (mn_piece_t){0};
    in->run = 0;
    in->in_record = true;
    *record = &in->record;
    return MN_OK;
}

double mn_input_part(const mn_input_t *in) {
    return in->fasta ? mn_fasta_part(in->fasta) : 0;
}

/* Cuts from rest the bases up to where a run of N gets too long. run: N at the end of what was given out. */
static void cut_piece(mn_input_t *in, mn_piece_t *piece) {
    const uint8_t *bases = in->rest.bases;
    int64_t n = in->rest.n, at = 0;
    while (at < n && in->run < MN_N_RUN) {
        if (bases[at] == MN_BASE_N) {
            at++;
            in->run++;
        } else {
            const uint8_t *next = memchr(bases + at, MN_BASE_N, (size_t)(n - at));
            at = next ? next - bases : n;
            in->run = 0;
        }
    }
    *piece = (mn_piece_t){bases, at, in->rest.start};
    if (in->run == MN_N_RUN) {
        int64_t from = at;
        while (at < n && bases[at] == MN_BASE_N) at++;
        in->record.counts.dropped += at - from;
        if (at < n) in->run = 0;
    }
    in->rest = (mn_piece_t){bases + at, n - at, in->rest.start + at};
}

mn_status_t mn_input_read(mn_input_t *in, mn_piece_t *piece, mn_err_t *err) {
    *piece = (mn_piece_t){0};
    while (in->in_record && !piece->n) {
        if (!in->rest.n) {
            mn_base_counts_t *counts = &in->record.counts;
            mn_status_t status = in->fasta ? mn_fasta_read(in->fasta, &in->rest, counts, err)
                                           : mn_reads_read(in->reads, &in->rest, counts, err);
            if (status) return status;
            if (!in->rest.n) {
                piece->start = in->rest.start;
                in->in_record = false;
                break;
            }
        }
        if (in->keep_n_runs) {
            *piece = in->rest;
            in->rest.n = 0;
        } else {
            cut_piece(in, piece);
        }
    }
    return MN_OK;
}

/* ---- whole files */

void mn_sequences_free(mn_sequences_t *sequences) {
    if (!sequences) return;
    for (int64_t i = 0; i < sequences->n; i++) {
        mn_mem_free(sequences->items[i].name);
        mn_mem_free(sequences->items[i].contig);
    }
    mn_mem_free(sequences->items);
    mn_mem_free(sequences->bases);
    mn_mem_free(sequences->gaps);
    mn_mem_free(sequences);
}

typedef struct mn_loader {
    mn_sequences_t *to;
    int64_t items_cap, bases_cap, gaps_cap;
} mn_loader_t;

static mn_status_t add_gap(mn_loader_t *loader, const mn_sequence_t *item, int64_t dropped, mn_err_t *err) {
    mn_sequences_t *to = loader->to;
    void *block = to->gaps;
    mn_status_t status = mn_mem_reserve(&block, &loader->gaps_cap, to->n_gaps + 1, sizeof *to->gaps, err);
    to->gaps = block;
    if (status) return status;
    if (to->n_gaps > item->gap) dropped += to->gaps[to->n_gaps - 1].dropped;
    to->gaps[to->n_gaps++] = (mn_gap_t){to->size, dropped};
    return MN_OK;
}

static mn_status_t load_record(mn_loader_t *loader, mn_input_t *in, const mn_record_t *record, int64_t file,
                               mn_err_t *err) {
    mn_sequences_t *to = loader->to;
    void *block = to->items;
    mn_status_t status = mn_mem_reserve(&block, &loader->items_cap, to->n + 1, sizeof *to->items, err);
    to->items = block;
    if (status) return status;
    mn_sequence_t *item = &to->items[to->n++];
    *item = (mn_sequence_t){.file = file, .start = record->start, .offset = to->size, .gap = to->n_gaps};
    status = mn_mem_string(&item->name, record->name, err);
    if (!status) status = mn_mem_string(&item->contig, record->contig, err);
    int64_t position = record->start;
    for (mn_piece_t piece = {.n = 1}; !status && piece.n;) {
        status = mn_input_read(in, &piece, err);
        if (status) break;
        if (piece.n && piece.start != position) status = add_gap(loader, item, piece.start - position, err);
        block = to->bases;
        if (!status) status = mn_mem_reserve(&block, &loader->bases_cap, to->size + piece.n, 1, err);
        to->bases = block;
        if (status) break;
        if (piece.n) memcpy(to->bases + to->size, piece.bases, (size_t)piece.n);
        to->size += piece.n;
        position = piece.start + piece.n;
    }
    item->length = to->size - item->offset;
    item->n_gaps = to->n_gaps - item->gap;
    item->counts = record->counts;
    mn_base_counts_add(&to->counts, &record->counts);
    return status;
}

mn_status_t mn_sequences_load(const char *const *paths, int64_t n_paths, const mn_input_options_t *options,
                              mn_sequences_t **out, mn_err_t *err) {
    void *block;
    *out = NULL;
    mn_status_t status = mn_mem_new(&block, 1, sizeof(mn_sequences_t), err);
    if (status) return status;
    mn_loader_t loader = {.to = block};
    if (n_paths > 1 && options->bed && mn_file_is_once(options->bed))
        status = mn_err_set(err, MN_USAGE, options->bed, "give a file",
                            "can be read but once, and is wanted for each input");
    for (int64_t file = 0; file < n_paths && !status; file++) {
        mn_input_t *in;
        const mn_record_t *record;
        status = mn_input_open(paths[file], options, &in, err);
        while (!status && !(status = mn_input_next(in, &record, err)) && record)
            status = load_record(&loader, in, record, file, err);
        mn_input_close(in);
    }
    if (!status && !loader.to->size)
        status = mn_err_set(err, MN_INPUT, n_paths ? paths[0] : NULL, "do filters or regions leave anything?",
                            "no base at all");
    if (!status)
        *out = loader.to;
    else
        mn_sequences_free(loader.to);
    return status;
}

int64_t mn_sequences_position(const mn_sequences_t *sequences, int64_t item, int64_t i) {
    const mn_sequence_t *sequence = &sequences->items[item];
    const mn_gap_t *gaps = sequences->gaps + sequence->gap;
    int64_t low = 0, high = sequence->n_gaps; /* gaps[low - 1] is the last at or before i */
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (gaps[middle].at <= sequence->offset + i)
            low = middle + 1;
        else
            high = middle;
    }
    return sequence->start + i + (low ? gaps[low - 1].dropped : 0);
}
