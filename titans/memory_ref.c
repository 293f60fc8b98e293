/* memory_ref: one head's memory, one token at a time, in double, straight from equations (8) to (15) of arXiv:2501.00663 as
 * titans/MODEL.md states them. It forms every gradient matrix, and shares no code with the chunked form that it is
 * there to test. */
#include "titans/memory.h"
#include <math.h>
#include <string.h>

static double activate(int act, double x) {
    return act == MN_ACT_GELU ? 0.5 * x * (1 + erf(x / sqrt(2))) : x / (1 + exp(-x));
}

static double slope(int act, double x) {
    const double s = 1 / (1 + exp(-x));
    if (act == MN_ACT_GELU) return 0.5 * (1 + erf(x / sqrt(2))) + x * exp(-x * x / 2) / sqrt(2 * acos(-1));
    return s + x * s * (1 - s);
}

/* y = x W: x (in), W (in, out) */
static void times(const double *x, const double *w, int64_t in, int64_t out, double *y) {
    memset(y, 0, (size_t)out * sizeof *y);
    for (int64_t i = 0; i < in; i++)
        for (int64_t j = 0; j < out; j++) y[j] += x[i] * w[i * out + j];
}

/* 1 / standard deviation of f; f becomes normalised */
static double normalise(double *f, int64_t d) {
    double mean = 0, square = 0;
    for (int64_t j = 0; j < d; j++) mean += f[j] / (double)d;
    for (int64_t j = 0; j < d; j++) square += (f[j] - mean) * (f[j] - mean) / (double)d;
    const double r = 1 / sqrt(square + 1e-6);
    for (int64_t j = 0; j < d; j++) f[j] = (f[j] - mean) * r;
    return r;
}

/* M(x) into out; in[l], before[l]: each matrix's input and output. Returns the norm's 1 / standard deviation. */
static double call(const mn_memory_t *m, double *const *w, const double *x, double **in, double **before, double *out) {
    double r = 1;
    memcpy(in[0], x, (size_t)m->d * sizeof *x);
    for (int64_t l = 0; l < m->depth; l++) {
        times(in[l], w[l], m->dims[l], m->dims[l + 1], before[l]);
        for (int64_t j = 0; l + 1 < m->depth && j < m->dims[l + 1]; j++) in[l + 1][j] = activate(m->act, before[l][j]);
    }
    memcpy(out, before[m->depth - 1], (size_t)m->d * sizeof *out);
    if (m->norm) r = normalise(out, m->d);
    for (int64_t j = 0; m->residual && j < m->d; j++) out[j] += x[j];
    return r;
}

mn_status_t mn_memory_ref(const mn_memory_t *m, int64_t rows, const double *q, const double *k, const double *v,
                          const double *alpha, const double *eta, const double *theta, double *const *w, double *const *s,
                          double *const *initial, double *y, mn_err_t *err) {
    const int64_t L = m->depth, d = m->d;
    double *anchor[MN_DEPTH_MAX], *g[MN_DEPTH_MAX], *in[MN_DEPTH_MAX], *before[MN_DEPTH_MAX], *delta, *next, *out, *block;
    int64_t weights = 0;
    for (int64_t l = 0; l < L; l++) weights += m->dims[l] * m->dims[l + 1];
    const mn_status_t status = mn_mem_new((void **)&block, 2 * weights + (2 * L + 3) * m->widest, sizeof *block, err);
    if (status) return status;
    double *at = block;
    for (int64_t l = 0; l < L; l++) {
        const int64_t n = m->dims[l] * m->dims[l + 1];
        anchor[l] = at;
        g[l] = at + n;
        in[l] = at + 2 * n;
        before[l] = in[l] + m->widest;
        at = before[l] + m->widest;
    }
    delta = at;
    next = at + m->widest;
    out = at + 2 * m->widest;

    for (int64_t t = 0; t < rows; t++) {
        if (t % m->chunk == 0)
            for (int64_t l = 0; l < L; l++) memcpy(anchor[l], w[l], (size_t)(m->dims[l] * m->dims[l + 1]) * sizeof(double));
        /* the momentary surprise: gradient of |M(k) - v|^2 by the anchor's matrices */
        const double r = call(m, anchor, k + t * d, in, before, out);
        double loss = 0, power = 0, mean = 0, along = 0;
        for (int64_t j = 0; j < d; j++) {
            const double e = out[j] - v[t * d + j];
            loss += e * e;
            delta[j] = 2 * e;
        }
        if (m->norm) {
            double *f = before[L - 1];
            normalise(f, d);
            for (int64_t j = 0; j < d; j++) {
                mean += delta[j] / (double)d;
                along += delta[j] * f[j] / (double)d;
            }
            for (int64_t j = 0; j < d; j++) delta[j] = r * (delta[j] - mean - f[j] * along);
        }
        for (int64_t l = L - 1; l >= 0; l--) {
            const int64_t rows_in = m->dims[l], cols = m->dims[l + 1];
            for (int64_t i = 0; i < rows_in; i++) {
                next[i] = 0;
                for (int64_t j = 0; j < cols; j++) {
                    const double gij = in[l][i] * delta[j];
                    g[l][i * cols + j] = gij;
                    power += gij * gij;
                    next[i] += delta[j] * anchor[l][i * cols + j];
                }
                if (l > 0) next[i] *= slope(m->act, before[l - 1][i]);
            }
            memcpy(delta, next, (size_t)rows_in * sizeof *next);
        }
        /* past surprise, forgetting */
        for (int64_t l = 0; l < L; l++) {
            const double step = theta[t * L + l] * (m->polyak ? loss / (power + 1e-6) : 1), keep = 1 - alpha[t];
            for (int64_t i = 0; i < m->dims[l] * m->dims[l + 1]; i++) {
                const double floor = m->initial ? initial[l][i] : 0;
                s[l][i] = eta[t] * s[l][i] - step * g[l][i];
                w[l][i] = floor + keep * (w[l][i] - floor) + s[l][i];
            }
        }
        call(m, w, q + t * d, in, before, y + t * d);
    }
    mn_mem_free(block);
    return MN_OK;
}
