/* test_model: for each backbone, a result depends on the sequence and its place in the stream alone: not on threads,
 * batch, length of what follows, memory allowed, where the stream was cut, or the processor's instruction set.
 * Comparisons are of bits, but for gradients against differences of the loss. */
#include "genomics/base/gapped.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include "genomics/base/rng.h"
#include "titans/kernels/vec.h"
#include "titans/model.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef mn_real_t real;
enum { LONGEST = 3000, MANY = 17 }; /* tokens; samples of a batch: more than there are gradients in parallel */

static int32_t ids[LONGEST];
static int arch; /* mn_arch_t */
static mn_model_t *model;
static double dropout = 0.3; /* of gradients */
static uint64_t noise = 1;

static void *room(int64_t n, int64_t size) {
    void *p = NULL;
    assert_int_equal(mn_mem_new(&p, n, size, NULL), MN_OK);
    return p;
}

static mn_model_t *new_model(int64_t classes, int pooling) {
    mn_config_t config;
    mn_err_t err = {0};
    mn_model_t *m = NULL;
    assert_true(mn_config_preset("tiny", &config));
    config.classes = classes;
    config.pooling = pooling;
    config.arch = arch;
    config.persistent = 5; /* so that rows and chunks do not line up, nor windows and segments with blocks of rows */
    config.window = 50;
    config.segment = 80;
    config.words = 3;
    config.bins = 3;
    config.gapped = config.lengths = classes > 0;
    config.dim = 32;
    config.ffn = 48;
    config.attn_heads = 4;
    config.memory.expansion = 2;
    assert_int_equal(mn_model_new(&config, &m, &err), MN_OK);
    mn_model_init(m, 3);
    mn_rng_t rng = mn_rng(3, MN_RNG_TEST, 1, 0);
    for (int k = 0; k < 3; k++) { /* that begin at 0 */
        static const char *const names[] = {"words.weight", "head.gapped", "head.lengths"};
        const mn_param_t *words = mn_model_param(m, names[k]);
        for (int64_t i = 0; words && i < words->size; i++) m->block[words->offset + i] = (mn_real_t)mn_rng_normal(&rng);
    }
    return m;
}

static mn_work_t *new_work(const mn_model_t *m, int64_t max_memory) {
    mn_work_t *work = NULL;
    mn_err_t err = {0};
    assert_int_equal(mn_work_new(m, max_memory, &work, &err), MN_OK);
    return work;
}

static int set_up(void **state) {
    (void)state;
    mn_rng_t rng = mn_rng(1, MN_RNG_TEST, 0, 0);
    for (int t = 0; t < LONGEST; t++) /* bases, and one in 21 no base */
        ids[t] = (int32_t)(mn_rng_below(&rng, 21) ? mn_rng_below(&rng, 4) : 4 + mn_rng_below(&rng, 5));
    model = new_model(3, MN_POOL_ATTENTION);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    mn_model_free(model);
    return 0;
}

typedef struct {
    float *nats;
    real *hidden, *pooled, *classes;
} got_t;

/* One sequence of `length`, in pieces that end at the cuts. */
static got_t run(int64_t length, const int64_t *cuts, int64_t n_cuts) {
    const int64_t D = model->config.dim;
    got_t got = {room(length, sizeof(float)), room(length * D, sizeof(real)), room(D, sizeof(real)),
                 room(3, sizeof(real))};
    mn_work_t *work = new_work(model, 0);
    mn_state_t *stream = NULL;
    mn_err_t err = {0};
    if (n_cuts) assert_int_equal(mn_state_new(model, &stream, &err), MN_OK);
    for (int64_t i = 0, from = 0; i <= n_cuts; i++) {
        const int64_t to = i < n_cuts ? cuts[i] : length;
        const mn_sample_t sample = {.ids = ids + from, .length = to - from, .state = stream};
        mn_output_t out = {
            .layer = -1, .hidden = got.hidden + from * D, .nats = got.nats + from, .next = to < length ? ids[to] : -1};
        if (!n_cuts) out.pooled = got.pooled, out.classes = got.classes;
        assert_int_equal(mn_model_forward(model, work, &sample, 1, &out, &err), MN_OK);
        from = to;
    }
    mn_state_free(stream);
    mn_work_free(work);
    return got;
}

