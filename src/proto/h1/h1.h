/* SPDX-License-Identifier: Apache-2.0 */
/* h1.h - HTTP/1.1 on a connection. Requests one after the other: the next is
 * looked at when the answer before it is whole. */
#ifndef HG_PROTO_H1_H1_H
#define HG_PROTO_H1_H1_H

#include "proto/http/http.h"

/* From now on the connection speaks HTTP/1.1; its deadline, until when the
 * first head has to be there, is the caller's to set. setup must outlive it.
 * HG_ENOMEM: the connection is as before. */
int hg_h1_open(struct hg_conn *c, const struct hg_http_setup *setup);

/* What hg_h1_open sets; for bytes that were read before. */
extern const struct hg_conn_ops hg_h1_conn_ops;

#endif
