/* tokens: records as token ids in one buffer, each with its place on the contig. */
#include "pipelines/tokens.h"
#include "genomics/base/mem.h"
#include <string.h>

enum { PART = 4096 };

static mn_status_t reserve(mn_tokens_t *tokens, int64_t n, mn_err_t *err) {
    const int64_t need = tokens->used + n;
    mn_status_t status = mn_mem_reserve((void **)&tokens->ids, &tokens->ids_capacity, need, sizeof *tokens->ids, err);
    if (!status)
        status = mn_mem_reserve((void **)&tokens->positions, &tokens->positions_capacity, need,
                                sizeof *tokens->positions, err);
    return status;
}

mn_status_t mn_tokens_begin(mn_tokens_t *tokens, mn_input_t *in, const mn_record_t *record, mn_tokenizer_t tokenizer,
                            int32_t lead, mn_err_t *err) {
    tokens->in = in;
    tokens->stream = (mn_token_stream_t){.tokenizer = tokenizer};
    tokens->piece = (mn_piece_t){0};
    tokens->first = tokens->used;
    tokens->end = record->start;
    tokens->ended = false;
    mn_status_t status = reserve(tokens, 1, err);
    if (status || lead < 0) return status;
    tokens->positions[tokens->used] = record->start;
    tokens->ids[tokens->used++] = lead;
    return MN_OK;
}

/* Where base b stands, counted from the first that is not in a token yet: `held` come before the piece. */
static int64_t find_base(const mn_tokens_t *tokens, int64_t held, int64_t b) {
    return b < held ? tokens->held[b] : tokens->piece.start + b - held;
}

/* The next n bases of the piece; n = 0: the record's end. */
static void push(mn_tokens_t *tokens, int64_t n) {
    int32_t *ids = tokens->ids + tokens->used;
    const int64_t held = tokens->stream.held;
    int64_t base = 0, more = n ? mn_token_stream_push(&tokens->stream, tokens->piece.bases, n, ids)
                               : mn_token_stream_finish(&tokens->stream, ids);
    for (int64_t i = 0; i < more; base += mn_tokenizer_span(tokens->stream.tokenizer, ids[i++]))
        tokens->positions[tokens->used++] = find_base(tokens, held, base);
    for (int i = 0; i < tokens->stream.held; i++) tokens->held[i] = find_base(tokens, held, base + i);
    if (!n) return;
    tokens->piece.bases += n;
    tokens->piece.start += n;
    tokens->piece.n -= n;
    tokens->end = tokens->piece.start;
}

mn_status_t mn_tokens_read(mn_tokens_t *tokens, int64_t most, mn_err_t *err) {
    mn_status_t status = MN_OK;
    while (!status && !tokens->ended && tokens->used - tokens->first < most) {
        if (!tokens->piece.n) status = mn_input_read(tokens->in, &tokens->piece, err);
        if (!status) status = reserve(tokens, PART + MN_KMER_MAX, err);
        if (status) break;
        tokens->ended = tokens->piece.n == 0;
        push(tokens, tokens->piece.n < PART ? tokens->piece.n : PART);
    }
    return status;
}

void mn_tokens_drop(mn_tokens_t *tokens, int64_t n) {
    if (!n) return;
    tokens->used -= n;
    tokens->first = tokens->first > n ? tokens->first - n : 0;
    memmove(tokens->ids, tokens->ids + n, (size_t)tokens->used * sizeof *tokens->ids);
    memmove(tokens->positions, tokens->positions + n, (size_t)tokens->used * sizeof *tokens->positions);
}

void mn_tokens_done(mn_tokens_t *tokens) {
    mn_mem_free(tokens->ids);
    mn_mem_free(tokens->positions);
    *tokens = (mn_tokens_t){0};
}
