/* SPDX-License-Identifier: Apache-2.0 */
/* up.c - the calls by which a driver answers. */
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

void hg_log_lost(struct hg_log_up *up, uint32_t topic, uint32_t partition, uint64_t next) {
    if (up->on_lost != NULL) {
        up->on_lost(up, topic, partition, next);
    }
}

void hg_log_assigned(struct hg_log_up *up, struct hg_slice group, uint32_t topic,
                     uint32_t partition, bool is_ours) {
    if (up->on_assigned != NULL) {
        up->on_assigned(up, group, topic, partition, is_ours);
    }
}
