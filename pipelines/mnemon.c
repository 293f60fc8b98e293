/* mnemon: the public library: handles and option structs around input, tokenizer, engine and model. */
#include "pipelines/mnemon.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/input.h"
#include "genomics/tokenizer.h"
#include "pipelines/builtin.h"
#include "pipelines/engine.h"
#include "pipelines/score.h"
#include "titans/stream_file.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *mn_version(void) {
    return MN_VERSION;
}

void mn_threads_set(int n) {
    mn_par_set_threads(n < 1 ? mn_par_default_threads() : n);
}

/* A caller's options over zeros. A caller built with a later header has more fields: they must be zero. */
static mn_status_t take_options(void *to, size_t size, const void *from, mn_err_t *err) {
    if (!from) return MN_OK;
    size_t given;
    memcpy(&given, from, sizeof given);
    const char *bytes = from;
    bool fits = given >= sizeof given;
    for (size_t i = size; fits && i < given; i++) fits = bytes[i] == 0;
    if (!fits)
        return mn_err_set(err, MN_USAGE, "options", "set size to sizeof of the struct, all else to zero or its meaning",
                          "the options have size %zu, this library knows %zu", given, size);
    memcpy(to, from, given < size ? given : size);
    return MN_OK;
}

/* ---- reading */

struct mn_reader {
    mn_input_t *input;
    mn_piece_t piece; /* what of the last piece is not yet handed out */
};

mn_status_t mn_reader_open(const char *path, const mn_reader_options_t *options, mn_reader_t **out, mn_err_t *err) {
    mn_reader_options_t o = {0};
    mn_input_options_t input = mn_input_options_default();
    void *reader;
    *out = NULL;
    mn_status_t status = take_options(&o, sizeof o, options, err);
    if (!status && (o.invalid < MN_INVALID_ERROR || o.invalid > MN_INVALID_SKIP))
        status = mn_err_set(err, MN_USAGE, "options", NULL, "invalid is %d, expected 0 to 2", o.invalid);
    if (!status) status = mn_mem_new(&reader, 1, sizeof **out, err);
    if (status) return status;
    input.mask_lowercase = o.mask_lowercase != 0;
    input.invalid = o.invalid;
    input.regions = o.regions;
    input.n_regions = o.n_regions;
    input.bed = o.bed;
    input.require_flags = o.require_flags;
    input.exclude_flags = o.exclude_flags | (o.keep_flags ? 0 : input.exclude_flags);
    input.min_mapq = o.min_mapq;
    input.reference = o.reference;
    input.allow_missing_eof = o.allow_missing_eof != 0;
    status = mn_input_open(path, &input, &((mn_reader_t *)reader)->input, err);
    if (status)
        mn_mem_free(reader);
    else
        *out = reader;
    return status;
}

void mn_reader_close(mn_reader_t *reader) {
    if (!reader) return;
    mn_input_close(reader->input);
    mn_mem_free(reader);
}

mn_status_t mn_reader_next(mn_reader_t *reader, const char **name, mn_err_t *err) {
    const mn_record_t *record = NULL;
    mn_status_t status = mn_input_next(reader->input, &record, err);
    reader->piece = (mn_piece_t){0};
    *name = !status && record ? record->name : NULL;
    return status;
}

mn_status_t mn_reader_read(mn_reader_t *reader, char *bases, int64_t room, int64_t *n, mn_err_t *err) {
    mn_piece_t *piece = &reader->piece;
    for (*n = 0; *n < room;) {
        if (!piece->n) {
            mn_status_t status = mn_input_read(reader->input, piece, err);
            if (status || !piece->n) return status;
        }
        int64_t part = piece->n < room - *n ? piece->n : room - *n;
        for (int64_t i = 0; i < part; i++) bases[*n + i] = mn_base_letter(piece->bases[i]);
        *n += part;
        piece->bases += part;
        piece->n -= part;
    }
    return MN_OK;
}

/* Base ids of a text; ids: room for length. */
static mn_status_t read_letters(const char *text, int64_t length, const char *where, uint8_t *ids, mn_err_t *err) {
    uint8_t table[256];
    mn_base_counts_t counts = {0};
    int64_t used = 0;
    mn_alphabet_table(false, MN_INVALID_ERROR, table);
    int64_t n = mn_bases_from_text(text, length, table, ids, &counts, &used);
    if (n == length) return MN_OK;
    for (used = 0; used < length && table[(unsigned char)text[used]] < MN_CODE_BLANK;) used++;
    return mn_err_set(err, MN_INPUT, where, NULL, "byte %d at base %lld is no nucleotide code",
                      (unsigned char)text[used], (long long)used + 1);
}

