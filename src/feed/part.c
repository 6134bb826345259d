/* SPDX-License-Identifier: Apache-2.0 */
/* part.c - the loop's table of topics and its position in each partition.
 *
 * The position begins at the log's next offset when the topic is first seen.
 * That may be ahead of batches still in this loop's mailbox; what they hold
 * below the position is not news to anybody and is not dispatched. */
#include "feed/part.h"

static void free_topic(struct hg_feed__topic **pt) {
    struct hg_feed__topic *t = *pt;
    if (!t) {
        return;
    }
    for (uint32_t i = 0; i < t->n_parts; i++) {
        hg_window_fini(&t->parts[i]->window);
        hg_free(t->parts[i]);
    }
    hg_feed__gather_drop(&t->gather);
    hg_feed__index_fini(&t->index);
    hg_free(t->parts);
    hg_free(t);
    *pt = NULL;
}

/* One more at the end, for which there is room. HG_ENOMEM. */
static int add_part(const struct hg_feed__parts *ps, struct hg_feed__topic *t) {
    struct hg_log_range range = {0};
    struct hg_feed__part *part = hg_try_alloc(sizeof(*part));
    if (!part) {
        return HG_ENOMEM;
    }
    hg_log_topic_range(ps->log, t->id, t->n_parts, &range);
    part->next = range.next;
    part->epoch = range.epoch;
    hg_window_init(&part->window, ps->window_bytes_max);
    t->parts[t->n_parts++] = part;
    return 0;
}

/* All partitions together have what the topic may have. */
static void share_window(const struct hg_feed__parts *ps, const struct hg_feed__topic *t) {
    for (uint32_t i = 0; i < t->n_parts; i++) {
        t->parts[i]->window.bytes_max = ps->window_bytes_max / t->n_parts;
    }
}

static struct hg_feed__topic *make_topic(const struct hg_feed__parts *ps, uint32_t id) {
    uint32_t n = hg_log_topic_partitions(ps->log, id);
    struct hg_feed__topic *t = hg_try_alloc(sizeof(*t));
    if (!t) {
        return NULL;
    }
    t->id = id;
    t->tag = hg_log_topic_tag(ps->log, id);
    hg_feed__index_init(&t->index);
    t->parts = hg_try_alloc(n * sizeof(struct hg_feed__part *));
    int err = t->parts ? 0 : HG_ENOMEM;
    while (err == 0 && t->n_parts < n) {
        err = add_part(ps, t);
    }
    if (err) {
        free_topic(&t);
        return NULL;
    }
    share_window(ps, t);
    return t;
}

void hg_feed__parts_fini(struct hg_feed__parts *ps) {
    for (size_t i = 0; i < ps->n_topics; i++) {
        free_topic(&ps->topics[i]);
    }
    hg_free(ps->topics);
    *ps = (struct hg_feed__parts){0};
}

static int grow_table(struct hg_feed__parts *ps) {
    size_t n = hg_log_topic_count(ps->log);
    struct hg_feed__topic **topics = hg_try_alloc(n * sizeof(struct hg_feed__topic *));
    if (!topics) {
        return HG_ENOMEM;
    }
    if (ps->n_topics > 0) {
        memcpy(topics, ps->topics, ps->n_topics * sizeof(struct hg_feed__topic *));
    }
    hg_free(ps->topics);
    ps->topics = topics;
    ps->n_topics = n;
    return 0;
}

bool hg_feed__part_has_more(const struct hg_feed__parts *ps, const struct hg_feed__topic *t) {
    return hg_log_topic_partitions(ps->log, t->id) > t->n_parts;
}

int hg_feed__part_grow(struct hg_feed__parts *ps, struct hg_feed__topic *t) {
    uint32_t n = hg_log_topic_partitions(ps->log, t->id);
    struct hg_feed__part **parts = hg_try_realloc(t->parts, n * sizeof(struct hg_feed__part *));
    if (!parts) {
        return HG_ENOMEM;
    }
    t->parts = parts;
    int err = 0;
    while (err == 0 && t->n_parts < n) {
        err = add_part(ps, t);
        if (err == 0) {
            struct hg_log_range range = {0};
            hg_log_topic_range(ps->log, t->id, t->n_parts - 1, &range);
            hg_feed__part_move(t->parts[t->n_parts - 1], range.first, 0);
        }
    }
    share_window(ps, t);
    return err;
}

struct hg_feed__topic *hg_feed__parts_topic(struct hg_feed__parts *ps, uint32_t id) {
    if (id >= ps->n_topics) {
        if (id >= hg_log_topic_count(ps->log) || grow_table(ps)) {
            return NULL;
        }
    }
    if (!ps->topics[id]) {
        ps->topics[id] = make_topic(ps, id);
    }
    return ps->topics[id];
}

void hg_feed__part_renew(struct hg_feed__part *p, uint32_t epoch, uint64_t next) {
    size_t bytes_max = p->window.bytes_max;
    hg_window_fini(&p->window);
    hg_window_init(&p->window, bytes_max);
    p->epoch = epoch;
    hg_feed__part_move(p, next, 0);
}

void hg_feed__part_move(struct hg_feed__part *p, uint64_t next, uint32_t fingerprint) {
    p->next = next;
    p->fingerprint = fingerprint;
    p->is_token_made = false;
}

struct hg_slice hg_feed__part_token(struct hg_feed__topic *t, uint32_t partition) {
    struct hg_feed__part *p = t->parts[partition];
    if (!p->is_token_made) {
        struct hg_position position = {
            .topic_tag = t->tag,
            .epoch = p->epoch,
            .partition = (uint16_t)partition,
            .offset = p->next - 1,
            .fingerprint = p->fingerprint,
        };
        char text[HG_POSITION_TEXT_LEN + 1];
        hg_position_format(&position, text);
        memcpy(p->token, text, HG_POSITION_TEXT_LEN);
        p->is_token_made = true;
    }
    return (struct hg_slice){p->token, HG_POSITION_TEXT_LEN};
}
