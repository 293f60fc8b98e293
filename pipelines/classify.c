/* classify: sequences to tokens, forward passes of bounded size, log-probabilities to probabilities. */
#include "pipelines/classify.h"
#include "genomics/base/mem.h"
#include <math.h>
#include <string.h>

/* One pass holds at most this many samples, and tokens unless a single sequence is longer. */
enum { PASS_SAMPLES = 1024, PASS_TOKENS = 1 << 18 };

typedef struct pass {
    mn_sample_t *samples; /* (PASS_SAMPLES), strand after strand */
    mn_output_t *outputs;
    mn_real_t *classes; /* (PASS_SAMPLES, classes) log-probabilities */
    int32_t *ids;       /* (PASS_TOKENS) or what the longest sequence needs */
    uint8_t *reverse;   /* (longest) */
} pass_t;

static mn_status_t init_pass(pass_t *pass, int64_t tokens, int64_t longest, int64_t classes, mn_err_t *err) {
    mn_status_t status = mn_mem_new((void **)&pass->samples, PASS_SAMPLES, (int64_t)sizeof *pass->samples, err);
    if (!status) status = mn_mem_new((void **)&pass->outputs, PASS_SAMPLES, (int64_t)sizeof *pass->outputs, err);
    if (!status)
        status = mn_mem_new((void **)&pass->classes, PASS_SAMPLES * classes, (int64_t)sizeof *pass->classes, err);
    if (!status) status = mn_mem_new((void **)&pass->ids, tokens, (int64_t)sizeof *pass->ids, err);
    if (!status) status = mn_mem_new((void **)&pass->reverse, longest, 1, err);
    return status;
}

static void done_pass(pass_t *pass) {
    mn_mem_free(pass->samples);
    mn_mem_free(pass->outputs);
    mn_mem_free(pass->classes);
    mn_mem_free(pass->ids);
    mn_mem_free(pass->reverse);
}

static int64_t write_ids(mn_tokenizer_t tokenizer, const uint8_t *bases, int64_t length, int32_t *ids) {
    ids[0] = MN_ID_BOS;
    return 1 + mn_tokenizer_encode(tokenizer, bases, length, ids + 1);
}

mn_status_t mn_classify(const mn_model_t *model, mn_work_t *work, mn_tokenizer_t tokenizer, bool rc,
                        const uint8_t *const *bases, const int64_t *lengths, int64_t n, float *probabilities,
                        mn_err_t *err) {
    int64_t classes = model->config.classes, strands = rc ? 2 : 1, longest = 0;
    for (int64_t i = 0; i < n; i++)
        if (lengths[i] > longest) longest = lengths[i];
    int64_t most = strands * (longest + 1), room = most > PASS_TOKENS ? most : PASS_TOKENS;
    pass_t pass = {0};
    mn_status_t status = init_pass(&pass, room, longest, classes, err);
    for (int64_t done = 0, i = 0; done < n && !status; done = i) {
        int64_t used = 0, k = 0;
        for (; i < n && k + strands <= PASS_SAMPLES && used + strands * (lengths[i] + 1) <= room; i++)
            for (int64_t strand = 0; strand < strands; strand++, k++) {
                const uint8_t *source = bases[i];
                if (strand) {
                    memcpy(pass.reverse, bases[i], (size_t)lengths[i]);
                    mn_bases_reverse_complement(pass.reverse, lengths[i]);
                    source = pass.reverse;
                }
                int64_t length = write_ids(tokenizer, source, lengths[i], pass.ids + used);
                pass.samples[k] = (mn_sample_t){.ids = pass.ids + used, .length = length, .weight = 1};
                pass.outputs[k] = (mn_output_t){.next = -1, .classes = pass.classes + k * classes};
                used += length;
            }
        status = mn_model_forward(model, work, pass.samples, k, pass.outputs, err);
        for (int64_t j = done; j < i && !status; j++)
            for (int64_t c = 0; c < classes; c++) {
                double sum = 0;
                for (int64_t s = 0; s < strands; s++)
                    sum += exp((double)pass.classes[((j - done) * strands + s) * classes + c]);
                probabilities[j * classes + c] = (float)(sum / (double)strands);
            }
    }
    done_pass(&pass);
    return status;
}