static void free_got(got_t *got) {
    mn_mem_free(got->nats);
    mn_mem_free(got->hidden);
    mn_mem_free(got->pooled);
    mn_mem_free(got->classes);
}

static void assert_same_rows(const got_t *a, const got_t *b, int64_t rows) {
    assert_memory_equal(a->hidden, b->hidden, (size_t)(rows * model->config.dim) * sizeof(real));
    assert_memory_equal(a->nats, b->nats, (size_t)(rows - 1) * sizeof(float));
}

static void test_length(void **state) {
    (void)state;
    static const int64_t lengths[] = {1, 2, 15, 16, 27, 31, 32, 33, 64, 100, 255, 256, 257};
    got_t whole = run(400, NULL, 0);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        got_t part = run(lengths[i], NULL, 0);
        assert_same_rows(&whole, &part, lengths[i]);
        free_got(&part);
    }
    free_got(&whole);
}

static void test_cuts(void **state) {
    (void)state;
    static const int64_t cuts[] = {1, 2, 9, 27, 28, 60, 64, 65, 79, 80, 160, 199, 300, 1000, 2047, 2048, 2049};
    got_t whole = run(LONGEST, NULL, 0), pieces = run(LONGEST, cuts, sizeof cuts / sizeof *cuts);
    assert_same_rows(&whole, &pieces, LONGEST);
    free_got(&whole);
    free_got(&pieces);
}

/* Equal streams have equal states, too. */
static void test_states(void **state) {
    (void)state;
    static const int64_t lengths[] = {3, 43, 160, 171, 400}, cuts[] = {1, 37, 91, 160, 163};
    mn_work_t *work = new_work(model, 0);
    mn_err_t err = {0};
    for (int i = 0; i < 5; i++) {
        mn_state_t *streams[2];
        for (int k = 0; k < 2; k++) {
            assert_int_equal(mn_state_new(model, &streams[k], &err), MN_OK);
            for (int64_t from = 0, to; from < lengths[i]; from = to) {
                to = k == 1 && from < cuts[i] && cuts[i] < lengths[i] ? cuts[i] : lengths[i];
                const mn_sample_t sample = {.ids = ids + from, .length = to - from, .state = streams[k]};
                mn_output_t out = {.layer = -1, .next = -1};
                assert_int_equal(mn_model_forward(model, work, &sample, 1, &out, &err), MN_OK);
            }
        }
        assert_int_equal(*mn_state_position(streams[0]), *mn_state_position(streams[1]));
        assert_memory_equal(mn_state_block(streams[0]), mn_state_block(streams[1]),
                            (size_t)mn_state_size(model) * sizeof(real));
        mn_state_free(streams[0]);
        mn_state_free(streams[1]);
    }
    mn_work_free(work);
}

/* Sequences of mixed lengths together, some of them, and each alone, at 1 to 3 threads */
static void test_batch(void **state) {
    (void)state;
    enum { N = 24, CLASSES = 3 };
    static const int64_t sizes[] = {N, 1, 7};
    mn_sample_t samples[N];
    real *first = room(N * CLASSES, sizeof(real)), *classes = room(N * CLASSES, sizeof(real));
    mn_output_t outputs[N];
    mn_err_t err = {0};
    memset(outputs, 0, sizeof outputs);
    for (int i = 0; i < N; i++) samples[i] = (mn_sample_t){.ids = ids + i, .length = 1 + i * 17 % 150};
    for (int threads = 1; threads <= 3; threads++) {
        mn_par_set_threads(threads);
        for (size_t k = 0; k < 3; k++) {
            mn_work_t *work = new_work(model, 0);
            real *to = threads == 1 && k == 0 ? first : classes;
            for (int64_t i = 0; i < N; i += sizes[k]) {
                const int64_t n = i + sizes[k] < N ? sizes[k] : N - i;
                for (int64_t j = 0; j < n; j++)
                    outputs[j] = (mn_output_t){.classes = to + (i + j) * CLASSES, .layer = -1, .next = -1};
                assert_int_equal(mn_model_forward(model, work, samples + i, n, outputs, &err), MN_OK);
            }
            assert_memory_equal(first, to, N * CLASSES * sizeof(real));
            mn_work_free(work);
        }
    }
    mn_par_set_threads(1);
    mn_mem_free(first);
    mn_mem_free(classes);
}

