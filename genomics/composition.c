/* composition: iteratively reweighted least squares on ten features. */
#include "genomics/composition.h"
#include "genomics/base/mem.h"
#include "genomics/base/par.h"
#include <math.h>
#include <string.h>

enum { F = MN_COMPOSITION_FEATURES, TASKS = 64, ROUNDS = 12 };

static const double PENALTY = 1, ENOUGH = 1e-6; /* a step that moves no weight further ends the search */

static void measure_row(const mn_labelled_t *set, int64_t row, double x[F]) {
    int64_t count[5];
    mn_labelled_count(set, row, count);
    double known = (double)(mn_labelled_length(set, row) - count[MN_BASE_N]);
    if (known == 0) known = 1;
    double a = (double)count[MN_BASE_A] / known, c = (double)count[MN_BASE_C] / known;
    double g = (double)count[MN_BASE_G] / known;
    const double all[F] = {1, a, c, g, a * a, c * c, g * g, a * c, a * g, c * g};
    memcpy(x, all, sizeof all);
}

static void scale_row(const mn_composition_t *model, double x[F]) {
    for (int f = 1; f < F; f++) x[f] = (x[f] - model->mean[f]) * model->scale[f];
}

static double weigh_row(const double *weights, const double x[F]) {
    double sum = 0;
    for (int f = 0; f < F; f++) sum += weights[f] * x[f];
    return sum;
}

/* One fit: class `label` against the rest. */
typedef struct fit {
    const mn_labelled_t *set;
    const int64_t *rows;
    int64_t n;
    const double *x; /* (n, F) scaled */
    const double *weights;
    int32_t label;
    struct sums {
        double gradient[F], hessian[F][F];
    } sums[TASKS];
} fit_t;

static void sum_rows(void *ctx, int64_t task) {
    fit_t *fit = ctx;
    struct sums *sums = &fit->sums[task];
    memset(sums, 0, sizeof *sums);
    for (int64_t i = fit->n * task / TASKS; i < fit->n * (task + 1) / TASKS; i++) {
        const double *x = fit->x + i * F;
        double p = 1 / (1 + exp(-weigh_row(fit->weights, x)));
        double error = (fit->set->labels[fit->rows[i]] == fit->label) - p, curve = p * (1 - p);
        for (int f = 0; f < F; f++) {
            sums->gradient[f] += error * x[f];
            for (int h = 0; h <= f; h++) sums->hessian[f][h] += curve * x[f] * x[h];
        }
    }
}

/* Solves a x = b in place by Cholesky; a is positive definite, its lower half is given. */
static void solve_system(double a[F][F], double b[F]) {
    for (int i = 0; i < F; i++)
        for (int j = 0; j <= i; j++) {
            double sum = a[i][j];
            for (int k = 0; k < j; k++) sum -= a[i][k] * a[j][k];
            a[i][j] = i == j ? sqrt(sum) : sum / a[j][j];
        }
    for (int i = 0; i < F; i++) {
        for (int k = 0; k < i; k++) b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
    for (int i = F - 1; i >= 0; i--) {
        for (int k = i + 1; k < F; k++) b[i] -= a[k][i] * b[k];
        b[i] /= a[i][i];
    }
}

static void fit_class(fit_t *fit, double *weights) {
    static const double STEP_MAX = 4; /* a class that the rest never meets would run away */
    fit->weights = weights;
    for (int round = 0; round < ROUNDS; round++) {
        struct sums *sum = &fit->sums[0];
        mn_par_for(TASKS, sum_rows, fit);
        for (int t = 1; t < TASKS; t++)
            for (int f = 0; f < F; f++) {
                sum->gradient[f] += fit->sums[t].gradient[f];
                for (int h = 0; h <= f; h++) sum->hessian[f][h] += fit->sums[t].hessian[f][h];
            }
        for (int f = 0; f < F; f++) {
            sum->gradient[f] -= PENALTY * weights[f];
            sum->hessian[f][f] += PENALTY;
        }
        solve_system(sum->hessian, sum->gradient);
        double largest = 0;
        for (int f = 0; f < F; f++) largest = fmax(largest, fabs(sum->gradient[f]));
        double step = largest > STEP_MAX ? STEP_MAX / largest : 1;
        for (int f = 0; f < F; f++) weights[f] += step * sum->gradient[f];
        if (largest < ENOUGH) break;
    }
}

typedef struct measuring {
    const mn_labelled_t *set;
    const int64_t *rows;
    int64_t n;
    double *x;
} measuring_t;

static void measure_rows(void *ctx, int64_t task) {
    measuring_t *m = ctx;
    for (int64_t i = m->n * task / TASKS; i < m->n * (task + 1) / TASKS; i++)
        measure_row(m->set, m->rows[i], m->x + i * F);
}

static void standardise(mn_composition_t *model, double *x, int64_t n) {
    for (int f = 1; f < F; f++) {
        double sum = 0, square = 0;
        for (int64_t i = 0; i < n; i++) sum += x[i * F + f];
        model->mean[f] = sum / (double)n;
        for (int64_t i = 0; i < n; i++) square += (x[i * F + f] - model->mean[f]) * (x[i * F + f] - model->mean[f]);
        model->scale[f] = square > 0 ? 1 / sqrt(square / (double)n) : 0;
    }
    for (int64_t i = 0; i < n; i++) scale_row(model, x + i * F);
}

mn_status_t mn_composition_train(const mn_labelled_t *set, const int64_t *rows, int64_t n, mn_composition_t *out,
                                 mn_err_t *err) {
    mn_composition_t model = {.n_classes = set->n_classes, .n_weights = set->n_classes == 2 ? 1 : set->n_classes};
    double *x = NULL;
    fit_t *fit = NULL;
    mn_status_t status = mn_mem_new((void **)&x, mn_mem_mul(n, F), sizeof *x, err);
    if (!status) status = mn_mem_new((void **)&fit, 1, sizeof *fit, err);
    if (!status) status = mn_mem_new((void **)&model.weights, model.n_weights * F, sizeof *model.weights, err);
    if (!status) {
        measuring_t measuring = {set, rows, n, x};
        mn_par_for(TASKS, measure_rows, &measuring);
        standardise(&model, x, n);
        fit->set = set, fit->rows = rows, fit->n = n, fit->x = x;
        for (int64_t c = 0; c < model.n_weights; c++) {
            fit->label = (int32_t)(model.n_weights == 1 ? 1 : c);
            fit_class(fit, model.weights + c * F);
        }
    }
    mn_mem_free(x);
    mn_mem_free(fit);
    if (status)
        mn_composition_done(&model);
    else
        *out = model;
    return status;
}

void mn_composition_done(mn_composition_t *model) {
    if (!model) return;
    mn_mem_free(model->weights);
    *model = (mn_composition_t){0};
}

int32_t mn_composition_predict(const mn_composition_t *model, const mn_labelled_t *set, int64_t row) {
    double x[F], best = -INFINITY;
    int32_t label = 0;
    measure_row(set, row, x);
    scale_row(model, x);
    if (model->n_weights == 1) return weigh_row(model->weights, x) > 0;
    for (int64_t c = 0; c < model->n_classes; c++) {
        double weight = weigh_row(model->weights + c * F, x);
        if (weight > best) best = weight, label = (int32_t)c;
    }
    return label;
}
