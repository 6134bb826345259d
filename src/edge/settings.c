/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - the edge's rows: servers, what they listen on, locations and
 * what their streams are like. */
#include "edge/settings.h"

#include "base/clock.h"
#include "edge/edge.h"
#include "log/topic.h"
#include "net/tls.h"

#define CERTIFICATE_WARN_MS (INT64_C(7) * 24 * 3600 * 1000)

/* listen ADDRESS [ssl]: an address is no simple type, and lines keep apart. */
static int set_listen(struct hg_conf_load *load, void *conf, const struct hg_conf_line *line) {
    struct hg_edge__conf *c = conf;
    struct hg_edge__listen *l = hg_conf_alloc(load, sizeof(*l));
    if (l == NULL) {
        return HG_ENOMEM;
    }
    l->text = line->args[0];
    l->line = line;
    if (hg_addr_parse(line->args[0], &l->addr) != 0) {
        hg_conf_fail(load, line,
                     "\"%.*s\" is no address; expected PORT, IPV4:PORT, [IPV6]:PORT, "
                     "*:PORT or unix:/PATH",
                     HG_FMT(line->args[0]));
        return HG_EINVAL;
    }
    if (line->n_args == 2) {
        l->is_tls = hg_slice_eq(line->args[1], HG_SLICE("ssl"));
        if (!l->is_tls) {
            hg_conf_fail(load, line, "\"%.*s\" is not known; expected ssl", HG_FMT(line->args[1]));
            return HG_EINVAL;
        }
    }
    struct hg_edge__listen **tail = &c->listens;
    while (*tail != NULL) {
        tail = &(*tail)->next;
    }
    *tail = l;
    return 0;
}

#define AT(field) offsetof(struct hg_edge__conf, field)
#define SERVERS "main server"
#define LOCATIONS "main server location"

