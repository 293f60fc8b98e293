/* layout: parameters as the passes want them. Tensors that meet the same rows lie side by side, so that a few wide products
 * do for many narrow ones: in = [q | k | v | gate | alpha | eta | theta], attention = [aq | ak | av], in mac with rq at its
 * end, ffn = [gate | up]; convolution kernels lie tap by tap. Gradients are gathered in the same layout and added back tensor by tensor. */
#ifndef MN_LAYOUT_H
#define MN_LAYOUT_H
#include "titans/memory.h"
#include "titans/model.h"

/* Offsets of a layer's tensors in the packed block. */
typedef struct mn_layer {
    int64_t norm1, in, conv, bias, persistent, w[MN_DEPTH_MAX], norm, out, norm2, ffn, down;
    int64_t norm3, attention, apersistent, ao, gate_y, gate_m; /* not in lmm */
    int64_t rconv, rnorm, rout;                                /* mac */
} mn_layer_t;

/* Where a parameter's (rows, cols) lie in the packed block: rows of stride ld, or turned (the transpose). mark: the mark of row 0
 * where a gradient is that of a few rows alone; -1: of all. */
typedef struct mn_place {
    int64_t at, rows, cols, ld;
    bool turned;
    int64_t mark;
} mn_place_t;

typedef struct mn_layout {
    mn_memory_t memory;
    int64_t in_width, gates; /* columns of in, a multiple of 16; first column of alpha in it: 4 D */
    int64_t attention_width; /* columns of attention: 3 D, in mac 4 D, in lmm 0 */
    int64_t prefix;          /* rows that the memory sees before the first token: N, in mac 0 */
    int64_t size;            /* numbers of the packed block */
    int64_t dense, marks;    /* first number after the rows of words and gapped words; how many rows these are */
    int64_t gapped_mark;     /* mark of gapped word 0; that of word 0 is 0 */
    int64_t embed, words, norm, head, head_bias, query, gapped, lengths;
    mn_layer_t *layers; /* L */
    mn_place_t *places; /* one a parameter */
} mn_layout_t;

/* packed[0..layout->size) = the model's parameters; gradient += packed, of rows that can be marked those that are: they and their
 * marks (layout->marks of them) are 0 again afterwards. */
void mn_layout_pack(const mn_model_t *model, mn_real_t *packed);
void mn_layout_unpack_add(const mn_model_t *model, mn_real_t *packed, uint8_t *marks, mn_real_t *gradient);

#endif
