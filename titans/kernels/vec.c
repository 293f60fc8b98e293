/* vec: see vec.h. Compiled once per instruction set with -DMN_TABLE=mn_vec_<set>. Plain loops that gcc and clang
 * vectorise; nothing is fused but by `fused`, nothing reassociated, so the tables of AVX2 and AVX-512 agree to the bit.
 * exp after Cephes expf; erf after the rational approximation on [-4, 4] used by Eigen (x P(x^2) / Q(x^2)). */
#include "titans/kernels/vec.h"
#include "titans/kernels/lanes.h"
#include <math.h>

#ifndef MN_TABLE
#define MN_TABLE mn_vec_plain
#endif
#define R restrict
typedef mn_real_t real;

static inline real fused(real x, real y, real z) {
    return mn_real_fma(x, y, z);
}

#ifdef MN_DOUBLE
static inline real exp_of(real x) {
    return exp(x);
}
static inline real erf_of(real x) {
    return erf(x);
}
#else
static inline real exp_of(real x) {
    x = x < -87.3f ? -87.3f : x;
    x = x > 88.3f ? 88.3f : x;
    float n = fused(x, 1.44269504088896341f, 12582912.0f); /* rounds to the nearest whole number, in its last bits */
    uint32_t bits;
    memcpy(&bits, &n, sizeof bits);
    n -= 12582912.0f;
    const float r = fused(n, 2.12194440e-4f, fused(n, -0.693359375f, x));
    float p = 1.9875691500e-4f;
    p = fused(p, r, 1.3981999507e-3f);
    p = fused(p, r, 8.3334519073e-3f);
    p = fused(p, r, 4.1665795894e-2f);
    p = fused(p, r, 1.6666665459e-1f);
    p = fused(p, r, 5.0000001201e-1f);
    p = fused(p * r, r, r) + 1.0f;
    bits = (bits - 0x4b400000u + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}
static inline real erf_of(real x) {
    x = x < -4.0f ? -4.0f : x;
    x = x > 4.0f ? 4.0f : x;
    const float s = x * x;
    float p = -2.72614225801306e-10f, q = -1.45660718464996e-05f;
    p = fused(p, s, 2.77068142495902e-08f);
    p = fused(p, s, -2.10102402082508e-06f);
    p = fused(p, s, -5.69250639462346e-05f);
    p = fused(p, s, -7.34990630326855e-04f);
    p = fused(p, s, -2.95459980854025e-03f);
    p = fused(p, s, -1.60960333262415e-02f);
    q = fused(q, s, -2.13374055278905e-04f);
    q = fused(q, s, -1.68282697438203e-03f);
    q = fused(q, s, -7.37332916720468e-03f);
    q = fused(q, s, -1.42647390514189e-02f);
    return x * p / q;
}
#endif

static inline real sigmoid_of(real x) {
    return 1 / (1 + exp_of(-x));
}

static void silu(int64_t n, const real *R x, real *R y) {
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * sigmoid_of(x[i]);
}
static void silu_back(int64_t n, const real *x, const real *dy, real *dx) {
    for (int64_t i = 0; i < n; i++) {
        const real s = sigmoid_of(x[i]);
        dx[i] = dy[i] * (s * fused(x[i], 1 - s, 1));
    }
}
static void sigmoid(int64_t n, const real *R x, real *R y) {
    for (int64_t i = 0; i < n; i++) y[i] = sigmoid_of(x[i]);
}

static const real half = (real)0.5, sqrt_half = (real)0.70710678118654752440, density = (real)0.39894228040143267794;

static void act(int kind, int64_t n, const real *R x, real *R y) {
    if (kind == 0) {
        silu(n, x, y);
        return;
    }
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * (half * (1 + erf_of(x[i] * sqrt_half)));
}
static void act_slope(int kind, int64_t n, const real *R x, real *R y, real *R slope) {
    if (kind == 0) {
        for (int64_t i = 0; i < n; i++) {
            const real s = sigmoid_of(x[i]);
            y[i] = x[i] * s;
            slope[i] = s * fused(x[i], 1 - s, 1);
        }
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        const real c = half * (1 + erf_of(x[i] * sqrt_half));
        y[i] = x[i] * c;
        slope[i] = fused(x[i], density * exp_of(-half * x[i] * x[i]), c);
    }
}
static void act_curve(int kind, int64_t n, const real *R x, real *R slope, real *R curve) {
    if (kind == 0) {
        for (int64_t i = 0; i < n; i++) {
            const real s = sigmoid_of(x[i]);
            slope[i] = s * fused(x[i], 1 - s, 1);
            curve[i] = s * (1 - s) * fused(x[i], 1 - 2 * s, 2);
        }
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        const real f = density * exp_of(-half * x[i] * x[i]);
        slope[i] = fused(x[i], f, half * (1 + erf_of(x[i] * sqrt_half)));
        curve[i] = f * (2 - x[i] * x[i]);
    }
}

static void swiglu(int64_t n, int64_t w, const real *g, const real *u, int64_t ld, real *h) {
    for (int64_t r = 0; r < n; r++) {
        const real *R gr = g + r * ld, *R ur = u + r * ld;
        real *R hr = h + r * w;
        for (int64_t j = 0; j < w; j++) hr[j] = gr[j] * sigmoid_of(gr[j]) * ur[j];
    }
}
static void swiglu_back(int64_t n, int64_t w, const real *g, const real *u, int64_t ld, const real *dh, real *dg,
                        real *du) {
    for (int64_t r = 0; r < n; r++) {
        const real *R gr = g + r * ld, *R ur = u + r * ld, *R dr = dh + r * w;
        real *R dgr = dg + r * ld, *R dur = du + r * ld;
        for (int64_t j = 0; j < w; j++) {
            const real s = sigmoid_of(gr[j]);
            dgr[j] = dr[j] * ur[j] * (s * fused(gr[j], 1 - s, 1));
            dur[j] = dr[j] * (gr[j] * s);
        }
    }
}

/* Sums run over 16 lanes, added up in a fixed tree. A vector wider than the registers is taken apart badly by gcc, so
 * the lanes are REGS vectors of just their width. */
enum { LANES = 16, REG = MN_REG, REGS = LANES / REG };
typedef struct {
    mn_reg_t r[REGS];
} lanes_t;

static inline real lanes_sum(const lanes_t *lanes) {
    real t[LANES];
    memcpy(t, lanes, sizeof t);
    for (int i = 0; i < 8; i++) t[i] += t[i + 8];
    for (int i = 0; i < 4; i++) t[i] += t[i + 4];
    return (t[0] + t[2]) + (t[1] + t[3]);
}
/* sum += x y over 16 numbers */
static inline void add_product(lanes_t *total, const real *x, const real *y) {
    for (int i = 0; i < REGS; i++)
        total->r[i] = mn_reg_fma(mn_reg_load(x + i * REG), mn_reg_load(y + i * REG), total->r[i]);
}
/* Four sums at once, or every addition would wait for the one before; what is left of n is filled up with zeros. */
static real dot(int64_t n, const real *x, const real *y) {
    lanes_t s[4] = {0};
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES)
        for (int k = 0; k < 4; k++) add_product(&s[k], x + i + k * LANES, y + i + k * LANES);
    for (; i + LANES <= n; i += LANES) add_product(&s[0], x + i, y + i);
    if (i < n) {
        real last[2][LANES] = {0};
        memcpy(last[0], x + i, (size_t)(n - i) * sizeof *x);
        memcpy(last[1], y + i, (size_t)(n - i) * sizeof *y);
        add_product(&s[1], last[0], last[1]);
    }
    for (int k = 0; k < REGS; k++) s[0].r[k] = (s[0].r[k] + s[1].r[k]) + (s[2].r[k] + s[3].r[k]);
    return lanes_sum(&s[0]);
}
static real sum(int64_t n, const real *x) {
    lanes_t s = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < REGS; k++) s.r[k] += mn_reg_load(x + i + k * REG);
    real total = lanes_sum(&s);
    for (; i < n; i++) total += x[i];
    return total;
}
static inline real root(real x) {
#ifdef MN_DOUBLE
    return sqrt(x);
#else
    return sqrtf(x);
#endif
}
static void axpy(int64_t n, real a, const real *R x, real *R y) {
    for (int64_t i = 0; i < n; i++) y[i] = fused(a, x[i], y[i]);
}
static void mul(int64_t n, const real *R x, real *R y) {
    for (int64_t i = 0; i < n; i++) y[i] *= x[i];
}

