/* work: the work space, and the two entry points of model.h, forward and gradient, over many samples.
 *
 * Samples are spread over MN_SLOTS gradients, sample i to slot i % slots, each slot in order on one thread; the slots
 * are added up in order. With fewer samples than threads, the threads share each sample's rows and heads instead. Both
 * orders are fixed by the batch, so any number of threads gives the same bits. */
#include "genomics/base/par.h"
#include "titans/attention.h"
#include "titans/heads.h"
#include "titans/kernels/gemm.h"
#include <string.h>

typedef mn_real_t real;

enum { MN_SLOTS = 16, PIECE = 2048 }; /* gradients in parallel; tokens of one piece of a forward pass */

struct mn_work {
    const mn_model_t *model;
    int64_t max_memory, piece; /* bytes; rows of a piece that goes back */
    real *packed;              /* parameters as layout.h has them */
    real *gradients;           /* n_gradients * layout->size; rows that can be marked are 0 between uses */
    uint8_t *marks;            /* n_gradients * layout->marks */
    int64_t n_gradients, n_arenas;
    mn_arena_t *arenas; /* one a thread */
    const real *given;  /* of forward passes, as in pass.h */
    bool frozen;
    bool (*stop)(void);
};

static real *take(mn_arena_t *arena, int64_t n) {
    return mn_arena_take(arena, n, sizeof(real));
}

mn_status_t mn_work_new(const mn_model_t *model, int64_t max_memory, mn_work_t **out, mn_err_t *err) {
    mn_work_t *work = NULL;
    mn_status_t status;
    *out = NULL;
    if ((status = mn_mem_new((void **)&work, 1, sizeof *work, err))) return status;
    work->model = model;
    work->max_memory = max_memory > 0 ? max_memory : mn_mem_available() / 2;
    work->piece = PIECE;
    work->n_arenas = mn_par_threads();
    if ((status = mn_mem_new((void **)&work->packed, model->layout->size, sizeof(real), err)) ||
        (status = mn_mem_new((void **)&work->arenas, work->n_arenas, sizeof *work->arenas, err))) {
        mn_work_free(work);
        return status;
    }
    *out = work;
    return MN_OK;
}

void mn_work_set_piece(mn_work_t *work, int64_t rows) {
    work->piece = rows;
}

void mn_work_free(mn_work_t *work) {
    if (!work) return;
    for (int64_t i = 0; work->arenas && i < work->n_arenas; i++) mn_mem_free(work->arenas[i].base);
    mn_mem_free(work->arenas);
    mn_mem_free(work->gradients);
    mn_mem_free(work->marks);
    mn_mem_free(work->packed);
    mn_mem_free(work);
}

void mn_work_remember(mn_work_t *work, const real *memories, bool frozen) {
    work->given = memories;
    work->frozen = frozen;
}

void mn_work_set_stop(mn_work_t *work, bool (*stop)(void)) {
    work->stop = stop;
}

bool mn_work_stopped(const mn_work_t *work) {
    return work->stop && work->stop();
}

/* What a forward pass holds over all pieces of a sample. */
typedef struct {
    mn_state_t own;
    double *sum; /* D */
    double *pool;
    mn_gapped_t gapped;
} forward_t;

static mn_gapped_t take_gapped(const mn_model_t *model, mn_arena_t *arena) {
    const int64_t rows = model->config.gapped && model->config.classes ? mn_gapped_rows() : 0;
    mn_gapped_t gapped = {.words = mn_arena_take(arena, rows, sizeof *gapped.words)};
    gapped.x = mn_arena_take(arena, rows, sizeof *gapped.x);
    gapped.counts = mn_arena_take(arena, rows, sizeof *gapped.counts);
    return gapped;
}

static forward_t take_forward(const mn_model_t *model, mn_arena_t *arena) {
    forward_t f = {.own = {.size = mn_state_size(model)}};
    f.own.block = take(arena, f.own.size);
    f.sum = mn_arena_take(arena, model->config.dim, sizeof *f.sum);
    f.pool = mn_arena_take(arena, mn_heads_pool_size(&model->config), sizeof *f.pool);
    f.gapped = take_gapped(model, arena);
    return f;
}