/* Loss and gradient of a batch; with states, of the second half of each sequence after the first. max_memory > 0: the
 * least above it that is enough. */
static real *gradient(const mn_model_t *m, int kind, int64_t n, bool streams, int64_t max_memory, mn_loss_t *loss) {
    real *g = room(m->size, sizeof(real));
    mn_work_t *work = new_work(m, max_memory);
    mn_sample_t samples[MANY];
    mn_state_t *states[MANY];
    mn_err_t err = {0};
    for (int64_t i = 0; i < n; i++) {
        states[i] = NULL;
        if (streams) assert_int_equal(mn_state_new(m, &states[i], &err), MN_OK);
        samples[i] = (mn_sample_t){.ids = ids + 31 * i,
                                   .length = 50 + 5 * i,
                                   .label = (int32_t)(i % 3),
                                   .weight = 1,
                                   .noise = noise + (uint64_t)i,
                                   .state = states[i]};
    }
    *loss = (mn_loss_t){0};
    const mn_objective_t objective = {.kind = kind, .scale = 0.01, .label_smoothing = 0.1, .dropout = dropout};
    for (int half = 0; half < (streams ? 2 : 1); half++) {
        mn_status_t status;
        while ((status = mn_model_gradient(m, work, &objective, samples, n, g, loss, &err)) == MN_USAGE &&
               max_memory > 0) {
            mn_work_free(work);
            work = new_work(m, max_memory += max_memory / 8);
        }
        assert_int_equal(status, MN_OK);
        for (int64_t i = 0; i < n; i++) samples[i].ids += samples[i].length;
    }
    for (int64_t i = 0; i < n; i++) mn_state_free(states[i]);
    mn_work_free(work);
    return g;
}

static void test_gradient_bits(void **state) {
    (void)state;
    for (int kind = 0; kind < 2; kind++)
        for (int streams = 0; streams < 2; streams++)
            for (int64_t n = 1; n <= MANY; n += MANY - 1) {
                mn_loss_t want, got;
                mn_par_set_threads(1);
                real *g = gradient(model, kind, n, streams, 0, &want);
                for (int threads = 1; threads <= 3; threads++) {
                    mn_par_set_threads(threads);
                    /* the least memory that will do makes states at every k-th chunk and computes the rest again */
                    real *h = gradient(model, kind, n, streams, threads == 1 ? 100000 : 0, &got);
                    assert_memory_equal(g, h, (size_t)model->size * sizeof(real));
                    assert_memory_equal(&want, &got, sizeof want);
                    mn_mem_free(h);
                }
                mn_mem_free(g);
            }
    mn_par_set_threads(1);
}

/* What an earlier pass has left in the work space is not read: here nothing but NaN. */
static void test_left_behind(void **state) {
    (void)state;
    const size_t size = (size_t)model->size * sizeof(real);
    const mn_objective_t objective = {.kind = MN_LOSS_NEXT_TOKEN, .scale = 0.01};
    mn_work_t *used = new_work(model, 0);
    mn_err_t err = {0};
    mn_loss_t loss = {0};
    real *weights = room(model->size, sizeof(real)), *waste = room(model->size, sizeof(real));
    memcpy(weights, model->block, size);
    for (int64_t length = 83; length < 180; length += 19) {
        const mn_sample_t longer = {.ids = ids, .length = 2 * length}, sample = {.ids = ids, .length = length};
        for (int64_t i = 0; i < model->size; i++) model->block[i] = (real)NAN;
        assert_int_equal(mn_model_gradient(model, used, &objective, &longer, 1, waste, &loss, &err), MN_OK);
        memcpy(model->block, weights, size);
        mn_work_t *fresh = new_work(model, 0);
        real *want = room(model->size, sizeof(real)), *got = room(model->size, sizeof(real));
        assert_int_equal(mn_model_gradient(model, fresh, &objective, &sample, 1, want, &loss, &err), MN_OK);
        assert_int_equal(mn_model_gradient(model, used, &objective, &sample, 1, got, &loss, &err), MN_OK);
        assert_memory_equal(want, got, size);
        mn_mem_free(want);
        mn_mem_free(got);
        mn_work_free(fresh);
    }
    mn_mem_free(weights);
    mn_mem_free(waste);
    mn_work_free(used);
}

