/* SPDX-License-Identifier: Apache-2.0 */
/* door.h - what every protocol's state of a connection starts with, so that
 * http.c can reach it behind the connection's user pointer. */
#ifndef HG_PROTO_HTTP_DOOR_H
#define HG_PROTO_HTTP_DOOR_H

#include "net/conn.h"

enum { HG_HTTP_DOOR_MAGIC = 0x68747470 };

struct hg_http_door {
    uint32_t magic; /* HG_HTTP_DOOR_MAGIC */
    void (*drain)(struct hg_conn *c);
};

#endif
