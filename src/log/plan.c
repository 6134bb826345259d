/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c - identities, partitions and records of a publish. */
#include "log/plan.h"

#include "headgate/record.h"
#include "log/murmur2.h"

/* What a queued event costs beside its bytes. */
enum { ITEM_OVERHEAD = sizeof(struct hg_plan_item) + sizeof(struct hg_append_item) };

static uint32_t choose_partition(const struct hg_topic *topic, const struct hg_publish_item *item) {
    uint32_t partitions = atomic_load_explicit(&topic->n_there, memory_order_acquire);
    if (partitions == 1) {
        return 0;
    }
    /* Without a key the id decides: a copy then meets its original. */
    struct hg_slice key = item->key.len > 0 ? item->key : hg_event_core(item->event, HG_ATTR_ID);
    return hg_murmur2_partition(key, partitions);
}

static size_t bytes_of(const struct hg_publish_item *item) {
    size_t bytes = ITEM_OVERHEAD + item->key.len;
    if (item->event != NULL) {
        bytes += hg_event_packed_bytes(item->event);
    }
    for (size_t i = 0; i < item->n_headers; i++) {
        bytes += item->headers[i].name.len + item->headers[i].value.len;
    }
    return bytes;
}

static void plan_item(const struct hg_topic *topic, const struct hg_publish_item *item,
                      struct hg_plan_item *pi, struct hg_append_item *append) {
    append->topic = item->topic;
    append->partition = choose_partition(topic, item);
    append->has_expected = item->has_expected;
    append->expected_next = item->expected_next;
    append->record = (struct hg_record){
        .event = item->event,
        .key = item->key,
        .headers = item->headers,
        .n_headers = item->n_headers,
        .owner = item->owner,
    };
    /* A tombstone has no id; without dedup the record's digest stays zero,
     * which tells whoever rebuilds the index to leave it out. */
    if (item->event != NULL && !item->is_dedup_off) {
        memcpy(append->record.digest, item->digest, sizeof item->digest);
        pi->reservation.digest = hg_dedup_digest(item->digest);
        hg_identity_make(item->topic, item->owner, hg_event_core(item->event, HG_ATTR_SOURCE),
                         hg_event_core(item->event, HG_ATTR_ID), &pi->reservation.identity);
    }
}

int hg_plan_make(const struct hg_topics *topics, struct hg_publish *p) {
    size_t appends_at = sizeof(struct hg_plan) + p->n_items * sizeof(struct hg_plan_item);
    struct hg_plan *plan = hg_try_alloc(appends_at + p->n_items * sizeof(struct hg_append_item));
    if (plan == NULL) {
        return HG_ENOMEM;
    }
    plan->appends = (struct hg_append_item *)((char *)plan + appends_at);
    size_t bytes = 0;
    for (size_t i = 0; i < p->n_items; i++) {
        const struct hg_topic *topic = hg_topics_get(topics, p->items[i].topic);
        if (topic == NULL) {
            hg_free(plan);
            return HG_ENOENT;
        }
        plan->items[i].bytes = bytes_of(&p->items[i]);
        bytes += plan->items[i].bytes;
        plan_item(topic, &p->items[i], &plan->items[i], &plan->appends[i]);
        plan->items[i].reservation.owner = p;
    }
    plan->owner = p;
    p->plan = plan;
    p->bytes = bytes;
    return 0;
}

void hg_plan_free(struct hg_plan **pplan) {
    hg_free(*pplan);
    *pplan = NULL;
}
