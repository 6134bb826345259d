/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c - the one list of rooms that count. Modules' counters come with
 * the registry. */
#include "server/metrics.h"

#include "base/logfile.h"
#include "edge/edge.h"
#include "feed/feed.h"
#include "gate/gate.h"
#include "log/counters.h"
#include "net/counters.h"
#include "proto/http/http.h"

void hg_metrics_register(void) {
    hg_counters_register(hg_logfile_counters);
    hg_net_counters_register();
    hg_http_counters_register();
    hg_counters_register(hg_log_counters);
    hg_feed_counters_register();
    hg_counters_register(hg_gate_counters);
    hg_edge_counters_register();
}
