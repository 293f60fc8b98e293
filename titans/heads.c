/* heads: see heads.h. Logits by the tied embedding, in blocks of rows; pooling accumulates in row order, so a record
 * read in pieces pools to the same bits. */
#include "titans/heads.h"
#include "titans/kernels/gemm.h"
#include "titans/kernels/vec.h"
#include <math.h>
#include <string.h>

typedef mn_real_t real;

static void hidden_group(mn_pass_t *pass, int64_t layer, int64_t i) {
    (void)layer;
    const int64_t D = pass->model->config.dim;
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++)
        mn_vec->rms(D, pass->x + r * D, pass->w + pass->layout->norm, pass->hidden + r * D);
}

void mn_heads_hidden(mn_pass_t *pass) {
    mn_pass_for(pass, 0, pass->groups, hidden_group);
}

/* Logits of the rows [from, to), in blocks of MN_ROWS, into pass->logits, (to - from, V) */
static void logits_of(mn_pass_t *pass, int64_t from, int64_t to) {
    const int64_t D = pass->model->config.dim, V = pass->model->config.vocab;
    for (int64_t r = from; r < to; r += MN_ROWS)
        mn_gemm('N', 'T', MN_ROWS, V, D, 1, pass->hidden + r * D, D, pass->w + pass->layout->embed, D, 0,
                pass->logits + (r - from) * V, V);
}

void mn_heads_score(mn_pass_t *pass, const int32_t *ids, int32_t next, float *nats, real *logits) {
    const int64_t V = pass->model->config.vocab;
    for (int64_t i = 0; i < pass->groups; i++) {
        int64_t from, to;
        mn_pass_group(pass, i, &from, &to);
        logits_of(pass, from, to);
        for (int64_t r = from > pass->start ? from : pass->start; r < to && r < pass->rows; r++) {
            const int64_t t = r - pass->start;
            const int32_t target = t + 1 < pass->length ? ids[t + 1] : next;
            real *row = pass->logits + (r - from) * V;
            if (logits) memcpy(logits + t * V, row, (size_t)V * sizeof *row);
            if (nats) nats[t] = target < 0 ? 0 : (float)mn_vec->softmax_loss(V, row, target, 0);
        }
    }
}

/* dx from the cotangent of hidden, in dz */
static void hidden_back(mn_pass_t *pass, int64_t from, int64_t to) {
    const int64_t D = pass->model->config.dim;
    for (int64_t r = from; r < to; r++) {
        real *dx = pass->dx + r * D;
        memset(dx, 0, (size_t)D * sizeof *dx);
        if (r >= pass->start && r < pass->rows)
            mn_vec->rms_back(D, pass->x + r * D, pass->w + pass->layout->norm, pass->dz + r * D, dx,
                             pass->g + pass->layout->norm);
    }
}

double mn_heads_next_token(mn_pass_t *pass, const int32_t *ids, int32_t next, const real *weights, const uint8_t *ignore,
                           double scale) {
    const int64_t D = pass->model->config.dim, V = pass->model->config.vocab;
    const real *embed = pass->w + pass->layout->embed;
    double nats = 0;
    for (int64_t i = 0; i < pass->groups; i++) {
        int64_t from, to;
        mn_pass_group(pass, i, &from, &to);
        logits_of(pass, from, to);
        for (int64_t r = from; r < to; r++) {
            const int64_t t = r - pass->start;
            const int32_t target = t < 0 || t >= pass->length ? -1 : t + 1 < pass->length ? ids[t + 1] : next;
            real *row = pass->logits + (r - from) * V;
            const double weight = target < 0 || (ignore && ignore[target]) ? 0 : weights ? (double)weights[t] : 1;
            if (weight == 0)
                memset(row, 0, (size_t)V * sizeof *row);
            else
                nats += weight * mn_vec->softmax_loss(V, row, target, (real)(weight * scale));
        }
        mn_gemm('N', 'N', to - from, D, V, 1, pass->logits, V, embed, D, 0, pass->dz + from * D, D);
        mn_gemm('T', 'N', V, D, to - from, 1, pass->logits, V, pass->hidden + from * D, D, 1,
                pass->g + pass->layout->embed, D);
        hidden_back(pass, from, to);
    }
    return scale * nats;
}

/* ---- pooling: of all rows, and of each of `bins` equal parts of the sequence, side by side. pass->pool, in double, as a
 * record may have 10^9 rows, for each of these: sums of the rows; where max found them, as rows of the stream; sum of
 * weights, highest score, row after the last one added. pass->pooled: [pooled |
 * what dropout makes of each, then dpooled | log p, dlogit classes] */
typedef struct {
    double *sums, *where, *total, *top, *end;
} pool_t;

