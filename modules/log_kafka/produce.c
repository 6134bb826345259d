/* SPDX-License-Identifier: Apache-2.0 */
/* produce.c - an append as messages, and their delivery reports as its answer.
 *
 *   append ── check ──► refused as a whole: nothing of it was sent
 *               |
 *               └──► flight: one mark an item ── its lane ── send ──► reports, on the
 *                    line's thread ── the last one ──► hg_append_complete
 *
 * Once an item could not be sent those behind it are not sent either: what the
 * caller sends again must not land behind what came after it. */
#include "own.h"

#include "headgate/record.h"

enum {
    BATCH_BYTES = 61,   /* of a batch around its records */
    RECORD_BYTES = 32,  /* of a record around its parts, at most */
    HEADER_BYTES = 10,  /* of a header around its parts, at most */
    GUESS_HEADERS = 16, /* beside extensions and the record's own */
    SAY_MS = 1000
};

struct kafka_flight {
    struct hg_append *append;
    _Atomic size_t left; /* items without result, and one while they are being sent */
    struct kafka_mark marks[];
};

/* ----- what comes back ----- */

static int worst_of(const struct hg_append *a) {
    int first = 0;
    for (size_t i = 0; i < a->n_items; i++) {
        if (a->items[i].err == HG_EDOUBT) {
            return HG_EDOUBT;
        }
        first = first != 0 ? first : a->items[i].err;
    }
    return first;
}

static void release(struct kafka_flight *f, size_t n) {
    if (atomic_fetch_sub_explicit(&f->left, n, memory_order_acq_rel) > n) {
        return;
    }
    struct hg_append *a = f->append;
    hg_free(f);
    hg_append_complete(a, worst_of(a));
}

/* It is certain that the message is in no log. */
static int refusal(const rd_kafka_message_t *m) {
    switch (m->err) {
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
        return HG_EINVAL;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return HG_EDENIED;
    default:
        return HG_EAGAIN;
    }
}

int kafka_result_of(const rd_kafka_message_t *m) {
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR && m->offset >= 0) {
        return 0;
    }
    /* Stored, but nobody knows where: the broker had it from an earlier try that
     * it remembers no more. Without its position it cannot be answered. And of a broker
     * that failed, and says no more than that, the client takes it to be in no log. */
    bool is_certain = rd_kafka_message_status(m) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED &&
                      m->err != RD_KAFKA_RESP_ERR_UNKNOWN;
    return is_certain ? refusal(m) : HG_EDOUBT;
}

/* While a cluster is away there may be thousands a second: one line for them. */
static void say(struct kafka_line *l, const rd_kafka_message_t *m, int err) {
    int64_t now_ms = kafka_mono_ms();
    l->n_unsaid++;
    if (l->said_ms != 0 && now_ms < l->said_ms + SAY_MS) {
        return;
    }
    HG_LOG(HG_WARN, "kafka_not_delivered", "topic=%s partition=%d error=%s result=\"%s\" events=%u",
           rd_kafka_topic_name(m->rkt), (int)m->partition, rd_kafka_err2name(m->err),
           hg_err_text(err), l->n_unsaid);
    l->said_ms = now_ms;
    l->n_unsaid = 0;
}

void kafka_delivered(struct kafka_line *l, const rd_kafka_message_t *m) {
    struct kafka_mark *mark = m->_private;
    struct kafka_flight *f = mark->flight;
    struct hg_append_item *item = &f->append->items[mark - f->marks];
    rd_kafka_timestamp_type_t type;
    item->err = kafka_result_of(m);
    if (item->err == 0) {
        item->record.offset = (uint64_t)m->offset;
        item->record.log_time_ms = rd_kafka_message_timestamp(m, &type);
        kafka_own_add(l, item);
    } else {
        say(l, m, item->err);
        kafka_topic_doubt(kafka_topic(l->k, item->topic), m->err);
    }
    if (mark->lane != NULL) {
        atomic_fetch_add_explicit(&mark->lane->n_done, 1, memory_order_relaxed);
    }
    atomic_store_explicit(&item->is_told, true, memory_order_release);
    release(f, 1);
}

