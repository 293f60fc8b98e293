/* labelling: a labelled set while it grows: its classes, its rows, and the memory they may take. For labelled.c, which
 * knows the inputs. place: of the row in its input, for errors. */
#ifndef MN_LABELLING_H
#define MN_LABELLING_H
#include "genomics/labelled.h"

enum { MN_LABELLING_NAME_MAX = 255 }; /* bytes of a class name */

typedef struct mn_class_name {
    char *text;
    int32_t id; /* by first appearance; a model's order where one is given */
} mn_class_name_t;

typedef struct mn_labelling {
    mn_labelled_t *set;
    const mn_labelled_options_t *options;
    uint8_t table[256];
    mn_class_name_t *classes; /* in byte order of text */
    int64_t class_cap, base_cap, name_cap, name_size, memory;
    int64_t offset_cap, label_cap, split_cap, name_offset_cap, place_cap, group_cap, n_grouped;
    mn_err_t *err;
} mn_labelling_t;

/* A set without rows, and the classes that options give. After a failure too it wants mn_labelling_end. */
mn_status_t mn_labelling_begin(const char *const *inputs, int64_t n, const mn_labelled_options_t *options,
                               mn_labelling_t *b, mn_err_t *err);
/* With status MN_OK: puts the classes in order and hands the set over. MN_INPUT: it is none. Else, or then, all is
 * freed. Returns status, or what went wrong now. */
mn_status_t mn_labelling_end(mn_labelling_t *b, mn_status_t status, mn_labelled_t **out);

/* Whether the rows, with `bases` in memory, stay within what is at hand. */
mn_status_t mn_labelling_fits(const mn_labelling_t *b, int64_t bases);
/* Room for `more` bases behind the last row. */
mn_status_t mn_labelling_reserve(mn_labelling_t *b, int64_t more);

/* A row of a text of n bytes; of n bases that stand behind the last row; of n bases that are not kept. name NULL: the
 * row's number; at NULL: it has no place on a genome. */
mn_status_t mn_labelling_text(mn_labelling_t *b, const char *place, const char *label, mn_split_t split,
                              const char *name, const mn_place_t *at, const char *text, int64_t n);
mn_status_t mn_labelling_bases(mn_labelling_t *b, const char *place, const char *label, mn_split_t split,
                               const char *name, const mn_place_t *at, int64_t n);
mn_status_t mn_labelling_row(mn_labelling_t *b, const char *place, const char *label, mn_split_t split,
                             const char *name, const mn_place_t *at, int64_t n);

#endif
