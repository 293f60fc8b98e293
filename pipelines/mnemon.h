/* mnemon: a Titans long-term memory model over DNA, as a C library.
 *
 *     mn_err_t err;
 *     mn_net_t *net;
 *     if (mn_net_load("model.safetensors", &net, &err)) ...
 *     const char *sequence = "ACGT...";
 *     int64_t length = 4;
 *     mn_net_predict(net, &sequence, &length, 1, NULL, probabilities, &err);
 *     mn_net_free(net);
 *
 * Sequences are text: A C G T (U is T), IUPAC codes (read as N), either case; no NUL is needed or looked for. Lengths are
 * in bases or tokens, arrays are row-major, numbers are float.
 * Errors: every function that can fail returns a status, MN_OK being 0, and fills *err (NULL is allowed) with place,
 * reason and remedy; it never prints or exits. What it was to write may then be partly written, handles are NULL.
 * Option structs begin with their size, all else zero is the default: mn_x_options_t o = {.size = sizeof o}; NULL
 * stands for that. Owner: a handle is the caller's, until its free or close (which accept NULL); texts and arrays that are
 * handed out stay the handle's.
 * Threads: a handle is for one thread at a time; work inside is spread over the threads of mn_threads_set. Results
 * do not depend on their number. */
#ifndef MNEMON_H
#define MNEMON_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "genomics/base/err.h"

/* "X.Y.Z". */
MN_API const char *mn_version(void);
/* n < 1: what affinity, control group and OMP_NUM_THREADS allow, as at the start. */
MN_API void mn_threads_set(int n);

/* ---- reading sequence files */

typedef struct mn_reader mn_reader_t;

typedef struct mn_reader_options {
    size_t size;
    int mask_lowercase;           /* lower case reads as N */
    int invalid;                  /* a byte that is no nucleotide code: 0 is an error, 1 reads as N, 2 is left out */
    const char *const *regions;   /* of an indexed file: contig or contig:beg-end, 1-based inclusive */
    int64_t n_regions;            /* 0: everything */
    const char *bed;              /* a BED file of regions */
    uint32_t require_flags;       /* SAM reads with all of these flags */
    uint32_t exclude_flags;       /* and none of these, nor (see keep_flags) secondary, QC-fail, duplicate, supplementary */
    int keep_flags;               /* 1: none but exclude_flags are left out */
    int min_mapq;
    const char *reference;        /* the FASTA of a CRAM */
    int allow_missing_eof;        /* 1: a BAM without its last block is read as far as it goes */
} mn_reader_options_t;

/* FASTA or FASTQ (plain, gzip, BGZF), SAM, BAM or CRAM, told by content; "-" is stdin. Texts in options must live as long as
 * the reader. Errors: MN_INPUT with the place in the file, MN_IO, MN_USAGE for options that do not fit the file. */
MN_API mn_status_t mn_reader_open(const char *path, const mn_reader_options_t *options, mn_reader_t **out,
                                  mn_err_t *err);
MN_API void mn_reader_close(mn_reader_t *reader);
/* *name: of the next record, read or region, until the next call; NULL after the last. Unread bases are passed over. */
MN_API mn_status_t mn_reader_next(mn_reader_t *reader, const char **name, mn_err_t *err);
/* The record's next bases, letters A C G T N, into bases[0..room); *n of them, 0 at its end. A run of N longer than 32 is
 * read as 32, as in training. Memory is bounded whatever the record's length. */
MN_API mn_status_t mn_reader_read(mn_reader_t *reader, char *bases, int64_t room, int64_t *n, mn_err_t *err);

/* Token ids of `length` bases into ids (room for length + 1), *n of them. tokenizer: "nucleotide" or "kmer:K". ids[0] is the
 * mark that begins a record; leave it out where a record goes on. Errors: MN_INPUT for a letter that is no nucleotide
 * code, MN_USAGE. */
MN_API mn_status_t mn_tokenize(const char *tokenizer, const char *bases, int64_t length, int32_t *ids, int64_t *n,
                               mn_err_t *err);

/* ---- models */

typedef struct mn_net mn_net_t;

/* A model file as written by mnemon pretrain, mnemon finetune or mn_net_save: from its path, or from its bytes, which are
 * not needed afterwards. The path "builtin:NAME" is one of the models that come with mnemon (mnemon info builtin:), looked
 * for in the folders of the environment variable MNEMON_MODELS, else where mnemon was installed. Everything is checked,
 * digests included. Errors: MN_INPUT when it cannot be opened, MN_MODEL. */
MN_API mn_status_t mn_net_load(const char *path, mn_net_t **out, mn_err_t *err);
MN_API mn_status_t mn_net_load_memory(const void *data, int64_t size, mn_net_t **out, mn_err_t *err);
MN_API void mn_net_free(mn_net_t *net);
/* Whole or not at all. Errors: MN_IO. */
MN_API mn_status_t mn_net_save(const mn_net_t *net, const char *path, mn_err_t *err);