static void rms(int64_t w, const real *R x, const real *R gain, real *R y) {
    const real r = 1 / root(dot(w, x, x) / (real)w + (real)MN_EPS);
    for (int64_t j = 0; j < w; j++) y[j] = x[j] * r * gain[j];
}
static void rms_back(int64_t w, const real *R x, const real *R gain, const real *R dy, real *R dx, real *R dgain) {
    const real r = 1 / root(dot(w, x, x) / (real)w + (real)MN_EPS);
    lanes_t acc = {0};
    int64_t j = 0;
    for (; j + LANES <= w; j += LANES)
        for (int i = 0; i < REGS; i++) {
            const int64_t at = j + i * REG;
            acc.r[i] = mn_reg_fma(mn_reg_load(x + at) * mn_reg_load(gain + at), mn_reg_load(dy + at), acc.r[i]);
        }
    real s = lanes_sum(&acc);
    for (; j < w; j++) s += x[j] * gain[j] * dy[j];
    const real k = r * r * r * s / (real)w;
    for (j = 0; j < w; j++) {
        dx[j] += fused(r * gain[j], dy[j], -k * x[j]);
        dgain[j] = fused(dy[j] * x[j], r, dgain[j]);
    }
}
static void l2(int64_t w, real *x) {
    const real r = 1 / root(dot(w, x, x) + (real)MN_EPS);
    for (int64_t j = 0; j < w; j++) x[j] *= r;
}
static void l2_back(int64_t w, const real *R x, const real *R dy, real *R dx) {
    const real r = 1 / root(dot(w, x, x) + (real)MN_EPS), k = r * r * r * dot(w, x, dy);
    for (int64_t j = 0; j < w; j++) dx[j] = fused(r, dy[j], -k * x[j]);
}

