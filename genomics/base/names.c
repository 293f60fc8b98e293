/* names: open addressing over XXH3 of the texts. */
#include "genomics/base/names.h"
#include "genomics/base/digest.h"
#include "genomics/base/mem.h"
#include <string.h>

enum { SLOTS_MIN = 64 };

/* The slot that holds text, or the empty one where it belongs; n_slots > 0. */
static int64_t find_slot(const mn_names_t *names, const char *text) {
    uint64_t mask = (uint64_t)names->n_slots - 1, slot = mn_digest_hash(text, (int64_t)strlen(text), 0) & mask;
    while (names->slots[slot] && strcmp(mn_names_text(names, names->slots[slot] - 1), text)) slot = (slot + 1) & mask;
    return (int64_t)slot;
}

static mn_status_t grow_slots(mn_names_t *names, mn_err_t *err) {
    mn_names_t larger = *names;
    larger.n_slots = names->n_slots ? 2 * names->n_slots : SLOTS_MIN;
    mn_status_t status = mn_mem_new((void **)&larger.slots, larger.n_slots, sizeof *larger.slots, err);
    if (status) return status;
    for (int64_t i = 0; i < names->n; i++) larger.slots[find_slot(&larger, mn_names_text(names, i))] = i + 1;
    mn_mem_free(names->slots);
    *names = larger;
    return MN_OK;
}

int64_t mn_names_find(const mn_names_t *names, const char *text) {
    return names->n_slots ? names->slots[find_slot(names, text)] - 1 : -1;
}

mn_status_t mn_names_add(mn_names_t *names, const char *text, int64_t *number, mn_err_t *err) {
    mn_status_t status;
    if (2 * (names->n + 1) > names->n_slots && (status = grow_slots(names, err))) return status;
    int64_t slot = find_slot(names, text), size = (int64_t)strlen(text) + 1;
    if (!names->slots[slot]) {
        status = mn_mem_reserve((void **)&names->bytes, &names->byte_cap, names->byte_size + size, 1, err);
        if (!status) status = mn_mem_reserve((void **)&names->at, &names->at_cap, names->n + 1, sizeof *names->at, err);
        if (status) return status;
        memcpy(names->bytes + names->byte_size, text, (size_t)size);
        names->at[names->n] = names->byte_size;
        names->byte_size += size;
        names->slots[slot] = ++names->n;
    }
    *number = names->slots[slot] - 1;
    return MN_OK;
}

void mn_names_done(mn_names_t *names) {
    if (!names) return;
    mn_mem_free(names->bytes);
    mn_mem_free(names->at);
    mn_mem_free(names->slots);
    *names = (mn_names_t){0};
}