/* A loss is linear in its targets' weights: two that add up to 1 share what there is without. */
static void test_weights(void **state) {
    (void)state;
    enum { N = 300 };
    real weights[2][N], *g[3];
    mn_loss_t loss[3] = {{0}};
    mn_work_t *work = new_work(model, 0);
    mn_err_t err = {0};
    const mn_objective_t objective = {.kind = MN_LOSS_NEXT_TOKEN, .scale = 0.01};
    for (int t = 0; t < N; t++) {
        weights[0][t] = (real)(t % 3) / 2;
        weights[1][t] = 1 - weights[0][t];
    }
    for (int i = 0; i < 3; i++) {
        const mn_sample_t sample = {.ids = ids, .length = N, .weights = i < 2 ? weights[i] : NULL};
        g[i] = room(model->size, sizeof(real));
        assert_int_equal(mn_model_gradient(model, work, &objective, &sample, 1, g[i], &loss[i], &err), MN_OK);
        assert_true(loss[i].weight == mn_model_targets(&objective, &sample, 1));
    }
    double error = 0, square = 0;
    for (int64_t i = 0; i < model->size; i++) {
        const double whole = (double)g[2][i], parts = (double)g[0][i] + (double)g[1][i];
        error += (parts - whole) * (parts - whole);
        square += whole * whole;
    }
    assert_true(loss[0].weight + loss[1].weight == N - 1 && loss[2].weight == N - 1);
    assert_true(loss[0].nats > 0 && loss[0].nats < loss[2].nats);
    assert_true(fabs(loss[0].nats + loss[1].nats - loss[2].nats) <= 1e-6 * loss[2].nats);
    assert_true(error <= (sizeof(real) == 4 ? 1e-10 : 1e-28) * square);
    for (int i = 0; i < 3; i++) mn_mem_free(g[i]);
    mn_work_free(work);
}

static void test_memory_too_small(void **state) {
    (void)state;
    mn_work_t *work = new_work(model, 1000);
    mn_err_t err = {0};
    mn_loss_t loss = {0};
    const mn_sample_t sample = {.ids = ids, .length = 1000};
    const mn_objective_t objective = {.scale = 1};
    real *g = room(model->size, sizeof(real));
    assert_int_equal(mn_model_gradient(model, work, &objective, &sample, 1, g, &loss, &err), MN_USAGE);
    assert_non_null(strstr(err.hint, "--max-memory"));
    mn_mem_free(g);
    mn_work_free(work);
}

/* Loops and fused products of all sets give the same bits; plain C has BLAS's products, hence other roundings. */
static void test_instruction_sets(void **state) {
    (void)state;
    static const char *const levels[] = {"plain", "avx2", "avx512"};
    mn_loss_t loss;
    real *got[3] = {NULL};
    for (size_t i = 0; i < 3; i++)
        if (mn_vec_select(levels[i])) got[i] = gradient(model, MN_LOSS_CLASS, 3, false, 0, &loss);
    if (got[1] && got[2]) assert_memory_equal(got[1], got[2], (size_t)model->size * sizeof(real));
    double error = 0, square = 0;
    for (int64_t i = 0; i < model->size && got[1]; i++) {
        const double a = (double)got[0][i], b = (double)got[1][i];
        error += (a - b) * (a - b);
        square += a * a;
    }
    assert_true(error <= (sizeof(real) == 4 ? 1e-10 : 1e-28) * square);
    for (size_t i = 0; i < 3; i++) mn_mem_free(got[i]);
    assert_true(mn_vec_select("auto"));
    assert_false(mn_vec_select("sse9"));
}