/* mean and 1 / standard deviation of a row; the deviations are summed around the mean */
static void moments(int64_t w, const real *x, real *mean, real *r) {
    const real m = sum(w, x) / (real)w;
    real v = 0;
    for (int64_t j = 0; j < w; j++) v += (x[j] - m) * (x[j] - m);
    *mean = m;
    *r = 1 / root(v / (real)w + (real)MN_EPS);
}
static void layer(int64_t w, const real *R x, real *R y) {
    real m, r;
    moments(w, x, &m, &r);
    for (int64_t j = 0; j < w; j++) y[j] = (x[j] - m) * r;
}
static void layer_back(int64_t w, const real *R x, const real *R dy, real *R dx) {
    real m, r, a = 0;
    moments(w, x, &m, &r);
    const real mean = sum(w, dy) / (real)w;
    for (int64_t j = 0; j < w; j++) a += dy[j] * (x[j] - m) * r;
    a /= (real)w;
    for (int64_t j = 0; j < w; j++) dx[j] = r * (dy[j] - mean - (x[j] - m) * r * a);
}
/* With h = (x - m) r, A v = r (v - mean v - h mean(v h)) is symmetric in v, so ddy = A d. f = d . A dy gives
 * df/dx = -(r h f + r (b A d + a A dy)) / w, a = sum d h, b = sum dy h. */
