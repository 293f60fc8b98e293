/* conformance: golden files (../reference, kinds memory and model) against the entry points that the trainer calls.
 *
 *     conformance FILE...
 *
 * Prints, a file a line, the largest error of any output or gradient relative to that tensor's largest magnitude (absolute
 * where the reference is all zero) and where it is. Exit 1 if one is above max(1e-5, 10 x the file's float32_error) in
 * float32, 1e-9 in float64. */
#include "genomics/base/mem.h"
#include "titans/memory.h"
#include "titans/model.h"
#include "titans/safetensors.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef mn_real_t real;

typedef struct {
    mn_tensors_t file;
    const char *path;
    double worst;
    char tensor[MN_TENSOR_NAME_MAX];
} case_t;

static void fail(const char *path, const char *what) {
    fprintf(stderr, "conformance: %s: %s\n", path, what);
    exit(4);
}

static void *room(int64_t n, int64_t size) {
    void *p;
    mn_err_t err = {0};
    if (mn_mem_new(&p, n, size, &err)) fail("memory", err.what);
    return p;
}

/* A tensor's numbers as doubles, or as real; owner: the caller. */
static double *doubles(const case_t *c, const char *name, int64_t *count) {
    const mn_tensor_t *t = mn_tensors_get(&c->file, name);
    if (!t || t->dtype != MN_F64) fail(c->path, name);
    double *x = room(t->count, sizeof *x);
    memcpy(x, t->data, (size_t)t->count * sizeof *x);
    if (count) *count = t->count;
    return x;
}

static real *reals(const case_t *c, const char *name, int64_t padded) {
    int64_t n;
    double *x = doubles(c, name, &n);
    real *y = room(n > padded ? n : padded, sizeof *y);
    for (int64_t i = 0; i < n; i++) y[i] = (real)x[i];
    mn_mem_free(x);
    return y;
}

static void compare(case_t *c, const char *name, const real *got) {
    int64_t n;
    double *want = doubles(c, name, &n), top = 0, error = 0;
    for (int64_t i = 0; i < n; i++) {
        const double e = fabs((double)got[i] - want[i]);
        if (fabs(want[i]) > top) top = fabs(want[i]);
        if (!(e <= error)) error = e; /* NaN wins */
    }
    if (top > 0) error /= top;
    if (!(error <= c->worst)) {
        c->worst = error;
        snprintf(c->tensor, sizeof c->tensor, "%s", name);
    }
    mn_mem_free(want);
}

static void compare_matrix(case_t *c, const char *prefix, int64_t l, const real *got) {
    char name[40];
    snprintf(name, sizeof name, "%s%d", prefix, (int)l);
    compare(c, name, got);
}

static int64_t integer(const case_t *c, const mn_json_t *config, const char *key) {
    int64_t n = 0;
    if (!mn_json_get_int(config, key, &n)) fail(c->path, key);
    return n;
}

static int choice(const case_t *c, const mn_json_t *config, const char *key, const char *const *names) {
    const char *name = mn_json_get_string(config, key);
    for (int i = 0; name && names[i]; i++)
        if (!strcmp(name, names[i])) return i;
    fail(c->path, key);
    return 0;
}

/* [W | S] from or to W and S, (in, out) each */
static void pair(real *ws, real *w, real *s, int64_t in, int64_t out, bool split) {
    for (int64_t i = 0; i < in * out; i++) {
        real *a = ws + i / out * 2 * out + i % out, *b = a + out;
        if (split)
            w[i] = *a, s[i] = *b;
        else
            *a = w[i], *b = s[i];
    }
}