mn_status_t mn_tokenize(const char *tokenizer, const char *bases, int64_t length, int32_t *ids, int64_t *n,
                        mn_err_t *err) {
    mn_tokenizer_t how;
    void *numbers = NULL;
    *n = 0;
    mn_status_t status = mn_tokenizer_parse(tokenizer, MN_USAGE, "tokenizer", &how, err);
    if (!status) status = mn_mem_new(&numbers, length, 1, err);
    if (!status) status = read_letters(bases, length, "sequence", numbers, err);
    if (!status) {
        ids[0] = MN_ID_BOS;
        *n = 1 + mn_tokenizer_encode(how, numbers, length, ids + 1);
    }
    mn_mem_free(numbers);
    return status;
}

/* ---- models */

struct mn_net {
    mn_engine_t engine;
};

/* Either of path and data. */
static mn_status_t load(const char *path, const void *data, int64_t size, mn_net_t **out, mn_err_t *err) {
    void *net;
    *out = NULL;
    mn_status_t status = mn_mem_new(&net, 1, sizeof **out, err);
    if (status) return status;
    mn_engine_t *engine = &((mn_net_t *)net)->engine;
    char *file = NULL;
    if (path) status = mn_builtin_path(path, &file, err);
    if (!status)
        status = path ? mn_engine_open(&(mn_engine_use_t){.model = file}, false, engine, err)
                      : mn_engine_open_memory(data, size, "model in memory", engine, err);
    mn_mem_free(file);
    if (status)
        mn_mem_free(net);
    else
        *out = net;
    return status;
}

mn_status_t mn_net_load(const char *path, mn_net_t **out, mn_err_t *err) {
    return load(path, NULL, 0, out, err);
}

mn_status_t mn_net_load_memory(const void *data, int64_t size, mn_net_t **out, mn_err_t *err) {
    return load(NULL, data, size, out, err);
}

void mn_net_free(mn_net_t *net) {
    if (!net) return;
    mn_engine_done(&net->engine);
    mn_mem_free(net);
}

mn_status_t mn_net_save(const mn_net_t *net, const char *path, mn_err_t *err) {
    return mn_model_save(path, net->engine.model, &net->engine.info, err);
}

void mn_net_describe(const mn_net_t *net, mn_net_facts_t *facts) {
    const mn_config_t *config = &net->engine.model->config;
    const mn_net_facts_t all = {.size = facts->size,
                                .dim = config->dim,
                                .layers = config->layers,
                                .vocab = config->vocab,
                                .parameters = mn_config_parameters(config),
                                .classes = config->classes,
                                .labels = (const char *const *)net->engine.info.labels,
                                .tokenizer = net->engine.info.tokenizer,
                                .command = net->engine.info.command};
    memcpy(facts, &all, facts->size < sizeof all ? facts->size : sizeof all);
}

/* The sequences' base ids, one after another. Owner of both arrays: the caller. */
static mn_status_t read_sequences(const char *const *sequences, const int64_t *lengths, int64_t n, uint8_t **bases,
                                  const uint8_t ***starts, mn_err_t *err) {
    int64_t total = 0;
    void *block = NULL, *list = NULL;
    mn_status_t status = mn_mem_new(&list, n, sizeof **starts, err);
    for (int64_t i = 0; !status && i < n; i++) {
        if (lengths[i] < 1)
            status = mn_err_set(err, MN_INPUT, NULL, NULL, "sequence %lld is empty", (long long)i + 1);
        else if ((total = mn_mem_add(total, lengths[i])) < 0)
            status = mn_err_set(err, MN_USAGE, NULL, NULL, "the lengths are beyond counting");
    }
    if (!status) status = mn_mem_new(&block, total, 1, err);
    uint8_t *at = block;
    for (int64_t i = 0; !status && i < n; at += lengths[i++]) {
        char where[48];
        snprintf(where, sizeof where, "sequence %lld", (long long)i + 1);
        ((const uint8_t **)list)[i] = at;
        status = read_letters(sequences[i], lengths[i], where, at, err);
    }
    *bases = block;
    *starts = list;
    return status;
}

