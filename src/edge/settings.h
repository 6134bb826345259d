/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - the struct that the edge's rows fill. Edge only. */
#ifndef HG_EDGE_SETTINGS_H
#define HG_EDGE_SETTINGS_H

#include "headgate/conf.h"
#include "net/addr.h"

/* listen ADDRESS [ssl]; one per line, in the order written. */
struct hg_edge__listen {
    struct hg_edge__listen *next;
    struct hg_addr addr;
    struct hg_slice text;
    bool is_tls;
    const struct hg_conf_line *line;
};

struct hg_edge__conf {
    struct hg_conf_head head;
    /* server */
    struct hg_edge__listen *listens;
    struct hg_strings server_names;
    struct hg_slice certificate_pem;
    struct hg_slice key_pem;
    struct hg_slice ciphers;
    int64_t handshake_timeout_ms;
    bool is_http2;
    int64_t head_timeout_ms;
    int64_t body_timeout_ms;
    int64_t keepalive_timeout_ms;
    int64_t keepalive_requests;
    int64_t head_bytes_max;
    int64_t fields_max;
    int64_t h2_streams_max;
    /* location */
    struct hg_strings stream; /* patterns, then allow=PATTERN */
    int64_t heartbeat_ms;
    int64_t retry_ms;
    int64_t pull_events_max;
    int64_t pull_wait_max_ms;
    int64_t pull_bytes_max;
    int64_t ping_ms;
    int64_t message_bytes_max;
    struct hg_strings access_log;  /* PATH [FORMAT], or off */
    struct hg_strings log_formats; /* main: NAME, TEXT, NAME, TEXT, ... */
    struct hg_strings cors_origins;
    bool is_cors_credentials;
};

#endif
