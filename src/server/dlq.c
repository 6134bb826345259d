/* SPDX-License-Identifier: Apache-2.0 */
/* dlq.c - what all requests about dead letters have in common. */
#include "server/dlq.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "log/entry.h"
#include "log/records.h"

/* Each may hold a read of some megabytes. */
enum { REQUESTS_MAX = 16, READ_BYTES_MAX = 1 << 20 };

void *hg_dlq_begin(const void *conf, struct hg_reply *reply, size_t bytes) {
    struct hg_admin *admin = (struct hg_admin *)conf;
    struct hg_problem p = {.index = -1};
    struct hg_answer none = {.status = 0};
    struct hg_dlq *d = admin->n_dlq < REQUESTS_MAX ? hg_try_alloc(bytes) : NULL;
    if (d == NULL) {
        hg_problem_set(&p, 503, "overloaded", "Too many requests about dead letters are open.");
        hg_reply_send(reply, &none, &p);
        return NULL;
    }
    admin->n_dlq++;
    d->admin = admin;
    d->reply = reply;
    d->answer.content_type = "application/json";
    d->problem.index = -1;
    return d;
}

static void free_details(struct hg_dlq *d) {
    if (d->fetch.details != NULL) {
        hg_records_fini(d->fetch.details);
        hg_free(d->fetch.details);
        d->fetch.details = NULL;
    }
}

void hg_dlq_end(struct hg_dlq *d) {
    free_details(d);
    if (d->end != NULL) {
        d->end(d);
    }
    d->admin->n_dlq--;
    hg_reply_send(d->reply, &d->answer, &d->problem);
    hg_free(d);
}

bool hg_dlq_is_name(struct hg_slice topic) {
    struct hg_slice tail = HG_SLICE(".dlq");
    return topic.len > tail.len &&
           hg_slice_eq((struct hg_slice){topic.ptr + topic.len - tail.len, tail.len}, tail);
}

int hg_dlq_find(struct hg_dlq *d, const struct hg_request *r) {
    struct hg_slice path = hg_request_path(r), name = {path.ptr + 5, path.len - 5};
    HG_ASSERT(hg_slice_starts(path, HG_SLICE("/dlq/"))); /* or another location has it */
    const char *end = memchr(name.ptr, '/', name.len);
    name.len = end != NULL ? (size_t)(end - name.ptr) : name.len;
    if (!hg_dlq_is_name(name) || !hg_log_topic_find(d->admin->log, name, &d->topic)) {
        return hg_problem_set(&d->problem, 404, "topic-unknown",
                              "There is no topic of dead letters \"%.*s\".",
                              (int)(name.len < 80 ? name.len : 80), name.ptr);
    }
    return 0;
}

int hg_dlq_read_body(struct hg_dlq *d, const struct hg_request *r, struct hg_slice body,
                     json_t **ret_root) {
    struct hg_slice type = hg_request_field(r, HG_SLICE("content-type"));
    json_error_t why;
    const char *end = type.len > 0 ? memchr(type.ptr, ';', type.len) : NULL;
    type.len = end != NULL ? (size_t)(end - type.ptr) : type.len;
    if (!hg_slice_ieq(hg_slice_trim(type), HG_SLICE("application/json"))) {
        return hg_problem_set(&d->problem, 415, "media-type-unsupported",
                              "This is asked for with Content-Type: application/json.");
    }
    *ret_root =
        json_loadb(body.ptr != NULL ? body.ptr : "", body.len, JSON_REJECT_DUPLICATES, &why);
    if (*ret_root == NULL) {
        return hg_problem_set(&d->problem, 400, "json-invalid", "The body is no JSON: %s.",
                              why.text);
    }
    return 0;
}

static int check_position(struct hg_dlq *d, const struct hg_position *p) {
    const struct hg_log *log = d->admin->log;
    if (p->topic_tag != hg_log_topic_tag(log, d->topic) || p->partition >= hg_dlq_partitions(d)) {
        return hg_problem_set(&d->problem, 400, "position-invalid",
                              "The position is not of this topic.");
    }
    if (p->epoch != hg_log_topic_epoch(log, d->topic)) {
        return hg_problem_set(&d->problem, 404, "not-found",
                              "The topic was made again since; there is no such letter.");
    }
    return 0;
}

int hg_dlq_read_position(struct hg_dlq *d, struct hg_slice text, struct hg_position *ret) {
    struct hg_position p;
    if (hg_position_parse(text, &p) != 0) {
        return hg_problem_set(&d->problem, 400, "position-invalid", "It is no position.");
    }
    int err = check_position(d, &p);
    if (err == 0) {
        *ret = p;
    }
    return err;
}

int hg_dlq_read_cursor(struct hg_dlq *d, struct hg_slice text, struct hg_cursor *ret) {
    if (text.len == 0 || hg_cursor_merge(ret, text) != 0) {
        return hg_problem_set(&d->problem, 400, "position-invalid", "It is no position.");
    }
    int err = 0;
    for (size_t i = 0; i < ret->n && err == 0; i++) {
        err = check_position(d, &ret->items[i]);
    }
    return err;
}

