/* SPDX-License-Identifier: Apache-2.0 */
/* ingest - posts CloudEvents as fast as the server takes them or at a rate, each
 * with an id of its own, over HTTP/1.1 or HTTP/2, plain or TLS, one event or a
 * batch a request. One thread; prints one line of JSON. At a rate the time of a
 * request runs from when it was due: a server that falls behind shows it. */
#include "histogram.h"
#include "wire.h"

#include <getopt.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONNECTIONS_MAX = 1024, BODY_MAX = 1 << 20 };

struct request {
    struct client *client;
    struct request *next; /* of those that wait for their turn */
    uint64_t sent_ns;     /* at a rate: when it was due */
    size_t at;            /* of the body, already given to the engine */
    size_t body_len;
    char *body;
    bool is_busy;
};

struct client {
    struct wire wire;
    nghttp2_session *h2;
    struct request *requests;
    char head[8192]; /* HTTP/1.1: the answer's head so far */
    size_t head_len;
    long body_left;
    bool is_chunked; /* what follows is chunks, to the last empty one */
    int status;
};

static struct {
    const char *host, *path, *run;
    int port, connections, streams, batch, event_bytes;
    double seconds, warm_s, rate; /* rate 0: as fast as can be */
    bool is_tls, is_h2;
    long requests_max;
} opt = {.host = "127.0.0.1",
         .path = "/events",
         .connections = 16,
         .streams = 16,
         .batch = 1,
         .event_bytes = 1024,
         .seconds = 3,
         .warm_s = 1};

static struct client clients[CONNECTIONS_MAX];
static uint64_t serial, n_done, n_bad, n_counted, began_ns, warm_ns, end_ns;
static struct request *waiting, **waiting_end = &waiting;
static uint64_t due_ns, step_ns;
static char pad[4096];

static size_t put_event(char *out, size_t room) {
    static const char shape[] =
        "{\"specversion\":\"1.0\",\"id\":\"%s-%llu\",\"source\":\"/bench/ingest\","
        "\"type\":\"com.example.bench\",\"subject\":\"s%llu\","
        "\"time\":\"2026-01-02T03:04:05.678Z\","
        "\"datacontenttype\":\"application/json\",\"data\":{\"seq\":%llu,\"ok\":true,"
        "\"list\":[1,2,3,4.5],\"text\":\"%.*s\"}}";
    unsigned long long n = ++serial;
    int fixed = snprintf(NULL, 0, shape, opt.run, n, n % 1000, n, 0, "");
    int fill = opt.event_bytes > fixed ? opt.event_bytes - fixed : 0;
    return (size_t)snprintf(out, room, shape, opt.run, n, n % 1000, n, fill, pad);
}

static void fill_body(struct request *r) {
    size_t n = 0;
    if (opt.batch > 1) {
        r->body[n++] = '[';
    }
    for (int i = 0; i < opt.batch; i++) {
        if (i > 0) {
            r->body[n++] = ',';
        }
        n += put_event(r->body + n, BODY_MAX - n);
    }
    if (opt.batch > 1) {
        r->body[n++] = ']';
    }
    r->body_len = n;
    r->at = 0;
}

static const char *content_type(void) {
    return opt.batch > 1 ? "application/cloudevents-batch+json" : "application/cloudevents+json";
}

static void finish(struct request *r, int status) {
    uint64_t now = wire_now_ns();
    r->is_busy = false;
    n_done++;
    if (status < 200 || status > 299) {
        n_bad++;
    }
    if (now >= warm_ns && now < end_ns) {
        n_counted++;
        histogram_add(now - r->sent_ns);
    }
}

static bool may_start(void) {
    return wire_now_ns() < end_ns && (opt.requests_max == 0 || (long)serial < opt.requests_max);
}

static void send_request(struct request *r);

/* It may go again: at once, or when the next is due. */
static void ready(struct request *r) {
    if (step_ns == 0) {
        if (may_start()) {
            r->sent_ns = wire_now_ns();
            send_request(r);
        }
        return;
    }
    r->next = NULL;
    *waiting_end = r;
    waiting_end = &r->next;
}

/* HTTP/1.1: one request at a time on a connection. */

static void h1_send(struct client *c) {
    char head[512];
    struct request *r = &c->requests[0];
    fill_body(r);
    int n = snprintf(head, sizeof(head),
                     "POST %s HTTP/1.1\r\nhost: %s:%d\r\ncontent-type: %s\r\n"
                     "content-length: %zu\r\n\r\n",
                     opt.path, opt.host, opt.port, content_type(), r->body_len);
    r->is_busy = true;
    wire_put(&c->wire, head, (size_t)n);
    wire_put(&c->wire, r->body, r->body_len);
}

static void h1_done(struct client *c) {
    c->head_len = 0;
    finish(&c->requests[0], c->status);
    ready(&c->requests[0]);
}