/* Tokens of the next piece of a sequence that goes back in pieces: up to where chunks and segments end and a block of
 * rows begins, so that no state is open there; no piece is shorter than half of the others. Memory for activations then
 * does not grow with the length, only the states kept between pieces do. */
static int64_t piece_tokens(const mn_work_t *work, int64_t position, int64_t left) {
    const mn_model_t *model = work->model;
    const mn_config_t *c = &model->config;
    const int64_t block = c->arch == MN_ARCH_MAC ? c->segment : c->chunk,
                  start = position + (position ? 0 : model->layout->prefix);
    int64_t step = block;
    while (step % MN_ROWS) step += block;
    step = mn_round_up(work->piece, step);
    int64_t end = mn_round_up(position + 1, step);
    while (end - start < step / 2) end += step;
    return left - (end - start) < step / 2 ? left : end - start;
}

static int64_t count_pieces(const mn_work_t *work, int64_t position, int64_t length) {
    int64_t n = 0;
    while (length > 0) {
        const int64_t tokens = piece_tokens(work, position, length);
        position += tokens + (position ? 0 : work->model->layout->prefix);
        length -= tokens;
        n++;
    }
    return n;
}

/* What a gradient holds over all pieces of a sample. */
typedef struct {
    int64_t pieces;
    real *states;       /* (pieces, state size) at their starts */
    int64_t *positions; /* (pieces) */
    mn_state_t now;
    real *dstates[2]; /* cotangents of a state */
    double *pool;
    real *pooled;
    mn_gapped_t gapped;
} back_t;

static back_t take_back(const mn_model_t *model, int64_t pieces, mn_arena_t *arena) {
    back_t b = {.pieces = pieces, .now = {.size = mn_state_size(model)}};
    b.pool = mn_arena_take(arena, mn_heads_pool_size(&model->config), sizeof *b.pool);
    b.pooled = take(arena, mn_heads_pooled_size(&model->config));
    b.gapped = take_gapped(model, arena);
    if (pieces == 1) return b;
    b.states = take(arena, mn_mem_mul(pieces, b.now.size));
    b.positions = mn_arena_take(arena, pieces, sizeof *b.positions);
    b.now.block = take(arena, b.now.size);
    for (int i = 0; i < 2; i++) b.dstates[i] = take(arena, b.now.size);
    return b;
}

/* Bytes that the gradient of a sample takes. */
static int64_t measure_gradient(const mn_work_t *work, const mn_sample_t *sample, bool lean) {
    const mn_model_t *model = work->model;
    int64_t position = sample->state ? sample->state->position : 0, left = sample->length, peak = 0;
    const int64_t pieces = count_pieces(work, position, left);
    while (left > 0) {
        const int64_t tokens = piece_tokens(work, position, left);
        mn_arena_t dry = {0};
        mn_pass_t pass = {0};
        take_back(model, pieces, &dry);
        mn_pass_plan(&pass, model, position, tokens);
        mn_pass_take(&pass, true, lean, &dry);
        peak = mn_max(peak, dry.peak);
        position = pass.base + pass.rows;
        left -= tokens;
    }
    return peak;
}

static int64_t measure_forward(const mn_model_t *model, const mn_sample_t *sample) {
    const mn_config_t *c = &model->config;
    const bool whole = sample->length <= PIECE;
    int64_t length = sample->length, position = sample->state ? sample->state->position : 0;
    mn_arena_t dry = {0};
    mn_pass_t pass = {0};
    take_forward(model, &dry);
    if (!whole) { /* its later pieces may begin anywhere in a block and a chunk, and end so */
        length = PIECE + MN_ROWS + 2 * (c->arch == MN_ARCH_MAC ? c->segment : c->chunk);
        position = 0;
    }
    mn_pass_plan(&pass, model, position, length);
    if (!whole && c->arch != MN_ARCH_MAC && c->arch != MN_ARCH_LMM) {
        pass.lead = mn_attention_reach(c);
        pass.keys = pass.lead + MN_ROWS;
    }
    mn_pass_take(&pass, false, false, &dry);
    return dry.peak;
}

