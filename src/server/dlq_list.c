/* SPDX-License-Identifier: Apache-2.0 */
/* dlq_list.c - GET /dlq: which topics of dead letters there are, how many
 * letters each holds, and the first and the last of them. */
#include "server/dlq.h"

#include "log/entry.h"

/* The last offsets may be holes: of transactions, where others write as well. */
enum { HOLES_MAX = 16 };

struct end {
    bool is_there;
    struct hg_position position;
    int64_t time_ms;
};

struct list {
    struct hg_dlq d; /* first */
    uint32_t partition;
    struct hg_log_range range;
    uint64_t back;           /* how far from its end the last letter is looked for */
    uint64_t letters, bytes; /* of the topic's partitions so far */
    struct end first, last;  /* the oldest of the first ones, the newest of the last */
    bool has_any;
};

static void put_end(struct hg_buf *out, const char *name, const struct end *e) {
    hg_buf_printf(out, ",\"%s\":", name);
    if (!e->is_there) {
        HG_BUF_LIT(out, "null");
        return;
    }
    HG_BUF_LIT(out, "{\"position\":");
    hg_dlq_put_position(out, &e->position);
    HG_BUF_LIT(out, ",\"time\":");
    hg_dlq_put_time(out, e->time_ms);
    HG_BUF_LIT(out, "}");
}

static void put_topic(struct list *l) {
    struct hg_buf *out = &l->d.answer.body;
    hg_buf_printf(out, "%s{\"topic\":", l->has_any ? "," : "");
    hg_buf_put_json(out, hg_log_topic_name(l->d.admin->log, l->d.topic));
    hg_buf_printf(out, ",\"letters\":%llu,\"bytes\":%llu", (unsigned long long)l->letters,
                  (unsigned long long)l->bytes);
    put_end(out, "first", &l->first);
    put_end(out, "last", &l->last);
    HG_BUF_LIT(out, "}");
    l->has_any = true;
    l->partition = 0;
    l->letters = l->bytes = 0;
    l->first = l->last = (struct end){.is_there = false};
}

/* Is the letter further out than the end so far? sign: 1 for the older of two,
 * -1 for the newer. */
static void keep_end(struct list *l, const struct hg_batch *batch, int sign, struct end *ret) {
    int64_t time_ms = batch->entries[0].log_time_ms;
    if (!ret->is_there || sign * (time_ms - ret->time_ms) < 0) {
        *ret = (struct end){true, hg_dlq_position(&l->d, batch, 0), time_ms};
    }
}

static void on_first(struct hg_dlq *d, struct hg_batch *batch);

/* True: a partition of the topic is being read. */
static bool look(struct list *l) {
    for (; l->partition < hg_dlq_partitions(&l->d); l->partition++) {
        l->range = hg_dlq_range(&l->d, l->partition);
        l->letters += l->range.next - l->range.first;
        l->bytes += l->range.bytes;
        if (l->range.first < l->range.next) {
            hg_dlq_read(&l->d, (struct hg_dlq_place){l->partition, l->range.first}, 1, on_first);
            return true;
        }
    }
    return false;
}

/* From the present topic on. */
static void go_on(struct list *l) {
    const struct hg_log *log = l->d.admin->log;
    for (; l->d.topic < hg_log_topic_count(log); l->d.topic++) {
        if (!hg_dlq_is_name(hg_log_topic_name(log, l->d.topic))) {
            continue;
        }
        if (look(l)) {
            return;
        }
        put_topic(l);
    }
    HG_BUF_LIT(&l->d.answer.body, "]}\n");
    hg_dlq_end(&l->d);
}

static void on_last(struct hg_dlq *d, struct hg_batch *batch);

static void look_back(struct list *l) {
    l->back++;
    hg_dlq_read(&l->d, (struct hg_dlq_place){l->partition, l->range.next - l->back}, 1, on_last);
}

static void on_last(struct hg_dlq *d, struct hg_batch *batch) {
    struct list *l = (struct list *)d;
    bool is_hole = batch != NULL && batch->n == 0;
    if (batch != NULL && !is_hole) {
        keep_end(l, batch, -1, &l->last);
    }
    hg_batch_unref(&batch);
    if (is_hole && l->back < HOLES_MAX && l->range.next - l->range.first > l->back) {
        look_back(l);
        return;
    }
    l->partition++;
    go_on(l);
}

static void on_first(struct hg_dlq *d, struct hg_batch *batch) {
    struct list *l = (struct list *)d;
    if (batch != NULL && batch->n > 0) {
        keep_end(l, batch, 1, &l->first);
    }
    hg_batch_unref(&batch);
    l->back = 0;
    look_back(l);
}

static void start(const void *conf, const struct hg_request *r, struct hg_slice body,
                  struct hg_reply *reply) {
    struct list *l = hg_dlq_begin(conf, reply, sizeof(*l));
    (void)r, (void)body;
    if (l != NULL) {
        HG_BUF_LIT(&l->d.answer.body, "{\"topics\":[");
        go_on(l);
    }
}

static const char *const methods[] = {"GET", NULL};
const struct hg_handler_ops hg_dlq_list = {.size = sizeof(hg_dlq_list),
                                           .name = "dlq_list",
                                           .directive = "",
                                           .methods = methods,
                                           .start = start};
