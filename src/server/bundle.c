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
};

int hg_bundle_pack(const struct hg_bundle *b, struct hg_wire_message *m) {
    struct flat_head head = {(uint32_t)b->conf_path.len, (uint32_t)b->n_sockets};
    if (b->n_sockets > HG_WIRE_FDS_MAX) {
        return HG_E2BIG;
    }
    m->type = HG_WIRE_BUNDLE;
    hg_buf_put(&m->body, &head, sizeof(head));
    hg_buf_put_slice(&m->body, b->conf_path);
    for (size_t i = 0; i < b->n_sockets; i++) {
        const struct hg_bundle_socket *s = &b->sockets[i];
        struct flat_socket flat = {s->addr, s->loop, s->is_admin};
        hg_buf_put(&m->body, &flat, sizeof(flat));
        m->fds[i] = s->fd;
    }
    m->n_fds = b->n_sockets;
    int err = hg_conf_files_pack(b->files, &m->body);
    return err != 0 ? err : m->body.is_failed ? HG_ENOMEM : 0;
}

int hg_bundle_unpack(const struct hg_wire_message *m, struct hg_bundle *ret) {
    struct flat_head head;
    struct hg_bundle b = {0};
    struct hg_slice rest = hg_buf_slice(&m->body);
    if (rest.len < sizeof(head)) {
        return HG_EINVAL;
    }
    memcpy(&head, rest.ptr, sizeof(head));
    size_t fixed = sizeof(head) + head.path_bytes + head.n_sockets * sizeof(struct flat_socket);
    if (rest.len < fixed || head.n_sockets != m->n_fds) {
        return HG_EINVAL;
    }
    b.conf_path = (struct hg_slice){rest.ptr + sizeof(head), head.path_bytes};
    b.n_sockets = head.n_sockets;
    b.sockets = hg_try_alloc((b.n_sockets + 1) * sizeof(*b.sockets));
    if (b.sockets == NULL) {
        return HG_ENOMEM;
    }
    for (size_t i = 0; i < b.n_sockets; i++) {
        struct flat_socket flat;
        memcpy(&flat, b.conf_path.ptr + b.conf_path.len + i * sizeof(flat), sizeof(flat));
        b.sockets[i] =
            (struct hg_bundle_socket){flat.addr, flat.loop, flat.is_admin != 0, m->fds[i]};
    }
    int err = hg_conf_files_unpack((struct hg_slice){rest.ptr + fixed, rest.len - fixed}, &b.files);
    if (err != 0) {
        hg_free(b.sockets);
        return err;
    }
    *ret = b;
    return 0;
}

void hg_bundle_fini(struct hg_bundle *b) {
    hg_conf_files_free(&b->files);
    hg_free(b->sockets);
    *b = (struct hg_bundle){0};
}