/* clang-format off */
static const struct hg_directive rows[] = {
    {.name = "server", .in = "main", .args = "{ ... }", .type = HG_SLOT_BLOCK,
     .is_repeatable = true, .help = "One virtual server: addresses, names, certificate, locations."},
    {.name = "listen", .in = "server", .args = "ADDRESS [ssl]", .type = HG_SLOT_CUSTOM,
     .set = set_listen, .min_args = 1, .max_args = 2, .is_repeatable = true, .is_local = true,
     .help = "An address to accept connections on: PORT, IPV4:PORT, [IPV6]:PORT, *:PORT or "
             "unix:/PATH."},
    {.name = "server_name", .in = "server", .args = "NAME ...", .type = HG_SLOT_STRINGS,
     .at = AT(server_names), .min_args = 1, .max_args = 64, .is_local = true,
     .help = "Host names of this server; *.example.com takes every name below. The first server "
             "of an address takes what no name fits."},
    {.name = "ssl_certificate", .in = SERVERS, .args = "FILE", .type = HG_SLOT_FILE,
     .at = AT(certificate_pem), .help = "The certificate chain, PEM, leaf first."},
    {.name = "ssl_certificate_key", .in = SERVERS, .args = "FILE", .type = HG_SLOT_FILE,
     .at = AT(key_pem), .help = "The certificate's private key, PEM."},
    {.name = "ssl_ciphers", .in = SERVERS, .args = "LIST", .type = HG_SLOT_STRING,
     .at = AT(ciphers), .help = "TLS 1.2 cipher list in OpenSSL's form; TLS 1.3 has its own."},
    {.name = "ssl_handshake_timeout", .in = SERVERS, .args = "TIME", .type = HG_SLOT_DURATION,
     .at = AT(handshake_timeout_ms), .def = "5s", .min = 100, .max = 3600000,
     .help = "How long a TLS handshake may take, from the connection's start. The first server of "
             "an address sets it for all of them: the name is asked for in the handshake."},
    {.name = "http2", .in = SERVERS, .args = "on | off", .type = HG_SLOT_FLAG, .at = AT(is_http2),
     .def = "on", .help = "Offer HTTP/2 in ALPN."},
    {.name = "client_header_timeout", .in = SERVERS, .args = "TIME", .type = HG_SLOT_DURATION,
     .at = AT(head_timeout_ms), .def = "10s", .min = 100, .max = 3600000,
     .help = "How long a request head may take, from its first byte or the connection's start."},
    {.name = "client_body_timeout", .in = SERVERS, .args = "TIME", .type = HG_SLOT_DURATION,
     .at = AT(body_timeout_ms), .def = "60s", .min = 100, .max = 3600000,
     .help = "How long a request body may take."},
    {.name = "keepalive_timeout", .in = SERVERS, .args = "TIME", .type = HG_SLOT_DURATION,
     .at = AT(keepalive_timeout_ms), .def = "60s", .min = 100, .max = 3600000,
     .help = "How long an idle connection stays open."},
    {.name = "keepalive_requests", .in = SERVERS, .args = "NUMBER", .type = HG_SLOT_INT,
     .at = AT(keepalive_requests), .def = "100000", .min = 1, .max = 1000000000,
     .help = "Requests on one connection before it is closed."},
    {.name = "client_header_size", .in = SERVERS, .args = "SIZE", .type = HG_SLOT_SIZE,
     .at = AT(head_bytes_max), .def = "16k", .min = 1024, .max = 1048576,
     .help = "All header fields of a request, 32 bytes counted for each."},
    {.name = "client_header_fields", .in = SERVERS, .args = "NUMBER", .type = HG_SLOT_INT,
     .at = AT(fields_max), .def = "100", .min = 10, .max = 1000,
     .help = "Header fields of a request."},
    {.name = "http2_max_concurrent_streams", .in = SERVERS, .args = "NUMBER",
     .type = HG_SLOT_INT, .at = AT(h2_streams_max), .def = "100", .min = 1, .max = 1000,
     .help = "Requests at once on one HTTP/2 connection."},
    {.name = "location", .in = "server", .args = "[=] PATH { ... }", .type = HG_SLOT_BLOCK,
     .min_args = 1, .max_args = 2, .is_repeatable = true,
     .help = "What a path accepts or streams: exact with =, else by prefix; /topics/{topic}/events "
             "captures $topic, one whole segment. An exact one wins, then the first written that "
             "captures, then the longest prefix. Paths are compared decoded, without //, /./ "
             "and /../."},
    {.name = "stream", .in = "location", .args = "PATTERN ... [allow=PATTERN ...]",
     .type = HG_SLOT_STRINGS, .at = AT(stream), .min_args = 1, .max_args = 32, .is_local = true,
     .help = "Topics that a GET follows, as WebSocket, SSE or pull. $topic is what the location "
             "captured; the topics it may name are listed by allow=."},
    {.name = "stream_heartbeat", .in = LOCATIONS, .args = "TIME", .type = HG_SLOT_DURATION,
     .at = AT(heartbeat_ms), .def = "15s", .min = 100, .max = 3600000,
     .help = "How often a quiet stream says where it stands: SSE always, a WebSocket when it has "
             "moved past events that it does not want."},
    {.name = "stream_retry", .in = LOCATIONS, .args = "TIME", .type = HG_SLOT_DURATION,
     .at = AT(retry_ms), .def = "2s", .min = 0, .max = 3600000,
     .help = "How long a subscriber is told to wait before it comes back."},
    {.name = "pull_limit", .in = LOCATIONS, .args = "NUMBER", .type = HG_SLOT_INT,
     .at = AT(pull_events_max), .def = "1000", .min = 1, .max = 100000,
     .help = "The most events of one pull."},
    {.name = "pull_size", .in = LOCATIONS, .args = "SIZE", .type = HG_SLOT_SIZE,
     .at = AT(pull_bytes_max), .def = "1m", .min = 1024, .max = 1 << 28,
     .help = "The most bytes of one pull; one event is always given."},
    {.name = "pull_wait", .in = LOCATIONS, .args = "TIME", .type = HG_SLOT_DURATION,
     .at = AT(pull_wait_max_ms), .def = "30s", .min = 0, .max = 3600000,
     .help = "The longest that a pull may ask to wait for an event."},
    {.name = "websocket_ping", .in = LOCATIONS, .args = "TIME", .type = HG_SLOT_DURATION,
     .at = AT(ping_ms), .def = "30s", .min = 1000, .max = 60000,
     .help = "How often a WebSocket is pinged; two pings without an answer close it."},
    {.name = "websocket_message_size", .in = LOCATIONS, .args = "SIZE", .type = HG_SLOT_SIZE,
     .at = AT(message_bytes_max), .def = "1m", .min = 128, .max = 1 << 28,
     .help = "The largest message that a WebSocket may send us."},
    {.name = "log_format", .in = "main", .args = "NAME TEXT", .type = HG_SLOT_STRINGS,
     .at = AT(log_formats), .min_args = 2, .max_args = 2, .is_repeatable = true,
     .help = "A format for access_log: text with $remote_addr, $remote_port, $principal, "
             "$time_iso8601, $request_method, $uri, $server_protocol, $status (499: the peer went before it was "
             "answered), $events, $duplicates, $request_time (ms), $request_length, $problem, "
             "$http_user_agent, $http_referer."},
    {.name = "access_log", .in = LOCATIONS, .args = "PATH [FORMAT] | off", .type = HG_SLOT_STRINGS,
     .at = AT(access_log), .min_args = 1, .max_args = 2, .def = "off",
     .help = "One line per request, written when its answer or stream has ended. A request that is "
             "refused before its location is known (a malformed, too large or too slow head, a "
             "version that is not spoken) has its line in the log of the server: the one whose "
             "name the connection asked for in TLS, else the first of the address. There $problem "
             "says what was wrong, and what was not read is -."},
    {.name = "cors_origin", .in = LOCATIONS, .args = "ORIGIN ... | *", .type = HG_SLOT_STRINGS,
     .at = AT(cors_origins), .min_args = 1, .max_args = 64,
     .help = "Origins whose pages may use the location from a browser; without it only pages of "
             "the same origin may open a WebSocket."},
    {.name = "cors_credentials", .in = LOCATIONS, .args = "on | off", .type = HG_SLOT_FLAG,
     .at = AT(is_cors_credentials), .def = "off",
     .help = "Let such pages send cookies; needs origins by name."},
    HG_DIRECTIVES_END,
};
/* clang-format on */