/* The slope of a loss along u, from the losses at h and -h along it; the gradient must say the same. */
static void assert_slope(const mn_model_t *m, const real *g, double (*loss)(mn_model_t *, void *), void *ctx) {
    mn_rng_t rng = mn_rng(5, MN_RNG_TEST, 0, 0);
    real *u = room(m->size, sizeof(real)), *from = room(m->size, sizeof(real));
    mn_model_t *moved = new_model(m->config.classes, m->config.pooling);
    double inside = 0, square = 0, side[2];
    memcpy(from, m->block, (size_t)m->size * sizeof(real));
    for (int64_t i = 0; i < m->n_params; i++)
        for (int64_t j = 0; j < m->params[i].size; j++) {
            const int64_t at = m->params[i].offset + j;
            u[at] = (real)(mn_rng_normal(&rng) * (fabs((double)g[at]) + 1e-6));
            inside += (double)u[at] * (double)g[at];
            square += (double)g[at] * (double)g[at];
        }
    const double h = (sizeof(real) == 4 ? 1e-2 : 1e-4) * 0.04 / sqrt(square);
    for (int i = 0; i < 2; i++) {
        for (int64_t j = 0; j < m->size; j++) moved->block[j] = from[j] + (real)((i ? h : -h) / sqrt(square)) * u[j];
        side[i] = loss(moved, ctx);
    }
    const double slope = (side[1] - side[0]) / (2 * h) * sqrt(square);
    assert_true(square > 0);
    assert_true(fabs(slope - inside) <= (sizeof(real) == 4 ? 2e-2 : 1e-5) * square);
    mn_model_free(moved);
    mn_mem_free(u);
    mn_mem_free(from);
}

static double class_loss(mn_model_t *m, void *ctx) {
    (void)ctx;
    mn_loss_t loss;
    mn_mem_free(gradient(m, MN_LOSS_CLASS, 4, false, 0, &loss));
    return loss.nats;
}

/* The class loss, each pooling. (The next-token loss is in the golden files.) */
static void test_class_gradient(void **state) {
    (void)state;
    for (int pooling = 0; pooling < 4; pooling++) {
        mn_model_t *m = new_model(3, pooling);
        mn_loss_t loss;
        real *g = gradient(m, MN_LOSS_CLASS, 4, false, 0, &loss);
        assert_slope(m, g, class_loss, NULL);
        mn_mem_free(g);
        mn_model_free(m);
    }
}

/* A word of one base is that base: the class loss, which does not reach the tied embedding's other use, moves both
 * alike. */
static void test_words(void **state) {
    (void)state;
    mn_config_t config = model->config;
    mn_model_t *m = NULL;
    mn_loss_t loss = {0};
    config.words = 1;
    assert_int_equal(mn_model_new(&config, &m, NULL), MN_OK);
    mn_model_init(m, 3);
    dropout = 0;
    real *g = gradient(m, MN_LOSS_CLASS, 4, false, 0, &loss);
    dropout = 0.3;
    const real *words = g + mn_model_param(m, "words.weight")->offset,
               *bases = g + mn_model_param(m, "embed.weight")->offset;
    double sum = 0;
    for (int64_t i = 0; i < 4 * config.dim; i++) sum += fabs((double)words[i]);
    assert_true(sum > 0);
    assert_memory_equal(words, bases, (size_t)(4 * config.dim) * sizeof(real));
    mn_mem_free(g);
    mn_model_free(m);
}

