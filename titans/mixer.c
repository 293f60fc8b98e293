/* mixer: a layer's mixer with its norms, gate and residual, composed as titans/MODEL.md states for each backbone:
 * lmm, the memory layer; mal, sliding attention after it; mag, both side by side; mac, in mac.c. */
#include "titans/attention.h"
#include "titans/kernels/vec.h"
#include "titans/pass.h"

typedef mn_real_t real;

/* z = [persistent | rms(x; norm1)] */
static void enter(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++) {
        if (r >= pass->start && r < pass->rows)
            mn_vec->rms(D, a->x + r * D, pass->w + at->norm1, a->z + r * D);
        else if (r >= pass->first && r < pass->start)
            mn_copy(a->z + r * D, pass->w + at->persistent + (r - pass->first) * D, D);
        else
            mn_zero(a->z + r * D, D);
    }
}

/* mal: za = rms(m; norm3) */
static void enter_attention(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim;
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++) /* rows without a token are zero in m, and stay so */
        mn_vec->rms(D, a->m + r * D, pass->w + pass->layout->layers[layer].norm3, a->za + r * D);
}

/* mid = x + rms(att; gate_y) sigmoid(rms(m; gate_m)) */
static void gate(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++) {
        real *mid = a->mid + r * D, *open = a->z2 + r * D; /* z2 serves as room until the feed-forward part writes it */
        if (r < pass->start || r >= pass->rows) {
            mn_zero(mid, D);
            continue;
        }
        mn_vec->rms(D, a->m + r * D, pass->w + at->gate_m, mid);
        mn_vec->sigmoid(D, mid, open);
        mn_vec->rms(D, a->att + r * D, pass->w + at->gate_y, mid);
        mn_vec->mul(D, open, mid);
        mn_vec->axpy(D, 1, a->x + r * D, mid);
    }
}

void mn_mixer_forward(mn_pass_t *pass, int64_t layer) {
    const int64_t n = pass->room * pass->model->config.dim, D = pass->model->config.dim;
    mn_acts_t *a = &pass->acts[layer];
    mn_pass_for_rows(pass, layer, enter);
    mn_lmm_restore(pass, layer);
    switch (pass->model->config.arch) {
    case MN_ARCH_LMM:
        mn_copy(a->m, a->x, pass->padded * D);
        mn_lmm_forward(pass, layer);
        return;
    case MN_ARCH_MAL:
        mn_copy(a->m, a->x, pass->padded * D);
        mn_lmm_forward(pass, layer);
        mn_pass_for_rows(pass, layer, enter_attention);
        mn_copy(a->att, a->m, pass->padded * D);
        mn_attention_project(pass, layer);
        mn_attention_forward(pass, layer);
        return;
    case MN_ARCH_MAG:
        mn_zero(a->m, n);
        mn_zero(a->att, n);
        mn_lmm_forward(pass, layer);
        mn_attention_project(pass, layer);
        mn_attention_forward(pass, layer);
        break;
    case MN_ARCH_MAC:
        mn_zero(a->m, n);
        mn_zero(a->att, n);
        mn_mac_forward(pass, layer);
        break;
    }
    mn_pass_for_rows(pass, layer, gate);
}

/* ---- backward */

/* dmid to datt and, of m, dx */
static void gate_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim;
    const mn_layer_t *at = &pass->layout->layers[layer];
    mn_acts_t *a = &pass->acts[layer];
    real *gains = pass->gains + i * MN_GAINS * D;
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from; r < to; r++) {
        real *dy = pass->datt + r * D, *dm = pass->dx + r * D, *open = pass->dz + r * D, *normed = pass->dgo + r * D;
        const real *dmid = pass->dmid + r * D;
        mn_zero(dy, D);
        mn_zero(dm, D);
        if (r < pass->start || r >= pass->rows) continue;
        mn_vec->rms(D, a->m + r * D, pass->w + at->gate_m, normed);
        mn_vec->sigmoid(D, normed, open);
        mn_vec->rms(D, a->att + r * D, pass->w + at->gate_y, normed);
        mn_vec->mul(D, dmid, normed);
        mn_vec->sigmoid_back(D, open, normed);
        mn_vec->rms_back(D, a->m + r * D, pass->w + at->gate_m, normed, dm, gains + MN_GAIN_M * D);
        mn_vec->mul(D, dmid, open);
        mn_vec->rms_back(D, a->att + r * D, pass->w + at->gate_y, open, dy, gains + MN_GAIN_Y * D);
    }
}

/* dz through norm1 into dmid */
static void enter_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim;
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from > pass->start ? from : pass->start; r < to && r < pass->rows; r++)
        mn_vec->rms_back(D, pass->acts[layer].x + r * D, pass->w + pass->layout->layers[layer].norm1, pass->dz + r * D,
                         pass->dmid + r * D, pass->gains + (i * MN_GAINS + MN_GAIN_NORM1) * D);
}

static void enter_attention_back(mn_pass_t *pass, int64_t layer, int64_t i) {
    const int64_t D = pass->model->config.dim;
    int64_t from, to;
    mn_pass_group(pass, i, &from, &to);
    for (int64_t r = from > pass->start ? from : pass->start; r < to && r < pass->rows; r++)
        mn_vec->rms_back(D, pass->acts[layer].m + r * D, pass->w + pass->layout->layers[layer].norm3, pass->dz + r * D,
                         pass->dmid + r * D, pass->gains + (i * MN_GAINS + MN_GAIN_NORM3) * D);
}

void mn_mixer_backward(mn_pass_t *pass, int64_t layer) {
    const int arch = pass->model->config.arch;
    if (arch == MN_ARCH_MAL) {
        pass->datt = pass->dmid;
        mn_attention_start_back(pass, layer);
        mn_attention_backward(pass, layer);
        mn_attention_project_back(pass, layer);
        mn_pass_for_rows(pass, layer, enter_attention_back);
    }
    if (arch == MN_ARCH_LMM || arch == MN_ARCH_MAL)
        mn_copy(pass->dx, pass->dmid, pass->padded * pass->model->config.dim); /* dmid moves on to x */
    else
        mn_pass_for_rows(pass, layer, gate_back);
    if (arch == MN_ARCH_MAC) {
        mn_mac_backward(pass, layer);
    } else {
        mn_lmm_backward(pass, layer);
        mn_lmm_weights_back(pass, layer);
    }
    if (arch == MN_ARCH_MAG) {
        mn_attention_start_back(pass, layer);
        mn_attention_backward(pass, layer);
        mn_attention_project_back(pass, layer);
    }
    mn_pass_for_rows(pass, layer, enter_back);
}