typedef struct mn_net_facts {
    size_t size;
    int64_t dim, layers, vocab, parameters;
    int64_t classes;            /* 0: the model was not fine-tuned and cannot predict */
    const char *const *labels;  /* (classes) */
    const char *tokenizer;      /* for mn_tokenize */
    const char *command;        /* that made the model */
} mn_net_facts_t;

/* Fills the first facts->size bytes, which the caller has set. */
MN_API void mn_net_describe(const mn_net_t *net, mn_net_facts_t *facts);

typedef struct mn_predict_options {
    size_t size;
    int strands; /* 0: as the model was fine-tuned, 1: the mean over both strands, -1: the sequence as it stands */
} mn_predict_options_t;

/* Class probabilities of n sequences of lengths[i] >= 1 bases into probabilities (n, classes); each row's sum is 1.
 * Errors: MN_MODEL for a model without classes, MN_INPUT for an empty sequence or a bad letter, MN_USAGE for lengths whose sum
 * cannot be counted, MN_DIVERGED for probabilities that are not finite, MN_FAILED for no memory. */
MN_API mn_status_t mn_net_predict(mn_net_t *net, const char *const *sequences, const int64_t *lengths, int64_t n,
                                  const mn_predict_options_t *options, float *probabilities, mn_err_t *err);

typedef struct mn_embed_options {
    size_t size;
    int64_t layer; /* rows after this layer, counted from 1; 0: after the last one and its norm; -1: the embedding */
} mn_embed_options_t;

/* Mean of the rows of each sequence's tokens, its beginning mark included, into embeddings (n, dim). Errors: as
 * mn_net_predict, MN_USAGE for a layer that is not there. */
MN_API mn_status_t mn_net_embed(mn_net_t *net, const char *const *sequences, const int64_t *lengths, int64_t n,
                                const mn_embed_options_t *options, float *embeddings, mn_err_t *err);

/* What sequences and streams begun from now on start with: the memories in a file of mn_stream_save_memory or mnemon
 * perplexity --memory-out (NULL: the learned ones); and whether, until the next call, all that is read goes without
 * learning from it (frozen not 0). Errors: MN_INPUT when the file cannot be opened, MN_MODEL when it is damaged or belongs
 * to another model; the net is then as it was. */
MN_API mn_status_t mn_net_remember(mn_net_t *net, const char *path, int frozen, mn_err_t *err);

/* ---- streams: one sequence of any length, piece after piece, in bounded memory; how it is cut changes no bit. */

typedef struct mn_stream mn_stream_t;

/* At the start of a sequence. The net must outlive the stream. */
MN_API mn_status_t mn_stream_new(mn_net_t *net, mn_stream_t **out, mn_err_t *err);
MN_API void mn_stream_free(mn_stream_t *stream);
/* Back to the start of a sequence. */
MN_API void mn_stream_reset(mn_stream_t *stream);
/* Reads the next n tokens (mn_tokenize). hidden: (n, dim), the rows after `layer` (as in mn_embed_options_t); logits:
 * (n, vocab), row t scores what follows ids[t]; both may be NULL. Errors: MN_USAGE for an id outside the vocabulary or a
 * layer that is not there, before anything is read; MN_FAILED for no memory, after which only reset and free are of use. */
MN_API mn_status_t mn_stream_push(mn_stream_t *stream, const int32_t *ids, int64_t n, int64_t layer, float *hidden,
                                  float *logits, mn_err_t *err);

/* The stream's whole state, to go on from later or elsewhere with the same model: mn_stream_size numbers, and its
 * position: the rows that the memories have seen. Errors of set: MN_USAGE for numbers that are not finite or a negative
 * position. */
MN_API int64_t mn_stream_size(const mn_stream_t *stream);
MN_API void mn_stream_get(const mn_stream_t *stream, float *state, int64_t *position);
MN_API mn_status_t mn_stream_set(mn_stream_t *stream, const float *state, int64_t position, mn_err_t *err);

/* The same as a file, digested and tied to the model. next: an id that belongs to the stream and is still to be pushed, kept
 * with it; -1: none. mnemon perplexity has its last token there, which scores the base that follows. Errors: MN_USAGE
 * for another number, MN_IO; of load those of mn_net_remember, the stream as it was. */
MN_API mn_status_t mn_stream_save(const mn_stream_t *stream, const char *path, int32_t next, mn_err_t *err);
MN_API mn_status_t mn_stream_load(mn_stream_t *stream, const char *path, int32_t *next, mn_err_t *err);
/* Only what was memorised up to the last push, for mn_net_remember. Errors: MN_USAGE when nothing was pushed since the
 * stream was made, reset, set or loaded; MN_IO. */
MN_API mn_status_t mn_stream_save_memory(const mn_stream_t *stream, const char *path, mn_err_t *err);

#ifdef __cplusplus
}
#endif
#endif
