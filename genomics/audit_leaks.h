/* audit_leaks: the findings of an audit about rows that repeat, overlap or resemble others. For audit.c. */
#ifndef MN_AUDIT_LEAKS_H
#define MN_AUDIT_LEAKS_H
#include "genomics/audit.h"
#include "genomics/sketch.h"

/* parts: mn_split_t a row, 0: left out of the audit. split: there is a test part. */
typedef struct mn_audit_view {
    const mn_labelled_t *set;
    const mn_distinct_t *distinct;
    const uint8_t *parts;
    bool split;
    mn_audit_t *audit;
} mn_audit_view_t;

/* Each adds its findings. */
mn_status_t mn_audit_duplicates(const mn_audit_view_t *view, mn_err_t *err);
mn_status_t mn_audit_overlaps(const mn_audit_view_t *view, mn_err_t *err);
mn_status_t mn_audit_near(const mn_audit_view_t *view, mn_err_t *err);

/* What sentences call a part: "train"; "the set" for rows without a split. */
const char *mn_audit_part(int part);
/* The share of n as a finding's value: 0 of nothing is 0. */
double mn_audit_share(int64_t count, int64_t of);

#endif
