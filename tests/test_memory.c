/* test_memory: the chunked memory against the token-by-token reference, outputs and gradients, in float64, at the width of
 * the small preset. The gradient is compared along a random direction of all inputs with differences of the reference. */
#include "genomics/base/rng.h"
#include "titans/memory.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 1000, INPUTS = 6 + 3 * MN_DEPTH_MAX };

typedef struct {
    mn_memory_t m;
    double *x[INPUTS];    /* q, k, v, alpha, eta, theta, then w, s, initial of each matrix */
    int64_t n[INPUTS];
    double *y;
} inputs_t;

static double *room(int64_t n) {
    void *p = NULL;
    assert_int_equal(mn_mem_new(&p, n, sizeof(double), NULL), MN_OK);
    return p;
}

static inputs_t new_inputs(const mn_memory_t *m) {
    inputs_t in = {.m = *m};
    const int64_t padded = mn_memory_chunks(m, ROWS) * m->chunk;
    for (int i = 0; i < INPUTS; i++) {
        const int l = (i - 6) / 3;
        in.n[i] = i < 3 ? ROWS * m->d : i < 5 ? ROWS : i == 5 ? ROWS * m->depth : l < m->depth ? m->dims[l] * m->dims[l + 1] : 0;
        in.x[i] = room(i < 3 ? padded * m->d : in.n[i]);
    }
    in.y = room(padded * m->d);
    return in;
}

static void free_inputs(inputs_t *in) {
    for (int i = 0; i < INPUTS; i++) mn_mem_free(in->x[i]);
    mn_mem_free(in->y);
}

/* As a trained layer gives them: unit keys and queries, 1 % forgetting, momentum around 1/2. */
static void fill(inputs_t *in, bool momentum, bool decay) {
    const mn_memory_t *m = &in->m;
    for (int i = 0; i < INPUTS; i++) {
        mn_rng_t rng = mn_rng(7, MN_RNG_TEST, (uint64_t)i, 0);
        for (int64_t j = 0; j < in->n[i]; j++) {
            const double z = mn_rng_normal(&rng), u = mn_rng_uniform(&rng);
            const int l = (i - 6) / 3;
            in->x[i][j] = i < 2   ? z / sqrt((double)m->d)
                          : i == 2 ? z
                          : i == 3 ? (decay ? 0.02 * u : 0)
                          : i == 4 ? (momentum ? u : 0)
                          : i == 5 ? u * (m->polyak ? 1 : 0.05) / (double)m->chunk
                          : (i - 6) % 3 == 1 ? 0.01 * z
                                             : z / sqrt((double)m->dims[l]);
        }
    }
}

/* The reference's outputs dotted with cot: y, then W and S of each matrix. */
static double reference(const inputs_t *in, const double *cot, double *y) {
    const mn_memory_t *m = &in->m;
    double *w[MN_DEPTH_MAX], *s[MN_DEPTH_MAX], *initial[MN_DEPTH_MAX], sum = 0;
    for (int l = 0; l < m->depth; l++) {
        const int64_t n = in->n[6 + 3 * l];
        w[l] = room(n);
        s[l] = room(n);
        memcpy(w[l], in->x[6 + 3 * l], (size_t)n * sizeof(double));
        memcpy(s[l], in->x[7 + 3 * l], (size_t)n * sizeof(double));
        initial[l] = in->x[8 + 3 * l];
    }
    assert_int_equal(mn_memory_ref(m, ROWS, in->x[0], in->x[1], in->x[2], in->x[3], in->x[4], in->x[5], w, s, initial, y, NULL),
                     MN_OK);
    for (int64_t j = 0; j < ROWS * m->d; j++) sum += *cot++ * y[j];
    for (int l = 0; l < m->depth; l++) {
        for (int64_t j = 0; j < in->n[6 + 3 * l]; j++) sum += *cot++ * w[l][j];
        for (int64_t j = 0; j < in->n[6 + 3 * l]; j++) sum += *cot++ * s[l][j];
        mn_mem_free(w[l]);
        mn_mem_free(s[l]);
    }
    return sum;
}

