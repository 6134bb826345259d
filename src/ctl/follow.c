/* SPDX-License-Identifier: Apache-2.0 */
/* follow.c - a stream of server-sent events, again and again.
 *
 *   connecting --on_head--> open --cut, ended--> waiting --wait--> connecting
 *       |                                           ^
 *       +--refused for now, unreached---------------+
 *       +--refused: the end */
#include "ctl/stream.h"

#include <jansson.h>

#include "base/clock.h"
#include "ctl/retry.h"
#include "ctl/stop.h"
#include "ctl/trouble.h"
#include "event/media.h"
#include "proto/sse/sse.h"

enum { EVENT_BYTES_MAX = 64 << 20, RETRY_MS_DEFAULT = 1000, RETRY_MS_MIN = 100 };
enum { RETRY_MS_MAX = 3600000 };

struct follow {
    struct hg_ctl_stream *s;
    struct hg_sse sse;
    struct hg_buf last_id; /* over all connections */
    int64_t retry_ms;
    unsigned failures; /* connections in a row that gave no stream */
    bool is_open;      /* this connection gave one */
    bool was_open;     /* some connection did */
    bool has_enough;
    const char *fault; /* what came is no stream that can be read */
};

/* --- notices --- */

static void put_member(struct hg_buf *out, const char *name, const json_t *value) {
    if (json_is_string(value)) {
        hg_buf_printf(out, " %s=%s", name, json_string_value(value));
    } else if (json_is_integer(value)) {
        hg_buf_printf(out, " %s=%lld", name, (long long)json_integer_value(value));
    } else if (json_is_boolean(value)) {
        hg_buf_printf(out, " %s=%s", name, json_is_true(value) ? "true" : "false");
    }
}

/* headgate.stream.gap and its members, one line. */
static void tell_notice(struct follow *f, const struct hg_sse_event *e) {
    static const char prefix[] = "headgate.stream.";
    struct hg_slice kind = {e->type.ptr + sizeof(prefix) - 1, e->type.len - sizeof(prefix) + 1};
    bool is_gap = hg_slice_eq(kind, HG_SLICE("gap"));
    struct hg_buf members = {.max = 2048};
    const char *name;
    json_t *value;
    if (f->s->is_quiet && !is_gap) {
        return;
    }
    json_t *root = json_loadb(e->data.ptr, e->data.len, 0, NULL);
    json_object_foreach(root, name, value) {
        put_member(&members, name, value);
    }
    json_decref(root);
    hg_ctl_tell(f->s->ctl, "stream %.*s%s:%.*s", HG_FMT(kind),
                is_gap ? ", events are MISSING here" : "", HG_FMT(hg_buf_slice(&members)));
    hg_buf_fini(&members);
}

static void on_event(void *arg, const struct hg_sse_event *e) {
    struct follow *f = arg;
    if (f->has_enough) {
        return;
    }
    if (hg_slice_eq(e->type, HG_SLICE("message"))) {
        f->has_enough = !hg_ctl_print(&f->s->printer, e->data, e->id);
    } else if (hg_slice_starts(e->type, HG_SLICE("headgate.stream."))) {
        tell_notice(f, e);
    }
}

static void on_retry(void *arg, int64_t retry_ms) {
    struct follow *f = arg;
    retry_ms = retry_ms < RETRY_MS_MIN ? RETRY_MS_MIN : retry_ms;
    f->retry_ms = retry_ms > RETRY_MS_MAX ? RETRY_MS_MAX : retry_ms;
}

static const struct hg_sse_ops sse_ops = {.on_event = on_event, .on_retry = on_retry};

/* --- one connection --- */

static bool on_head(void *arg, const struct hg_fetch_answer *answer) {
    struct follow *f = arg;
    struct hg_slice type = HG_SLICE("");
    if (answer->status != 200) {
        return true; /* its body says why, and is gathered */
    }
    hg_fetch_field(answer, HG_SLICE("content-type"), &type);
    if (!hg_slice_ieq(hg_media_essence(type), HG_SLICE("text/event-stream"))) {
        f->fault = "the answer is no event stream; does this location stream?";
        return false;
    }
    f->is_open = f->was_open = true;
    f->failures = 0;
    return true;
}

static bool on_body(void *arg, struct hg_slice bytes) {
    struct follow *f = arg;
    if (f->is_open && hg_sse_feed(&f->sse, bytes.ptr, bytes.len) != 0) {
        f->fault = "an event is above 64 MiB";
    }
    return hg_ctl_flush(f->s->ctl) && !f->has_enough && f->fault == NULL;
}

