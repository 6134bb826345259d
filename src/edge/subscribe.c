/* SPDX-License-Identifier: Apache-2.0 */
/* subscribe.c - GET on a location that streams: finds the sink, begins the
 * answer, opens the subscriber; and what a new generation does to it. */
#include "edge/topics.h"
#include "edge/visit.h"

#include <stdio.h>

#include "proto/ws/ws.h"

enum {
    EXPIRING_MS = 30000,  /* how long before it ends a stream is told so */
    GAPS_BYTES_MAX = 128, /* of all reasons; there are three */
};

static const struct hg_sink_ops *choose_sink(const struct hg_visit *v, unsigned *ret_slot) {
    const struct hg_site *site = v->hold->site;
    const struct hg_sink_ops *best = NULL;
    int best_rank = 0;
    for (unsigned i = 0; i < site->n_sinks; i++) {
        int rank = site->sinks[i] != NULL ? site->sinks[i]->choose(&v->request) : 0;
        if (rank > best_rank) {
            best_rank = rank;
            best = site->sinks[i];
            *ret_slot = i;
        }
    }
    return best;
}

static bool offers(struct hg_slice offered, const char *protocol) {
    struct hg_slice want = hg_slice_of(protocol);
    const char *at = offered.ptr, *end = offered.ptr + offered.len;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        while (at < stop && (*at == ' ' || *at == '\t')) {
            at++;
        }
        size_t len = (size_t)(stop - at);
        while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t')) {
            len--;
        }
        if (hg_slice_eq((struct hg_slice){at, len}, want)) {
            return true;
        }
        at = stop + 1;
    }
    return false;
}

static void begin_socket(struct hg_visit *v, const struct hg_sink_ops *sink,
                         const struct hg_http_head *head) {
    struct hg_field f[4];
    char accept[29];
    size_t n = 0;
    struct hg_slice offered = hg_request_field(&v->request, HG_SLICE("sec-websocket-protocol"));
    if (!head->is_h2) {
        hg_ws_accept(head->websocket_key, accept);
        f[n++] = (struct hg_field){HG_SLICE("sec-websocket-accept"), hg_slice_of(accept)};
    }
    if (sink->subprotocol != NULL && offers(offered, sink->subprotocol)) {
        f[n++] =
            (struct hg_field){HG_SLICE("sec-websocket-protocol"), hg_slice_of(sink->subprotocol)};
    }
    v->status = head->is_h2 ? 200 : 101;
    v->state = HG_VISIT_SOCKET;
    hg_stream_upgrade(v->stream, f, n);
}

static void begin_body(struct hg_visit *v, const struct hg_sink_ops *sink) {
    struct hg_field f[HG_CORS_FIELDS + 4];
    size_t n = hg_visit__cors(v, f);
    f[n++] = (struct hg_field){HG_SLICE("content-type"), hg_slice_of(sink->content_type)};
    f[n++] = (struct hg_field){HG_SLICE("cache-control"), HG_SLICE("no-store")};
    f[n++] = (struct hg_field){HG_SLICE("x-accel-buffering"), HG_SLICE("no")};
    v->status = 200;
    v->state = HG_VISIT_STREAMING;
    hg_stream_begin(v->stream, 200, f, n);
}

/* A pull's body has no place for notices: a field says why there are gaps, each
 * reason once, however many topics have it. No reason is part of another. */
static void on_gap(void *arg, const struct hg_notice *gap) {
    struct hg_visit *v = arg;
    size_t before = v->gaps != NULL ? strlen(v->gaps) : 0;
    size_t size = before + strlen(", ") + strlen(gap->reason) + 1;
    if (v->gaps != NULL && (strstr(v->gaps, gap->reason) != NULL || size > GAPS_BYTES_MAX)) {
        return;
    }
    char *text = hg_arena_alloc(&v->arena, size);
    if (text == NULL) { /* less than all is better than none */
        v->gaps = v->gaps != NULL ? v->gaps : gap->reason;
        return;
    }
    snprintf(text, size, "%s%s%s", before > 0 ? v->gaps : "", before > 0 ? ", " : "", gap->reason);
    v->gaps = text;
}