static void layer_back2(int64_t w, const real *R x, const real *R dy, const real *R d, real *R ddy, real *R dx2) {
    real m, r, a = 0, b = 0, f = 0;
    moments(w, x, &m, &r);
    const real md = sum(w, d) / (real)w, my = sum(w, dy) / (real)w;
    for (int64_t j = 0; j < w; j++) {
        const real h = (x[j] - m) * r;
        a += d[j] * h;
        b += dy[j] * h;
        f += d[j] * (dy[j] - my);
    }
    f = r * (f - a * b / (real)w);
    for (int64_t j = 0; j < w; j++) {
        const real h = (x[j] - m) * r, ad = r * (d[j] - md - h * a / (real)w), ay = r * (dy[j] - my - h * b / (real)w);
        ddy[j] = ad;
        dx2[j] += -(r * h * f + r * (b * ad + a * ay)) / (real)w;
    }
}

static void conv(int64_t taps, int64_t w, const real *R x, int64_t ld, const real *R kernel, real *R y) {
    const real *R first = x - (taps - 1) * ld;
    for (int64_t j = 0; j < w; j++) y[j] = first[j] * kernel[j];
    for (int64_t i = 1; i < taps; i++) {
        const real *R xi = first + i * ld, *R ki = kernel + i * w;
        for (int64_t j = 0; j < w; j++) y[j] = fused(xi[j], ki[j], y[j]);
    }
}
static void conv_back(int64_t taps, int64_t w, const real *R dy, int64_t ld, const real *R kernel, real *R dx) {
    const real *R last = kernel + (taps - 1) * w;
    for (int64_t j = 0; j < w; j++) dx[j] = dy[j] * last[j];
    for (int64_t i = 1; i < taps; i++) {
        const real *R di = dy + i * ld, *R ki = last - i * w;
        for (int64_t j = 0; j < w; j++) dx[j] = fused(di[j], ki[j], dx[j]);
    }
}
static void conv_back_kernel(int64_t taps, int64_t w, const real *R x, int64_t ld, const real *R dy, real *R dkernel) {
    for (int64_t i = 0; i < taps; i++) {
        const real *R xi = x - (taps - 1 - i) * ld;
        real *R ki = dkernel + i * w;
        for (int64_t j = 0; j < w; j++) ki[j] = fused(xi[j], dy[j], ki[j]);
    }
}

static double softmax_loss(int64_t n, real *x, int64_t target, real scale) {
    real top = x[0];
    for (int64_t i = 1; i < n; i++) top = x[i] > top ? x[i] : top;
    const double at = (double)x[target] - (double)top;
    if (scale == 0) {
        double total = 0;
        for (int64_t i = 0; i < n; i++) total += exp((double)x[i] - (double)top);
        const double norm = log(total);
        for (int64_t i = 0; i < n; i++) x[i] = (real)((double)x[i] - (double)top - norm);
        return norm - at;
    }
    for (int64_t i = 0; i < n; i++) x[i] = exp_of(x[i] - top);
    const real total = sum(n, x), k = scale / total;
    for (int64_t i = 0; i < n; i++) x[i] *= k;
    x[target] -= scale;
    return log((double)total) - at;
}

