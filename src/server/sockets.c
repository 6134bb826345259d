/* SPDX-License-Identifier: Apache-2.0 */
/* sockets.c - binding for all loops, all or nothing. */
#include "server/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "server/descriptors.h"

enum { BACKLOG = 4096, OTHER_DESCRIPTORS = 512 };

static const struct hg_bundle_socket *find(const struct hg_sockets *s, const struct hg_addr *addr) {
    for (size_t i = 0; i < s->n; i++) {
        if (hg_addr_eq(&s->items[i].addr, addr)) {
            return &s->items[i];
        }
    }
    return NULL;
}

static void close_one(const struct hg_sockets *s, const struct hg_bundle_socket *item) {
    const struct hg_addr *a = &item->addr;
    if (s->is_owner && a->sa.any.sa_family == AF_UNIX && item->loop == 0) {
        unlink(a->sa.unix_path.sun_path);
    }
    close(item->fd);
}

static int make_room(struct hg_sockets *s, size_t n) {
    if (s->items != NULL && s->n + n <= s->cap) {
        return 0;
    }
    size_t cap = 2 * (s->n + n);
    struct hg_bundle_socket *items = hg_try_realloc(s->items, cap * sizeof(*items));
    if (items == NULL) {
        return HG_ENOMEM;
    }
    s->items = items;
    s->cap = cap;
    return 0;
}

int hg_sockets_check(const struct hg_site *site, unsigned n_loops, struct hg_why *why) {
    size_t n = hg_site_ports(site) * n_loops;
    if (n <= HG_SOCKETS_MAX) {
        return 0;
    }
    hg_why_set(why, "listen: %zu addresses times %u worker_threads are %zu sockets; at most %d",
               hg_site_ports(site), n_loops, n, HG_SOCKETS_MAX);
    return HG_E2BIG;
}

/* Sockets that share their port let another process of the same user join in
 * unasked: one that does not share finds out whether anybody is there. */
static int probe(const struct hg_addr *addr) {
    int fd;
    int err = hg_addr_listen(addr, 1, false, &fd);
    if (err == 0) {
        close(fd);
    }
    return err;
}

/* A unix path can be bound once: its loops share copies of one socket. */
static int open_fd(const struct hg_sockets *s, const struct hg_addr *addr, unsigned loop,
                   bool is_shared, int *ret_fd) {
    if (addr->sa.any.sa_family == AF_UNIX && loop > 0) {
        *ret_fd = fcntl(s->items[s->n - 1].fd, F_DUPFD_CLOEXEC, 3);
        return *ret_fd >= 0 ? 0 : HG_EIO;
    }
    if (addr->sa.any.sa_family == AF_UNIX || !is_shared) {
        return hg_addr_listen(addr, BACKLOG, false, ret_fd);
    }
    int err = loop == 0 ? probe(addr) : 0;
    return err != 0 ? err : hg_addr_listen(addr, BACKLOG, true, ret_fd);
}

static int open_one(struct hg_sockets *s, const struct hg_addr *addr, unsigned loop, bool is_admin,
                    struct hg_why *why) {
    char text[HG_ADDR_TEXT_MAX];
    int fd;
    if (make_room(s, 1) != 0) {
        hg_why_set(why, "listen: no memory");
        return HG_ENOMEM;
    }
    if (open_fd(s, addr, loop, !is_admin, &fd) != 0) {
        hg_addr_format(addr, text);
        hg_why_set(why, "listen %s: %s", text, strerror(errno));
        return HG_EIO;
    }
    s->items[s->n++] = (struct hg_bundle_socket){*addr, loop, is_admin, fd};
    return 0;
}

static int clash(const struct hg_addr *addr, struct hg_why *why) {
    char text[HG_ADDR_TEXT_MAX];
    hg_addr_format(addr, text);
    hg_why_set(why, "listen %s: this is the admin address", text);
    return HG_EINVAL;
}

static int open_site(struct hg_sockets *s, const struct hg_site *site, unsigned n_loops,
                     struct hg_why *why) {
    for (size_t p = 0; p < hg_site_ports(site); p++) {
        const struct hg_addr *addr = hg_site_port_addr(site, p);
        const struct hg_bundle_socket *there = find(s, addr);
        if (there != NULL && there->is_admin) {
            return clash(addr, why);
        }
        for (unsigned loop = 0; there == NULL && loop < n_loops; loop++) {
            int err = open_one(s, addr, loop, false, why);
            if (err != 0) {
                return err;
            }
        }
    }
    return 0;
}

static int open_admin(struct hg_sockets *s, struct hg_slice admin, struct hg_why *why) {
    struct hg_addr addr;
    if (hg_slice_eq(admin, HG_SLICE("off"))) {
        return 0;
    }
    if (hg_addr_parse(admin, &addr) != 0) {
        hg_why_set(why, "admin: \"%.*s\" is no address", HG_FMT(admin));
        return HG_EINVAL;
    }
    const struct hg_bundle_socket *there = find(s, &addr);
    if (there != NULL) {
        return there->is_admin ? 0 : clash(&addr, why);
    }
    return open_one(s, &addr, 0, true, why);
}

int hg_sockets_open(struct hg_sockets *s, const struct hg_site *site, struct hg_slice admin,
                    unsigned n_loops, struct hg_why *why) {
    size_t before = s->n;
    hg_descriptors_raise(s->n + hg_site_ports(site) * n_loops + OTHER_DESCRIPTORS);
    int err = open_site(s, site, n_loops, why);
    if (err == 0) {
        err = open_admin(s, admin, why);
    }
    if (err != 0) {
        hg_sockets_close_from(s, before);
    }
    return err;
}

int hg_sockets_adopt(struct hg_sockets *s, const struct hg_bundle_socket *items, size_t n) {
    bool is_room = make_room(s, n) == 0;
    for (size_t i = 0; i < n; i++) {
        if (is_room) {
            s->items[s->n++] = items[i];
        } else {
            close(items[i].fd);
        }
    }
    return is_room ? 0 : HG_ENOMEM;
}

static bool site_needs(const struct hg_site *site, const struct hg_addr *addr) {
    for (size_t p = 0; site != NULL && p < hg_site_ports(site); p++) {
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
            close_one(s, &s->items[i]);
        }
    }
    s->n = kept;
}

void hg_sockets_close_from(struct hg_sockets *s, size_t first) {
    while (s->n > first) {
        close_one(s, &s->items[--s->n]);
    }
}

void hg_sockets_fini(struct hg_sockets *s) {
    hg_sockets_close_from(s, 0);
    hg_free(s->items);
    s->items = NULL;
    s->cap = 0;
}