mn_status_t mn_net_predict(mn_net_t *net, const char *const *sequences, const int64_t *lengths, int64_t n,
                           const mn_predict_options_t *options, float *probabilities, mn_err_t *err) {
    mn_engine_t *engine = &net->engine;
    mn_predict_options_t o = {0};
    uint8_t *bases = NULL;
    const uint8_t **starts = NULL;
    mn_status_t status = take_options(&o, sizeof o, options, err);
    if (!status && !engine->model->config.classes)
        status = mn_err_set(err, MN_MODEL, NULL, "fine-tune it first: mnemon finetune", "the model has no classes");
    if (!status) status = read_sequences(sequences, lengths, n, &bases, &starts, err);
    bool strands = mn_engine_rc(engine, o.strands > 0 ? MN_RC_ON : o.strands < 0 ? MN_RC_OFF : MN_RC_MODEL);
    if (!status)
        status = mn_score_classes(engine->model, engine->work, engine->tokenizer, strands, starts, lengths, n,
                                  probabilities, err);
    mn_mem_free(bases);
    mn_mem_free(starts);
    return status;
}

/* The library counts the embedding as -1 and the end as 0, so that zero is the default; the model the other way round.
 */
static mn_status_t turn_layer(const mn_net_t *net, int64_t layer, int64_t *out, mn_err_t *err) {
    int64_t layers = net->engine.model->config.layers;
    if (layer < -1 || layer > layers)
        return mn_err_set(err, MN_USAGE, "layer", NULL, "%lld, expected -1 to %lld", (long long)layer,
                          (long long)layers);
    *out = layer > 0 ? layer : -1 - layer;
    return MN_OK;
}

static void copy_floats(float *to, const mn_real_t *from, int64_t n) {
    for (int64_t i = 0; i < n; i++) to[i] = (float)from[i];
}

/* Mean rows of one sequence into row (D). */
static mn_status_t embed_one(mn_engine_t *engine, const uint8_t *bases, int64_t length, int64_t layer, int32_t *ids,
                             mn_real_t *row, mn_err_t *err) {
    ids[0] = MN_ID_BOS;
    mn_sample_t sample = {.ids = ids, .length = 1 + mn_tokenizer_encode(engine->tokenizer, bases, length, ids + 1)};
    mn_output_t output = {.pooled = row, .layer = layer, .next = -1};
    return mn_model_forward(engine->model, engine->work, &sample, 1, &output, err);
}

mn_status_t mn_net_embed(mn_net_t *net, const char *const *sequences, const int64_t *lengths, int64_t n,
                         const mn_embed_options_t *options, float *embeddings, mn_err_t *err) {
    mn_engine_t *engine = &net->engine;
    mn_embed_options_t o = {0};
    int64_t dim = engine->model->config.dim, layer = 0, longest = 0;
    uint8_t *bases = NULL;
    const uint8_t **starts = NULL;
    void *ids = NULL, *row = NULL;
    mn_status_t status = take_options(&o, sizeof o, options, err);
    if (!status) status = turn_layer(net, o.layer, &layer, err);
    if (!status) status = read_sequences(sequences, lengths, n, &bases, &starts, err);
    for (int64_t i = 0; !status && i < n; i++)
        if (lengths[i] > longest) longest = lengths[i];
    if (!status) status = mn_mem_new(&ids, longest + 1, sizeof(int32_t), err);
    if (!status) status = mn_mem_new(&row, dim, sizeof(mn_real_t), err);
    for (int64_t i = 0; !status && i < n; i++) {
        status = embed_one(engine, starts[i], lengths[i], layer, ids, row, err);
        if (!status) copy_floats(embeddings + i * dim, row, dim);
    }
    mn_mem_free(ids);
    mn_mem_free(row);
    mn_mem_free(bases);
    mn_mem_free(starts);
    return status;
}

mn_status_t mn_net_remember(mn_net_t *net, const char *path, int frozen, mn_err_t *err) {
    return mn_engine_remember(&net->engine, path, frozen != 0, err);
}

/* ---- streams */

struct mn_stream {
    mn_net_t *net;
    mn_state_t *state;
    int64_t piece;              /* tokens of a pass, so that the two below stay small */
    mn_real_t *hidden, *logits; /* (piece, D), (piece, V) */
    mn_real_t *memories;        /* after the last push */
    bool pushed;                /* there was one */
};