static void scale_rows(int64_t n, int64_t w, const real *R a, int64_t step, const real *R x, real *R y) {
    for (int64_t r = 0; r < n; r++, x += w, y += w) {
        const real k = a[r * step];
        for (int64_t j = 0; j < w; j++) y[j] = k * x[j];
    }
}
static void scale_rows_pair(int64_t n, int64_t w, const real *R a, const real *R b, const real *R x, real *R y) {
    for (int64_t r = 0; r < n; r++, x += w, y += 2 * w) {
        const real ar = a[r], br = b[r];
        real *R z = y + w;
        for (int64_t j = 0; j < w; j++) {
            y[j] = ar * x[j];
            z[j] = br * x[j];
        }
    }
}
static void dot_rows(int64_t n, int64_t w, const real *x, int64_t ldx, const real *y, int64_t ldy, real *total,
                     int64_t step) {
    for (int64_t r = 0; r < n; r++) total[r * step] += dot(w, x + r * ldx, y + r * ldy);
}
static void read_mix(int64_t n, int64_t w, const real *R b, const real *R c, const real *R xws, const real *R xi,
                     real *R z) {
    for (int64_t r = 0; r < n; r++, xws += 2 * w, z += w) {
        const real br = b[r], cr = c[r], *R xs = xws + w;
        if (!xi) {
            for (int64_t j = 0; j < w; j++) z[j] = fused(br, xws[j], cr * xs[j]);
            continue;
        }
        const real *R x0 = xi + r * w, ar = 1 - br;
        for (int64_t j = 0; j < w; j++) z[j] = fused(ar, x0[j], fused(br, xws[j], cr * xs[j]));
    }
}
static void read_mix_back(int64_t n, int64_t w, const real *R b, const real *R c, const real *R gw, const real *R gs,
                          const real *R gi, const real *R x, real *R dx, real *R db, real *R dc) {
    for (int64_t r = 0; r < n; r++) {
        const real br = b[r], cr = c[r], ar = 1 - br;
        const real *R w0 = gw + r * w, *R s0 = gs + r * w, *R xr = x + r * w;
        real *R d = dx + r * w;
        db[r] += dot(w, w0, xr);
        dc[r] += dot(w, s0, xr);
        if (!gi) {
            for (int64_t j = 0; j < w; j++) d[j] = fused(br, w0[j], cr * s0[j]);
            continue;
        }
        const real *R i0 = gi + r * w;
        db[r] -= dot(w, i0, xr);
        for (int64_t j = 0; j < w; j++) d[j] = fused(ar, i0[j], fused(br, w0[j], cr * s0[j]));
    }
}
static void advance(int64_t n, int64_t w, real b, real c, real m, const real *ws, const real *initial, real *next) {
    const real a = 1 - b;
    for (int64_t r = 0; r < n; r++, ws += 2 * w, next += 2 * w) {
        const real *s = ws + w, *i0 = initial ? initial + r * w : NULL;
        int64_t j = 0;
        for (; j + REG <= w; j += REG) {
            const mn_reg_t sj = mn_reg_load(s + j), wj = mn_reg_fma(mn_reg_all(b), mn_reg_load(ws + j), c * sj);
            mn_reg_store(next + j, i0 ? mn_reg_fma(mn_reg_all(a), mn_reg_load(i0 + j), wj) : wj);
            mn_reg_store(next + w + j, m * sj);
        }
        for (; j < w; j++) {
            const real sj = s[j], wj = fused(b, ws[j], c * sj);
            next[j] = i0 ? fused(a, i0[j], wj) : wj;
            next[w + j] = m * sj;
        }
    }
}
/* dws holds the cotangent of next and becomes that of ws; dbcm[0..2] += those of b, c, m. One pass over the matrices,
 * which are the largest things that a chunk touches. */