/* Counts by building every word at every place from the patterns; 10 log(1 + count) over the length of the vector. */
static void test_gapped(void **state) {
    (void)state;
    enum { N = 400 };
    static const char *const patterns[MN_GAPPED_PATTERNS] = {"11111",    "111111",     "1111111",    "11101011",
                                                             "11100111", "1110000111", "1101100111", "11100000000111"};
    const int64_t rows = mn_gapped_rows();
    mn_gapped_t gapped = {
        .words = room(rows, sizeof(int32_t)), .x = room(rows, sizeof(float)), .counts = room(rows, sizeof(int32_t))};
    for (int64_t length = 0; length <= N; length += length < 20 ? 1 : 95) {
        int32_t *want = room(rows, sizeof *want);
        int64_t first = 0;
        double squares = 0;
        for (int p = 0; p < MN_GAPPED_PATTERNS; p++) {
            const int64_t span = (int64_t)strlen(patterns[p]);
            int64_t words = 1;
            for (int64_t i = 0; i < span; i++) words *= patterns[p][i] == '1' ? 4 : 1;
            for (int64_t t = 0; t + span <= length; t++) {
                int64_t word = 0;
                bool bases = true;
                for (int64_t i = 0; i < span; i++) {
                    bases = bases && ids[t + i] < 4;
                    if (patterns[p][i] == '1') word = 4 * word + ids[t + i];
                }
                if (bases) want[first + word]++;
            }
            first += words;
        }
        assert_int_equal(first, rows);
        mn_gapped_count(ids, length, &gapped);
        assert_memory_equal(gapped.counts, want, (size_t)rows * sizeof *want);
        for (int64_t w = 0; w < rows; w++) squares += pow(log1p(want[w]), 2);
        for (int64_t i = 0; i < gapped.n; i++) {
            int32_t *count = &want[gapped.words[i]];
            assert_true(*count > 0 && fabs((double)gapped.x[i] - 10 * log1p(*count) / sqrt(squares)) < 1e-5);
            *count = 0; /* each word once, and all */
        }
        for (int64_t w = 0; w < rows; w++) assert_int_equal(want[w], 0);
        if (length == N) assert_true(gapped.n > 1000);
        mn_mem_free(want);
    }
    mn_mem_free(gapped.words);
    mn_mem_free(gapped.x);
    mn_mem_free(gapped.counts);
}

/* What the head reads beside the pooled row: the gradient of its weights is that of the bias, times what is read. */
static void test_beside(void **state) {
    (void)state;
    static const struct {
        int64_t length, mark; /* lower one of the length, half octaves from 1 on */
        double share;         /* of the upper one */
    } cases[] = {{1, 0, 0}, {2, 2, 0}, {3, 3, 0.169925}, {100, 13, 0.287712}, {128, 14, 0}};
    const int64_t rows = mn_gapped_rows(), n = model->config.classes;
    const int64_t at = mn_model_param(model, "head.gapped")->offset,
                  marks = mn_model_param(model, "head.lengths")->offset;
    mn_gapped_t gapped = {
        .words = room(rows, sizeof(int32_t)), .x = room(rows, sizeof(float)), .counts = room(rows, sizeof(int32_t))};
    mn_work_t *work = new_work(model, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const mn_sample_t sample = {.ids = ids, .length = cases[i].length, .label = 1, .weight = 1};
        const mn_objective_t objective = {.kind = MN_LOSS_CLASS, .scale = 1};
        mn_loss_t loss = {0};
        mn_err_t err = {0};
        real *g = room(model->size, sizeof(real));
        assert_int_equal(mn_model_gradient(model, work, &objective, &sample, 1, g, &loss, &err), MN_OK);
        const real *bias = g + mn_model_param(model, "head.bias")->offset;
        assert_true(bias[1] < 0);
        mn_gapped_count(ids, sample.length, &gapped);
        for (int64_t w = 0; w < gapped.n; w++) {
            real *row = g + at + gapped.words[w] * n;
            for (int64_t c = 0; c < n; c++, row++) {
                assert_true(fabs((double)*row - (double)gapped.x[w] * (double)bias[c]) < 1e-5);
                *row = 0;
            }
        }
        for (int64_t k = 0; k < rows * n; k++) assert_true(g[at + k] == 0);
        for (int64_t k = 0; k < MN_LENGTHS * n; k++) {
            const double share = k / n == cases[i].mark       ? 1 - cases[i].share
                                 : k / n == cases[i].mark + 1 ? cases[i].share
                                                              : 0;
            assert_true(fabs((double)g[marks + k] - 10 * share * (double)bias[k % n]) < 1e-4);
        }
        mn_mem_free(g);
    }
    mn_work_free(work);
    mn_mem_free(gapped.words);
    mn_mem_free(gapped.x);
    mn_mem_free(gapped.counts);
}