/* ----- what goes out ----- */

/* Never less than kafka_draft_bytes in binary mode; no draft is made for it. */
static size_t guess_bytes(const struct hg_record *r) {
    size_t bytes = BATCH_BYTES + RECORD_BYTES + r->key.len + 256;
    size_t n_headers = GUESS_HEADERS + r->n_headers;
    if (r->event != NULL) {
        bytes += hg_event_packed_bytes(r->event);
        n_headers += hg_event_extensions(r->event);
    }
    for (size_t i = 0; i < r->n_headers; i++) {
        bytes += r->headers[i].name.len + r->headers[i].value.len;
    }
    return bytes + n_headers * (HEADER_BYTES + 16);
}

static int check_size(struct kafka *k, struct kafka_topic *t, const struct hg_record *r) {
    if (kafka_record_mode(r, k->mode) == KAFKA_BINARY && guess_bytes(r) <= t->max_message_bytes) {
        return 0;
    }
    int err = kafka_record_write(r, k->mode, &k->draft);
    if (err == HG_ENOMEM) {
        return HG_EAGAIN;
    }
    if (err == 0 && kafka_draft_bytes(&k->draft) > t->max_message_bytes) {
        kafka_topic_doubt(t, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        return HG_E2BIG;
    }
    return err;
}

static bool is_without_data(const struct hg_record *r) {
    enum hg_data_kind kind;
    if (r->event == NULL) {
        return false;
    }
    (void)hg_event_data(r->event, &kind);
    return kind == HG_DATA_NONE;
}

static int check_item(struct kafka *k, const struct hg_append_item *item) {
    struct kafka_topic *t = kafka_topic(k, item->topic);
    if (t == NULL) {
        return HG_EINVAL;
    }
    if (item->partition >= t->partitions) {
        return HG_EAGAIN; /* made again with fewer, which is known in a moment */
    }
    if (t->is_compacted && item->record.key.len == 0) {
        return HG_EINVAL;
    }
    if (t->is_compacted && !k->has_tombstones &&
        kafka_record_mode(&item->record, k->mode) == KAFKA_BINARY &&
        is_without_data(&item->record)) {
        return HG_EINVAL;
    }
    return check_size(k, t, &item->record);
}

static int check(struct kafka *k, struct hg_append *a) {
    for (size_t i = 0; i < a->n_items; i++) {
        int err = check_item(k, &a->items[i]);
        if (err != 0) {
            a->refused = i;
            return err;
        }
    }
    return 0;
}

static void refuse(struct hg_append *a, int err) {
    for (size_t i = 0; i < a->n_items; i++) {
        a->items[i].err = err;
    }
    hg_append_complete(a, err);
}

static struct hg_append_item *item_of(const struct kafka_mark *mark) {
    return &mark->flight->append->items[mark - mark->flight->marks];
}

static int give(struct kafka *k, struct kafka_line *l, struct kafka_mark *mark) {
    const struct hg_append_item *item = item_of(mark);
    struct kafka_lane *lane = mark->lane;
    bool is_alone = mark->flight->append->n_items == 1;
    int err = kafka_record_write(&item->record, k->mode, &k->draft);
    if (err != 0) {
        return err == HG_ENOMEM ? HG_EAGAIN : err;
    }
    /* The event's own data stays until the completion; the draft does not. */
    err = kafka_line_send(l, kafka_topic(k, item->topic), item->partition, &k->draft,
                          k->draft.is_structured, mark);
    if (err == 0 && lane != NULL) {
        kafka_lane_given(lane, is_alone, kafka_mono_us(), l->linger_us);
    }
    return err;
}

static void give_from(struct kafka *k, struct kafka_line *l, struct kafka_lane *lane, bool is_all) {
    while (lane->first != NULL &&
           (is_all || kafka_lane_is_open(lane, kafka_mono_us(), l->linger_us))) {
        struct kafka_mark *mark = kafka_lane_take(lane);
        int err = give(k, l, mark);
        if (err != 0) {
            item_of(mark)->err = err;
            atomic_store_explicit(&item_of(mark)->is_told, true, memory_order_release);
            release(mark->flight, 1);
        }
    }
}

void kafka_give_waiting(struct kafka *k, struct kafka_line *l, bool is_all) {
    struct kafka_lane *lane = kafka_lanes_unlist(&l->lanes);
    while (lane != NULL) {
        struct kafka_lane *next = lane->next_listed;
        give_from(k, l, lane, is_all);
        if (lane->first != NULL) {
            kafka_lanes_list(&l->lanes, lane);
        }
        lane = next;
    }
}

/* Its answer wakes the log thread, which then gives what waits: so only appends of
 * one item wait, and only for such. */
static bool has_to_wait(struct kafka_line *l, const struct kafka_mark *mark) {
    struct kafka_lane *lane = mark->lane;
    return mark->flight->append->n_items == 1 && lane != NULL &&
           (lane->first != NULL || !kafka_lane_is_open(lane, kafka_mono_us(), l->linger_us));
}

static int send_item(struct kafka *k, struct kafka_line *l, struct kafka_mark *mark) {
    const struct hg_append_item *item = item_of(mark);
    mark->lane = kafka_lanes_of(&l->lanes, item->topic, item->partition);
    if (has_to_wait(l, mark)) {
        kafka_lane_put(mark->lane, mark);
        kafka_lanes_list(&l->lanes, mark->lane);
        return 0;
    }
    if (mark->lane != NULL) {
        give_from(k, l, mark->lane, true);
    }
    return give(k, l, mark);
}

static void send_all(struct kafka *k, struct kafka_line *l, struct kafka_flight *f) {
    struct hg_append *a = f->append;
    size_t n = a->n_items, i = 0;
    int err = 0;
    for (; i < n; i++) {
        f->marks[i].flight = f;
        err = send_item(k, l, &f->marks[i]);
        if (err != 0) {
            break;
        }
    }
    for (size_t rest = i; rest < n; rest++) {
        a->items[rest].err = err;
        atomic_store_explicit(&a->items[rest].is_told, true, memory_order_release);
    }
    release(f, n - i + 1);
}

static void probe(struct kafka_line *l, struct hg_append *a) {
    struct hg_append *none = NULL;
    if (!atomic_compare_exchange_strong(&l->probe, &none, a)) {
        hg_append_complete(a, HG_EAGAIN);
    }
}

void kafka_append(void *state, struct hg_append *a) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    struct kafka_line *l = kafka_line_now(k);
    int err = l != NULL ? check(k, a) : HG_EAGAIN;
    if (err != 0) {
        refuse(a, err);
        return;
    }
    if (a->n_items == 0) {
        probe(l, a);
        return;
    }
    if (a->is_whole && a->n_items > 1) {
        HG_ASSERT(k->whole != NULL); /* kafka_conf_whole */
        err = kafka_whole_put(k->whole, a);
        if (err != 0) {
            refuse(a, err);
        }
        return;
    }
    struct kafka_flight *f = hg_try_alloc(sizeof *f + a->n_items * sizeof f->marks[0]);
    if (f == NULL) {
        refuse(a, HG_EAGAIN);
        return;
    }
    f->append = a;
    atomic_init(&f->left, a->n_items + 1);
    send_all(k, l, f);
}

/* The client sends by itself; linger.ms says when. */
void kafka_flush(void *state) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    if (k->line != NULL && k->line->lanes.listed != NULL) {
        kafka_give_waiting(k, k->line, false);
    }
}
