/* SPDX-License-Identifier: Apache-2.0 */
/* certificates.h - when the certificates that are served end, as one family of
 * /metrics. Its labels are a configuration's names, so that it is no counter:
 * printed once for each generation. */
#ifndef HG_SERVER_CERTIFICATES_H
#define HG_SERVER_CERTIFICATES_H

#include "edge/edge.h"
#include "headgate/counter.h"

/* One row for each name; of servers that share one, the certificate that ends
 * first. Nothing when none has a certificate. HG_ENOMEM. */
int hg_certificates_print(const struct hg_site *site, struct hg_buf *out);

/* What stands for them in the reference; never to be registered where /metrics
 * is served. */
extern struct hg_counter *const hg_certificates_declared[];

#endif
