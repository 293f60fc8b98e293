/* tokenizer: base ids to token ids and back.
 *
 * nucleotide: token = base id; vocabulary 9.
 * kmer:K:     words of K bases without overlap, counted from the record's first base: token 9 + sum base[i] 4^(K-1-i).
 *             A word that holds N, and the tail shorter than K, are written base by base. Vocabulary 9 + 4^K.
 * A tokenizer adds no marks: callers put MN_ID_BOS before each record. A reverse complement is taken on bases first. */
#ifndef MN_TOKENIZER_H
#define MN_TOKENIZER_H
#include "genomics/alphabet.h"
#include "genomics/base/err.h"

enum { MN_KMER_MAX = 12, MN_TOKENIZER_NAME = 16 };

/* A plain value; {0} is the nucleotide tokenizer. */
typedef struct mn_tokenizer {
    int k; /* 0: nucleotide */
} mn_tokenizer_t;

/* "nucleotide" or "kmer:K", K 1..12. status is MN_USAGE or MN_MODEL: what to report; where may be NULL. */
mn_status_t mn_tokenizer_parse(const char *text, mn_status_t status, const char *where, mn_tokenizer_t *out,
                               mn_err_t *err);
void mn_tokenizer_name(mn_tokenizer_t tokenizer, char out[MN_TOKENIZER_NAME]);
int64_t mn_tokenizer_vocab(mn_tokenizer_t tokenizer);

/* ignore[id] = 1 for ids that are never a target: N, PAD, BOS, EOS, MASK. ignore: (vocab). */
void mn_tokenizer_ignore(mn_tokenizer_t tokenizer, uint8_t *ignore);

/* Bases that a token stands for: K for a word, 1 for a single base (N too), 0 for a mark or an id out of range. */
int64_t mn_tokenizer_span(mn_tokenizer_t tokenizer, int32_t id);

/* One whole sequence. bases: (n) ids 0..4; ids: room for n. Returns the number of tokens, <= n. */
int64_t mn_tokenizer_encode(mn_tokenizer_t tokenizer, const uint8_t *bases, int64_t n, int32_t *ids);

/* The bases of n tokens, marks left out; bases: room for n * max(1, K). Returns the number of bases, or -1 - i when
 * ids[i] is not in the vocabulary. */
int64_t mn_tokenizer_decode(mn_tokenizer_t tokenizer, const int32_t *ids, int64_t n, uint8_t *bases);

/* The same in pieces of any size: {.tokenizer = t} begins a sequence; push needs room for n + K - 1 ids and finish (the
 * tail; ready for the next sequence) for K - 1. Both return the number of tokens written. */
typedef struct mn_token_stream {
    mn_tokenizer_t tokenizer;
    int held;
    uint8_t word[MN_KMER_MAX];
} mn_token_stream_t;

int64_t mn_token_stream_push(mn_token_stream_t *stream, const uint8_t *bases, int64_t n, int32_t *ids);
int64_t mn_token_stream_finish(mn_token_stream_t *stream, int32_t *ids);

#endif