static const struct hg_fetch_ops fetch_ops = {.on_head = on_head, .on_body = on_body};

static void connect_once(struct follow *f) {
    struct hg_ctl_stream *s = f->s;
    struct hg_buf url = {0};
    struct hg_field fields[2] = {{HG_SLICE("Accept"), HG_SLICE("text/event-stream")},
                                 {HG_SLICE("Last-Event-ID"), hg_buf_slice(&f->last_id)}};
    hg_ctl_stream_url(s, s->since, hg_slice_of(s->position), &url);
    const struct hg_fetch_request request = {.url = url.ptr,
                                             .fields = fields,
                                             .n_fields = f->last_id.len > 0 ? 2 : 1,
                                             .ops = &fetch_ops,
                                             .arg = f};
    f->is_open = false;
    f->sse = (struct hg_sse){.ops = &sse_ops, .arg = f, .event_bytes_max = EVENT_BYTES_MAX};
    hg_ctl_peer_ask(s->peer, &request);
    struct hg_slice last_id = hg_sse_last_id(&f->sse);
    if (last_id.len > 0) {
        hg_buf_clear(&f->last_id);
        hg_buf_put_slice(&f->last_id, last_id);
    }
    hg_sse_fini(&f->sse);
    hg_buf_fini(&url);
}

/* --- and the next --- */

/* A first connection that fails is more often a mistake than bad luck. */
static bool is_patient(const struct follow *f) {
    if (f->s->retries >= 0) {
        return f->failures <= f->s->retries;
    }
    return f->was_open;
}

/* False: the end; *ret_status says how. */
static bool goes_on(struct follow *f, int *ret_status) {
    struct hg_ctl_stream *s = f->s;
    const struct hg_fetch_answer *a = &s->peer->answer;
    struct hg_ctl_trouble trouble;
    *ret_status = HG_CTL_NOT_DONE;
    if (f->has_enough) {
        *ret_status = HG_CTL_WELL;
        return false;
    }
    if (f->fault != NULL) {
        hg_ctl_tell(s->ctl, "tail: %s", f->fault);
        return false;
    }
    enum hg_ctl_advice advice = f->is_open ? HG_CTL_AGAIN : hg_ctl_retry_advice(a);
    if (a->outcome == HG_FETCH_STOPPED) {
        *ret_status = HG_CTL_WELL;
        return false;
    }
    f->failures += f->is_open ? 0 : 1;
    if (advice != HG_CTL_AGAIN || !is_patient(f)) {
        hg_ctl_trouble_read(a, &trouble);
        hg_ctl_tell(s->ctl, "tail: %s", trouble.text);
        return false;
    }
    return true;
}

/* At least as long as the stream asked for. False: the word to stop. */
static bool wait_before_next(struct follow *f) {
    const struct hg_fetch_answer *a = &f->s->peer->answer;
    struct hg_ctl_trouble trouble;
    int64_t wait_ms = hg_ctl_retry_wait_ms(a, hg_clock_wall_ms(), 2 * f->retry_ms,
                                           f->failures > 0 ? f->failures : 1, hg_ctl_random());
    hg_ctl_trouble_read(a, &trouble);
    if (!f->s->is_quiet) {
        hg_ctl_tell(f->s->ctl, "stream ended (%s); again in %lld.%lld s",
                    f->is_open && a->outcome == HG_FETCH_ANSWERED ? "by the gateway" : trouble.text,
                    (long long)wait_ms / 1000, (long long)wait_ms % 1000 / 100);
    }
    return !hg_ctl_stop_wait(f->s->ctl->stop_fd, wait_ms);
}

static void tell_position(const struct follow *f) {
    const struct hg_buf *at = f->has_enough ? &f->s->printer.position : &f->last_id;
    if (at->len > 0 && !f->s->is_quiet) {
        hg_ctl_tell(f->s->ctl, "position %.*s", HG_FMT(hg_buf_slice(at)));
    }
}

int hg_ctl_follow(struct hg_ctl_stream *s) {
    struct follow f = {.s = s, .retry_ms = RETRY_MS_DEFAULT};
    int status = HG_CTL_WELL;
    connect_once(&f);
    while (goes_on(&f, &status)) {
        if (!wait_before_next(&f)) {
            status = HG_CTL_WELL;
            break;
        }
        connect_once(&f);
    }
    tell_position(&f);
    hg_buf_fini(&f.last_id);
    return status;
}
