/* SPDX-License-Identifier: Apache-2.0 */
/* up.c - the two calls by which a driver answers. */
#include "log/up.h"

void hg_append_complete(struct hg_append *append, int err) {
    append->up->on_complete(append->up, append, err);
}

void hg_log_tail(struct hg_log_up *up, uint32_t topic, uint32_t partition,
                 const struct hg_record *records, size_t n) {
    if (n > 0) {
        up->on_tail(up, topic, partition, records, n);
    }
}
