/* SPDX-License-Identifier: Apache-2.0 */
/* counters.h - what this room counts. */
#ifndef HG_NET_COUNTERS_H
#define HG_NET_COUNTERS_H

#include "headgate/counter.h"

extern struct hg_counter hg_net_connections_total;
extern struct hg_counter hg_net_connections_open;
extern struct hg_counter hg_net_connections_refused_total;
extern struct hg_counter hg_net_accept_errors_total;
extern struct hg_counter hg_net_bytes_received_total;
extern struct hg_counter hg_net_bytes_sent_total;
extern struct hg_counter hg_net_handshakes_full;
extern struct hg_counter hg_net_handshakes_resumed;
extern struct hg_counter hg_net_handshakes_failed;
extern struct hg_counter hg_net_handshakes_unknown_name;
extern struct hg_counter hg_net_handshakes_timeout;

/* Makes them visible; every listener does. Any thread, any number of times. */
void hg_net_counters_register(void);

#endif
