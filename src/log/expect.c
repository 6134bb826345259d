/* SPDX-License-Identifier: Apache-2.0 */
/* expect.c - a log that was cut back, or put back from a copy, gives the same
 * offsets to other records. What was stored since the start is known; the
 * record before that is read once, by the first who expects it. */
#include "log/expect.h"

#include "log/records.h"

/* A driver is read on this thread only while it holds no append. */
static void learn(struct hg_log *log, struct hg_topic *topic, uint32_t partition, uint64_t offset) {
    struct hg_records found = {0};
    struct hg_log_read want = {
        .topic = topic->id,
        .partition = partition,
        .from = offset,
        .max_records = 1,
        .max_bytes = 1,
    };
    hg_log_thread__flush(log);
    if (log->ops->read(log->driver, &want, &found) == 0 && found.n > 0 &&
        found.items[0].offset == offset) {
        const struct hg_record *r = &found.items[0];
        struct hg_slice id = {0};
        if (r->event != NULL) {
            id = hg_event_core(r->event, HG_ATTR_ID);
        }
        hg_topic_know(topic, partition, offset, hg_position_fingerprint(r->log_time_ms, id));
    }
    hg_records_fini(&found);
}

static bool is_replaced(struct hg_log *log, const struct hg_publish_item *item,
                        const struct hg_append_item *append) {
    struct hg_topic *topic = hg_topics_get(log->topics, append->topic);
    const struct hg_topic_part *part = hg_topic_part(topic, append->partition);
    if (!item->has_expected || item->expected_fingerprint == 0 || item->expected_next == 0) {
        return false;
    }
    /* Of one that is not the last, nothing has to be known. */
    if (part->known_next != item->expected_next &&
        item->expected_next >= atomic_load_explicit(&part->next, memory_order_relaxed)) {
        learn(log, topic, append->partition, item->expected_next - 1);
    }
    return part->known_next == item->expected_next &&
           part->known_fingerprint != item->expected_fingerprint;
}

bool hg_expect_is_replaced(struct hg_log *log, struct hg_publish *p) {
    for (size_t i = 0; i < p->n_items; i++) {
        const struct hg_plan_item *plan = &p->plan->items[i];
        if (plan->state == HG_PLAN_NEW &&
            is_replaced(log, &p->items[i], &p->plan->sending.append.items[plan->index])) {
            p->plan->sending.append.refused = plan->index;
            return true;
        }
    }
    return false;
}