/* Both passes of the chunked form: y and final states into y and flat (as the cotangents lie), the gradient into grad. */
static void chunked(const inputs_t *in, const double *cot, bool lean, double *y, double *flat, inputs_t *grad) {
    const mn_memory_t *m = &in->m;
    const int64_t size = mn_tape_size(m, ROWS, lean), padded = mn_memory_chunks(m, ROWS) * m->chunk * m->d;
    double *state = room(m->state_size), *dstate = room(m->state_size), *scratch = room(m->scratch_size),
           *block = room(size + 64), *dy = room(padded);
    mn_arena_t arena = {.base = (char *)block, .size = (size + 64) * (int64_t)sizeof(double)};
    mn_tape_t tape;
    mn_tape_take(&tape, m, ROWS, lean, &arena);
    mn_memory_rows_t rows = {.n = ROWS, .ld = m->d, .ldy = m->d, .q = in->x[0], .k = in->x[1], .v = in->x[2],
                             .alpha = in->x[3], .eta = in->x[4], .theta = in->x[5], .y = in->y};
    mn_memory_grads_t g = {.dy = dy, .dq = grad->x[0], .dk = grad->x[1], .dv = grad->x[2], .dalpha = grad->x[3],
                           .deta = grad->x[4], .dtheta = grad->x[5]};
    memcpy(dy, cot, (size_t)(ROWS * m->d) * sizeof *dy);
    const double *c = cot + ROWS * m->d;
    for (int l = 0; l < m->depth; l++) {
        const int64_t out = m->dims[l + 1], n = in->n[6 + 3 * l];
        for (int64_t j = 0; j < n; j++)
            for (int half = 0; half < 2; half++) {
                const int64_t at = m->state[l] + j / out * 2 * out + half * out + j % out;
                state[at] = in->x[6 + 3 * l + half][j];
                dstate[at] = c[half * n + j];
            }
        c += 2 * n;
        rows.initial[l] = in->x[8 + 3 * l];
        g.dinitial[l] = grad->x[8 + 3 * l];
    }
    mn_memory_forward(m, &rows, &tape, state, scratch);
    mn_memory_backward(m, &rows, &tape, &g, dstate, scratch);
    memcpy(y, in->y, (size_t)(ROWS * m->d) * sizeof *y);
    for (int l = 0; l < m->depth; l++) {
        const int64_t out = m->dims[l + 1], n = in->n[6 + 3 * l];
        for (int64_t j = 0; j < n; j++)
            for (int half = 0; half < 2; half++) {
                const int64_t at = m->state[l] + j / out * 2 * out + half * out + j % out;
                flat[half * n + j] = state[at];
                grad->x[6 + 3 * l + half][j] = dstate[at];
            }
        flat += 2 * n;
    }
    mn_mem_free(state);
    mn_mem_free(dstate);
    mn_mem_free(scratch);
    mn_mem_free(block);
    mn_mem_free(dy);
}

typedef struct {
    int depth, chunk;
    int act;
    bool norm, residual, momentum, decay, polyak, initial;
} options_t;

