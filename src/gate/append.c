/* SPDX-License-Identifier: Apache-2.0 */
/* append.c - the last stage: hand the events to the log and wait until they
 * are durable. Never before that does an exchange end well. */
#include "gate/stage.h"

enum { RETRY_FULL_S = 30, RETRY_FAILED_S = 5 };

static void fail_expected(struct hg_exchange *x) {
    hg_problem_set(&x->problem, 409, "position-conflict",
                   "The expected position is no longer the topic's last.");
}

static void fail_conflict(struct hg_exchange *x, size_t at) {
    if (at >= x->events.n || x->items[at].stored != HG_STORED_OTHER) {
        fail_expected(x);
        return;
    }
    struct hg_slice id = hg_event_core(x->items[at].event, HG_ATTR_ID);
    id.len = id.len > 80 ? 80 : id.len;
    hg_problem_set(&x->problem, 409, "id-conflict",
                   "An event with this source and the id \"%.*s\" has other content.", HG_FMT(id));
}

static void fail(struct hg_exchange *x, int err, size_t at) {
    switch (err) {
    case HG_ECONFLICT:
        fail_conflict(x, at);
        break;
    case HG_EFULL:
        hg_problem_set(&x->problem, 503, "log-full",
                       "The event log has no room. Nothing was stored.");
        x->retry_after_s = RETRY_FULL_S;
        break;
    case HG_EAGAIN:
        hg_problem_set(&x->problem, 503, "overloaded",
                       "Too many events are waiting to be stored. Nothing was stored.");
        x->retry_after_s = hg_log_topic_retry_after(x->gate->log, x->items[0].topic);
        break;
    case HG_EDOUBT:
        hg_problem_set(&x->problem, 504, "in-doubt",
                       "The events may have been stored. Send them again unchanged.");
        break;
    case HG_E2BIG:
        hg_problem_set(&x->problem, 413, "event-too-large",
                       "The event is larger than the event log can keep.");
        break;
    case HG_EINVAL: /* no 503: to send it again would never help */
        hg_problem_set(&x->problem, 400, "event-invalid",
                       "The event log cannot keep such an event in this topic; it may lack the "
                       "attribute that is the topic's key.");
        break;
    case HG_EDENIED: /* no 503: only whoever runs the cluster can change it */
        hg_problem_set(&x->problem, 403, "log-denied",
                       "The event log does not let the gateway write to this topic. Nothing was "
                       "stored.");
        break;
    case HG_ENOMEM:
        hg_problem_set(&x->problem, 503, "overloaded", "There is no memory for the request.");
        break;
    case HG_ECLOSED:
        hg_problem_set(&x->problem, 503, "draining", "The gateway is going away.");
        break;
    case HG_ENOTSUP:
        hg_problem_set(&x->problem, 400, "position-invalid",
                       "This event log compares no expected position.");
        break;
    default:
        hg_problem_set(&x->problem, 503, "log-failed", "The event log failed. Nothing was stored.");
        x->retry_after_s = RETRY_FAILED_S;
        break;
    }
    if (x->events.n > 1 && at < x->events.n) {
        x->problem.index = (int)at;
    }
}

static bool is_partly_stored(const struct hg_exchange *x) {
    for (size_t i = 0; i < x->events.n; i++) {
        if (x->items[i].stored == HG_STORED_NEW) {
            return true;
        }
    }
    return false;
}

/* Whatever kept the others out, something was stored, so it is no 4xx. Sent
 * again unchanged only the rest is tried, and the answer is about that. */
static void fail_some(struct hg_exchange *x, int err) {
    bool is_partly = is_partly_stored(x);
    if (is_partly && err != HG_EDOUBT) {
        int index = x->problem.index;
        hg_problem_set(&x->problem, 503, "partly-stored",
                       "Some of the events are stored, the others are not. Send all again "
                       "unchanged.");
        x->problem.index = index;
        x->retry_after_s = x->retry_after_s > 0 ? x->retry_after_s : RETRY_FAILED_S;
    }
    x->has_states = x->events.n > 1 && (is_partly || err == HG_EDOUBT);
}

static void on_durable(struct hg_publish *p, int err, size_t at) {
    struct hg_exchange *x = HG_CONTAINER(p, struct hg_exchange, publish);
    if (err != 0) {
        fail(x, err, at);
        fail_some(x, err);
    }
    hg_exchange__resume(x, err == 0 ? HG_STEP_ON : HG_STEP_DONE);
}

/* How often the field is there, and its last value. */
static size_t find_expected(const struct hg_request *r, struct hg_slice *ret_text) {
    size_t n, found = 0;
    const struct hg_field *fields = hg_request_fields(r, &n);
    for (size_t i = 0; i < n; i++) {
        if (hg_slice_eq(fields[i].name, HG_SLICE("headgate-expected-position"))) {
            *ret_text = fields[i].value;
            found++;
        }
    }
    return found;
}

/* Headgate-Expected-Position: the event is stored only if nothing stands
 * behind that position in the topic. */
static bool take_expected(struct hg_exchange *x) {
    struct hg_slice text;
    struct hg_position p;
    struct hg_log *log = x->gate->log;
    size_t n_texts = find_expected(x->request, &text);
    if (n_texts == 0) {
        return true;
    }
    if (n_texts > 1 || x->events.n != 1 || hg_position_parse(text, &p) != 0) {
        hg_problem_set(&x->problem, 400, "position-invalid",
                       "Headgate-Expected-Position takes one position and one event.");
        return false;
    }
    if (p.topic_tag != hg_log_topic_tag(log, x->items[0].topic) ||
        p.epoch != hg_log_topic_epoch(log, x->items[0].topic)) {
        fail_expected(x);
        return false;
    }
    x->items[0].has_expected = true;
    x->items[0].expected_next = p.offset + 1;
    x->items[0].expected_fingerprint = p.fingerprint;
    return true;
}

enum hg_step hg_stage__append(struct hg_exchange *x) {
    if (x->events.n == 0) {
        return HG_STEP_ON;
    }
    if (!take_expected(x)) {
        return HG_STEP_DONE;
    }
    x->publish.items = x->items;
    x->publish.n_items = x->events.n;
    x->publish.is_whole = x->intake->is_atomic;
    x->publish.done = on_durable;
    int err = hg_log_append(x->gate->log, &x->publish);
    if (err != 0) {
        fail(x, err, SIZE_MAX);
        return HG_STEP_DONE;
    }
    return HG_STEP_WAIT;
}
