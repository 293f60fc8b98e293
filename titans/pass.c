/* pass: geometry and buffers of a sequence, and its way through the layers and back. */
#include "titans/pass.h"
#include "genomics/base/par.h"
#include "genomics/base/rng.h"
#include "titans/attention.h"
#include "titans/heads.h"
#include "titans/kernels/gemm.h"
#include "titans/kernels/vec.h"
#include <string.h>

typedef mn_real_t real;

/* ---- geometry and buffers */

void mn_pass_plan(mn_pass_t *pass, const mn_model_t *model, int64_t position, int64_t length) {
    const mn_config_t *c = &model->config;
    const bool mac = c->arch == MN_ARCH_MAC, slides = c->arch == MN_ARCH_MAL || c->arch == MN_ARCH_MAG;
    const int64_t C = c->chunk, open = mac ? position / c->segment * c->segment : position / C * C;
    pass->model = model;
    pass->layout = model->layout;
    pass->length = length;
    pass->position = position;
    pass->base = open / MN_ROWS * MN_ROWS;
    pass->open = open - pass->base;
    pass->scan = position / C * C - pass->base;
    pass->first = position - pass->base;
    pass->start = pass->first + (position == 0 ? model->layout->prefix : 0);
    pass->rows = pass->start + length;
    pass->padded = mn_round_up(pass->rows, MN_ROWS);
    pass->room = pass->scan + mn_round_up(pass->rows - pass->scan, C);
    if (mac) pass->room = mn_max(pass->room, pass->rows + MN_ROWS); /* blocks of MN_ROWS begin anew with each segment */
    pass->room = mn_max(pass->room, pass->padded);
    pass->groups = (pass->padded + MN_GROUP - 1) / MN_GROUP;
    pass->to = pass->padded;
    if (mac) {
        pass->lead = c->conv - 1;
        pass->keys = mn_min(c->segment, mn_round_up(pass->rows, MN_ROWS));
    }
    if (slides) {
        pass->lead = mn_min(mn_attention_reach(c), pass->base);
        pass->keys = mn_min(mn_attention_reach(c), pass->base + pass->padded) + MN_ROWS;
    }
}

static real *take(mn_arena_t *arena, int64_t n) {
    return mn_arena_take(arena, n, sizeof(real));
}

/* mac: the chunks of some whole segments, and where those are not all the states at every such group's start. */
static mn_tape_t take_segments(const mn_pass_t *pass, bool lean, mn_arena_t *arena) {
    const mn_config_t *c = &pass->model->config;
    const mn_memory_t *memory = &pass->layout->memory;
    const int64_t n = pass->rows - pass->open, chunks = mn_memory_chunks(memory, n);
    mn_arena_t dry = {0};
    mn_tape_t tape;
    mn_tape_take(&tape, memory, n, lean, &dry);
    tape.every = mn_round_up(tape.every, c->segment / c->chunk);
    tape.chunks = take(arena, mn_min(tape.every, chunks) * memory->chunk_size);
    tape.states =
        tape.every < chunks ? take(arena, mn_round_up(chunks, tape.every) / tape.every * memory->state_size) : NULL;
    return tape;
}

static void take_acts(const mn_pass_t *pass, mn_acts_t *a, bool backward, bool lean, mn_arena_t *arena) {
    const mn_config_t *c = &pass->model->config;
    const mn_memory_t *memory = &pass->layout->memory;
    const int64_t D = c->dim, H = c->heads, F = c->ffn, L = memory->depth, n = pass->room, W = pass->layout->in_width;
    const int64_t lead = (c->conv - 1) * W, A = pass->layout->attention_width;
    mn_acts_t b = {.x = take(arena, n * D),
                   .z = take(arena, n * D),
                   .in = take(arena, lead + n * W),
                   .conv = take(arena, n * 3 * D),
                   .qkv = take(arena, n * 3 * D),
                   .alpha = take(arena, n * H),
                   .eta = take(arena, n * H),
                   .theta = take(arena, n * H * L),
                   .y = take(arena, n * D),
                   .o = take(arena, n * D),
                   .mid = take(arena, n * D),
                   .z2 = take(arena, n * D),
                   .gu = take(arena, n * 2 * F),
                   .h = take(arena, n * F),
                   .tapes = mn_arena_take(arena, H, sizeof(mn_tape_t))};
    if (b.in) b.in += lead;
    for (int64_t h = 0; h < H; h++) {
        mn_tape_t tape = {.every = 1};
        if (backward && c->arch == MN_ARCH_MAC)
            tape = take_segments(pass, lean, arena);
        else if (backward)
            mn_tape_take(&tape, memory, pass->rows - pass->scan, lean, arena);
        else
            tape.chunks = take(arena, memory->chunk_size);
        if (b.tapes) b.tapes[h] = tape;
    }
    b.seen = b.za = b.z;
    b.m = b.mid;
    if (c->arch != MN_ARCH_LMM) {
        b.m = take(arena, n * D);
        b.proj = take(arena, (pass->lead + n) * A);
        if (b.proj) b.proj += pass->lead * A;
        b.q = take(arena, n * D);
        b.akv = take(arena, c->persistent * 2 * D);
        b.mix = take(arena, n * D);
        b.att = c->arch == MN_ARCH_MAL ? b.mid : take(arena, n * D);
    }
    if (c->arch == MN_ARCH_MAL) b.za = take(arena, n * D);
    if (c->arch == MN_ARCH_MAC) {
        b.seen = b.att;
        real **rows[] = {&b.rconv, &b.rq, &b.read, &b.rn, &b.r};
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) *rows[i] = take(arena, n * D);
        b.rkv = take(arena, n * 2 * D);
        b.anchor = take(arena, H * memory->state_size);
    }
    if (a) *a = b;
}

