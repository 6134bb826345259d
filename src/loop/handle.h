/* SPDX-License-Identifier: Apache-2.0 */
/* handle.h - a name for an object of a loop that may be gone when somebody
 * comes back with it: a slot and the count of its uses. */
#ifndef HG_LOOP_HANDLE_H
#define HG_LOOP_HANDLE_H

#include "headgate/base.h"

struct hg_handle {
    uint32_t slot;
    uint32_t use; /* 0 names nothing */
};

/* One table per loop; owner thread only. Zeroed is empty. */
struct hg_handles {
    struct hg_handle_slot *slots;
    uint32_t n, cap, free_head;
};

/* HG_ENOMEM. */
int hg_handle_make(struct hg_handles *t, void *object, struct hg_handle *ret);
/* NULL when the object was dropped. */
void *hg_handle_get(const struct hg_handles *t, struct hg_handle h);
void hg_handle_drop(struct hg_handles *t, struct hg_handle h);
void hg_handles_fini(struct hg_handles *t);

#endif