/* Room for the longest pass of the batch in the arenas of `threads` threads; lean tells whether states must be thinned.
 */
static mn_status_t fit(mn_work_t *work, int64_t threads, const mn_sample_t *samples, int64_t n, bool backward,
                       bool *lean, mn_err_t *err) {
    int64_t size[2] = {0}; /* kept whole, lean */
    for (int64_t i = 0; i < n; i++)
        for (int thin = 0; thin < (backward ? 2 : 1); thin++)
            size[thin] = mn_max(size[thin], backward ? measure_gradient(work, &samples[i], thin)
                                                     : measure_forward(work->model, &samples[i]));
    *lean = backward && mn_mem_mul(size[0], threads) > work->max_memory;
    const int64_t need = size[*lean ? 1 : 0];
    if (*lean && mn_mem_mul(need, threads) > work->max_memory)
        return mn_err_set(err, MN_USAGE, NULL, "raise --max-memory, or shorten --length, or use fewer --threads",
                          "%lld thread%s %.1f MB for activations, allowed are %.1f MB", (long long)threads,
                          threads == 1 ? " needs" : "s need", (double)need * (double)threads / 1e6,
                          (double)work->max_memory / 1e6);
    if (threads > work->n_arenas) {
        mn_status_t status = mn_mem_resize((void **)&work->arenas, work->n_arenas, threads, sizeof *work->arenas, err);
        if (status) return status;
        work->n_arenas = threads;
    }
    for (int64_t i = 0; i < threads; i++) {
        mn_arena_t *arena = &work->arenas[i];
        if (arena->size >= need) continue;
        mn_mem_free(arena->base);
        *arena = (mn_arena_t){0};
        mn_status_t status = mn_mem_new((void **)&arena->base, need, 1, err);
        if (status) return status;
        arena->size = need;
    }
    return MN_OK;
}

typedef struct {
    mn_work_t *work;
    const mn_sample_t *samples;
    int64_t n, slots, at_once; /* gradients held at once: all, or one where slot follows slot */
    bool lean;
    /* forward */
    mn_output_t *outputs;
    /* gradient */
    const mn_objective_t *objective;
    double *nats, *weights;
    int64_t *correct;
} batch_t;

static mn_status_t check(const mn_model_t *model, const mn_sample_t *samples, int64_t n, bool labels, mn_err_t *err) {
    for (int64_t i = 0; i < n; i++) {
        if (samples[i].length < 1 || samples[i].length > INT64_C(1) << 40)
            return mn_err_set(err, MN_FAILED, NULL, NULL, "sample %lld has a length of %lld", (long long)i,
                              (long long)samples[i].length);
        if (labels && (samples[i].label < 0 || samples[i].label >= model->config.classes))
            return mn_err_set(err, MN_FAILED, NULL, NULL, "sample %lld has label %d of %lld classes", (long long)i,
                              samples[i].label, (long long)model->config.classes);
        for (int64_t t = 0; t < samples[i].length; t++)
            if (samples[i].ids[t] < 0 || samples[i].ids[t] >= model->config.vocab)
                return mn_err_set(err, MN_FAILED, NULL, NULL, "sample %lld has id %d at %lld, vocabulary %lld",
                                  (long long)i, samples[i].ids[t], (long long)t, (long long)model->config.vocab);
    }
    return MN_OK;
}

/* Threads that work on different samples: as many as there is work for, or one where sharing each sample's rows pays
 * more. */
static int64_t outer_threads(int64_t tasks) {
    const int64_t threads = mn_par_threads(), enough = threads < MN_SLOTS ? threads : MN_SLOTS;
    return tasks < enough ? 1 : tasks < threads ? tasks : threads;
}

static void run_samples(int64_t tasks, void (*task)(void *, int64_t), batch_t *batch) {
    if (outer_threads(tasks) > 1)
        mn_par_for(tasks, task, batch);
    else
        for (int64_t i = 0; i < tasks; i++) task(batch, i);
}

/* ---- forward */

