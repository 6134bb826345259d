/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fanout - measures publish-to-subscriber delivery.
 *
 * Opens N WebSocket or SSE subscribers, waits until all are subscribed, then
 * publishes M messages by HTTP POST and times each delivery. Works against any
 * server: the send time travels in the body ("ts_ns":NNN, CLOCK_MONOTONIC) and
 * is looked for in whatever comes out.
 */
#include "conn.h"
#include "histogram.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MAX_URLS 16
#define OPENING_MAX 200 /* handshakes in flight at a time */

/* ---- state ---- */

struct sub {
    struct conn c;
    uint64_t last_ts;
    uint32_t got;
    bool warm;
};

struct pub {
    struct conn c;
    bool busy, counted;
};

static struct url sub_url[MAX_URLS], pub_url;
static int n_urls, n_pubs = 1, n_subs = 100;
static struct sub *subs;
static struct pub *pubs;
static bool subs_are_ws;
static char sub_headers[4096], pub_headers[4096];
static const char *method = "POST", *content_type = "application/cloudevents+json";
static const char *marker = "ts_ns\":";
static size_t marker_len;
static const char *body_tpl =
    "{\"specversion\":\"1.0\",\"id\":\"@SEQ@\",\"source\":\"/bench/fanout\","
    "\"type\":\"bench.tick\",\"datacontenttype\":\"application/json\","
    "\"data\":{\"ts_ns\":@TS@,\"seq\":@SEQ@,\"pad\":\"@PAD@\"}}";
static size_t body_size = 1024;
static long n_msgs = 100, events_a_msg = 1;
static double rate;
static bool has_own; /* each message is for one subscriber */
static int verbose, n_warm = 2, pids[64], n_pids;
static double limit_s = 60, quiet_s = 3;

static int opening, opened, next_sub;
static bool measuring;
static int subscribed;
static double subscribe_s;
static uint64_t warm_seen;
static uint64_t t_start, t_last, t_pub_first, t_pub_last;
static uint64_t received, foreign, disordered, dropped_subs, warm_got, bytes;
static long issued, acked, rejected, lost_acks, late_us_max;
static int last_status, epfd, timer_fd;
static char first_error[256];

static void note(const char *fmt, const char *a, int b) {
    if (!first_error[0]) {
        snprintf(first_error, sizeof first_error, fmt, a, b);
    }
    if (verbose) {
        fprintf(stderr, fmt, a, b);
        fputc('\n', stderr);
    }
}

/* ---- deliveries ---- */

static void on_message(struct sub *s, const uint8_t *p, size_t n) {
    const uint8_t *m = memmem(p, n, marker, marker_len), *end = p + n;
    if (!m) {
        foreign++;
        return;
    }
    m += marker_len;
    while (m < end && (*m == ' ' || *m == '"' || *m == '\\')) {
        m++;
    }
    uint64_t ts = 0;
    while (m < end && *m >= '0' && *m <= '9') {
        ts = ts * 10 + (*m++ - '0');
    }
    if (!measuring) {
        if (!s->warm) {
            s->warm = true;
            warm_got++;
        }
        return;
    }
    if (ts < t_start) {
        return; /* a late warm-up message */
    }
    uint64_t now = now_ns();
    histogram_add(now > ts ? now - ts : 0);
    if (ts < s->last_ts) {
        disordered++;
    }
    s->last_ts = ts;
    s->got++;
    received++;
    bytes += n;
    t_last = now;
}

static void on_conn(struct conn *c, enum conn_event ev, const uint8_t *p, size_t n) {
    if (c->kind == CONN_HTTP) {
        struct pub *b = c->user;
        if (ev == EV_RESPONSE) {
            last_status = c->status;
            if (b->busy && b->counted) {
                if (c->status / 100 == 2) {
                    acked++;
                } else {
                    rejected++;
                    note("publish answered with status %s%d", "", c->status);
                }
                t_pub_last = now_ns();
            }
            b->busy = false;
        } else if (ev == EV_CLOSED) {
            if (b->busy) {
                if (b->counted) {
                    lost_acks++;
                }
                note("publisher connection lost: %s (%d)", c->err, 0);
                b->busy = false;
            }
        }
        return;
    }
    struct sub *s = c->user;
    if (ev == EV_MESSAGE) {
        on_message(s, p, n);
    } else if (ev == EV_OPEN) {
        opening--;
        opened++;
    } else if (ev == EV_CLOSED) {
        if (c->was_open) {
            opened--;
            dropped_subs++;
        } else {
            opening--;
        }
        note("subscriber: %s (%d)", c->err, (int)(s - subs));
    }
}