static pool_t pool_of(const mn_pass_t *pass, int64_t part) {
    const int64_t D = pass->model->config.dim;
    double *pool = pass->pool + part * (2 * D + 3);
    return (pool_t){pool, pool + D, pool + 2 * D, pool + 2 * D + 1, pool + 2 * D + 2};
}

/* The parts that row r belongs to: the whole, and its bin. Returns how many. */
static int parts_of(const mn_pass_t *pass, int64_t r, int64_t parts[2]) {
    const int64_t t = pass->base + r - pass->origin;
    parts[0] = 0;
    parts[1] = 1 + t * pass->model->config.bins / pass->total;
    return pass->model->config.bins ? 2 : 1;
}

int64_t mn_heads_width(const mn_config_t *config) {
    return (1 + config->bins) * config->dim;
}

int64_t mn_heads_pool_size(const mn_config_t *config) {
    return (1 + config->bins) * (2 * config->dim + 3);
}

int64_t mn_heads_pooled_size(const mn_config_t *config) {
    return 2 * (mn_heads_width(config) + config->classes);
}

void mn_heads_pool_start(mn_pass_t *pass) {
    memset(pass->pool, 0, (size_t)mn_heads_pool_size(&pass->model->config) * sizeof *pass->pool);
}

static double score(const mn_pass_t *pass, int64_t r) {
    const int64_t D = pass->model->config.dim;
    return (double)mn_vec->dot(D, pass->hidden + r * D, pass->w + pass->layout->query) / sqrt((double)D);
}

static void add_row(mn_pass_t *pass, int64_t r, pool_t pool) {
    const int64_t D = pass->model->config.dim;
    const real *x = pass->hidden + r * D;
    const bool first = *pool.end == 0;
    double fade = 1, weight = 1;
    switch (pass->model->config.pooling) {
    case MN_POOL_MAX:
        for (int64_t j = 0; j < D; j++) {
            if (!first && (double)x[j] <= pool.sums[j]) continue;
            pool.sums[j] = (double)x[j];
            pool.where[j] = (double)(pass->base + r);
        }
        weight = 0;
        break;
    case MN_POOL_LAST:
        fade = 0;
        break;
    case MN_POOL_ATTENTION: { /* softmax on the fly: what was summed is scaled down when a higher score comes */
        const double s = score(pass, r), high = first || s > *pool.top ? s : *pool.top;
        fade = first ? 0 : exp(*pool.top - high);
        weight = exp(s - high);
        *pool.top = high;
        break;
    }
    }
    if (weight > 0)
        for (int64_t j = 0; j < D; j++) pool.sums[j] = fade * pool.sums[j] + weight * (double)x[j];
    *pool.total = fade * *pool.total + weight;
    *pool.end = (double)(pass->base + r + 1);
}

void mn_heads_pool_add(mn_pass_t *pass) {
    for (int64_t r = pass->start; r < pass->rows; r++) {
        int64_t parts[2];
        for (int n = parts_of(pass, r, parts), i = 0; i < n; i++) add_row(pass, r, pool_of(pass, parts[i]));
    }
}

/* The pooled row, once all rows are in. A bin of a sequence shorter than all bins may be empty: 0. */
static const real *pooled_row(mn_pass_t *pass) {
    const int64_t D = pass->model->config.dim;
    for (int64_t part = 0; part <= pass->model->config.bins; part++) {
        const pool_t pool = pool_of(pass, part);
        const double by = pass->model->config.pooling == MN_POOL_MAX || *pool.end == 0 ? 1 : 1 / *pool.total;
        for (int64_t j = 0; j < D; j++) pass->pooled[part * D + j] = (real)(by * pool.sums[j]);
    }
    return pass->pooled;
}

/* What dropout makes of each number of the pooled row: 0, or as much more as is left out elsewhere. */
static const real *keeps(mn_pass_t *pass) {
    const int64_t width = mn_heads_width(&pass->model->config);
    real *keep = pass->pooled + width;
    for (int64_t j = 0; j < width; j++) keep[j] = mn_pass_drops(pass, -1 - j) ? 0 : (real)(1 / (1 - pass->dropout));
    return keep;
}

/* What the head reads of the whole sample, beside the pooled row: gapped words, and the length in tokens, as 10 at its
 * place on a scale of half octaves, shared by the two marks beside it. Number i, with its row of weights in *at; how many
 * there are. */
static real beside(const mn_pass_t *pass, int64_t i, int64_t *at) {
    const int64_t n = pass->model->config.classes;
    if (i < pass->gapped.n) {
        *at = pass->layout->gapped + pass->gapped.words[i] * n;
        return (real)pass->gapped.x[i];
    }
    const double place = fmin(2 * log2((double)pass->total), MN_LENGTHS - 2), past = place - floor(place);
    const bool upper = i > pass->gapped.n;
    *at = pass->layout->lengths + ((int64_t)place + upper) * n;
    return (real)(10 * (upper ? past : 1 - past));
}