/* A head, or the chunks after one, ends in an empty line. */
static void h1_head(struct client *c) {
    const char *length = strcasestr(c->head, "\r\ncontent-length:");
    if (c->is_chunked) {
        c->is_chunked = false;
        h1_done(c);
        return;
    }
    c->status = (int)strtol(c->head + 9, NULL, 10);
    c->body_left = length ? strtol(length + 17, NULL, 10) : 0;
    c->is_chunked = strcasestr(c->head, "\r\ntransfer-encoding: chunked") != NULL;
    c->head_len = 0;
    if (c->body_left == 0 && !c->is_chunked) {
        h1_done(c);
    }
}

static void h1_read(struct client *c, const char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (c->body_left > 0) {
            if (--c->body_left == 0) {
                h1_done(c);
            }
            continue;
        }
        if (c->head_len < sizeof(c->head) - 1) {
            c->head[c->head_len++] = bytes[i];
        }
        c->head[c->head_len] = 0;
        if (c->head_len >= 4 && memcmp(c->head + c->head_len - 4, "\r\n\r\n", 4) == 0) {
            h1_head(c);
        }
    }
}

/* HTTP/2: up to opt.streams at a time. */

static ssize_t on_body(nghttp2_session *s, int32_t id, uint8_t *buf, size_t room, uint32_t *flags,
                       nghttp2_data_source *source, void *user) {
    struct request *r = source->ptr;
    size_t n = r->body_len - r->at;
    (void)s, (void)id, (void)user;
    if (n > room) {
        n = room;
    }
    memcpy(buf, r->body + r->at, n);
    r->at += n;
    if (r->at == r->body_len) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)n;
}

#define FIELD(n, v)                                                                                \
    { (uint8_t *)(n), (uint8_t *)(v), strlen(n), strlen(v), NGHTTP2_NV_FLAG_NONE }

static void h2_send(struct client *c, struct request *r) {
    char authority[160];
    snprintf(authority, sizeof(authority), "%s:%d", opt.host, opt.port);
    nghttp2_nv nv[] = {FIELD(":method", "POST"), FIELD(":scheme", opt.is_tls ? "https" : "http"),
                       FIELD(":authority", authority), FIELD(":path", opt.path),
                       FIELD("content-type", content_type())};
    nghttp2_data_provider body = {.source.ptr = r, .read_callback = on_body};
    fill_body(r);
    r->is_busy = true;
    if (nghttp2_submit_request(c->h2, NULL, nv, sizeof(nv) / sizeof(nv[0]), &body, r) < 0) {
        wire_die("submit");
    }
}

static int on_header(nghttp2_session *s, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user) {
    struct client *c = user;
    (void)s, (void)frame, (void)flags, (void)value_len;
    if (name_len == 7 && memcmp(name, ":status", 7) == 0) {
        c->status = (int)strtol((const char *)value, NULL, 10);
        struct request *r = nghttp2_session_get_stream_user_data(s, frame->hd.stream_id);
        if (r != NULL && (c->status < 200 || c->status > 299)) {
            n_bad++;
        }
    }
    return 0;
}

static int on_stream_close(nghttp2_session *s, int32_t id, uint32_t error, void *user) {
    struct request *r = nghttp2_session_get_stream_user_data(s, id);
    (void)user;
    if (r != NULL) {
        finish(r, error == 0 ? 200 : 0);
        ready(r);
    }
    return 0;
}

static ssize_t on_send(nghttp2_session *s, const uint8_t *bytes, size_t n, int flags, void *user) {
    struct client *c = user;
    (void)s, (void)flags;
    wire_put(&c->wire, bytes, n);
    return (ssize_t)n;
}

static void h2_open(struct client *c) {
    nghttp2_session_callbacks *cb;
    nghttp2_session_callbacks_new(&cb);
    nghttp2_session_callbacks_set_send_callback(cb, on_send);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_client_new(&c->h2, cb, c);
    nghttp2_session_callbacks_del(cb);
    nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, NULL, 0);
    for (int i = 0; i < opt.streams; i++) {
        ready(&c->requests[i]);
    }
    nghttp2_session_send(c->h2);
}

/* Both. */

static void send_request(struct request *r) {
    if (opt.is_h2) {
        h2_send(r->client, r);
    } else {
        h1_send(r->client);
    }
}

static void send_due(void) {
    uint64_t now = wire_now_ns();
    due_ns = due_ns == 0 ? now : due_ns;
    while (waiting != NULL && due_ns <= now && may_start()) {
        struct request *r = waiting;
        waiting = r->next;
        waiting_end = waiting == NULL ? &waiting : waiting_end;
        r->sent_ns = due_ns;
        due_ns += step_ns;
        send_request(r);
        if (opt.is_h2) {
            nghttp2_session_send(r->client->h2);
        }
        wire_flush(&r->client->wire);
    }
}