static void add_pooled(const mn_pass_t *pass, const real *rows, double *sum) {
    const int64_t D = pass->model->config.dim;
    for (int64_t r = pass->start; r < pass->rows; r++)
        for (int64_t j = 0; j < D; j++) sum[j] += (double)rows[r * D + j];
}

static void forward_sample(void *ctx, int64_t i) {
    batch_t *batch = ctx;
    mn_work_t *work = batch->work;
    const mn_model_t *model = work->model;
    const mn_config_t *c = &model->config;
    const mn_sample_t *sample = &batch->samples[i];
    mn_output_t *out = &batch->outputs[i];
    mn_arena_t *arena = &work->arenas[batch->slots > 1 ? mn_par_thread() : 0];
    const int64_t D = c->dim, V = c->vocab;
    const bool whole = sample->length <= PIECE;
    arena->used = 0;
    forward_t f = take_forward(model, arena);
    mn_state_t *state = sample->state || whole ? sample->state : &f.own;
    memset(f.sum, 0, (size_t)D * sizeof *f.sum);
    if (out->classes && c->gapped && c->classes) mn_gapped_count(sample->ids, sample->length, &f.gapped);
    const int64_t mark = arena->used, before = state ? state->position : 0;
    for (int64_t done = 0; done < sample->length && !mn_work_stopped(work);) {
        const int64_t n = sample->length - done < PIECE ? sample->length - done : PIECE;
        const int32_t *ids = sample->ids + done, next = done + n < sample->length ? ids[n] : out->next;
        mn_pass_t pass = {.w = work->packed,
                          .state = state,
                          .given = work->given,
                          .left = out->memories,
                          .frozen = work->frozen,
                          .origin = before ? before : model->layout->prefix,
                          .total = sample->length};
        arena->used = mark;
        mn_pass_plan(&pass, model, state ? state->position : 0, n);
        mn_pass_take(&pass, false, false, arena);
        pass.pool = f.pool;
        pass.gapped = f.gapped;
        if (done == 0) mn_heads_pool_start(&pass);
        if (c->arch != MN_ARCH_LMM) mn_attention_turns(&pass);
        mn_pass_embed(&pass, ids);
        for (int64_t l = 0; l <= c->layers; l++) {
            if (l > 0) mn_pass_layer(&pass, l - 1, pass.acts[0].x);
            if (out->layer != l || out->layer < 0) continue;
            if (out->hidden) memcpy(out->hidden + done * D, pass.x + pass.start * D, (size_t)(n * D) * sizeof(real));
            if (out->pooled) add_pooled(&pass, pass.x, f.sum);
        }
        mn_heads_hidden(&pass);
        if (out->layer < 0) {
            if (out->hidden)
                memcpy(out->hidden + done * D, pass.hidden + pass.start * D, (size_t)(n * D) * sizeof(real));
            if (out->pooled) add_pooled(&pass, pass.hidden, f.sum);
        }
        if (out->nats || out->logits)
            mn_heads_score(&pass, ids, next, out->nats ? out->nats + done : NULL,
                           out->logits ? out->logits + done * V : NULL);
        if (out->classes) {
            mn_heads_pool_add(&pass);
            if (done + n == sample->length) mn_heads_classes(&pass, out->classes);
        }
        if (state) state->position = pass.base + pass.rows;
        done += n;
    }
    if (out->pooled)
        for (int64_t j = 0; j < D; j++) out->pooled[j] = (real)(f.sum[j] / (double)sample->length);
}

mn_status_t mn_model_forward(const mn_model_t *model, mn_work_t *work, const mn_sample_t *samples, int64_t n,
                             mn_output_t *outputs, mn_err_t *err) {
    batch_t batch = {.work = work, .samples = samples, .n = n, .outputs = outputs, .slots = outer_threads(n)};
    mn_status_t status;
    if ((status = check(model, samples, n, false, err)) ||
        (status = fit(work, batch.slots, samples, n, false, &batch.lean, err)))
        return status;
    mn_layout_pack(model, work->packed);
    run_samples(n, forward_sample, &batch);
    return MN_OK;
}

/* ---- gradient */

static bool is_target(const mn_objective_t *objective, int32_t id) {
    return !objective->ignore || !objective->ignore[id];
}