static int64_t count_beside(const mn_pass_t *pass) {
    return pass->gapped.n + (pass->model->config.lengths ? 2 : 0);
}

void mn_heads_classes(mn_pass_t *pass, real *log_p) {
    const int64_t width = mn_heads_width(&pass->model->config), n = pass->model->config.classes;
    const real *row = pooled_row(pass), *keep = keeps(pass), *w = pass->w + pass->layout->head;
    memcpy(log_p, pass->w + pass->layout->head_bias, (size_t)n * sizeof *log_p);
    for (int64_t j = 0; j < width; j++)
        if (keep[j] != 0) mn_vec->axpy(n, keep[j] * row[j], w + j * n, log_p);
    for (int64_t i = 0, at; i < count_beside(pass); i++) {
        const real x = beside(pass, i, &at);
        mn_vec->axpy(n, x, pass->w + at, log_p);
    }
    mn_vec->softmax_loss(n, log_p, 0, 0);
}

double mn_heads_class(mn_pass_t *pass, const mn_sample_t *sample, double smoothing, double scale, bool *correct) {
    const int64_t width = mn_heads_width(&pass->model->config), n = pass->model->config.classes;
    real *row = pass->pooled, *dpooled = row + width, *log_p = dpooled + width, *dlogit = log_p + n, *g = pass->g;
    const real *w = pass->w + pass->layout->head;
    const double by = scale * (double)sample->weight;
    double loss = 0;
    mn_heads_classes(pass, log_p);
    *correct = true;
    for (int64_t i = 0; i < n; i++) {
        const double target = (i == sample->label ? 1 - smoothing : 0) + smoothing / (double)n;
        loss -= target * (double)log_p[i];
        dlogit[i] = (real)(by * (exp((double)log_p[i]) - target));
        if (i != sample->label && log_p[i] >= log_p[sample->label]) *correct = false;
    }
    mn_vec->axpy(n, 1, dlogit, g + pass->layout->head_bias);
    for (int64_t i = 0, at; i < count_beside(pass); i++) {
        const real x = beside(pass, i, &at);
        mn_vec->axpy(n, x, dlogit, g + at);
        if (i < pass->gapped.n) pass->marks[pass->layout->gapped_mark + pass->gapped.words[i]] = 1;
    }
    for (int64_t j = 0; j < width; j++) {
        const real keep = dpooled[j]; /* of mn_heads_classes */
        if (keep == 0) continue;
        mn_vec->axpy(n, keep * row[j], dlogit, g + pass->layout->head + j * n);
        dpooled[j] = keep * mn_vec->dot(n, w + j * n, dlogit);
    }
    return by * loss;
}

/* Adds to the cotangent of row r what a part's pooled row, with the cotangent dpooled, says. */
static void row_back(mn_pass_t *pass, int64_t r, int64_t part) {
    const int64_t D = pass->model->config.dim;
    const pool_t pool = pool_of(pass, part);
    const real *row = pass->pooled + part * D, *dpooled = row + mn_heads_width(&pass->model->config);
    const real *h = pass->hidden + r * D;
    real *dh = pass->dz + r * D;
    const double at = (double)(pass->base + r);
    switch (pass->model->config.pooling) {
    case MN_POOL_MEAN:
        mn_vec->axpy(D, 1 / (real)*pool.total, dpooled, dh);
        break;
    case MN_POOL_LAST:
        if (at + 1 == *pool.end) mn_vec->axpy(D, 1, dpooled, dh);
        break;
    case MN_POOL_MAX:
        for (int64_t j = 0; j < D; j++)
            if (pool.where[j] == at) dh[j] += dpooled[j];
        break;
    case MN_POOL_ATTENTION: {
        const real weight = (real)(exp(score(pass, r) - *pool.top) / *pool.total), root = (real)sqrt((double)D);
        const real ds = weight * (mn_vec->dot(D, dpooled, h) - mn_vec->dot(D, dpooled, row)) / root;
        mn_vec->axpy(D, weight, dpooled, dh);
        mn_vec->axpy(D, ds, pass->w + pass->layout->query, dh);
        mn_vec->axpy(D, ds, h, pass->g + pass->layout->query);
        break;
    }
    }
}

void mn_heads_class_back(mn_pass_t *pass) {
    const int64_t D = pass->model->config.dim;
    memset(pass->dz, 0, (size_t)(pass->padded * D) * sizeof(real));
    for (int64_t r = pass->start; r < pass->rows; r++) {
        int64_t parts[2];
        for (int n = parts_of(pass, r, parts), i = 0; i < n; i++) row_back(pass, r, parts[i]);
    }
    hidden_back(pass, 0, pass->padded);
}