/* Pull: the whole answer at once, with the position to go on from. */
static void on_answer(void *arg, struct hg_slice body, size_t n_events, struct hg_slice cursor) {
    struct hg_visit *v = arg;
    struct hg_field f[HG_CORS_FIELDS + 5];
    struct hg_buf link = {.max = 65536};
    size_t n = hg_visit__cors(v, f);
    (void)n_events;
    v->subscriber = NULL; /* closed by the feed when this returns */
    hg_wish_print_next(v, cursor, &link);
    f[n++] =
        (struct hg_field){HG_SLICE("content-type"), HG_SLICE("application/cloudevents-batch+json")};
    f[n++] = (struct hg_field){HG_SLICE("cache-control"), HG_SLICE("no-store")};
    if (v->gaps != NULL) {
        f[n++] = (struct hg_field){HG_SLICE("headgate-gap"), hg_slice_of(v->gaps)};
    }
    if (cursor.len > 0) {
        f[n++] = (struct hg_field){HG_SLICE("headgate-position"), cursor};
    }
    if (cursor.len > 0 && !link.is_failed) {
        f[n++] = (struct hg_field){HG_SLICE("link"), hg_buf_slice(&link)};
    }
    hg_visit__answer(v, 200, f, n, body);
    hg_buf_fini(&link);
}

static const struct hg_subscriber_ops subscriber_ops = {.on_answer = on_answer, .on_gap = on_gap};

static int open_subscriber(struct hg_visit *v, const struct hg_sink_ops *sink, unsigned slot,
                           const struct hg_wish *wish, const uint32_t *topics, size_t n) {
    const struct hg_edge__conf *c = v->location->conf;
    struct hg_subscription s = {
        .sink = sink,
        .slot = slot,
        .stream = v->stream,
        .filter = wish->filter,
        .topics = topics,
        .n_topics = n,
        .start = wish->start,
        .time_ms = wish->time_ms,
        .cursor = &wish->cursor,
        .heartbeat_ms = c->heartbeat_ms,
        .retry_ms = c->retry_ms,
        .events_max = wish->events_max,
        .bytes_max = (size_t)c->pull_bytes_max,
        .wait_ms = wish->wait_ms,
        .ops = &subscriber_ops,
        .arg = v,
    };
    return hg_subscriber_open(v->edge->feed, &s, &v->subscriber);
}

/* Everything that can be refused is, before the answer begins. */
static int judge(struct hg_visit *v, const struct hg_http_head *head, struct hg_wish *wish,
                 const struct hg_sink_ops **ret_sink, unsigned *ret_slot,
                 struct hg_problem *problem) {
    const struct hg_intake *intake = &v->location->intake;
    bool asks_upgrade = hg_request_field(&v->request, HG_SLICE("upgrade")).len > 0;
    if (v->edge->is_draining) {
        return hg_problem_set(problem, 503, "draining", "The gateway is going away.");
    }
    if (hg_gate_authenticate(&intake->proofs, intake->anonymous, &v->request, &v->principal,
                             problem) != HG_STEP_ON ||
        hg_wish_read(v, wish, problem) != 0) {
        return HG_EINVAL;
    }
    *ret_sink = choose_sink(v, ret_slot);
    if (*ret_sink == NULL) {
        return hg_problem_set(problem, 406, "not-acceptable", "No sink fits the request.");
    }
    if ((*ret_sink)->framing != HG_SINK_MESSAGE) {
        return 0;
    }
    if (!head->is_websocket) {
        struct hg_slice version = hg_request_field(&v->request, HG_SLICE("sec-websocket-version"));
        return asks_upgrade && !hg_slice_eq(version, HG_SLICE("13"))
                   ? hg_problem_set(problem, 426, "upgrade-required", "WebSocket 13 is spoken.")
                   : hg_problem_set(problem, 400, "request-invalid",
                                    "This is no WebSocket handshake.");
    }
    if (!hg_visit__origin_allowed(v, head)) {
        return hg_problem_set(problem, 403, "origin-refused",
                              "Pages of this origin may not open a WebSocket here.");
    }
    return 0;
}

/* An answer has begun, and nothing else can be told. A pull has not. */
static void fail_open(struct hg_visit *v, const struct hg_sink_ops *sink) {
    struct hg_problem p = {.index = -1};
    if (sink->framing != HG_SINK_ANSWER) {
        hg_stream_reset(v->stream);
        return;
    }
    hg_problem_set(&p, 503, "overloaded", "There is no memory for the request.");
    hg_visit__refuse(v, &p);
}

void hg_visit__subscribe(struct hg_visit *v, const struct hg_http_head *head) {
    struct hg_wish wish = {0};
    struct hg_problem p = {.index = -1};
    const struct hg_sink_ops *sink = NULL;
    uint32_t *topics = NULL;
    size_t n = 0;
    unsigned slot = 0;
    if (judge(v, head, &wish, &sink, &slot, &p) != 0 ||
        hg_topics__resolve(v, &topics, &n, &p) != 0) {
        hg_visit__refuse(v, &p);
        hg_wish_fini(&wish);
        return;
    }
    HG_ASSERT(sink != NULL); /* judge names one, or refuses */
    v->state = HG_VISIT_STREAMING;
    if (sink->framing == HG_SINK_MESSAGE) {
        begin_socket(v, sink, head);
    } else if (sink->framing == HG_SINK_RAW) {
        begin_body(v, sink);
    }
    if ((sink->framing == HG_SINK_MESSAGE && hg_socket_open(v) != 0) ||
        open_subscriber(v, sink, slot, &wish, topics, n) != 0) {
        fail_open(v, sink);
    }
    hg_free(topics);
    hg_wish_fini(&wish);
}

