/* feed: windows of genomes, epochs of labelled rows. */
#include "pipelines/feed.h"
#include "genomics/base/mem.h"
#include "genomics/base/rng.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- tracts */

mn_status_t mn_tracts_add(mn_tracts_t *list, mn_tract_t tract, mn_err_t *err) {
    mn_status_t status = mn_mem_reserve((void **)&list->items, &list->capacity, list->n + 1, sizeof *list->items, err);
    if (!status) list->items[list->n++] = tract;
    return status;
}

void mn_tracts_done(mn_tracts_t *list) {
    mn_mem_free(list->items);
    *list = (mn_tracts_t){0};
}

int64_t mn_tracts_bases(const mn_tracts_t *list) {
    int64_t bases = 0;
    for (int64_t i = 0; i < list->n; i++) bases += list->items[i].end - list->items[i].begin;
    return bases;
}

/* ---- windows */

enum { SHORTEST = 32, DRAWS = 1000 };

/* A window as it was drawn: bases [begin, end) of a tract, read backwards on the reverse strand. */
typedef struct window {
    int64_t tract, begin, end;
    bool reverse, fresh;
} window_t;

struct mn_windows {
    const mn_tracts_t *tracts;
    int64_t *usable; /* tracts of SHORTEST bases or more */
    int64_t *ends;   /* running sums of their bases */
    int64_t n_usable;
    mn_windows_options_t options;
    int64_t word, room; /* bases of a token; tokens that one window may need */
    mn_state_t **lanes; /* (samples) with carry > 1, else NULL */
    window_t *drawn;    /* (samples), of the step last asked for */
    int32_t *ids;       /* (samples, room) */
    uint8_t *turned;    /* (room) */
    mn_sample_t *samples;
};