static void run_memory(case_t *c, const mn_json_t *config) {
    mn_config_t cfg = {.heads = 1};
    cfg.dim = integer(c, config, "d");
    cfg.chunk = integer(c, config, "chunk");
    cfg.memory.depth = integer(c, config, "depth");
    cfg.memory.expansion = integer(c, config, "expansion");
    cfg.memory.activation = choice(c, config, "activation", mn_act_names);
    cfg.memory.step = choice(c, config, "step", mn_step_names);
    cfg.memory.forget = choice(c, config, "forget", mn_forget_names);
    mn_json_get_bool(config, "norm", &cfg.memory.norm);
    mn_json_get_bool(config, "residual", &cfg.memory.residual);
    mn_memory_t m;
    mn_memory_init(&m, &cfg);
    const int64_t T = integer(c, config, "T"), d = m.d, L = m.depth, padded = (mn_memory_chunks(&m, T) * m.chunk) * d;

    mn_memory_rows_t rows = {.n = T, .ld = d, .ldy = d};
    rows.q = reals(c, "in.q", padded);
    rows.k = reals(c, "in.k", padded);
    rows.v = reals(c, "in.v", padded);
    rows.alpha = reals(c, "in.alpha", 0);
    rows.eta = reals(c, "in.eta", 0);
    rows.theta = reals(c, "in.theta", 0);
    rows.y = room(padded, sizeof(real));
    mn_memory_grads_t grads = {.dy = reals(c, "cot.dy", padded), .dq = room(padded, sizeof(real)),
                               .dk = room(padded, sizeof(real)), .dv = room(padded, sizeof(real)),
                               .dalpha = room(T, sizeof(real)), .deta = room(T, sizeof(real)),
                               .dtheta = room(T * L, sizeof(real))};
    real *state = room(m.state_size, sizeof(real)), *dstate = room(m.state_size, sizeof(real)), *w[MN_DEPTH_MAX],
         *s[MN_DEPTH_MAX], *scratch = room(m.scratch_size, sizeof(real));
    char name[40];
    for (int64_t l = 0; l < L; l++) {
        static const char *const inputs[] = {"in.w0_%d", "in.s0_%d", "in.initial_%d", "cot.dw_%d", "cot.ds_%d"};
        real *x[5];
        for (int i = 0; i < 5; i++) {
            snprintf(name, sizeof name, inputs[i], (int)l);
            x[i] = reals(c, name, 0);
        }
        pair(state + m.state[l], x[0], x[1], m.dims[l], m.dims[l + 1], false);
        pair(dstate + m.state[l], x[3], x[4], m.dims[l], m.dims[l + 1], false);
        rows.initial[l] = x[2];
        grads.dinitial[l] = room(m.dims[l] * m.dims[l + 1], sizeof(real));
        w[l] = x[0];
        s[l] = x[1];
        mn_mem_free(x[3]);
        mn_mem_free(x[4]);
    }
    for (int lean = 0; lean < 2; lean++) { /* all kept, and recomputed from every k-th state: the same bits */
        real *block = room(mn_tape_size(&m, T, lean) + 64, sizeof(real));
        mn_arena_t arena = {.base = (char *)block, .size = (mn_tape_size(&m, T, lean) + 64) * (int64_t)sizeof(real)};
        real *st = room(m.state_size, sizeof(real)), *dst = room(m.state_size, sizeof(real));
        mn_tape_t tape;
        mn_tape_take(&tape, &m, T, lean, &arena);
        memcpy(st, state, (size_t)m.state_size * sizeof *st);
        memcpy(dst, dstate, (size_t)m.state_size * sizeof *st);
        memset(grads.dalpha, 0, (size_t)T * sizeof(real));
        memset(grads.deta, 0, (size_t)T * sizeof(real));
        memset(grads.dtheta, 0, (size_t)(T * L) * sizeof(real));
        for (int64_t l = 0; l < L; l++)
            memset(grads.dinitial[l], 0, (size_t)(m.dims[l] * m.dims[l + 1]) * sizeof(real));
        mn_memory_forward(&m, &rows, &tape, st, scratch);
        compare(c, "out.y", rows.y);
        for (int64_t l = 0; l < L; l++) {
            pair(st + m.state[l], w[l], s[l], m.dims[l], m.dims[l + 1], true);
            compare_matrix(c, "out.wn_", l, w[l]);
            compare_matrix(c, "out.sn_", l, s[l]);
        }
        mn_memory_backward(&m, &rows, &tape, &grads, dst, scratch);
        compare(c, "grad.q", grads.dq);
        compare(c, "grad.k", grads.dk);
        compare(c, "grad.v", grads.dv);
        compare(c, "grad.alpha", grads.dalpha);
        compare(c, "grad.eta", grads.deta);
        compare(c, "grad.theta", grads.dtheta);
        for (int64_t l = 0; l < L; l++) {
            pair(dst + m.state[l], w[l], s[l], m.dims[l], m.dims[l + 1], true);
            compare_matrix(c, "grad.w0_", l, w[l]);
            compare_matrix(c, "grad.s0_", l, s[l]);
            compare_matrix(c, "grad.initial_", l, grads.dinitial[l]);
        }
        mn_mem_free(block);
        mn_mem_free(st);
        mn_mem_free(dst);
    }
    const void *all[] = {rows.q, rows.k, rows.v, rows.alpha, rows.eta, rows.theta, rows.y, grads.dy, grads.dq, grads.dk,
                         grads.dv, grads.dalpha, grads.deta, grads.dtheta, state, dstate, scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) mn_mem_free((void *)(uintptr_t)all[i]);
    for (int64_t l = 0; l < L; l++) {
        const void *each[] = {w[l], s[l], rows.initial[l], grads.dinitial[l]};
        for (int i = 0; i < 4; i++) mn_mem_free((void *)(uintptr_t)each[i]);
    }
}

