/* published: what papers say of complete benchmark sets, and by what such a set is known. */
#ifndef MN_PUBLISHED_H
#define MN_PUBLISHED_H
#include "genomics/labelled.h"

typedef struct mn_figure {
    const char *system;
    double value; /* in [-1, 1], by the set's metric */
} mn_figure_t;

enum { MN_FIGURES_MAX = 4 };

typedef struct mn_published {
    const char *name;
    int64_t train, valid, test, longest; /* rows of the official parts; bases of the longest sequence, 0: any */
    const char *class_name;              /* that one of its classes has, where counts alone do not tell; else NULL */
    bool mcc;                            /* figures are MCC, else accuracy */
    mn_figure_t figures[MN_FIGURES_MAX]; /* those with a system */
} mn_published_t;

/* The complete official set that this one is, by its counts; NULL: none that is known. */
const mn_published_t *mn_published_find(const mn_labelled_t *set);
/* By its name; NULL: none. */
const mn_published_t *mn_published_named(const char *name);

#endif
