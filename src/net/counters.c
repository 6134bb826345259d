/* SPDX-License-Identifier: Apache-2.0 */
/* counters.c - the counters of the net room, with their prose. */
#include "net/counters.h"

#define HANDSHAKES "headgate_tls_handshakes_total"
#define HANDSHAKES_HELP "TLS handshakes of clients, by how they ended."

struct hg_counter hg_net_connections_total = {
    .name = "headgate_connections_total",
    .help = "Connections accepted from clients.",
    .kind = HG_COUNTER,
};
struct hg_counter hg_net_connections_open = {
    .name = "headgate_connections_open",
    .help = "Client connections that are open now.",
    .kind = HG_GAUGE,
};
struct hg_counter hg_net_connections_refused_total = {
    .name = "headgate_connections_refused_total",
    .help = "Connections closed at once because of a limit.",
    .kind = HG_COUNTER,
};
struct hg_counter hg_net_accept_errors_total = {
    .name = "headgate_accept_errors_total",
    .help = "Failures to accept a connection, such as too few descriptors or no memory.",
    .kind = HG_COUNTER,
};
struct hg_counter hg_net_bytes_received_total = {
    .name = "headgate_bytes_received_total",
    .help = "Bytes read from client sockets, encrypted ones as they are on the wire.",
    .kind = HG_COUNTER,
};
struct hg_counter hg_net_bytes_sent_total = {
    .name = "headgate_bytes_sent_total",
    .help = "Bytes written to client sockets, encrypted ones as they are on the wire.",
    .kind = HG_COUNTER,
};
struct hg_counter hg_net_handshakes_full = {
    .name = HANDSHAKES,
    .labels = "result=\"full\"",
    .help = HANDSHAKES_HELP,
    .kind = HG_COUNTER,
};
struct hg_counter hg_net_handshakes_resumed = {
    .name = HANDSHAKES,
    .labels = "result=\"resumed\"",
    .help = HANDSHAKES_HELP,
    .kind = HG_COUNTER,
};
struct hg_counter hg_net_handshakes_failed = {
    .name = HANDSHAKES,
    .labels = "result=\"failed\"",
    .help = HANDSHAKES_HELP,
    .kind = HG_COUNTER,
};
struct hg_counter hg_net_handshakes_unknown_name = {
    .name = HANDSHAKES,
    .labels = "result=\"unknown_name\"",
    .help = HANDSHAKES_HELP,
    .kind = HG_COUNTER,
};
struct hg_counter hg_net_handshakes_timeout = {
    .name = HANDSHAKES,
    .labels = "result=\"timeout\"",
    .help = HANDSHAKES_HELP,
    .kind = HG_COUNTER,
};

static struct hg_counter *const table[] = {
    &hg_net_connections_total,         &hg_net_connections_open,
    &hg_net_connections_refused_total, &hg_net_accept_errors_total,
    &hg_net_bytes_received_total,      &hg_net_bytes_sent_total,
    &hg_net_handshakes_full,           &hg_net_handshakes_resumed,
    &hg_net_handshakes_failed,         &hg_net_handshakes_unknown_name,
    &hg_net_handshakes_timeout,        NULL,
};

void hg_net_counters_register(void) {
    hg_counters_register(table);
}