/* Room of the backward pass through attention, and in mac through the reads. */
static void take_attention_back(mn_pass_t *pass, mn_arena_t *arena) {
    const mn_config_t *c = &pass->model->config;
    const int64_t D = c->dim, A = pass->layout->attention_width, n = pass->room;
    if (c->arch != MN_ARCH_MAL) pass->datt = take(arena, n * D); /* in mal dmid */
    pass->dmix = take(arena, n * D);
    pass->dproj = take(arena, (pass->lead + n) * A);
    if (pass->dproj) pass->dproj += pass->lead * A;
    pass->dakv = take(arena, c->persistent * 2 * D);
    if (c->arch != MN_ARCH_MAC) return;
    pass->drconv = take(arena, (n + c->conv) * D);
    pass->drkv = take(arena, n * 2 * D);
    pass->dread = take(arena, n * D);
}

void mn_pass_take(mn_pass_t *pass, bool backward, bool lean, mn_arena_t *arena) {
    const mn_config_t *c = &pass->model->config;
    const mn_memory_t *memory = &pass->layout->memory;
    const int64_t D = c->dim, H = c->heads, F = c->ffn, n = pass->room, W = pass->layout->in_width;
    pass->acts = mn_arena_take(arena, c->layers, sizeof *pass->acts);
    for (int64_t l = 0; l < c->layers; l++) {
        if (l == 0 || backward)
            take_acts(pass, pass->acts ? &pass->acts[l] : NULL, backward, lean, arena);
        else if (pass->acts)
            pass->acts[l] = pass->acts[0];
    }
    if (c->words) pass->words = mn_arena_take(arena, pass->length, sizeof *pass->words);
    pass->x = backward ? take(arena, n * D) : pass->acts ? pass->acts[0].x : NULL;
    pass->memories = take(arena, H * memory->state_size);
    pass->scratch = take(arena, H * memory->scratch_size);
    if (c->arch != MN_ARCH_LMM) {
        pass->turns = take(arena, n * (D / c->attn_heads));
        pass->scores = take(arena, c->attn_heads * mn_attention_scratch(pass));
    }
    if (c->arch == MN_ARCH_MAC) pass->reads = take(arena, H * mn_mac_scratch(memory));
    pass->hidden = take(arena, n * D);
    pass->logits = take(arena, MN_GROUP * c->vocab);
    pass->pool = mn_arena_take(arena, mn_heads_pool_size(c), sizeof *pass->pool);
    pass->pooled = take(arena, mn_heads_pooled_size(c));
    if (!backward) return;
    real **wide[] = {&pass->dx, &pass->dmid, &pass->dz, &pass->dy, &pass->dgo};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) *wide[i] = take(arena, n * D);
    pass->din = take(arena, n * W);
    pass->dconv = take(arena, (n + c->conv) * 3 * D);
    pass->dqkv = take(arena, n * 3 * D);
    pass->dgu = take(arena, n * 2 * F);
    pass->dh = take(arena, n * F);
    pass->dalpha = take(arena, n * H);
    pass->deta = take(arena, n * H);
    pass->dtheta = take(arena, n * H * memory->depth);
    pass->dmemories = take(arena, H * memory->state_size);
    pass->gains = take(arena, pass->groups * MN_GAINS * D);
    if (c->arch != MN_ARCH_LMM) take_attention_back(pass, arena);
}

void mn_pass_group(const mn_pass_t *pass, int64_t i, int64_t *from, int64_t *to) {
    *from = pass->from + i * MN_GROUP;
    *to = mn_min(*from + MN_GROUP, pass->to);
}

typedef struct {
    mn_pass_t *pass;
    int64_t layer;
    mn_pass_task_t *task;
} phase_t;

static void run_phase(void *ctx, int64_t i) {
    phase_t *phase = ctx;
    phase->task(phase->pass, phase->layer, i);
}

void mn_pass_for(mn_pass_t *pass, int64_t layer, int64_t n, mn_pass_task_t *task) {
    mn_par_for(n, run_phase, &(phase_t){pass, layer, task});
}

void mn_pass_for_rows(mn_pass_t *pass, int64_t layer, mn_pass_task_t *task) {
    mn_pass_for(pass, layer, (pass->to - pass->from + MN_GROUP - 1) / MN_GROUP, task);
}

