/* ffn: x + SwiGLU(rms(x; norm2)), SwiGLU(z) = (silu(z gate) * (z up)) down. */
#include "titans/kernels/gemm.h"
#include "titans/kernels/vec.h"
#include "titans/pass.h"
#include <string.h>

typedef mn_real_t real;

static void forward_group(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim, F = pass->model->config.ffn;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    const real *w = pass->w;
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r += MN_ROWS) {
        real *next = pass->x + r * D, *mid = a->mid + r * D;
        for (int64_t k = 0; k < MN_ROWS; k++) mn_vec->rms(D, mid + k * D, w + at->norm2, a->z2 + (r + k) * D);
        mn_gemm('N', 'N', MN_ROWS, 2 * F, D, 1, a->z2 + r * D, D, w + at->ffn, 2 * F, 0, a->gu + r * 2 * F, 2 * F);
        mn_vec->swiglu(MN_ROWS, F, a->gu + r * 2 * F, a->gu + r * 2 * F + F, 2 * F, a->h + r * F);
        memcpy(next, mid, (size_t)(MN_ROWS * D) * sizeof *next);
        mn_gemm('N', 'N', MN_ROWS, D, F, 1, a->h + r * F, F, w + at->down, D, 1, next, D);
    }
}

void mn_ffn_forward(mn_pass_t *pass, int64_t layer) {
    mn_pass_for(pass, layer, pass->groups, forward_group);
}

static void backward_group(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim, F = pass->model->config.ffn;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    const int64_t n = to - from;
    const real *w = pass->w, *dx = pass->dx + from * D;
    real *dh = pass->dh + from * F, *dgu = pass->dgu + from * 2 * F, *dz = pass->dz + from * D, *dmid = pass->dmid + from * D;
    const real *gu = a->gu + from * 2 * F;
    mn_gemm('N', 'T', n, F, D, 1, dx, D, w + at->down, D, 0, dh, F);
    mn_vec->swiglu_back(n, F, gu, gu + F, 2 * F, dh, dgu, dgu + F);
    mn_gemm('N', 'T', n, D, 2 * F, 1, dgu, 2 * F, w + at->ffn, 2 * F, 0, dz, D);
    memcpy(dmid, dx, (size_t)(n * D) * sizeof *dmid);
    for (int64_t k = 0; k < n; k++)
        mn_vec->rms_back(D, a->mid + (from + k) * D, w + at->norm2, dz + k * D, dmid + k * D,
                         pass->gains + (i * MN_GAINS + MN_GAIN_NORM2) * D);
}

static void backward_weight(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim, F = pass->model->config.ffn, n = pass->padded;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    if (i == 0)
        mn_gemm('T', 'N', F, D, n, 1, a->h, F, pass->dx, D, 1, pass->g + at->down, D);
    else
        mn_gemm('T', 'N', D, 2 * F, n, 1, a->z2, D, pass->dgu, 2 * F, 1, pass->g + at->ffn, 2 * F);
}

void mn_ffn_backward(mn_pass_t *pass, int64_t layer) {
    mn_pass_for(pass, layer, pass->groups, backward_group);
    mn_pass_for(pass, layer, 2, backward_weight);
}
