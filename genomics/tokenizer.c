/* tokenizer: nucleotide and kmer:K, whole sequences and streams. */
#include "genomics/tokenizer.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

mn_status_t mn_tokenizer_parse(const char *text, mn_status_t status, const char *where, mn_tokenizer_t *out,
                               mn_err_t *err) {
    int k = 0;
    if (!strncmp(text, "kmer:", 5) && text[5]) {
        for (const char *c = text + 5; *c; c++)
            k = *c < '0' || *c > '9' || k > MN_KMER_MAX ? MN_KMER_MAX + 1 : k * 10 + (*c - '0');
        if (k < 1 || k > MN_KMER_MAX)
            return mn_err_set(err, status, where, NULL, "tokenizer '%.32s': K must be 1 to %d", text, MN_KMER_MAX);
    } else if (strcmp(text, "nucleotide")) {
        return mn_err_set(err, status, where, "use nucleotide, or kmer:6", "unknown tokenizer '%.32s'", text);
    }
    out->k = k;
    return MN_OK;
}

void mn_tokenizer_name(mn_tokenizer_t tokenizer, char out[MN_TOKENIZER_NAME]) {
    if (tokenizer.k)
        snprintf(out, MN_TOKENIZER_NAME, "kmer:%d", tokenizer.k);
    else
        snprintf(out, MN_TOKENIZER_NAME, "nucleotide");
}

int64_t mn_tokenizer_vocab(mn_tokenizer_t tokenizer) {
    return MN_IDS + (tokenizer.k ? (int64_t)1 << 2 * tokenizer.k : 0);
}

void mn_tokenizer_ignore(mn_tokenizer_t tokenizer, uint8_t *ignore) {
    memset(ignore, 0, (size_t)mn_tokenizer_vocab(tokenizer));
    memset(ignore + MN_BASE_N, 1, MN_IDS - MN_BASE_N);
}

int64_t mn_tokenizer_span(mn_tokenizer_t tokenizer, int32_t id) {
    if (id < 0 || id >= mn_tokenizer_vocab(tokenizer)) return 0;
    return id >= MN_IDS ? tokenizer.k : id <= MN_BASE_N;
}

/* K bases as one word, or base by base where one is N. */
static int64_t encode_word(int k, const uint8_t *bases, int32_t *ids) {
    int32_t word = 0;
    uint8_t seen = 0;
    for (int i = 0; i < k; i++) {
        word = word << 2 | (bases[i] & 3);
        seen |= bases[i];
    }
    if (seen <= MN_BASE_T) {
        *ids = MN_IDS + word;
        return 1;
    }
    for (int i = 0; i < k; i++) ids[i] = bases[i];
    return k;
}

int64_t mn_tokenizer_encode(mn_tokenizer_t tokenizer, const uint8_t *bases, int64_t n, int32_t *ids) {
    mn_token_stream_t stream = {.tokenizer = tokenizer};
    int64_t size = mn_token_stream_push(&stream, bases, n, ids);
    return size + mn_token_stream_finish(&stream, ids + size);
}

int64_t mn_tokenizer_decode(mn_tokenizer_t tokenizer, const int32_t *ids, int64_t n, uint8_t *bases) {
    int64_t size = 0, vocab = mn_tokenizer_vocab(tokenizer);
    for (int64_t i = 0; i < n; i++) {
        if (ids[i] < 0 || ids[i] >= vocab) return -1 - i;
        if (ids[i] >= MN_IDS) {
            int32_t word = ids[i] - MN_IDS;
            for (int j = tokenizer.k - 1; j >= 0; j--, word >>= 2) bases[size + j] = word & 3;
            size += tokenizer.k;
        } else if (ids[i] <= MN_BASE_N) {
            bases[size++] = (uint8_t)ids[i];
        }
    }
    return size;
}

int64_t mn_token_stream_push(mn_token_stream_t *stream, const uint8_t *bases, int64_t n, int32_t *ids) {
    int k = stream->tokenizer.k;
    int64_t size = 0, i = 0;
    if (!k) {
        for (; i < n; i++) ids[i] = bases[i];
        return n;
    }
    if (stream->held) {
        while (stream->held < k && i < n) stream->word[stream->held++] = bases[i++];
        if (stream->held < k) return 0;
        size = encode_word(k, stream->word, ids);
    }
    for (; n - i >= k; i += k) size += encode_word(k, bases + i, ids + size);
    stream->held = (int)(n - i);
    memcpy(stream->word, bases + i, (size_t)stream->held);
    return size;
}

int64_t mn_token_stream_finish(mn_token_stream_t *stream, int32_t *ids) {
    int64_t size = stream->held;
    assert(size <= MN_KMER_MAX);
    for (int64_t i = 0; i < size; i++) ids[i] = stream->word[i];
    stream->held = 0;
    return size;
}