static void run_model(case_t *c, const mn_json_t *json) {
    mn_err_t err = {0};
    mn_config_t config;
    mn_model_t *model;
    mn_work_t *work;
    if (mn_config_from_json(json, c->path, &config, &err) || mn_model_new(&config, &model, &err) ||
        mn_work_new(model, 0, &work, &err))
        fail(c->path, err.what);
    char name[100];
    int64_t n_params = 0;
    for (int64_t i = 0; i < c->file.count; i++) /* no persistent rows: the model has no tensor of them */
        n_params += !strncmp(c->file.items[i].name, "param.", 6) && c->file.items[i].count > 0;
    for (int64_t i = 0; i < model->n_params; i++) {
        const mn_param_t *p = &model->params[i];
        snprintf(name, sizeof name, "param.%s", p->name);
        real *x = reals(c, name, 0);
        memcpy(model->block + p->offset, x, (size_t)p->size * sizeof *x);
        mn_mem_free(x);
        n_params -= 1;
    }
    const mn_tensor_t *tokens = mn_tensors_get(&c->file, "in.tokens");
    if (!tokens) fail(c->path, "no in.tokens");
    const int64_t T = tokens->count;
    int64_t *wide = room(T, sizeof *wide);
    int32_t *ids = room(T, sizeof *ids);
    if (!mn_tensor_ints(tokens, wide)) fail(c->path, "in.tokens");
    for (int64_t t = 0; t < T; t++) ids[t] = (int32_t)wide[t];
    const mn_sample_t sample = {.ids = ids, .length = T};
    mn_output_t out = {.hidden = room(T * config.dim, sizeof(real)), .layer = -1,
                       .logits = room(T * config.vocab, sizeof(real)), .next = -1};
    if (mn_model_forward(model, work, &sample, 1, &out, &err)) fail(c->path, err.what);
    compare(c, "out.hidden", out.hidden);
    compare(c, "out.logits", out.logits);
    mn_objective_t objective = {.kind = MN_LOSS_NEXT_TOKEN};
    objective.scale = 1 / mn_model_targets(&objective, &sample, 1);
    real *gradient = room(model->size, sizeof(real));
    mn_loss_t loss = {0};
    if (mn_model_gradient(model, work, &objective, &sample, 1, gradient, &loss, &err)) fail(c->path, err.what);
    compare(c, "out.loss", &(real){(real)loss.nats});
    for (int64_t i = 0; i < model->n_params; i++) {
        snprintf(name, sizeof name, "grad.%s", model->params[i].name);
        compare(c, name, gradient + model->params[i].offset);
    }
    if (n_params > 0) fail(c->path, "a parameter that the model lacks");
    mn_mem_free(wide);
    mn_mem_free(ids);
    mn_mem_free(out.hidden);
    mn_mem_free(out.logits);
    mn_mem_free(gradient);
    mn_work_free(work);
    mn_model_free(model);
}

int main(int argc, char **argv) {
    int failed = 0, passed = 0;
    for (int i = 1; i < argc; i++) {
        case_t c = {.path = argv[i], .tensor = "-"};
        mn_err_t err = {0};
        mn_json_t *config = NULL;
        if (mn_tensors_load(argv[i], &c.file, &err)) fail(argv[i], err.what);
        const char *kind = mn_tensors_meta(&c.file, "kind"), *text = mn_tensors_meta(&c.file, "config");
        const char *error = mn_tensors_meta(&c.file, "float32_error"), *base = strrchr(argv[i], '/');
        if (!kind || !text || mn_json_parse(text, strlen(text), argv[i], &config, &err)) fail(argv[i], "not a golden file");
        if (!strcmp(kind, "memory"))
            run_memory(&c, config);
        else
            run_model(&c, config);
        double limit = 1e-9;
        if (sizeof(real) == sizeof(float)) limit = fmax(1e-5, error ? 10 * strtod(error, NULL) : 0);
        const bool ok = c.worst <= limit;
        printf("%-40s %.1e (limit %.1e) at %s%s\n", base ? base + 1 : argv[i], c.worst, limit, c.tensor,
               ok ? "" : "  FAILED");
        passed += ok;
        failed += !ok;
        mn_json_free(config);
        mn_tensors_free(&c.file);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
