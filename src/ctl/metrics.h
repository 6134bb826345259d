/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h - samples out of a page of metrics (the Prometheus text format). */
#ifndef HG_CTL_METRICS_H
#define HG_CTL_METRICS_H

#include "headgate/base.h"

struct hg_ctl_sample {
    struct hg_slice name;
    struct hg_slice labels; /* what stands between the braces, or empty */
    struct hg_slice value;
};

/* The next sample; *at starts as 0. Comments and lines that are no sample are
 * left out. Slices live as long as the page. */
bool hg_ctl_metrics_next(struct hg_slice page, size_t *at, struct hg_ctl_sample *ret);

#endif