void mn_pass_mul(int64_t from, int64_t to, int64_t n, int64_t k, const real *a, int64_t lda, const real *w, int64_t ldw,
                 bool add, real *c, int64_t ldc) {
    for (int64_t r = from; r < to; r += MN_ROWS, a += MN_ROWS * lda, c += MN_ROWS * ldc)
        mn_gemm('N', 'N', mn_min(MN_ROWS, to - r), n, k, 1, a, lda, w, ldw, add, c, ldc);
}

/* ---- a piece through the layers */

bool mn_pass_drops(const mn_pass_t *pass, int64_t i) {
    if (pass->dropout == 0) return false;
    mn_rng_t rng = mn_rng(pass->noise, MN_RNG_DROPOUT, (uint64_t)i, 0);
    return mn_rng_uniform(&rng) < pass->dropout;
}

/* The words ending at each token, the first from ids that the state keeps. */
static void find_words(mn_pass_t *pass, const int32_t *ids) {
    const int64_t K = pass->model->config.words, mask = (INT64_C(1) << 2 * K) - 1;
    real *kept = pass->state ? pass->state->block + pass->state->size - mn_room(K - 1) : NULL;
    const int64_t first = pass->base + pass->start - pass->origin; /* of the sample, wherever it is cut */
    int64_t word = 0, bases = 0;
    if (kept && pass->position == 0) mn_zero(kept, K - 1);
    for (int64_t t = kept ? 1 - K : 0; t < pass->length; t++) {
        const real id = t < 0 ? kept[K - 1 + t] - 1 : (real)ids[t]; /* anything, if a file says so */
        const bool base = id >= 0 && id < 4;
        word = base ? (word << 2 | (int64_t)id) & mask : 0;
        bases = base ? bases + 1 : 0;
        if (t >= 0) pass->words[t] = bases >= K && !mn_pass_drops(pass, first + t) ? (int32_t)word : -1;
    }
    if (!kept) return;
    const int64_t fresh = mn_min(pass->length, K - 1);
    memmove(kept, kept + fresh, (size_t)(K - 1 - fresh) * sizeof *kept);
    for (int64_t i = 0; i < fresh; i++) kept[K - 1 - fresh + i] = (real)(ids[pass->length - fresh + i] + 1);
}

void mn_pass_embed(mn_pass_t *pass, const int32_t *ids) {
    const int64_t D = pass->model->config.dim;
    real *x = pass->acts[0].x;
    if (pass->words) find_words(pass, ids);
    memset(x, 0, (size_t)(pass->start * D) * sizeof *x);
    memset(x + pass->rows * D, 0, (size_t)((pass->padded - pass->rows) * D) * sizeof *x);
    for (int64_t t = 0; t < pass->length; t++) {
        real *row = x + (pass->start + t) * D;
        mn_copy(row, pass->w + pass->layout->embed + ids[t] * D, D);
        if (pass->words && pass->words[t] >= 0) mn_vec->axpy(D, 1, pass->w + pass->layout->words + pass->words[t] * D, row);
    }
}

void mn_pass_layer(mn_pass_t *pass, int64_t layer, real *output) {
    pass->x = output;
    mn_mixer_forward(pass, layer);
    mn_ffn_forward(pass, layer);
}

void mn_pass_backward(mn_pass_t *pass, const int32_t *ids) {
    const int64_t D = pass->model->config.dim;
    for (int64_t l = pass->model->config.layers - 1; l >= 0; l--) {
        const mn_layer_t *at = &pass->layout->layers[l];
        const int64_t gains[MN_GAINS] = {
            [MN_GAIN_NORM1] = at->norm1, [MN_GAIN_NORM2] = at->norm2, [MN_GAIN_NORM] = at->norm,
            [MN_GAIN_NORM3] = at->norm3, [MN_GAIN_Y] = at->gate_y,    [MN_GAIN_M] = at->gate_m,
            [MN_GAIN_RNORM] = at->rnorm};
        memset(pass->gains, 0, (size_t)(pass->groups * MN_GAINS * D) * sizeof(real));
        mn_ffn_backward(pass, l);
        mn_mixer_backward(pass, l);
        for (int64_t i = 0; i < pass->groups * MN_GAINS; i++)
            mn_vec->axpy(D, 1, pass->gains + i * D, pass->g + gains[i % MN_GAINS]);
        real *dx = pass->dx;
        pass->dx = pass->dmid;
        pass->dmid = dx;
    }
    for (int64_t t = 0; t < pass->length; t++) {
        const real *dx = pass->dx + (pass->start + t) * D;
        mn_vec->axpy(D, 1, dx, pass->g + pass->layout->embed + ids[t] * D);
        if (!pass->words || pass->words[t] < 0) continue;
        mn_vec->axpy(D, 1, dx, pass->g + pass->layout->words + pass->words[t] * D);
        pass->marks[pass->words[t]] = 1;
    }
}