static void advance_back(int64_t n, int64_t w, real b, real c, real m, const real *R ws, const real *R initial,
                         real *R dws, real *R dinitial, real *R dbcm) {
    const real a = 1 - b;
    lanes_t sb = {0}, sc = {0}, sm = {0}, si = {0};
    for (int64_t r = 0; r < n; r++, ws += 2 * w, dws += 2 * w) {
        const real *R s = ws + w;
        real *R ds = dws + w;
        int64_t j = 0;
        for (; j + LANES <= w; j += LANES)
            for (int i = 0; i < REGS; i++) {
                const int64_t at = j + i * REG;
                const mn_reg_t dw = mn_reg_load(dws + at), d1 = mn_reg_load(ds + at), s0 = mn_reg_load(s + at);
                sb.r[i] = mn_reg_fma(mn_reg_load(ws + at), dw, sb.r[i]);
                sc.r[i] = mn_reg_fma(s0, dw, sc.r[i]);
                sm.r[i] = mn_reg_fma(s0, d1, sm.r[i]);
                mn_reg_store(ds + at, mn_reg_fma(mn_reg_all(c), dw, m * d1));
                mn_reg_store(dws + at, b * dw);
                if (initial) {
                    real *di = dinitial + r * w + at;
                    si.r[i] = mn_reg_fma(mn_reg_load(initial + r * w + at), dw, si.r[i]);
                    mn_reg_store(di, mn_reg_fma(mn_reg_all(a), dw, mn_reg_load(di)));
                }
            }
        for (; j < w; j++) {
            const real dw = dws[j];
            dbcm[0] += ws[j] * dw;
            dbcm[1] += s[j] * dw;
            dbcm[2] += s[j] * ds[j];
            ds[j] = c * dw + m * ds[j];
            dws[j] = b * dw;
            if (initial) {
                dbcm[0] -= initial[r * w + j] * dw;
                dinitial[r * w + j] += a * dw;
            }
        }
    }
    dbcm[0] += lanes_sum(&sb) - lanes_sum(&si);
    dbcm[1] += lanes_sum(&sc);
    dbcm[2] += lanes_sum(&sm);
}
static void masked(int64_t n, const real *R o, const real *R x, real *R y) {
    for (int64_t r = 0; r < n; r++, o += n, x += n, y += n) {
        for (int64_t j = 0; j <= r; j++) y[j] = o[j] * x[j];
        for (int64_t j = r + 1; j < n; j++) y[j] = 0;
    }
}

static real top_of(int64_t n, const real *x, real top) {
    real lanes[LANES];
    int64_t i = 0;
    for (int l = 0; l < LANES; l++) lanes[l] = top;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) lanes[l] = x[i + l] > lanes[l] ? x[i + l] : lanes[l];
    for (int l = 0; l < LANES; l++) top = lanes[l] > top ? lanes[l] : top;
    for (; i < n; i++) top = x[i] > top ? x[i] : top;
    return top;
}
static void softmax(int64_t n, int64_t spans, const int64_t *span, real scale, real *x) {
    real top = -HUGE_VALF, total = 0;
    int64_t done = 0;
    for (int64_t i = 0; i < spans; i++) top = top_of(span[2 * i + 1] - span[2 * i], x + span[2 * i], top);
    for (int64_t i = 0; i < spans; i++) {
        const int64_t from = span[2 * i], to = span[2 * i + 1];
        for (; done < from; done++) x[done] = 0;
        for (int64_t j = from; j < to; j++) x[j] = exp_of(scale * (x[j] - top));
        total += sum(to - from, x + from);
        done = to;
    }
    for (; done < n; done++) x[done] = 0;
    const real k = 1 / total; /* no spans: nothing but zeros above */
    for (int64_t i = 0; i < spans; i++)
        for (int64_t j = span[2 * i]; j < span[2 * i + 1]; j++) x[j] *= k;
}
static void softmax_back(int64_t n, const real *R p, real scale, real *R dp) {
    const real mean = dot(n, p, dp);
    for (int64_t j = 0; j < n; j++) dp[j] = scale * (p[j] * (dp[j] - mean));
}
static void rotate(int64_t heads, int64_t d, const real *turn, real sign, const real *x, real *y) {
    const real *cosine = turn, *sine = turn + d / 2;
    for (int64_t h = 0; h < heads; h++, x += d, y += d)
        for (int64_t i = 0; i < d / 2; i++) {
            const real a = x[i], b = x[i + d / 2], s = sign * sine[i];
            y[i] = fused(a, cosine[i], -(b * s));
            y[i + d / 2] = fused(b, cosine[i], a * s);
        }
}
static void sigmoid_back(int64_t n, const real *R y, real *R dx) {
    for (int64_t i = 0; i < n; i++) dx[i] *= y[i] * (1 - y[i]);
}

const mn_vec_t MN_TABLE = {
#define MN_X(result, name, arguments) .name = name,
    MN_VEC_LIST(MN_X)
#undef MN_X
};