/* ---- publishing ---- */

static void publish(struct pub *b, uint64_t ts, long seq, bool counted) {
    static char *body, *req;
    static size_t cap;
    size_t need = strlen(body_tpl) + body_size + 4096 + sizeof pub_headers;
    if (need > cap) {
        cap = need;
        body = realloc(body, cap);
        req = realloc(req, cap);
        if (!body || !req) {
            die("no memory");
        }
    }
    size_t n = 0, pad_at = 0;
    bool pad = false;
    for (const char *t = body_tpl; *t;) {
        if (strncmp(t, "@TS@", 4) == 0) {
            n += (size_t)snprintf(body + n, 24, "%llu", (unsigned long long)ts);
            t += 4;
        } else if (strncmp(t, "@SEQ@", 5) == 0) {
            n += (size_t)snprintf(body + n, 24, "%ld", seq);
            t += 5;
        } else if (strncmp(t, "@SUB@", 5) == 0) {
            n += (size_t)snprintf(body + n, 24, "%ld", seq < 0 ? 0 : seq % n_subs);
            t += 5;
        } else if (strncmp(t, "@PAD@", 5) == 0) {
            pad_at = n;
            pad = true;
            t += 5;
        } else {
            body[n++] = *t++;
        }
    }
    if (pad && n < body_size) {
        size_t k = body_size - n;
        memmove(body + pad_at + k, body + pad_at, n - pad_at);
        for (size_t i = 0; i < k; i++) {
            body[pad_at + i] = (char)('a' + (i % 26));
        }
        n += k;
    }
    int h = snprintf(
        req, cap, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n",
        method, pub_url.path, pub_url.hostport, content_type, n, pub_headers);
    memcpy(req + h, body, n);
    b->busy = true;
    b->counted = counted;
    b->c.state = ST_HEAD;
    conn_send(&b->c, req, (size_t)h + n);
}

static struct pub *idle_pub(void) {
    static int at;
    for (int i = 0; i < n_pubs; i++) {
        struct pub *b = &pubs[at++ % n_pubs];
        at %= n_pubs;
        if (b->c.state == ST_CLOSED && !b->busy) {
            conn_start(&b->c, &pub_url, CONN_HTTP, -1, b);
        }
        if (b->c.state == ST_IDLE && !b->busy && !b->c.close_after) {
            return b;
        }
    }
    return NULL;
}

/* ---- loop ---- */

/* Where subscriber i subscribes: with -o at a URL of its own. */
static const struct url *url_of(int i) {
    const struct url *u = &sub_url[i % n_urls];
    const char *mark = strstr(u->path, "@SUB@");
    if (!has_own || !mark) {
        return u;
    }
    struct url *own = malloc(sizeof *own);
    if (!own) {
        die("no memory");
    }
    *own = *u;
    snprintf(own->path, sizeof own->path, "%.*s%d%s", (int)(mark - u->path), u->path, i, mark + 5);
    return own;
}

static void open_more(void) {
    while (next_sub < n_subs && opening < OPENING_MAX) {
        struct sub *s = &subs[next_sub];
        opening++;
        if (!conn_start(&s->c, url_of(next_sub), subs_are_ws ? CONN_WS : CONN_SSE, next_sub / 20000,
                        s)) {
            opening--;
            note("subscriber: %s (%d)", s->c.err, next_sub);
        }
        next_sub++;
    }
}

