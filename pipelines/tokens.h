/* tokens: records as token ids in one buffer, each with its place on the contig. */
#ifndef MN_TOKENS_H
#define MN_TOKENS_H
#include "genomics/input.h"
#include "genomics/tokenizer.h"

/* ids[first .. used) are of the record being read; what a caller keeps of earlier records stands before. */
typedef struct mn_tokens {
    int32_t *ids;       /* owned, as the next: mn_tokens_done */
    int64_t *positions; /* of each token's first base, 0-based; of an id that stands for none: the record's start */
    int64_t used, first, ids_capacity, positions_capacity;
    int64_t end; /* just beyond the last base read */
    bool ended;  /* the record has been read to its end */
    mn_input_t *in;
    mn_token_stream_t stream;
    int64_t held[MN_KMER_MAX]; /* positions of the bases that the stream holds */
    mn_piece_t piece;          /* what is not yet tokens */
} mn_tokens_t;

/* Begins the record that mn_input_next has given, behind what is there: with `lead`, the id that comes before its first
 * base, or none where lead < 0. */
mn_status_t mn_tokens_begin(mn_tokens_t *tokens, mn_input_t *in, const mn_record_t *record, mn_tokenizer_t tokenizer,
                            int32_t lead, mn_err_t *err);
/* Reads until `most` ids of the record stand there, or a few thousand more, or it ends. */
mn_status_t mn_tokens_read(mn_tokens_t *tokens, int64_t most, mn_err_t *err);
/* Takes the first n ids out. */
void mn_tokens_drop(mn_tokens_t *tokens, int64_t n);
void mn_tokens_done(mn_tokens_t *tokens);

#endif