static const struct hg_directive *row_of_certificate(void) {
    const struct hg_directive *row = rows;
    while (strcmp(row->name, "ssl_certificate") != 0) {
        row++;
    }
    return row;
}

/* It is served even so: clients that look away still get their answers. */
static void warn_of_end(struct hg_conf_load *load, struct hg_conf_block *block,
                        const struct hg_edge__conf *c) {
    int64_t end_ms, left_ms;
    char end[HG_CLOCK_RFC3339_MAX];
    if (hg_tls_certificate_end(c->certificate_pem, &end_ms) != 0) {
        return; /* what is wrong with it is told when it is put to use */
    }
    left_ms = end_ms - hg_clock_wall_ms();
    if (left_ms < CERTIFICATE_WARN_MS) {
        hg_clock_format(end_ms, end);
        hg_conf_warn(load, hg_conf_set_here(block, row_of_certificate()),
                     "the certificate %s on %s", left_ms < 0 ? "ended" : "ends", end);
    }
}

static void check_server(struct hg_conf_load *load, struct hg_conf_block *block,
                         const struct hg_edge__conf *c) {
    bool is_tls = false;
    if (c->listens == NULL) {
        hg_conf_fail(load, hg_conf_line_of(block), "it listens nowhere; expected a listen line");
    }
    for (const struct hg_edge__listen *l = c->listens; l != NULL; l = l->next) {
        is_tls = is_tls || l->is_tls;
    }
    if (is_tls && (c->certificate_pem.len == 0 || c->key_pem.len == 0)) {
        hg_conf_fail(load, hg_conf_line_of(block),
                     "it listens with ssl; expected ssl_certificate "
                     "and ssl_certificate_key");
    }
    if (is_tls) {
        warn_of_end(load, block, c);
    }
}

static void check_stream(struct hg_conf_load *load, const struct hg_edge__conf *c) {
    bool has_capture = false, has_allow = false;
    for (size_t i = 0; i < c->stream.n; i++) {
        struct hg_slice s = c->stream.items[i];
        bool is_allow = hg_slice_starts(s, HG_SLICE("allow="));
        has_allow = has_allow || is_allow;
        if (!is_allow && memmem(s.ptr, s.len, "$topic", 6) != NULL) {
            has_capture = true;
            continue;
        }
        if (is_allow) {
            s = (struct hg_slice){s.ptr + 6, s.len - 6};
        }
        if (!hg_topic_pattern_is_valid(s)) {
            hg_conf_fail(load, NULL, "stream: \"%.*s\" is no topic pattern", HG_FMT(s));
        }
    }
    if (has_capture && !has_allow) {
        hg_conf_fail(load, NULL,
                     "stream: a topic made from $topic needs the topics it may name; "
                     "expected allow=PATTERN");
    }
}

/* As browsers write it [RFC 6454 6.2]: compared byte by byte, anything else
 * would never be equal. */
static bool is_origin(struct hg_slice s) {
    const char *colon = memmem(s.ptr, s.len, "://", 3);
    if (hg_slice_eq(s, HG_SLICE("*")) || hg_slice_eq(s, HG_SLICE("null"))) {
        return true;
    }
    for (size_t i = 0; i < s.len; i++) {
        if ((s.ptr[i] >= 'A' && s.ptr[i] <= 'Z') || s.ptr[i] == '*' || s.ptr[i] <= ' ') {
            return false;
        }
    }
    size_t before = colon != NULL ? (size_t)(colon - s.ptr) + 3 : s.len;
    return colon != NULL && colon != s.ptr && before < s.len &&
           memchr(s.ptr + before, '/', s.len - before) == NULL;
}

static void check_origins(struct hg_conf_load *load, const struct hg_conf_line *line,
                          const struct hg_edge__conf *c) {
    bool is_any = false;
    for (size_t i = 0; i < c->cors_origins.n; i++) {
        struct hg_slice origin = c->cors_origins.items[i];
        is_any = is_any || hg_slice_eq(origin, HG_SLICE("*"));
        if (!is_origin(origin)) {
            hg_conf_fail(load, line,
                         "cors_origin: \"%.*s\" is no origin; expected scheme://host or "
                         "scheme://host:port in lower case, null or *",
                         HG_FMT(origin));
        }
    }
    if (c->is_cors_credentials && is_any) {
        hg_conf_fail(load, line, "cors_credentials with cors_origin *; expected origins by name");
    }
}

static int check_block(struct hg_conf_load *load, struct hg_conf_block *block, void *conf) {
    const struct hg_edge__conf *c = conf;
    const struct hg_conf_line *line = hg_conf_line_of(block);
    if (line != NULL && strcmp(line->row->name, "server") == 0) {
        check_server(load, block, c);
    }
    if (c->stream.n > 0) {
        check_stream(load, c);
    }
    check_origins(load, line, c);
    return 0;
}

const struct hg_conf_owner hg_edge_owner = {
    .name = "edge",
    .directives = rows,
    .conf_size = sizeof(struct hg_edge__conf),
    .check = check_block,
};
