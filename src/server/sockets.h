/* SPDX-License-Identifier: Apache-2.0 */
/* sockets.h - the listening sockets of a process: the master's, which it binds
 * and holds over the lives of workers and generations, and the worker's, which
 * are given to it. */
#ifndef HG_SERVER_SOCKETS_H
#define HG_SERVER_SOCKETS_H

#include "edge/edge.h"
#include "server/bundle.h"

/* Of one configuration: its addresses times its loops. */
enum { HG_SOCKETS_MAX = 4096 };

struct hg_sockets {
    struct hg_bundle_socket *items;
    size_t n, cap;
    bool is_owner; /* the master: what it closes for good leaves the file system too */
};

/* Bind what the site (and the admin address, unless "off") needs and is not
 * bound yet, one socket for each loop; the new ones stand at the end. On
 * failure nothing has changed: HG_EIO, HG_EINVAL or HG_ENOMEM and why. */
int hg_sockets_open(struct hg_sockets *s, const struct hg_site *site, struct hg_slice admin,
                    unsigned n_loops, struct hg_why *why);
/* How many a site needs. HG_E2BIG and why: more than one configuration may. */
int hg_sockets_check(const struct hg_site *site, unsigned n_loops, struct hg_why *why);
/* Take what was given, at the end. HG_ENOMEM: all of it is closed. */
int hg_sockets_adopt(struct hg_sockets *s, const struct hg_bundle_socket *items, size_t n);
/* Close what the site does not need any more; NULL needs none. The admin
 * listener's stay. */
void hg_sockets_prune(struct hg_sockets *s, const struct hg_site *site);
void hg_sockets_close_from(struct hg_sockets *s, size_t first);
/* Close all, free the list. */
void hg_sockets_fini(struct hg_sockets *s);

#endif
