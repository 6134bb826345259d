/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h - makes the counters of every room visible, once per process. */
#ifndef HG_SERVER_METRICS_H
#define HG_SERVER_METRICS_H

void hg_metrics_register(void);

#endif
