/* SPDX-License-Identifier: Apache-2.0 */
/* visit.h - one request on its way through the edge, from its head to the
 * end of its answer or stream. Edge only.
 *
 *   on_head ─┬─► refused                                    (answer)
 *            ├─► OPTIONS, handler                           (answer)
 *            ├─► POST: gate ── body ── on_done              (answer)
 *            └─► GET: feed as SSE, pull or WebSocket        (until it ends)
 */
#ifndef HG_EDGE_VISIT_H
#define HG_EDGE_VISIT_H

#include "base/list.h"
#include "base/pool.h"
#include "edge/site.h"
#include "loop/handle.h"
#include "proto/http/request.h"

/* A loop's share in a site: counted without atomics. */
struct hg_edge__hold {
    struct hg_site *site;
    unsigned users; /* visits, and 1 while it is some port's current */
};

/* An address that this loop accepts on. Connections know it, so it lives until
 * its last one is gone; a generation that has no such address retires it. */
struct hg_edge__port {
    struct hg_edge__port *next;
    struct hg_edge *edge;
    struct hg_edge__hold *hold; /* NULL: retired */
    const struct hg_port *port; /* in hold->site */
    struct hg_addr addr;
    bool is_tls;
    bool is_fixed; /* not the generation's: the admin listener */
    struct hg_listener *listener;
    struct hg_http_setup setup;
};

struct hg_edge {
    struct hg_loop *loop;
    struct hg_log *log;
    struct hg_feed *feed;
    struct hg_gate gate;
    struct hg_edge__port *ports;
    uint32_t n_topics;             /* that streams know of */
    struct hg_edge__hold *offered; /* the next generation's, until the swap */
    struct hg_list visits;
    struct hg_pool free_visits;
    struct hg_pool free_works;
    struct hg_timer *tick; /* WebSocket pings, access logs */
    struct hg_access_pen *pens;
    bool is_draining;
};

enum hg_visit_state {
    HG_VISIT_BODY,      /* reads the body for gate or handler */
    HG_VISIT_DECIDING,  /* the gate has it, or a handler that answers later */
    HG_VISIT_ANSWERED,  /* the answer is queued; waits for on_gone */
    HG_VISIT_STREAMING, /* SSE, or a pull that is collecting */
    HG_VISIT_SOCKET,    /* WebSocket */
};

/* What a handler has in hand that answers later. */
struct hg_reply {
    struct hg_visit *visit;
};

/* What a request needs that brings a body, and a stream does not. */
struct hg_visit_work {
    struct hg_pool_item item;
    struct hg_buf body; /* its memory is used again, unless it is large */
    struct hg_exchange exchange;
    struct hg_reply reply;
};

struct hg_visit {
    struct hg_list node; /* first: the edge's list finds us by it */
    enum hg_visit_state state;
    struct hg_edge *edge;
    struct hg_edge__hold *hold;
    struct hg_stream *stream; /* NULL: gone */
    const struct hg_server *server;
    const struct hg_location *location;
    struct hg_slice authority; /* of the request: lives as long as the stream */
    struct hg_slice captured;
    struct hg_request request;
    struct hg_arena arena;
    struct hg_visit_work *work; /* NULL: it has none */
    bool is_h2;
    bool has_exchange;              /* work's is in use */
    bool is_warned;                 /* that its principal expires */
    int status;                     /* what was answered */
    const char *problem;            /* type of the problem that was, or NULL */
    uint64_t n_stored, n_before;    /* events of a WebSocket */
    struct hg_principal *principal; /* of a stream */
    struct hg_subscriber *subscriber;
    const char *gaps;               /* pull: why events are missing, "reset, trimmed", or NULL */
    struct hg_edge__socket *socket; /* WebSocket session */
    int64_t began_us;
    const char *peer; /* address text, in the arena, when an access log wants it */
};

/* visit.c */
extern const struct hg_stream_ops hg_edge__stream_ops;
void hg_visit__refuse(struct hg_visit *v, const struct hg_problem *p);
void hg_visit__answer(struct hg_visit *v, int status, const struct hg_field *fields, size_t n,
                      struct hg_slice body);
extern struct hg_counter *const hg_visit__counters[];
extern struct hg_counter *const hg_access__counters[];
/* Its work, taken now; NULL: no memory. */
struct hg_visit_work *hg_visit__work(struct hg_visit *v);
/* What the edge keeps for visits to come: set up, cut back, freed. */
void hg_visit__pools_init(struct hg_edge *e);
void hg_visit__pools_trim(struct hg_edge *e);
void hg_visit__pools_fini(struct hg_edge *e);
/* Gate or handler is done with a visit whose stream is gone. */
void hg_visit__orphan_done(struct hg_visit *v);
struct hg_edge__hold *hg_edge__hold(struct hg_site *site);
void hg_edge__release(struct hg_edge__hold **ph);

/* intake.c: POST through the gate; and handlers. */
void hg_visit__accept(struct hg_visit *v, const struct hg_http_head *head);
void hg_visit__handle(struct hg_visit *v, const struct hg_http_head *head);
void hg_visit__on_body(struct hg_visit *v, const char *bytes, size_t n, bool is_last);

/* cors.c: may a page in a browser have sent this to the admin listener? */
bool hg_visit__admin_allowed(const struct hg_visit *v, const struct hg_edge__port *port,
                             const struct hg_http_head *head);
/* cors.c: what a browser is told. Adds at most HG_CORS_FIELDS. */
enum { HG_CORS_FIELDS = 5 };
size_t hg_visit__cors(struct hg_visit *v, struct hg_field *fields);
bool hg_visit__origin_allowed(const struct hg_visit *v, const struct hg_http_head *head);
void hg_visit__options(struct hg_visit *v);
/* The same of the server as a whole: OPTIONS * [RFC 9110 9.3.7]. */
void hg_visit__options_server(struct hg_visit *v);

/* subscribe.c: GET. */
void hg_visit__subscribe(struct hg_visit *v, const struct hg_http_head *head);
/* A new generation: the stream goes on under it, or ends. */
void hg_visit__rebind(struct hg_visit *v, struct hg_edge__hold *hold, const struct hg_port *port);
void hg_visit__end_stream(struct hg_visit *v, const char *reason);
/* Now and then: has the proof of who is calling ended, or will it soon? */
void hg_visit__check_expiry(struct hg_visit *v, int64_t wall_ms);

/* query.c: what a subscriber asks for. */
struct hg_wish {
    struct hg_filter *filter;
    enum hg_start start;
    int64_t time_ms;
    struct hg_cursor cursor;
    size_t events_max;
    int64_t wait_ms;
};
/* HG_EINVAL and the problem. */
int hg_wish_read(struct hg_visit *v, struct hg_wish *ret, struct hg_problem *problem);
void hg_wish_fini(struct hg_wish *w);
/* The Link field's value that goes on after cursor with the same wish. */
void hg_wish_print_next(const struct hg_visit *v, struct hg_slice cursor, struct hg_buf *out);

/* socket.c: the WebSocket session. */
int hg_socket_open(struct hg_visit *v);
void hg_socket_on_bytes(struct hg_visit *v, const char *bytes, size_t n, bool is_last);
void hg_socket_on_room(struct hg_visit *v);
void hg_socket_close(struct hg_visit *v, int code, const char *reason);
/* The same when every event that it sent is answered; nothing more is read. */
void hg_socket_finish(struct hg_visit *v, int code, const char *reason);
/* A new generation's limits. */
void hg_socket_rebind(struct hg_visit *v);
void hg_socket_tick(struct hg_visit *v, int64_t now_ms);
void hg_socket_free(struct hg_visit *v);

#endif