/* Runs one round of the event loop. */
static void turn(int timeout_ms) {
    struct epoll_event ev[128];
    int n = epoll_wait(epfd, ev, 128, timeout_ms);
    for (int i = 0; i < n; i++) {
        if (ev[i].data.ptr == &timer_fd) {
            uint64_t x;
            if (read(timer_fd, &x, sizeof x) < 0) {
                continue;
            }
        } else {
            conn_on_event(ev[i].data.ptr, ev[i].events);
        }
    }
}

static void arm(uint64_t at_ns) {
    struct itimerspec t = {
        .it_value = {(time_t)(at_ns / 1000000000ull), (long)(at_ns % 1000000000ull)}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &t, NULL);
}

static double self_cpu(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static char *slurp(const char *path) {
    FILE *f = fopen(path, "r");
    if (!f) {
        die("%s: %s", path, strerror(errno));
    }
    char *b = malloc(1 << 20);
    if (!b) {
        die("no memory");
    }
    b[fread(b, 1, (1 << 20) - 1, f)] = 0;
    fclose(f);
    return b;
}

static void add_header(char *to, size_t cap, const char *h) {
    size_t n = strlen(to);
    if ((size_t)snprintf(to + n, cap - n, "%s\r\n", h) >= cap - n) {
        die("too many headers");
    }
}

static void usage(void) {
    fputs("usage: fanout -s URL [-s URL ...] -p URL [options]\n"
          "  -s URL    subscribe here: ws:// wss:// (WebSocket) or http:// https:// (SSE)\n"
          "  -p URL    publish here: http:// or https://\n"
          "  -n N      subscribers (100)          -m M   messages (100)\n"
          "  -r R      messages/s; 0 = next one as soon as one is acknowledged (0)\n"
          "  -c C      publisher connections (1)  -X METHOD (POST)\n"
          "  -b FILE   body template with @TS@ (send time), @SEQ@, @PAD@ (fill to -z bytes)\n"
          "  -z BYTES  body size for @PAD@ (1024) -T TYPE   content type\n"
          "  -H HDR    header of subscribers and publishers; -S HDR subscribers only; -P HDR "
          "publishers only\n"
          "  -M MARK   what stands before the send time (ts_ns\":)\n"
          "  -e N      a body of -b is a batch of N events, each with its send time (1)\n"
          "  -o        @SUB@ in -s is the subscriber's number, in the body that of the one the\n"
          "            message is for: each has one reader; without warm-up\n"
          "  -w W      warm-up messages, not counted (2)\n"
          "  -t SEC    overall limit after subscribing (60)   -q SEC  give up after so long "
          "without a delivery (3)\n"
          "  -k PIDS   server pids, comma separated: CPU seconds of them and their descendants\n"
          "  -v        errors as they happen\n",
          stderr);
    exit(2);
}

static bool take_text(int o, char *text) {
    switch (o) {
    case 's':
        if (n_urls == MAX_URLS || !url_parse(text, &sub_url[n_urls++])) {
            die("bad URL %s", text);
        }
        return true;
    case 'p':
        if (!url_parse(text, &pub_url)) {
            die("bad URL %s", text);
        }
        return true;
    case 'X':
        method = text;
        return true;
    case 'b':
        body_tpl = slurp(text);
        return true;
    case 'T':
        content_type = text;
        return true;
    case 'H':
        add_header(sub_headers, sizeof sub_headers, text);
        add_header(pub_headers, sizeof pub_headers, text);
        return true;
    case 'S':
        add_header(sub_headers, sizeof sub_headers, text);
        return true;
    case 'P':
        add_header(pub_headers, sizeof pub_headers, text);
        return true;
    case 'M':
        marker = text;
        return true;
    case 'o':
        has_own = true;
        return true;
    case 'v':
        verbose = 1;
        return true;
    default:
        return false;
    }
}

static bool take_number(int o, const char *text) {
    switch (o) {
    case 'n':
        n_subs = (int)strtol(text, NULL, 10);
        return true;
    case 'm':
        n_msgs = strtol(text, NULL, 10);
        return true;
    case 'e':
        events_a_msg = strtol(text, NULL, 10);
        return true;
    case 'r':
        rate = strtod(text, NULL);
        return true;
    case 'c':
        n_pubs = (int)strtol(text, NULL, 10);
        return true;
    case 'z':
        body_size = (size_t)strtol(text, NULL, 10);
        return true;
    case 'w':
        n_warm = (int)strtol(text, NULL, 10);
        return true;
    case 't':
        limit_s = strtod(text, NULL);
        return true;
    case 'q':
        quiet_s = strtod(text, NULL);
        return true;
    case 'k':
        n_pids = parse_pids(text, pids, 64);
        return true;
    default:
        return false;
    }
}

static void read_options(int argc, char **argv) {
    int o;
    while ((o = getopt(argc, argv, "s:p:n:m:e:r:c:X:b:z:T:H:S:P:M:w:t:q:k:ov")) != -1) {
        if (!take_text(o, optarg) && !take_number(o, optarg)) {
            usage();
        }
    }
    if (!n_urls || !pub_url.host[0] || n_subs < 0 || n_pubs < 1 || n_msgs < 1 || events_a_msg < 1 ||
        body_size > 1 << 20) {
        usage();
    }
}

static void prepare(void) {
    marker_len = strlen(marker);
    subs_are_ws = sub_url[0].ws;
    raise_nofile();
    epfd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event te = {.events = EPOLLIN, .data.ptr = &timer_fd};
    epoll_ctl(epfd, EPOLL_CTL_ADD, timer_fd, &te);
    conn_global(epfd, on_conn, sub_url[0].tls || pub_url.tls);
    conn_set_headers(sub_headers);
    subs = calloc((size_t)n_subs + 1, sizeof *subs);
    pubs = calloc((size_t)n_pubs, sizeof *pubs);
    if (!subs || !pubs) {
        die("no memory");
    }
}

static void subscribe(void) {
    uint64_t t0 = now_ns();
    for (;;) {
        open_more();
        if (next_sub == n_subs && opening <= 0) {
            break;
        }
        if (now_ns() - t0 > 60ull * 1000000000ull) {
            note("not all subscribed in 60 s%s, %d open", "", opened);
            break;
        }
        turn(100);
    }
    subscribe_s = (double)(now_ns() - t0) / 1e9;
    subscribed = opened;
    for (int i = 0; i < n_pubs; i++) {
        conn_start(&pubs[i].c, &pub_url, CONN_HTTP, -1, &pubs[i]);
    }
}

/* Every subscriber must have seen one message, or 5 s pass. */
static void warm_up(void) {
    uint64_t t0 = now_ns(), next = t0;
    for (int w = 0; n_warm > 0 && !has_own && now_ns() - t0 < 5000000000ull;) {
        if (w >= n_warm && warm_got >= (uint64_t)subscribed) {
            break;
        }
        struct pub *b;
        if (w < n_warm + 20 && now_ns() >= next && (b = idle_pub())) {
            publish(b, now_ns(), -1, false);
            w++;
            next = now_ns() + 200000000ull;
        }
        turn(10);
    }
    for (uint64_t q = now_ns() + 300000000ull; now_ns() < q;) {
        turn(20);
    }
}

/* What is due, as far as there are connections for it; returns when the next is. */
static uint64_t publish_due(uint64_t due, uint64_t step) {
    struct pub *b;
    uint64_t now = now_ns();
    while (issued < n_msgs && (step == 0 || now >= due) && (b = idle_pub())) {
        if (step) {
            long late = (long)((now - due) / 1000);
            if (late > late_us_max) {
                late_us_max = late;
            }
        }
        publish(b, step ? due : now, issued, true);
        issued++;
        due += step;
        now = now_ns();
    }
    return due;
}

/* Deliveries of what was published to so many. */
static uint64_t expected(int readers) {
    return (uint64_t)(issued - rejected) * (uint64_t)events_a_msg *
           (has_own ? 1 : (uint64_t)readers);
}

static void measure(void) {
    measuring = true;
    t_start = t_pub_first = t_last = now_ns();
    uint64_t due = t_start, progress = t_start, seen = 0;
    uint64_t step = rate > 0 ? (uint64_t)(1e9 / rate) : 0;
    for (;;) {
        due = publish_due(due, step);
        uint64_t now = now_ns();
        long done = acked + rejected + lost_acks;
        if (issued >= n_msgs && done >= issued && received >= expected(opened)) {
            break;
        }
        if (received + (uint64_t)done != seen) {
            seen = received + (uint64_t)done;
            progress = now;
        }
        if ((double)(now - t_start) / 1e9 > limit_s) {
            note("time limit%s%.0d", "", 0);
            break;
        }
        if ((double)(now - progress) / 1e9 > quiet_s + (step ? (double)step / 1e9 : 0)) {
            break;
        }
        if (step && issued < n_msgs && due > now) {
            arm(due);
            turn(500);
        } else {
            turn(step && issued < n_msgs ? 1 : 100);
        }
    }
}

static void report(double server_cpu, double own_cpu) {
    double dur = t_last > t_start ? (double)(t_last - t_start) / 1e9 : 1e-9;
    double pdur = (double)(t_pub_last - t_pub_first) / 1e9;
    long short_subs = 0, over_subs = 0;
    for (int i = 0; i < n_subs; i++) {
        short_subs += subs[i].c.was_open && subs[i].got < expected(1);
        over_subs += subs[i].c.was_open && subs[i].got > (uint64_t)(issued * events_a_msg);
    }
    printf("{\"kind\":\"%s\",\"tls\":%s,\"subscribers\":%d,\"asked\":%d,\"subscribe_s\":%.3f,"
           "\"warm_subscribers\":%llu,\"messages\":%ld,\"body_bytes\":%zu,",
           subs_are_ws ? "ws" : "sse", sub_url[0].tls ? "true" : "false", subscribed, n_subs,
           subscribe_s, (unsigned long long)warm_seen, issued, body_size);
    printf("\"acked\":%ld,\"rejected\":%ld,\"lost_acks\":%ld,\"last_status\":%d,"
           "\"expected\":%llu,\"received\":%llu,\"lost\":%lld,"
           "\"short_subscribers\":%ld,\"over_subscribers\":%ld,",
           acked, rejected, lost_acks, last_status, (unsigned long long)expected(subscribed),
           (unsigned long long)received, (long long)(expected(subscribed) - received), short_subs,
           over_subs);
    printf("\"out_of_order\":%llu,\"dropped_subscribers\":%llu,\"other_messages\":%llu,"
           "\"duration_s\":%.4f,\"deliveries_per_s\":%.1f,\"mib_per_s\":%.2f,",
           (unsigned long long)disordered, (unsigned long long)dropped_subs,
           (unsigned long long)foreign, dur, (double)received / dur, (double)bytes / dur / 1048576);
    printf("\"publish_per_s\":%.1f,\"rate\":%.1f,\"publish_late_us_max\":%ld,"
           "\"latency_ms\":{\"p50\":%.4f,\"p95\":%.4f,\"p99\":%.4f,\"p99.9\":%.4f,\"max\":%.4f},",
           pdur > 0 ? (double)acked / pdur : 0, rate, late_us_max, histogram_ms(.50),
           histogram_ms(.95), histogram_ms(.99), histogram_ms(.999), histogram_ms(1));
    printf("\"server_cpu_s\":%.3f,\"deliveries_per_server_cpu_s\":%.1f,\"client_cpu_s\":%.3f,"
           "\"client_busy\":%.3f,\"error\":\"%s\"}\n",
           server_cpu, server_cpu > 0 ? (double)received / server_cpu : 0, own_cpu, own_cpu / dur,
           first_error);
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    prepare();
    subscribe();
    warm_up();
    warm_seen = warm_got;
    double server_cpu = procs_cpu(pids, n_pids), own_cpu = self_cpu();
    measure();
    report(procs_cpu(pids, n_pids) - server_cpu, self_cpu() - own_cpu);
    return subscribed == n_subs && received >= expected(subscribed) && !rejected && !lost_acks ? 0
                                                                                               : 1;
}