mn_status_t mn_stream_new(mn_net_t *net, mn_stream_t **out, mn_err_t *err) {
    enum { NUMBERS = 1 << 20 };
    const mn_config_t *config = &net->engine.model->config;
    void *block, *hidden = NULL, *logits = NULL, *memories = NULL;
    *out = NULL;
    mn_status_t status = mn_mem_new(&block, 1, sizeof **out, err);
    if (status) return status;
    mn_stream_t *stream = block;
    int64_t widest = config->dim > config->vocab ? config->dim : config->vocab;
    stream->net = net;
    stream->piece = NUMBERS / widest; /* at least 16: neither is above 65,536 */
    status = mn_state_new(net->engine.model, &stream->state, err);
    if (!status) status = mn_mem_new(&hidden, stream->piece * config->dim, sizeof(mn_real_t), err);
    if (!status) status = mn_mem_new(&logits, stream->piece * config->vocab, sizeof(mn_real_t), err);
    if (!status) status = mn_mem_new(&memories, mn_memories_size(net->engine.model), sizeof(mn_real_t), err);
    stream->hidden = hidden;
    stream->logits = logits;
    stream->memories = memories;
    if (status)
        mn_stream_free(stream);
    else
        *out = stream;
    return status;
}

void mn_stream_free(mn_stream_t *stream) {
    if (!stream) return;
    mn_state_free(stream->state);
    mn_mem_free(stream->hidden);
    mn_mem_free(stream->logits);
    mn_mem_free(stream->memories);
    mn_mem_free(stream);
}

void mn_stream_reset(mn_stream_t *stream) {
    mn_state_reset(stream->state);
    stream->pushed = false;
}

mn_status_t mn_stream_push(mn_stream_t *stream, const int32_t *ids, int64_t n, int64_t layer, float *hidden,
                           float *logits, mn_err_t *err) {
    mn_engine_t *engine = &stream->net->engine;
    int64_t D = engine->model->config.dim, V = engine->model->config.vocab;
    mn_output_t output = {.hidden = hidden ? stream->hidden : NULL,
                          .logits = logits ? stream->logits : NULL,
                          .memories = stream->memories,
                          .next = -1};
    mn_status_t status = turn_layer(stream->net, layer, &output.layer, err);
    for (int64_t i = 0; !status && i < n; i++)
        if (ids[i] < 0 || ids[i] >= V)
            status = mn_err_set(err, MN_USAGE, "ids", NULL, "token %lld has id %d, the vocabulary has %lld",
                                (long long)i, (int)ids[i], (long long)V);
    for (int64_t done = 0, part; !status && done < n; done += part) {
        part = n - done < stream->piece ? n - done : stream->piece;
        mn_sample_t sample = {.ids = ids + done, .length = part, .state = stream->state};
        status = mn_model_forward(engine->model, engine->work, &sample, 1, &output, err);
        if (!status) stream->pushed = true;
        if (!status && hidden) copy_floats(hidden + done * D, stream->hidden, part * D);
        if (!status && logits) copy_floats(logits + done * V, stream->logits, part * V);
    }
    return status;
}

int64_t mn_stream_size(const mn_stream_t *stream) {
    return mn_state_size(stream->net->engine.model);
}

void mn_stream_get(const mn_stream_t *stream, float *state, int64_t *position) {
    copy_floats(state, mn_state_block(stream->state), mn_stream_size(stream));
    *position = *mn_state_position(stream->state);
}

mn_status_t mn_stream_set(mn_stream_t *stream, const float *state, int64_t position, mn_err_t *err) {
    int64_t n = mn_stream_size(stream);
    bool fits = mn_state_valid(stream->net->engine.model, position);
    for (int64_t i = 0; fits && i < n; i++) fits = isfinite(state[i]) != 0;
    if (!fits) return mn_err_set(err, MN_USAGE, "state", NULL, "not a state that mn_stream_get has given");
    mn_real_t *block = mn_state_block(stream->state);
    for (int64_t i = 0; i < n; i++) block[i] = (mn_real_t)state[i];
    *mn_state_position(stream->state) = position;
    stream->pushed = false;
    return MN_OK;
}

mn_status_t mn_stream_save(const mn_stream_t *stream, const char *path, int32_t next, mn_err_t *err) {
    const int64_t V = stream->net->engine.model->config.vocab;
    if (next < -1 || next >= V)
        return mn_err_set(err, MN_USAGE, "next", NULL, "id %d, the vocabulary has %lld", (int)next, (long long)V);
    return mn_state_save(path, stream->net->engine.model, stream->state, next, err);
}

mn_status_t mn_stream_load(mn_stream_t *stream, const char *path, int32_t *next, mn_err_t *err) {
    mn_status_t status = mn_state_load(path, stream->net->engine.model, stream->state, next, err);
    if (!status) stream->pushed = false;
    return status;
}

mn_status_t mn_stream_save_memory(const mn_stream_t *stream, const char *path, mn_err_t *err) {
    if (!stream->pushed) return mn_err_set(err, MN_USAGE, NULL, "push something first", "nothing was read to memorise");
    return mn_memories_save(path, stream->net->engine.model, stream->memories, err);
}