static void compare(const options_t *o) {
    mn_config_t config = {.dim = 64, .heads = 1, .chunk = o->chunk};
    config.memory.depth = o->depth;
    config.memory.expansion = o->depth > 2 ? 1 : 4;
    config.memory.activation = o->act;
    config.memory.norm = o->norm;
    config.memory.residual = o->residual;
    config.memory.step = o->polyak;
    config.memory.forget = o->initial;
    mn_memory_t m;
    mn_memory_init(&m, &config);
    inputs_t in = new_inputs(&m), grad = new_inputs(&m), lean = new_inputs(&m), moved = new_inputs(&m);
    fill(&in, o->momentum, o->decay);
    int64_t outputs = ROWS * m.d;
    for (int l = 0; l < m.depth; l++) outputs += 2 * in.n[6 + 3 * l];
    double *cot = room(outputs), *y = room(ROWS * m.d), *want = room(ROWS * m.d), *flat = room(outputs);
    mn_rng_t rng = mn_rng(8, MN_RNG_TEST, 0, 0);
    for (int64_t j = 0; j < outputs; j++) cot[j] = mn_rng_normal(&rng);
    chunked(&in, cot, false, y, flat, &grad);
    reference(&in, cot, want);
    double top = 0, worst = 0;
    for (int64_t j = 0; j < ROWS * m.d; j++) {
        top = fmax(top, fabs(want[j]));
        worst = fmax(worst, fabs(y[j] - want[j]));
    }
    /* along a direction: sum over inputs of gradient . direction = the reference's difference */
    double inside = 0, length = 0, f[4];
    const double h = 1e-5, at[4] = {-2, -1, 1, 2}; /* of fourth order: the errors of the paper's form grow fast */
    for (int i = 0; i < INPUTS; i++)
        for (int64_t j = 0; j < in.n[i]; j++) {
            if ((i == 3 && !o->decay) || (i == 4 && !o->momentum)) continue;
            const double u = mn_rng_normal(&rng) * (i == 3 || i == 4 ? 0.01 : i == 5 ? 1e-3 : 0.1);
            lean.x[i][j] = u;
            inside += u * grad.x[i][j];
            length += fabs(u * grad.x[i][j]);
        }
    for (int side = 0; side < 4; side++) {
        for (int i = 0; i < INPUTS; i++)
            for (int64_t j = 0; j < in.n[i]; j++) moved.x[i][j] = in.x[i][j] + at[side] * h * lean.x[i][j];
        f[side] = reference(&moved, cot, want);
    }
    const double slope = (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12 * h), gap = fabs(slope - inside) / length;
    printf("depth %d chunk %2d act %d norm %d residual %d momentum %d decay %d polyak %d initial %d: y %.1e slope %.1e\n",
           o->depth, o->chunk, o->act, o->norm, o->residual, o->momentum, o->decay, o->polyak, o->initial, worst / top, gap);
    assert_true(worst <= 1e-9 * top);
    assert_true(gap <= 1e-6);
    /* recomputing between kept states changes no bit */
    inputs_t again = new_inputs(&m);
    double *y2 = room(ROWS * m.d), *flat2 = room(outputs);
    chunked(&in, cot, true, y2, flat2, &again);
    assert_memory_equal(y, y2, (size_t)(ROWS * m.d) * sizeof *y);
    for (int i = 0; i < INPUTS; i++) assert_memory_equal(grad.x[i], again.x[i], (size_t)in.n[i] * sizeof(double));
    double *blocks[] = {cot, y, want, flat, y2, flat2};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) mn_mem_free(blocks[i]);
    inputs_t *sets[] = {&in, &grad, &lean, &moved, &again};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) free_inputs(sets[i]);
}

/* Every option on and off, at both chunk lengths, each depth. */
static void test_options(void **state) {
    (void)state;
    static const options_t cases[] = {
        {.depth = 2, .chunk = 16, .momentum = true, .decay = true, .polyak = true, .initial = true},
        {.depth = 2, .chunk = 64, .momentum = true, .decay = true, .polyak = true, .initial = true},
        {.depth = 2, .chunk = 16, .act = 1, .norm = true, .residual = true, .momentum = true, .decay = true},
        {.depth = 2, .chunk = 64, .act = 1, .norm = true, .residual = true, .decay = true},
        {.depth = 1, .chunk = 16, .momentum = true},
        {.depth = 3, .chunk = 64, .residual = true, .momentum = true, .decay = true, .polyak = true},
        {.depth = 4, .chunk = 16, .act = 1, .norm = true, .initial = true, .decay = true, .momentum = true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) compare(&cases[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_options)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
