/* attention: softmax attention with rotary positions over persistent rows and a window (mal, mag) or a segment (mac).
 * Inside titans/ only.
 *
 * Queries go in blocks of MN_ROWS rows, each against all keys that any of its rows sees: one product with a fixed
 * shape, a softmax over each row's spans of it, one product with the values. No more is held than the scores of one
 * block; the backward pass makes them again. Every head is a task of its own. */
#ifndef MN_ATTENTION_H
#define MN_ATTENTION_H
#include "titans/pass.h"

/* Rows before a block of queries that its window reaches; numbers of scratch a head. */
int64_t mn_attention_reach(const mn_config_t *config);
int64_t mn_attention_scratch(const mn_pass_t *pass);

/* pass->turns, once a pass. */
void mn_attention_turns(mn_pass_t *pass);

/* All rows: acts.za to acts.proj, q and akv; the window's keys and values come from the state and are left in it. */
void mn_attention_project(mn_pass_t *pass, int64_t layer);

/* Rows at work: adds the attention's output to acts.att. */
void mn_attention_forward(mn_pass_t *pass, int64_t layer);

/* Back: clears the sums; datt to dproj, dakv and drkv, rows at work; then all rows: dproj to dz, written or in mag
 * added to, with the gradients of all weights. */
void mn_attention_start_back(mn_pass_t *pass, int64_t layer);
void mn_attention_backward(mn_pass_t *pass, int64_t layer);
void mn_attention_project_back(mn_pass_t *pass, int64_t layer);

#endif
