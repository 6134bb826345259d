/* SPDX-License-Identifier: Apache-2.0 */
/* counters.c - the declarations, with their prose. */
#include "proto/http/counters.h"

#include "proto/http/http.h"

#define ROW(row_name, row_labels, row_help)                                                        \
    { .name = (row_name), .labels = (row_labels), .help = (row_help), .kind = HG_COUNTER }

#define REQUESTS(protocol)                                                                         \
    ROW("headgate_requests_total", "protocol=\"" protocol "\"",                                    \
        "Requests whose head was read whole, by version of HTTP.")
#define ERRORS(kind)                                                                               \
    ROW("headgate_http_errors_total", "kind=\"" kind "\"",                                         \
        "Requests refused by the rules of HTTP before any location saw them, or cut off.")
#define RESETS(by)                                                                                 \
    ROW("headgate_h2_resets_total", "by=\"" by "\"",                                               \
        "HTTP/2 streams ended with RST_STREAM, by who.")
#define GOAWAYS(reason)                                                                            \
    ROW("headgate_h2_goaways_total", "reason=\"" reason "\"",                                      \
        "HTTP/2 connections that the gateway ended, by why.")

struct hg_counter hg_http_requests_h1 = REQUESTS("h1");
struct hg_counter hg_http_requests_h2 = REQUESTS("h2");

struct hg_counter hg_http_errors[HG_HTTP_ERRORS] = {
    [HG_HTTP_MALFORMED] = ERRORS("malformed"),   [HG_HTTP_TOO_LARGE] = ERRORS("too-large"),
    [HG_HTTP_TIMEOUT] = ERRORS("timeout"),       [HG_HTTP_UNSUPPORTED] = ERRORS("unsupported"),
    [HG_HTTP_INCOMPLETE] = ERRORS("incomplete"), [HG_HTTP_NO_MEMORY] = ERRORS("no-memory"),
};

struct hg_counter hg_h2_resets_sent = RESETS("us");
struct hg_counter hg_h2_resets_received = RESETS("peer");
struct hg_counter hg_h2_glitches = ROW(
    "headgate_h2_glitches_total", NULL,
    "HTTP/2 frames that carry nothing for a request: pings, settings, empty and unknown frames.");

struct hg_counter hg_h2_goaways[HG_H2_GOAWAYS] = {
    [HG_H2_GOAWAY_DRAIN] = GOAWAYS("drain"),
    [HG_H2_GOAWAY_CALM] = GOAWAYS("calm"),
    [HG_H2_GOAWAY_PROTOCOL] = GOAWAYS("protocol"),
    [HG_H2_GOAWAY_TIMEOUT] = GOAWAYS("timeout"),
};

static struct hg_counter *const table[] = {
    &hg_http_requests_h1,
    &hg_http_requests_h2,
    &hg_http_errors[HG_HTTP_MALFORMED],
    &hg_http_errors[HG_HTTP_TOO_LARGE],
    &hg_http_errors[HG_HTTP_TIMEOUT],
    &hg_http_errors[HG_HTTP_UNSUPPORTED],
    &hg_http_errors[HG_HTTP_INCOMPLETE],
    &hg_http_errors[HG_HTTP_NO_MEMORY],
    &hg_h2_resets_sent,
    &hg_h2_resets_received,
    &hg_h2_glitches,
    &hg_h2_goaways[HG_H2_GOAWAY_DRAIN],
    &hg_h2_goaways[HG_H2_GOAWAY_CALM],
    &hg_h2_goaways[HG_H2_GOAWAY_PROTOCOL],
    &hg_h2_goaways[HG_H2_GOAWAY_TIMEOUT],
    NULL,
};

void hg_http_counters_register(void) {
    hg_counters_register(table);
}

enum hg_http_error hg_http_error_of(int status) {
    switch (status) {
    case 408:
        return HG_HTTP_TIMEOUT;
    case 414:
    case 431:
        return HG_HTTP_TOO_LARGE;
    case 405:
    case 417:
    case 426:
    case 501:
    case 505:
        return HG_HTTP_UNSUPPORTED;
    case 503:
        return HG_HTTP_NO_MEMORY;
    default:
        return HG_HTTP_MALFORMED;
    }
}
