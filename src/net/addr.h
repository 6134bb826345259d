/* SPDX-License-Identifier: Apache-2.0 */
/* addr.h - socket addresses: IPv4, IPv6, unix. Names are never looked up. */
#ifndef HG_NET_ADDR_H
#define HG_NET_ADDR_H

#include <sys/socket.h>
#include <sys/un.h>

#include "headgate/base.h"

struct hg_addr {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_storage storage;
        struct sockaddr_un unix_path;
    } sa;
};

enum { HG_ADDR_TEXT_MAX = 128 };

/* "8443", "127.0.0.1:8443", "[::1]:8443", "*:8443", "localhost:8443",
 * "unix:/path". A port alone means all IPv4 addresses; port 0 lets the system
 * choose. HG_EINVAL, HG_E2BIG (the path of a unix socket). */
int hg_addr_parse(struct hg_slice text, struct hg_addr *ret);
size_t hg_addr_format(const struct hg_addr *a, char out[HG_ADDR_TEXT_MAX]);
bool hg_addr_eq(const struct hg_addr *a, const struct hg_addr *b);
/* Bind and listen, non-blocking, close-on-exec. HG_EIO; errno is set. A stale
 * unix socket of ours is replaced; the new one has mode 0660. */
int hg_addr_listen(const struct hg_addr *a, int backlog, bool is_reuseport, int *ret_fd);
/* What every connection wants of its socket (no delay, keep-alive, a bound on
 * unsent bytes in the kernel). Set on a listening socket it is inherited.
 * What the socket's family does not know is left out. */
void hg_addr_tune(int fd);

#endif
