/* SPDX-License-Identifier: Apache-2.0 */
/* h2.h - HTTP/2 on a connection. */
#ifndef HG_PROTO_H2_H2_H
#define HG_PROTO_H2_H2_H

#include "proto/http/http.h"

/* From now on the connection speaks HTTP/2, from the first byte of the
 * client's preface. setup must outlive it. HG_ENOMEM: as before. */
int hg_h2_open(struct hg_conn *c, const struct hg_http_setup *setup);

/* What hg_h2_open sets; for bytes that were read before. */
extern const struct hg_conn_ops hg_h2_conn_ops;

#endif