/* A pull that is still collecting: nothing of its answer is sent. */
static bool is_pull(const struct hg_visit *v) {
    return v->state == HG_VISIT_STREAMING && v->status == 0;
}

void hg_visit__end_stream(struct hg_visit *v, const char *reason) {
    if (v->stream == NULL || v->subscriber == NULL) {
        return;
    }
    hg_subscriber_say_closing(v->subscriber, reason, v->location->conf->retry_ms);
    if (is_pull(v)) {
        return; /* it is answered with what there is, in the next turn */
    }
    if (v->state == HG_VISIT_SOCKET) {
        hg_socket_finish(v, 1001, reason);
    } else {
        hg_subscriber_close(&v->subscriber);
        v->state = HG_VISIT_ANSWERED;
        hg_stream_end(v->stream);
    }
}

/* The new rules do not let it go on. */
static void end_refused(struct hg_visit *v, const char *reason, const struct hg_problem *p) {
    if (is_pull(v)) {
        hg_subscriber_close(&v->subscriber);
        hg_visit__refuse(v, p);
    } else {
        hg_visit__end_stream(v, reason);
    }
}

/* A proof that ends, ends what rests on it; in time before that it is told, so
 * that the client can come back with a new one. */
void hg_visit__check_expiry(struct hg_visit *v, int64_t wall_ms) {
    struct hg_problem p = {.index = -1};
    int64_t at = v->principal != NULL ? hg_principal_expires_ms(v->principal) : 0;
    if (at == 0 || v->stream == NULL || v->subscriber == NULL) {
        return;
    }
    if (at <= wall_ms) {
        hg_problem_set(&p, 401, "unauthenticated", "The proof of who is calling has expired.");
        end_refused(v, "expired", &p);
    } else if (!v->is_warned && at - wall_ms <= EXPIRING_MS) {
        v->is_warned = hg_subscriber_say_expiring(v->subscriber, at - wall_ms);
    }
}

/* Who is calling and what it may follow, asked again. */
static int judge_again(struct hg_visit *v, struct hg_problem *p) {
    const struct hg_intake *intake = &v->location->intake;
    uint32_t *topics = NULL;
    size_t n = 0;
    hg_principal_unref(&v->principal);
    v->is_warned = false;
    if (hg_gate_authenticate(&intake->proofs, intake->anonymous, &v->request, &v->principal, p) !=
            HG_STEP_ON ||
        hg_topics__resolve(v, &topics, &n, p) != 0) {
        return HG_EINVAL;
    }
    int err = 0;
    if (n == 0 && hg_subscriber_has_topics(v->subscriber)) {
        err = hg_problem_set(p, 403, "forbidden", "%.*s may follow none of the topics any more.",
                             HG_FMT(hg_principal_id(v->principal)));
    } else if (hg_subscriber_set_topics(v->subscriber, topics, n) != 0) {
        err = hg_problem_set(p, 503, "overloaded", "There is no memory for the request.");
    }
    hg_free(topics);
    return err;
}

/* The same host and path under the new rules; rights that are gone end it. */
void hg_visit__rebind(struct hg_visit *v, struct hg_edge__hold *hold, const struct hg_port *port) {
    struct hg_slice host = hg_site__host(v->authority);
    struct hg_slice captured;
    const struct hg_server *server =
        hg_site__server(port, host.len > 0 ? host : hg_conn_sni(v->stream->conn));
    const struct hg_location *l = hg_site__locate(server, v->request.path, &captured);
    struct hg_problem p = {.index = -1};
    struct hg_edge__hold *old = v->hold;
    if (l == NULL || l->handler != NULL || l->conf->stream.n == 0) {
        hg_problem_set(&p, 404, "not-found", "There is no stream at this path any more.");
        end_refused(v, "location-gone", &p);
        return;
    }
    hold->users++;
    v->hold = hold;
    v->server = server;
    v->location = l;
    v->captured = captured;
    hg_edge__release(&old);
    if (v->state == HG_VISIT_SOCKET) {
        hg_socket_rebind(v);
    }
    if (judge_again(v, &p) != 0) {
        end_refused(v, "rights-changed", &p);
    }
}