static double sample_targets(const mn_objective_t *objective, const mn_sample_t *sample) {
    if (objective->kind == MN_LOSS_CLASS) return (double)sample->weight;
    double sum = 0;
    for (int64_t t = 1; t < sample->length; t++)
        if (is_target(objective, sample->ids[t])) sum += sample->weights ? (double)sample->weights[t - 1] : 1;
    return sum;
}

double mn_model_targets(const mn_objective_t *objective, const mn_sample_t *samples, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += sample_targets(objective, &samples[i]);
    return sum;
}

/* A piece through all layers; keep: with what its backward pass needs. */
static void run_piece(mn_pass_t *pass, const back_t *b, int64_t tokens, const int32_t *ids, bool keep, bool lean,
                      mn_arena_t *arena) {
    const mn_model_t *model = pass->model;
    mn_pass_plan(pass, model, pass->state ? pass->state->position : 0, tokens);
    mn_pass_take(pass, keep, lean, arena);
    real *last = pass->x;
    pass->pool = b->pool;
    pass->pooled = b->pooled;
    pass->gapped = b->gapped;
    if (model->config.arch != MN_ARCH_LMM) mn_attention_turns(pass);
    mn_pass_embed(pass, ids);
    for (int64_t l = 0; l < model->config.layers; l++)
        mn_pass_layer(pass, l, keep && l + 1 < model->config.layers ? pass->acts[l + 1].x : last);
    mn_heads_hidden(pass);
    if (pass->state) pass->state->position = pass->base + pass->rows;
}

/* Forward, with the state kept at the start of each piece; then back from the last, each piece but that made again. */
static void sample_gradient(batch_t *batch, int64_t i, real *g, uint8_t *marks, mn_arena_t *arena) {
    const mn_model_t *model = batch->work->model;
    const mn_sample_t *sample = &batch->samples[i];
    const mn_objective_t *objective = batch->objective;
    const bool classes = objective->kind == MN_LOSS_CLASS;
    const int64_t first = sample->state ? sample->state->position : 0;
    const mn_pass_t start = {.model = model,
                             .w = batch->work->packed,
                             .dropout = objective->dropout,
                             .noise = sample->noise,
                             .origin = first ? first : model->layout->prefix,
                             .total = sample->length};
    bool correct = false;
    double nats = 0;
    arena->used = 0;
    back_t b = take_back(model, count_pieces(batch->work, first, sample->length), arena);
    if (classes && model->config.gapped) mn_gapped_count(sample->ids, sample->length, &b.gapped);
    const int64_t mark = arena->used, size = b.now.size;
    mn_state_t *now = b.pieces > 1 ? &b.now : sample->state;
    mn_pass_t pass = start;
    pass.pool = b.pool;
    mn_heads_pool_start(&pass);
    if (b.pieces > 1 && sample->state) mn_state_copy(now, sample->state);
    for (int64_t p = 0, done = 0, tokens; b.pieces > 1; p++, done += tokens) {
        b.positions[p] = now->position;
        mn_copy(b.states + p * size, now->block, size);
        if (p == b.pieces - 1 || mn_work_stopped(batch->work)) break;
        tokens = piece_tokens(batch->work, now->position, sample->length - done);
        arena->used = mark;
        pass = start;
        pass.state = now;
        run_piece(&pass, &b, tokens, sample->ids + done, false, false, arena);
        if (classes) mn_heads_pool_add(&pass);
    }
    for (int64_t p = b.pieces - 1, end = sample->length; p >= 0 && !mn_work_stopped(batch->work); p--) {
        const bool last = p == b.pieces - 1;
        const int64_t before = b.pieces == 1 ? first : b.positions[p];
        /* the tokens up to `end`: all but those of the pieces before */
        const int64_t from = p == 0 ? 0 : before - b.positions[0] - (b.positions[0] ? 0 : model->layout->prefix);
        const int32_t *ids = sample->ids + from;
        if (!last) {
            now->position = before;
            mn_copy(now->block, b.states + p * size, size);
        }
        arena->used = mark;
        pass = start;
        pass.state = now;
        pass.g = g;
        pass.marks = marks;
        pass.dnext = last ? NULL : b.dstates[(p + 1) % 2];
        pass.dstate = p > 0 ? b.dstates[p % 2] : NULL;
        run_piece(&pass, &b, end - from, ids, true, batch->lean, arena);
        if (last && b.pieces > 1 && sample->state) mn_state_copy(sample->state, now);
        if (!classes) {
            nats += mn_heads_next_token(&pass, ids, last ? -1 : ids[end - from],
                                        sample->weights ? sample->weights + from : NULL, objective->ignore,
                                        objective->scale);
        } else {
            if (last) mn_heads_pool_add(&pass);
            if (last) nats = mn_heads_class(&pass, sample, objective->label_smoothing, objective->scale, &correct);
            mn_heads_class_back(&pass);
        }
        mn_pass_backward(&pass, ids);
        end = from;
    }
    batch->nats[i] = nats;
    batch->weights[i] = sample_targets(objective, sample);
    batch->correct[i] = correct;
}

