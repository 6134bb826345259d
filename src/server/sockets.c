/* SPDX-License-Identifier: Apache-2.0 */
/* sockets.c - binding for all loops, all or nothing. */
#include "server/sockets.h"

#include <errno.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

static bool has(const struct hg_sockets *s, const struct hg_addr *addr) {
    for (size_t i = 0; i < s->n; i++) {
        if (hg_addr_eq(&s->items[i].addr, addr)) {
            return true;
        }
    }
    return false;
}

/* A unix path can be bound once: its loops share copies of one socket. */
static int open_one(struct hg_sockets *s, const struct hg_addr *addr, unsigned loop,
                    bool is_admin, struct hg_why *why) {
    char text[HG_ADDR_TEXT_MAX];
    int fd;
    bool is_unix = addr->sa.any.sa_family == AF_UNIX;
    if (s->n == HG_SOCKETS_MAX) {
        hg_why_set(why, "more than %d listening sockets: addresses times worker_threads",
                   HG_SOCKETS_MAX);
        return HG_E2BIG;
    }
    if (is_unix && loop > 0) {
        fd = dup(s->items[s->n - 1].fd);
    } else if (hg_addr_listen(addr, BACKLOG, !is_unix && !is_admin, &fd) != 0) {
        hg_addr_format(addr, text);
        hg_why_set(why, "listen %s: %s", text, strerror(errno));
        return HG_EIO;
    }
    s->items[s->n++] = (struct hg_bundle_socket){*addr, loop, is_admin, fd};
    return 0;
}

static int open_site(struct hg_sockets *s, const struct hg_site *site, unsigned n_loops,
                     struct hg_why *why) {
    for (size_t p = 0; p < hg_site_ports(site); p++) {
        const struct hg_addr *addr = hg_site_port_addr(site, p);
        if (has(s, addr)) {
            continue;
        }
        for (unsigned loop = 0; loop < n_loops; loop++) {
            if (open_one(s, addr, loop, false, why) != 0) {
                return HG_EIO;
            }
        }
    }
    return 0;
}

int hg_sockets_open(struct hg_sockets *s, const struct hg_site *site, struct hg_slice admin,
                    unsigned n_loops, struct hg_why *why) {
    size_t before = s->n;
    struct hg_addr addr;
    int err = open_site(s, site, n_loops, why);
    bool has_admin = err == 0 && !hg_slice_eq(admin, HG_SLICE("off"));
    if (has_admin && hg_addr_parse(admin, &addr) != 0) {
        hg_why_set(why, "admin: \"%.*s\" is no address", HG_FMT(admin));
        err = HG_EINVAL;
    } else if (has_admin && !has(s, &addr)) {
        err = open_one(s, &addr, 0, true, why);
    }
    if (err != 0) {
        hg_sockets_close_from(s, before);
    }
    return err;
}

static bool site_needs(const struct hg_site *site, const struct hg_addr *addr) {
    for (size_t p = 0; p < hg_site_ports(site); p++) {
        if (hg_addr_eq(hg_site_port_addr(site, p), addr)) {
            return true;
        }
    }
    return false;
}

void hg_sockets_prune(struct hg_sockets *s, const struct hg_site *site) {
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->items[i].is_admin || site_needs(site, &s->items[i].addr)) {
            s->items[kept++] = s->items[i];
        } else {
            close(s->items[i].fd);
        }
    }
    s->n = kept;
}

void hg_sockets_close_from(struct hg_sockets *s, size_t first) {
    while (s->n > first) {
        close(s->items[--s->n].fd);
    }
}
