/* SPDX-License-Identifier: Apache-2.0 */
/* counters.h - reading all registered counters, for /metrics and status. */
#ifndef HG_BASE_COUNTERS_H
#define HG_BASE_COUNTERS_H

#include "headgate/buf.h"
#include "headgate/counter.h"

int64_t hg_counter_read(const struct hg_counter *c);
/* Prometheus text format 0.0.4; rows of one name together. */
void hg_counters_print(struct hg_buf *out);
/* docs/reference/metrics.md from the declarations. */
void hg_counters_reference(struct hg_buf *out);

#endif