static void on_done(struct hg_log_fetch *f, int err, struct hg_batch *batch, uint64_t next) {
    struct hg_dlq *d = HG_CONTAINER(f, struct hg_dlq, fetch);
    (void)next;
    if (err != 0 && err != HG_ENOENT) {
        hg_problem_set(&d->problem, 503, "log-failed", "The event log could not be read: %s.",
                       hg_err_text(err));
        hg_dlq_end(d);
        return;
    }
    d->on_read(d, err == 0 ? batch : NULL);
}

void hg_dlq_read(struct hg_dlq *d, struct hg_dlq_place place, size_t n,
                 void (*on_read)(struct hg_dlq *d, struct hg_batch *batch)) {
    free_details(d);
    d->on_read = on_read;
    d->fetch = (struct hg_log_fetch){.topic = d->topic,
                                     .partition = place.partition,
                                     .from = place.offset,
                                     .time_ms = -1,
                                     .max_records = n,
                                     .max_bytes = READ_BYTES_MAX,
                                     .wants_details = true,
                                     .done = on_done};
    int err = hg_log_read(d->admin->log, &d->fetch);
    if (err != 0) {
        hg_problem_set(&d->problem, 503, err == HG_ECLOSED ? "draining" : "overloaded",
                       "The event log takes no more reads now.");
        hg_dlq_end(d);
    }
}

uint32_t hg_dlq_partitions(const struct hg_dlq *d) {
    return hg_log_topic_partitions(d->admin->log, d->topic);
}

struct hg_log_range hg_dlq_range(const struct hg_dlq *d, uint32_t partition) {
    struct hg_log_range range;
    hg_log_topic_range(d->admin->log, d->topic, partition, &range);
    return range;
}

int hg_dlq_ends(const struct hg_dlq *d, struct hg_cursor *ret) {
    for (uint32_t p = 0; p < hg_dlq_partitions(d); p++) {
        struct hg_log_range range = hg_dlq_range(d, p);
        const struct hg_position last = {.topic_tag = hg_log_topic_tag(d->admin->log, d->topic),
                                         .epoch = range.epoch,
                                         .partition = (uint16_t)p,
                                         .offset = range.next - 1};
        if (range.first < range.next && hg_cursor_set(ret, &last) != 0) {
            return HG_ENOMEM;
        }
    }
    return 0;
}

/* The place behind a partition's last letter. */
static uint64_t end_of(const struct hg_dlq *d, const struct hg_cursor *ends, uint32_t partition) {
    uint64_t next = hg_dlq_range(d, partition).next;
    if (ends == NULL) {
        return next;
    }
    const struct hg_position *last =
        hg_cursor_get(ends, hg_log_topic_tag(d->admin->log, d->topic), (uint16_t)partition);
    return last == NULL ? 0 : last->offset + 1 < next ? last->offset + 1 : next;
}

bool hg_dlq_go_on(const struct hg_dlq *d, const struct hg_cursor *ends,
                  struct hg_dlq_place *place) {
    while (place->partition < hg_dlq_partitions(d)) {
        uint64_t first = hg_dlq_range(d, place->partition).first;
        place->offset = place->offset > first ? place->offset : first;
        if (place->offset < end_of(d, ends, place->partition)) {
            return true;
        }
        place->partition++;
        place->offset = 0;
    }
    return false;
}

bool hg_dlq_is_at(const struct hg_batch *batch, const struct hg_position *p) {
    return batch != NULL && batch->n > 0 && batch->entries[0].offset == p->offset &&
           (p->fingerprint == 0 || batch->entries[0].fingerprint == p->fingerprint);
}

struct hg_position hg_dlq_position(const struct hg_dlq *d, const struct hg_batch *batch, size_t i) {
    return (struct hg_position){.topic_tag = hg_log_topic_tag(d->admin->log, batch->topic),
                                .epoch = batch->epoch,
                                .partition = (uint16_t)batch->partition,
                                .offset = batch->entries[i].offset,
                                .fingerprint = batch->entries[i].fingerprint};
}

void hg_dlq_put_position(struct hg_buf *out, const struct hg_position *p) {
    char text[HG_POSITION_TEXT_LEN + 1];
    hg_position_format(p, text);
    hg_buf_printf(out, "\"%s\"", text);
}

void hg_dlq_put_text(struct hg_buf *out, struct hg_slice text) {
    struct hg_buf clean = {.max = 0};
    for (size_t at = 0; at < text.len;) {
        size_t n = hg_utf8_next(text.ptr + at, text.len - at);
        if (n > 0) {
            hg_buf_put(&clean, text.ptr + at, n);
        } else {
            HG_BUF_LIT(&clean, "\xef\xbf\xbd");
        }
        at += n > 0 ? n : 1;
    }
    hg_buf_put_json(out, hg_buf_slice(&clean));
    out->is_failed = out->is_failed || clean.is_failed;
    hg_buf_fini(&clean);
}

void hg_dlq_put_time(struct hg_buf *out, int64_t wall_ms) {
    char text[HG_CLOCK_RFC3339_MAX];
    hg_clock_format(wall_ms, text);
    hg_buf_printf(out, "\"%s\"", text);
}