/* Tract whose share of all bases holds `at`. */
static int64_t find_tract(const mn_windows_t *w, int64_t at) {
    int64_t low = 0, high = w->n_usable - 1;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (at < w->ends[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return w->usable[low];
}

/* Window number `at` of a chain that begins at base `start` of its strand; the first gives up a word to BOS. */
static window_t place_window(const mn_windows_t *w, int64_t tract, bool reverse, int64_t start, int64_t at) {
    int64_t bases = w->options.length * w->word, n = w->tracts->items[tract].end - w->tracts->items[tract].begin;
    int64_t from = start + (at ? at * bases - w->word : 0), to = start + (at + 1) * bases - w->word;
    if (to > n) to = n;
    return (window_t){tract, reverse ? n - to : from, reverse ? n - from : to, reverse, at == 0};
}

static bool is_mostly_n(const mn_windows_t *w, window_t window) {
    const uint8_t *bases = mn_tract_bases(&w->tracts->items[window.tract]);
    int64_t n = 0;
    for (int64_t i = window.begin; i < window.end; i++) n += bases[i] == MN_BASE_N;
    return 2 * n > window.end - window.begin;
}

/* Window `number` of the chain that `rng` draws: places are drawn one after another, each read on until it ends. */
static bool draw_window(const mn_windows_t *w, mn_rng_t rng, int64_t number, window_t *out) {
    const int64_t first = (w->options.length - 1) * w->word, next = w->options.length * w->word;
    for (int draw = 0; draw < DRAWS;) {
        int64_t tract = find_tract(w, mn_rng_below(&rng, w->ends[w->n_usable - 1]));
        int64_t n = w->tracts->items[tract].end - w->tracts->items[tract].begin;
        int64_t start = mn_rng_below(&rng, n > first ? n - first + 1 : 1);
        bool reverse = mn_rng_below(&rng, 2);
        int64_t count = 1 + (n - start > first ? (n - start - first) / next : 0), at = 0;
        for (; at < count; at++) {
            window_t window = place_window(w, tract, reverse, start, at);
            if (is_mostly_n(w, window)) break;
            if (number-- == 0) {
                *out = window;
                return true;
            }
        }
        draw = at ? 0 : draw + 1;
    }
    return false;
}

static mn_status_t fill_windows(void *ctx, int64_t step, const mn_sample_t **samples, int64_t *n, mn_err_t *err) {
    mn_windows_t *w = ctx;
    const mn_windows_options_t *options = &w->options;
    for (int64_t i = 0; i < options->samples; i++) {
        /* Lanes are spread over the phases of a chain, so that every step sees short and long contexts. */
        int64_t phase = i * options->carry / options->samples, chain = (step + phase) / options->carry;
        mn_rng_t rng = mn_rng(options->seed, MN_RNG_WINDOW, (uint64_t)chain, (uint64_t)i);
        window_t *window = &w->drawn[i];
        /* The first chain of a lane is entered at its phase, but read from its first window. */
        int64_t number = chain ? (step + phase) % options->carry : step;
        if (!draw_window(w, rng, number, window))
            return mn_err_set(err, MN_INPUT, NULL, "give other sequences or a smaller --length",
                              "no window with less than half N was found in %d draws", DRAWS);
        const uint8_t *bases = mn_tract_bases(&w->tracts->items[window->tract]) + window->begin;
        int64_t count = window->end - window->begin;
        if (window->reverse) {
            memcpy(w->turned, bases, (size_t)count);
            mn_bases_reverse_complement(w->turned, count);
            bases = w->turned;
        }
        int32_t *ids = w->ids + i * w->room;
        if (window->fresh) ids[0] = MN_ID_BOS;
        int64_t length = window->fresh + mn_tokenizer_encode(options->tokenizer, bases, count, ids + window->fresh);
        if (w->lanes && window->fresh) mn_state_reset(w->lanes[i]);
        w->samples[i] =
            (mn_sample_t){.ids = ids, .length = length, .weight = 1, .state = w->lanes ? w->lanes[i] : NULL};
    }
    *samples = w->samples;
    *n = options->samples;
    return MN_OK;
}

static void name_window(void *ctx, int64_t i, char *out, size_t size) {
    const mn_windows_t *w = ctx;
    const window_t *window = &w->drawn[i];
    const mn_tract_t *tract = &w->tracts->items[window->tract];
    int64_t begin = mn_sequences_position(tract->set, tract->item, tract->begin + window->begin),
            end = mn_sequences_position(tract->set, tract->item, tract->begin + window->end);
    snprintf(out, size, "%s:%lld-%lld(%c)", tract->set->items[tract->item].contig, (long long)begin + 1, (long long)end,
             window->reverse ? '-' : '+');
}

mn_status_t mn_windows_new(const mn_tracts_t *tracts, const mn_windows_options_t *options, const mn_model_t *model,
                           mn_windows_t **out, mn_err_t *err) {
    *out = NULL;
    void *block;
    mn_status_t status = mn_mem_new(&block, 1, sizeof(mn_windows_t), err);
    if (status) return status;
    mn_windows_t *w = block;
    w->tracts = tracts;
    w->options = *options;
    w->word = options->tokenizer.k ? options->tokenizer.k : 1;
    w->room = mn_mem_mul(options->length, w->word);
    int64_t samples = options->samples;
    if ((status = mn_mem_new((void **)&w->usable, tracts->n, sizeof *w->usable, err)) ||
        (status = mn_mem_new((void **)&w->ends, tracts->n, sizeof *w->ends, err)) ||
        (status = mn_mem_new((void **)&w->drawn, samples, sizeof *w->drawn, err)) ||
        (status = mn_mem_new((void **)&w->samples, samples, sizeof *w->samples, err)) ||
        (status = mn_mem_new((void **)&w->ids, mn_mem_mul(samples, w->room), sizeof *w->ids, err)) ||
        (status = mn_mem_new((void **)&w->turned, w->room, 1, err)))
        goto failed;
    for (int64_t i = 0, bases = 0; i < tracts->n; i++) {
        int64_t n = tracts->items[i].end - tracts->items[i].begin;
        if (n < SHORTEST) continue;
        w->usable[w->n_usable] = i;
        w->ends[w->n_usable++] = bases += n;
    }
    if (!w->n_usable) {
        status = mn_err_set(err, MN_INPUT, NULL, NULL, "no sequence of %d bases or more to train on", SHORTEST);
        goto failed;
    }
    if (options->carry > 1) {
        if ((status = mn_mem_new((void **)&w->lanes, samples, sizeof *w->lanes, err))) goto failed;
        for (int64_t i = 0; !status && i < samples; i++) status = mn_state_new(model, &w->lanes[i], err);
        if (status) goto failed;
    }
    *out = w;
    return MN_OK;
failed:
    mn_windows_free(w);
    return status;
}

void mn_windows_free(mn_windows_t *w) {
    if (!w) return;
    for (int64_t i = 0; w->lanes && i < w->options.samples; i++) mn_state_free(w->lanes[i]);
    mn_mem_free(w->lanes);
    mn_mem_free(w->usable);
    mn_mem_free(w->ends);
    mn_mem_free(w->drawn);
    mn_mem_free(w->samples);
    mn_mem_free(w->ids);
    mn_mem_free(w->turned);
    mn_mem_free(w);
}

void mn_windows_feed(mn_windows_t *windows, mn_feed_t *feed) {
    feed->ctx = windows;
    feed->batch = fill_windows;
    feed->name = name_window;
    feed->lanes = windows->lanes;
    feed->n_lanes = windows->lanes ? windows->options.samples : 0;
}

/* ---- epochs */

struct mn_epochs {
    const mn_labelled_t *set;
    mn_epochs_options_t options;
    int64_t *rows, n_rows; /* of the part, in the set's order */
    int64_t epoch;         /* of `order`; -1: none yet */
    int64_t *order;        /* (n_rows), indices into rows as the epoch takes them */
    int64_t *drawn;        /* (samples), rows of the step last asked for */
    int64_t longest;       /* row, in bases */
    int32_t *ids;          /* of the step's samples, back to back */
    int64_t ids_capacity;
    uint8_t *turned; /* (longest) */
    mn_sample_t *samples;
};

int64_t mn_epochs_rows(const mn_epochs_t *e) {
    return e->n_rows;
}

int64_t mn_epochs_steps(const mn_epochs_t *e) {
    return (e->n_rows + e->options.samples - 1) / e->options.samples;
}

int64_t mn_epochs_tokens(const mn_epochs_t *e) {
    int64_t tokens = e->n_rows, word = e->options.tokenizer.k ? e->options.tokenizer.k : 1;
    for (int64_t i = 0; i < e->n_rows; i++) {
        int64_t n = mn_labelled_length(e->set, e->rows[i]);
        tokens += n / word + n % word;
    }
    return tokens;
}

static mn_status_t fill_rows(void *ctx, int64_t step, const mn_sample_t **samples, int64_t *n, mn_err_t *err) {
    mn_epochs_t *e = ctx;
    const mn_epochs_options_t *options = &e->options;
    int64_t epoch = step / mn_epochs_steps(e);
    mn_status_t status;
    if (e->epoch != epoch) mn_rng_permute(mn_rng(options->seed, MN_RNG_ORDER, (uint64_t)epoch, 0), e->order, e->n_rows);
    e->epoch = epoch;
    int64_t from = step % mn_epochs_steps(e) * options->samples;
    *n = e->n_rows - from < options->samples ? e->n_rows - from : options->samples;
    int64_t room = *n;
    for (int64_t i = 0; i < *n; i++) room += mn_labelled_length(e->set, e->rows[e->order[from + i]]);
    if ((status = mn_mem_reserve((void **)&e->ids, &e->ids_capacity, room, sizeof *e->ids, err))) return status;
    int32_t *ids = e->ids;
    for (int64_t i = 0; i < *n; i++) {
        int64_t row = e->rows[e->order[from + i]], length = mn_labelled_length(e->set, row);
        const uint8_t *bases = mn_labelled_row(e->set, row);
        mn_rng_t rng = mn_rng(options->seed, MN_RNG_STRAND, (uint64_t)epoch, (uint64_t)row);
        if (options->strands && mn_rng_below(&rng, 2)) {
            memcpy(e->turned, bases, (size_t)length);
            mn_bases_reverse_complement(e->turned, length);
            bases = e->turned;
        }
        int32_t label = e->set->labels[row];
        ids[0] = MN_ID_BOS;
        length = 1 + mn_tokenizer_encode(options->tokenizer, bases, length, ids + 1);
        e->drawn[i] = row;
        e->samples[i] = (mn_sample_t){.noise = mn_rng_next(&rng),
                                      .ids = ids,
                                      .length = length,
                                      .label = label,
                                      .weight = options->weights ? options->weights[label] : 1};
        ids += length;
    }
    *samples = e->samples;
    return MN_OK;
}

static void name_row(void *ctx, int64_t i, char *out, size_t size) {
    const mn_epochs_t *e = ctx;
    snprintf(out, size, "%s", mn_labelled_name(e->set, e->drawn[i]));
}

mn_status_t mn_epochs_new(const mn_labelled_t *set, const uint8_t *parts, mn_split_t part,
                          const mn_epochs_options_t *options, mn_epochs_t **out, mn_err_t *err) {
    *out = NULL;
    void *block;
    mn_status_t status = mn_mem_new(&block, 1, sizeof(mn_epochs_t), err);
    if (status) return status;
    mn_epochs_t *e = block;
    e->set = set;
    e->options = *options;
    e->epoch = -1;
    int64_t samples = options->samples;
    if ((status = mn_mem_new((void **)&e->rows, set->n, sizeof *e->rows, err))) goto failed;
    for (int64_t i = 0; i < set->n; i++) {
        if (parts[i] != part) continue;
        e->rows[e->n_rows++] = i;
        if (mn_labelled_length(set, i) > e->longest) e->longest = mn_labelled_length(set, i);
    }
    if (!e->n_rows) {
        status = mn_err_set(err, MN_INPUT, NULL, NULL, "no row of the set is in the %s part", mn_split_names[part]);
        goto failed;
    }
    if ((status = mn_mem_new((void **)&e->order, e->n_rows, sizeof *e->order, err)) ||
        (status = mn_mem_new((void **)&e->drawn, samples, sizeof *e->drawn, err)) ||
        (status = mn_mem_new((void **)&e->samples, samples, sizeof *e->samples, err)) ||
        (status = mn_mem_new((void **)&e->turned, e->longest, 1, err)))
        goto failed;
    *out = e;
    return MN_OK;
failed:
    mn_epochs_free(e);
    return status;
}

void mn_epochs_free(mn_epochs_t *e) {
    if (!e) return;
    mn_mem_free(e->rows);
    mn_mem_free(e->order);
    mn_mem_free(e->drawn);
    mn_mem_free(e->samples);
    mn_mem_free(e->ids);
    mn_mem_free(e->turned);
    mn_mem_free(e);
}

void mn_epochs_feed(mn_epochs_t *epochs, mn_feed_t *feed) {
    feed->ctx = epochs;
    feed->batch = fill_rows;
    feed->name = name_row;
    feed->lanes = NULL;
    feed->n_lanes = 0;
}