static void gradient_slot(void *ctx, int64_t slot) {
    batch_t *batch = ctx;
    mn_work_t *work = batch->work;
    const mn_layout_t *layout = work->model->layout;
    mn_arena_t *arena = &work->arenas[batch->at_once > 1 ? mn_par_thread() : 0];
    real *g = work->gradients + slot % batch->at_once * layout->size;
    uint8_t *marks = work->marks + slot % batch->at_once * layout->marks;
    memset(g + layout->dense, 0, (size_t)(layout->size - layout->dense) * sizeof *g);
    for (int64_t i = slot; i < batch->n; i += batch->slots) sample_gradient(batch, i, g, marks, arena);
}

mn_status_t mn_work_reserve(mn_work_t *work, const mn_sample_t *samples, int64_t n, mn_err_t *err) {
    bool lean;
    return fit(work, outer_threads(mn_min(n, MN_SLOTS)), samples, n, true, &lean, err);
}

mn_status_t mn_model_gradient(const mn_model_t *model, mn_work_t *work, const mn_objective_t *objective,
                              const mn_sample_t *samples, int64_t n, mn_real_t *gradient, mn_loss_t *loss,
                              mn_err_t *err) {
    batch_t batch = {.work = work, .samples = samples, .n = n, .objective = objective};
    mn_status_t status;
    batch.slots = mn_min(n, MN_SLOTS);
    batch.at_once = outer_threads(batch.slots) > 1 ? batch.slots : 1;
    if ((status = check(model, samples, n, objective->kind == MN_LOSS_CLASS, err)) ||
        (status = fit(work, outer_threads(batch.slots), samples, n, true, &batch.lean, err)))
        return status;
    if (work->n_gradients < batch.at_once) {
        mn_mem_free(work->gradients);
        mn_mem_free(work->marks);
        work->gradients = NULL;
        work->marks = NULL;
        work->n_gradients = 0;
        if ((status = mn_mem_new((void **)&work->gradients, batch.at_once * model->layout->size, sizeof(real), err)) ||
            (status = mn_mem_new((void **)&work->marks, batch.at_once * model->layout->marks, 1, err)))
            return status;
        work->n_gradients = batch.at_once;
    }
    double *sums = NULL;
    if ((status = mn_mem_new((void **)&sums, 3 * n, sizeof *sums, err))) return status;
    batch.nats = sums;
    batch.weights = sums + n;
    batch.correct = (int64_t *)(sums + 2 * n);
    mn_layout_pack(model, work->packed);
    if (batch.at_once > 1) mn_par_for(batch.slots, gradient_slot, &batch);
    for (int64_t s = 0; s < batch.slots; s++) {
        if (batch.at_once == 1) gradient_slot(&batch, s);
        const int64_t held = s % batch.at_once;
        mn_layout_unpack_add(model, work->gradients + held * model->layout->size, work->marks + held * model->layout->marks,
                             gradient);
    }
    for (int64_t i = 0; i < n; i++) {
        loss->nats += batch.nats[i];
        loss->weight += batch.weights[i];
        loss->correct += batch.correct[i];
    }
    mn_mem_free(sums);
    return MN_OK;
}
