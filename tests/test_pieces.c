/* test_pieces: a gradient that goes back in pieces is that of the whole sequence, for every backbone, loss and pooling,
 * at a stream's start and within one. */
#include "genomics/base/mem.h"
#include "genomics/base/rng.h"
#include "titans/pass.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

typedef mn_real_t real;
enum { LENGTH = 700, BEFORE = 77 };

static int32_t ids[BEFORE + LENGTH];

static mn_model_t *new_model(int arch, int pooling) {
    mn_config_t config;
    mn_model_t *m = NULL;
    assert_true(mn_config_preset("tiny", &config));
    config.arch = arch;
    config.pooling = pooling;
    config.classes = 3;
    config.words = 3;
    config.bins = 3;
    config.gapped = config.lengths = true;
    config.dim = 32;
    config.ffn = 48;
    config.memory.expansion = 2;
    config.persistent = 5;
    config.window = 80; /* more than a piece */
    config.segment = 48;
    assert_int_equal(mn_model_new(&config, &m, NULL), MN_OK);
    mn_model_init(m, 3);
    mn_rng_t rng = mn_rng(3, MN_RNG_TEST, 1, 0);
    for (int k = 0; k < 3; k++) { /* that begin at 0 */
        static const char *const names[] = {"words.weight", "head.gapped", "head.lengths"};
        const mn_param_t *words = mn_model_param(m, names[k]);
        for (int64_t i = 0; words && i < words->size; i++) m->block[words->offset + i] = (mn_real_t)mn_rng_normal(&rng);
    }
    return m;
}

/* The gradient of all but the first BEFORE tokens, which the stream, if it is one, has seen. */
static real *gradient(const mn_model_t *m, int kind, int64_t piece, bool stream, int64_t max_memory, mn_loss_t *loss) {
    mn_work_t *work = NULL;
    mn_state_t *state = NULL;
    real *g = NULL;
    const mn_objective_t objective = {.kind = kind, .scale = 0.01, .dropout = 0.3};
    assert_int_equal(mn_work_new(m, max_memory, &work, NULL), MN_OK);
    assert_int_equal(mn_mem_new((void **)&g, m->size, sizeof *g, NULL), MN_OK);
    mn_sample_t sample = {.ids = ids, .length = BEFORE, .label = 1, .weight = 1, .noise = 7};
    if (stream) {
        mn_output_t out = {.layer = -1, .next = -1};
        assert_int_equal(mn_state_new(m, &state, NULL), MN_OK);
        sample.state = state;
        assert_int_equal(mn_model_forward(m, work, &sample, 1, &out, NULL), MN_OK);
    }
    mn_work_set_piece(work, piece);
    sample.ids += BEFORE;
    sample.length = LENGTH;
    *loss = (mn_loss_t){0};
    assert_int_equal(mn_model_gradient(m, work, &objective, &sample, 1, g, loss, NULL), MN_OK);
    if (stream) assert_int_equal(*mn_state_position(state), BEFORE + LENGTH + m->layout->prefix);
    mn_state_free(state);
    mn_work_free(work);
    return g;
}

static void compare(const mn_model_t *m, int kind, bool stream) {
    const double limit = sizeof(real) == 4 ? 2e-4 : 1e-11;
    mn_loss_t whole, parts;
    real *a = gradient(m, kind, 1 << 20, stream, 0, &whole), *b = gradient(m, kind, 96, stream, 0, &parts);
    assert_true(fabs(whole.nats - parts.nats) <= limit * fabs(whole.nats));
    for (int64_t i = 0; i < m->n_params; i++) {
        double error = 0, square = 0;
        for (int64_t j = m->params[i].offset; j < m->params[i].offset + m->params[i].size; j++) {
            error += ((double)a[j] - (double)b[j]) * ((double)a[j] - (double)b[j]);
            square += (double)a[j] * (double)a[j];
        }
        if (error > limit * limit * square)
            fail_msg("arch %d, pooling %d, kind %d, stream %d: %s is off by %.1e of %.1e", m->config.arch,
                     m->config.pooling, kind, stream, m->params[i].name, sqrt(error), sqrt(square));
    }
    mn_mem_free(a);
    mn_mem_free(b);
}

static void test_pieces(void **state) {
    (void)state;
    for (int arch = 0; arch < 4; arch++)
        for (int pooling = 0; pooling < 4; pooling++) {
            mn_model_t *m = new_model(arch, pooling);
            for (int stream = 0; stream < 2; stream++) {
                compare(m, MN_LOSS_CLASS, stream);
                if (pooling == 0) compare(m, MN_LOSS_NEXT_TOKEN, stream);
            }
            mn_model_free(m);
        }
}

/* What a sequence gives does not depend on what went through the same work space before it. */
static void test_again(void **state) {
    (void)state;
    enum { LONG = 3000 }; /* more than a piece of a forward pass */
    static int32_t a[LONG], b[LONG];
    static float first[LONG], other[LONG], again[LONG];
    mn_rng_t rng = mn_rng(2, MN_RNG_TEST, 0, 0);
    for (int t = 0; t < LONG; t++) {
        a[t] = (int32_t)mn_rng_below(&rng, 4);
        b[t] = (int32_t)mn_rng_below(&rng, 4);
    }
    for (int arch = 0; arch < 4; arch++) {
        mn_model_t *m = new_model(arch, 0);
        mn_work_t *work = NULL;
        assert_int_equal(mn_work_new(m, 0, &work, NULL), MN_OK);
        const int32_t *const ids_of[] = {a, b, a};
        float *const nats[] = {first, other, again};
        for (int i = 0; i < 3; i++) {
            const mn_sample_t sample = {.ids = ids_of[i], .length = LONG};
            mn_output_t out = {.layer = -1, .next = -1, .nats = nats[i]};
            assert_int_equal(mn_model_forward(m, work, &sample, 1, &out, NULL), MN_OK);
        }
        assert_memory_equal(first, again, sizeof first);
        assert_memory_not_equal(first, other, sizeof first);
        mn_work_free(work);
        mn_model_free(m);
    }
}

int main(void) {
    mn_rng_t rng = mn_rng(1, MN_RNG_TEST, 0, 0);
    for (int t = 0; t < BEFORE + LENGTH; t++) ids[t] = (int32_t)mn_rng_below(&rng, 9);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pieces), cmocka_unit_test(test_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