/* What is left out follows from the noise alone; without dropout noise does nothing. */
static void test_dropout(void **state) {
    (void)state;
    mn_loss_t loss[3];
    for (int i = 0; i < 3; i++) {
        noise = i == 1 ? 100 : 1;
        mn_mem_free(gradient(model, MN_LOSS_CLASS, 4, false, 0, &loss[i]));
    }
    assert_true(loss[0].nats == loss[2].nats && loss[0].nats != loss[1].nats);
    dropout = 0;
    for (int i = 0; i < 2; i++) {
        noise = i ? 100 : 1;
        mn_mem_free(gradient(model, MN_LOSS_CLASS, 4, false, 0, &loss[i]));
    }
    assert_true(loss[0].nats == loss[1].nats);
    dropout = 0.3;
    noise = 1;
}

/* Next-token loss of what follows a state, which stays as it was; g, unless NULL: its gradient. */
static double loss_after(mn_model_t *m, const mn_state_t *past, real *g) {
    mn_work_t *work = new_work(m, 0);
    mn_state_t *stream = NULL;
    mn_err_t err = {0};
    mn_loss_t loss = {0};
    real *own = g ? NULL : room(m->size, sizeof(real));
    assert_int_equal(mn_state_new(m, &stream, &err), MN_OK);
    mn_state_copy(stream, past);
    const mn_sample_t sample = {.ids = ids + 123, .length = 100, .state = stream};
    const mn_objective_t objective = {.kind = MN_LOSS_NEXT_TOKEN, .scale = 0.01};
    assert_int_equal(mn_model_gradient(m, work, &objective, &sample, 1, g ? g : own, &loss, &err), MN_OK);
    mn_state_free(stream);
    mn_work_free(work);
    mn_mem_free(own);
    return loss.nats;
}

static double stream_loss(mn_model_t *m, void *ctx) {
    return loss_after(m, ctx, NULL);
}

/* A state is a constant to the gradient, in the middle of a block, chunk, window and segment. */
static void test_stream_gradient(void **state) {
    (void)state;
    mn_work_t *work = new_work(model, 0);
    mn_state_t *past = NULL;
    mn_err_t err = {0};
    mn_output_t out = {.layer = -1, .next = -1};
    assert_int_equal(mn_state_new(model, &past, &err), MN_OK);
    const mn_sample_t sample = {.ids = ids, .length = 123, .state = past};
    assert_int_equal(mn_model_forward(model, work, &sample, 1, &out, &err), MN_OK);
    real *g = room(model->size, sizeof(real));
    loss_after(model, past, g);
    assert_slope(model, g, stream_loss, past);
    mn_mem_free(g);
    mn_state_free(past);
    mn_work_free(work);
}

int main(void) {
    const struct CMUnitTest bits[] = {
        cmocka_unit_test(test_length),        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_states),        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_gradient_bits), cmocka_unit_test(test_memory_too_small),
        cmocka_unit_test(test_left_behind),
    };
    const struct CMUnitTest values[] = {
        cmocka_unit_test(test_instruction_sets), cmocka_unit_test(test_class_gradient), cmocka_unit_test(test_words),
        cmocka_unit_test(test_gapped),           cmocka_unit_test(test_beside),         cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_stream_gradient),  cmocka_unit_test(test_weights),
    };
    int failed = 0;
    for (arch = 0; mn_arch_names[arch]; arch++) {
        if (sizeof(real) == 4) /* nothing in them depends on the type */
            failed += cmocka_run_group_tests_name(mn_arch_names[arch], bits, set_up, tear_down);
        failed += cmocka_run_group_tests_name(mn_arch_names[arch], values, set_up, tear_down);
    }
    return failed;
}