static void on_wire(struct wire *w, const char *bytes, size_t n) {
    struct client *c = (struct client *)w;
    if (bytes == NULL) { /* connected */
        if (opt.is_h2) {
            h2_open(c);
        } else {
            ready(&c->requests[0]);
        }
    } else if (opt.is_h2) {
        if (nghttp2_session_mem_recv(c->h2, (const uint8_t *)bytes, n) < 0) {
            wire_die("the server broke HTTP/2");
        }
        nghttp2_session_send(c->h2);
    } else {
        h1_read(c, bytes, n);
    }
}

static bool any_busy(void) {
    for (int i = 0; i < opt.connections; i++) {
        for (int k = 0; k < opt.streams; k++) {
            if (clients[i].requests[k].is_busy) {
                return true;
            }
        }
    }
    return false;
}

static void report(double counted_s) {
    printf("{\"requests\":%llu,\"counted\":%llu,\"events\":%llu,\"bad\":%llu,\"seconds\":%.3f,"
           "\"per_s\":%.0f,\"p50_ms\":%.3f,\"p95_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,"
           "\"max_ms\":%.3f}\n",
           (unsigned long long)n_done, (unsigned long long)n_counted,
           (unsigned long long)n_counted * (unsigned long long)opt.batch, (unsigned long long)n_bad,
           counted_s, (double)n_counted / counted_s, histogram_ms(0.5), histogram_ms(0.95),
           histogram_ms(0.99), histogram_ms(0.999), histogram_ms(1));
}

static void usage(void) {
    fprintf(stderr, "usage: ingest [-2] [-t] [-H HOST] [-p PORT] [-u PATH] [-c CONNECTIONS] "
                    "[-m STREAMS] [-b BATCH] [-z BYTES] [-d SECONDS] [-w WARM-UP] [-n REQUESTS] "
                    "[-r REQUESTS/S]\n");
    exit(2);
}

static void read_options(int argc, char **argv) {
    int o;
    while ((o = getopt(argc, argv, "2tH:p:u:c:m:b:z:d:w:n:r:")) != -1) {
        switch (o) {
        case '2':
            opt.is_h2 = true;
            break;
        case 't':
            opt.is_tls = true;
            break;
        case 'H':
            opt.host = optarg;
            break;
        case 'p':
            opt.port = (int)strtol(optarg, NULL, 10);
            break;
        case 'u':
            opt.path = optarg;
            break;
        case 'c':
            opt.connections = (int)strtol(optarg, NULL, 10);
            break;
        case 'm':
            opt.streams = (int)strtol(optarg, NULL, 10);
            break;
        case 'b':
            opt.batch = (int)strtol(optarg, NULL, 10);
            break;
        case 'z':
            opt.event_bytes = (int)strtol(optarg, NULL, 10);
            break;
        case 'd':
            opt.seconds = strtod(optarg, NULL);
            break;
        case 'w':
            opt.warm_s = strtod(optarg, NULL);
            break;
        case 'r':
            opt.rate = strtod(optarg, NULL);
            break;
        case 'n':
            opt.requests_max = strtol(optarg, NULL, 10);
            break;
        default:
            usage();
        }
    }
    if (!opt.is_h2) {
        opt.streams = 1;
    }
    if (opt.port == 0 || opt.connections < 1 || opt.connections > CONNECTIONS_MAX ||
        opt.event_bytes > (int)sizeof(pad) || opt.batch > 1000) {
        usage();
    }
}

int main(int argc, char **argv) {
    char run[32];
    read_options(argc, argv);
    snprintf(run, sizeof(run), "%llx", (unsigned long long)wire_now_ns());
    opt.run = run;
    memset(pad, 'x', sizeof(pad));
    step_ns = opt.rate > 0 ? (uint64_t)(1e9 / opt.rate) : 0;
    began_ns = wire_now_ns();
    warm_ns = began_ns + (uint64_t)(opt.warm_s * 1e9);
    end_ns = warm_ns + (uint64_t)(opt.seconds * 1e9);
    wire_start(opt.is_tls, opt.is_h2, on_wire);
    for (int i = 0; i < opt.connections; i++) {
        clients[i].requests = calloc((size_t)opt.streams, sizeof(struct request));
        for (int k = 0; k < opt.streams; k++) {
            clients[i].requests[k].client = &clients[i];
            clients[i].requests[k].body = malloc((size_t)opt.batch * 4200 + 16);
        }
        wire_open(&clients[i].wire, opt.host, opt.port);
    }
    while (wire_now_ns() < end_ns + 5000000000ull && (may_start() || any_busy())) {
        if (step_ns > 0) {
            send_due();
        }
        wire_turn(waiting != NULL && due_ns < end_ns ? due_ns : UINT64_MAX);
    }
    uint64_t stop = wire_now_ns() < end_ns ? wire_now_ns() : end_ns;
    report((double)(stop - warm_ns) / 1e9);
    return n_bad > 0;
}
