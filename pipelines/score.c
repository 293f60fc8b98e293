/* score: held-out data through the model, in groups that bound memory. */
#include "pipelines/score.h"
#include "genomics/base/mem.h"
#include <math.h>
#include <string.h>

/* A group is full at so many samples (room for both strands of one more) or tokens. */
enum { GROUP_SAMPLES = 64, GROUP_TOKENS = 1 << 20 };

typedef struct group {
    mn_tokenizer_t tokenizer;
    int64_t n, tokens;
    int64_t starts[GROUP_SAMPLES];
    mn_sample_t samples[GROUP_SAMPLES];
    mn_output_t outputs[GROUP_SAMPLES];
    int32_t *ids; /* of all samples, back to back */
    float *nats;  /* the same */
    uint8_t *turned;
    int64_t ids_capacity, nats_capacity, turned_capacity;
} group_t;

static mn_status_t new_group(mn_tokenizer_t tokenizer, group_t **out, mn_err_t *err) {
    void *block;
    mn_status_t status = mn_mem_new(&block, 1, sizeof(group_t), err);
    *out = block;
    if (!status) (*out)->tokenizer = tokenizer;
    return status;
}

static void free_group(group_t *group) {
    if (!group) return;
    mn_mem_free(group->ids);
    mn_mem_free(group->nats);
    mn_mem_free(group->turned);
    mn_mem_free(group);
}

static bool is_full(const group_t *group) {
    return group->n + 2 > GROUP_SAMPLES || group->tokens >= GROUP_TOKENS;
}

static mn_status_t append(group_t *group, const uint8_t *bases, int64_t n, bool turn, mn_err_t *err) {
    mn_status_t status =
        mn_mem_reserve((void **)&group->ids, &group->ids_capacity, group->tokens + n + 1, sizeof(int32_t), err);
    if (!status && turn) {
        status = mn_mem_reserve((void **)&group->turned, &group->turned_capacity, n, 1, err);
        if (!status) {
            memcpy(group->turned, bases, (size_t)n);
            mn_bases_reverse_complement(group->turned, n);
            bases = group->turned;
        }
    }
    if (status) return status;
    int32_t *ids = group->ids + group->tokens;
    ids[0] = MN_ID_BOS;
    int64_t length = 1 + mn_tokenizer_encode(group->tokenizer, bases, n, ids + 1);
    group->samples[group->n] = (mn_sample_t){.length = length};
    group->outputs[group->n] = (mn_output_t){.next = -1};
    group->starts[group->n++] = group->tokens;
    group->tokens += length;
    return MN_OK;
}

static mn_status_t forward(const mn_model_t *model, mn_work_t *work, group_t *group, mn_err_t *err) {
    for (int64_t i = 0; i < group->n; i++) group->samples[i].ids = group->ids + group->starts[i];
    return mn_model_forward(model, work, group->samples, group->n, group->outputs, err);
}

static void clear(group_t *group) {
    group->n = group->tokens = 0;
}

mn_status_t mn_score_classes(const mn_model_t *model, mn_work_t *work, mn_tokenizer_t tokenizer, bool strands,
                             const uint8_t *const *bases, const int64_t *lengths, int64_t n, float *probabilities,
                             mn_err_t *err) {
    const int64_t classes = model->config.classes, views = strands ? 2 : 1;
    group_t *group;
    void *block = NULL;
    mn_status_t status = new_group(tokenizer, &group, err);
    if (!status) status = mn_mem_new(&block, GROUP_SAMPLES * classes, sizeof(mn_real_t), err);
    mn_real_t *logs = block; /* (samples, classes) */
    for (int64_t i = 0, done = 0; !status && i < n; i++) {
        status = append(group, bases[i], lengths[i], false, err);
        if (!status && strands) status = append(group, bases[i], lengths[i], true, err);
        if (status || (!is_full(group) && i + 1 < n)) continue;
        for (int64_t j = 0; j < group->n; j++) group->outputs[j].classes = logs + j * classes;
        status = forward(model, work, group, err);
        if (mn_work_stopped(work)) break;
        for (int64_t j = 0; !status && j < group->n; j += views, done++) {
            for (int64_t c = 0; c < classes; c++) {
                double p = exp((double)logs[j * classes + c]);
                if (strands) p = 0.5 * (p + exp((double)logs[(j + 1) * classes + c]));
                probabilities[done * classes + c] = (float)p;
                if (!isfinite(p)) status = mn_err_set(err, MN_DIVERGED, NULL, NULL, MN_NOT_FINITE);
            }
        }
        clear(group);
    }
    free_group(group);
    mn_mem_free(block);
    return status;
}

mn_status_t mn_score_tracts(const mn_model_t *model, mn_work_t *work, mn_tokenizer_t tokenizer,
                            const mn_tract_t *tracts, int64_t n, mn_bits_t *out, mn_err_t *err) {
    group_t *group;
    void *block = NULL;
    mn_bits_t sum = {0};
    mn_status_t status = new_group(tokenizer, &group, err);
    if (!status) status = mn_mem_new(&block, mn_tokenizer_vocab(tokenizer), 1, err);
    uint8_t *ignore = block;
    if (!status) mn_tokenizer_ignore(tokenizer, ignore);
    for (int64_t i = 0; !status && i < n; i++) {
        status = append(group, mn_tract_bases(&tracts[i]), tracts[i].end - tracts[i].begin, false, err);
        if (status || (!is_full(group) && i + 1 < n)) continue;
        status = mn_mem_reserve((void **)&group->nats, &group->nats_capacity, group->tokens, sizeof(float), err);
        if (status) break;
        for (int64_t j = 0; j < group->n; j++) group->outputs[j].nats = group->nats + group->starts[j];
        status = forward(model, work, group, err);
        if (mn_work_stopped(work)) break;
        for (int64_t j = 0; !status && j < group->n; j++) {
            const int32_t *ids = group->samples[j].ids;
            for (int64_t t = 0; t + 1 < group->samples[j].length; t++) {
                if (ignore[ids[t + 1]]) continue;
                sum.nats += (double)group->outputs[j].nats[t];
                sum.bases += mn_tokenizer_span(tokenizer, ids[t + 1]);
            }
        }
        clear(group);
    }
    free_group(group);
    mn_mem_free(block);
    if (!status) *out = sum;
    return status;
}
