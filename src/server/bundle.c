/* SPDX-License-Identifier: Apache-2.0 */
/* bundle.c - flat form of a bundle. */
#include "server/bundle.h"

/* Both ends are the same program: the struct travels as it is. */
struct flat_socket {
    struct hg_addr addr;
    uint32_t loop;
    uint32_t is_admin;
};

struct flat_head {
    uint32_t path_bytes;
    uint32_t n_sockets;
    uint32_t n_logs;
};

static int pack_sockets(const struct hg_bundle *b, struct hg_wire_message *m) {
    int err = 0;
    for (size_t i = 0; err == 0 && i < b->n_sockets; i++) {
        const struct hg_bundle_socket *s = &b->sockets[i];
        struct flat_socket flat = {s->addr, s->loop, s->is_admin};
        hg_buf_put(&m->body, &flat, sizeof(flat));
        err = hg_wire_add_fd(m, s->fd);
    }
    return err;
}

static int pack_logs(const struct hg_bundle *b, struct hg_wire_message *m) {
    int err = 0;
    for (size_t i = 0; err == 0 && i < b->n_logs; i++) {
        hg_buf_put_slice(&m->body, b->logs[i].path);
        hg_buf_put(&m->body, "", 1);
        err = hg_wire_add_fd(m, b->logs[i].fd);
    }
    return err;
}

int hg_bundle_pack(const struct hg_bundle *b, struct hg_wire_message *m) {
    struct flat_head head = {(uint32_t)b->conf_path.len, (uint32_t)b->n_sockets,
                             (uint32_t)b->n_logs};
    m->type = HG_WIRE_BUNDLE;
    hg_buf_put(&m->body, &head, sizeof(head));
    hg_buf_put_slice(&m->body, b->conf_path);
    int err = pack_sockets(b, m);
    err = err != 0 ? err : pack_logs(b, m);
    err = err != 0 ? err : hg_conf_files_pack(b->files, &m->body);
    return err != 0 ? err : m->body.is_failed ? HG_ENOMEM : 0;
}

static bool take(struct hg_slice *rest, void *to, size_t n) {
    if (rest->len < n) {
        return false;
    }
    memcpy(to, rest->ptr, n);
    *rest = (struct hg_slice){rest->ptr + n, rest->len - n};
    return true;
}

static int unpack_sockets(struct hg_slice *rest, const struct hg_wire_message *m,
                          struct hg_bundle *b) {
    for (size_t i = 0; i < b->n_sockets; i++) {
        struct flat_socket flat;
        if (!take(rest, &flat, sizeof(flat)) || flat.addr.len > sizeof(flat.addr.sa)) {
            return HG_EINVAL;
        }
        b->sockets[i] =
            (struct hg_bundle_socket){flat.addr, flat.loop, flat.is_admin != 0, m->fds[i]};
    }
    return 0;
}

static int unpack_logs(struct hg_slice *rest, const struct hg_wire_message *m,
                       struct hg_bundle *b) {
    for (size_t i = 0; i < b->n_logs; i++) {
        b->logs[i].fd = m->fds[b->n_sockets + i];
        if (!hg_wire_take_text(rest, &b->logs[i].path)) {
            return HG_EINVAL;
        }
    }
    return 0;
}

static int unpack(struct hg_slice rest, const struct hg_wire_message *m, struct hg_bundle *b) {
    struct flat_head head;
    if (!take(&rest, &head, sizeof(head)) || head.path_bytes > rest.len ||
        (size_t)head.n_sockets + head.n_logs != m->n_fds) {
        return HG_EINVAL;
    }
    b->conf_path = (struct hg_slice){rest.ptr, head.path_bytes};
    rest = (struct hg_slice){rest.ptr + head.path_bytes, rest.len - head.path_bytes};
    b->n_sockets = head.n_sockets;
    b->n_logs = head.n_logs;
    b->sockets = hg_try_alloc((b->n_sockets + 1) * sizeof(*b->sockets));
    b->logs = hg_try_alloc((b->n_logs + 1) * sizeof(*b->logs));
    if (b->sockets == NULL || b->logs == NULL) {
        return HG_ENOMEM;
    }
    int err = unpack_sockets(&rest, m, b);
    err = err != 0 ? err : unpack_logs(&rest, m, b);
    return err != 0 ? err : hg_conf_files_unpack(rest, &b->files);
}

int hg_bundle_unpack(const struct hg_wire_message *m, struct hg_bundle *ret) {
    struct hg_bundle b = {0};
    int err = unpack(hg_buf_slice(&m->body), m, &b);
    if (err != 0) {
        hg_bundle_fini(&b);
        return err;
    }
    *ret = b;
    return 0;
}

void hg_bundle_fini(struct hg_bundle *b) {
    hg_conf_files_free(&b->files);
    hg_free(b->sockets);
    hg_free(b->logs);
    *b = (struct hg_bundle){0};
}
