/* audit_page: an audit as an HTML page: findings first, then what they come from. */
#ifndef MN_AUDIT_PAGE_H
#define MN_AUDIT_PAGE_H
#include "genomics/audit.h"
#include <stdio.h>

/* provenance: the canonical command. Errors: no memory. */
mn_status_t mn_audit_page(const mn_labelled_t *set, const mn_audit_t *audit, FILE *file, const char *provenance,
                          mn_err_t *err);

#endif
