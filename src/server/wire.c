/* SPDX-License-Identifier: Apache-2.0 */
/* wire.c - a header, then the descriptors in parcels with one byte each, then
 * the body. The kernel takes 253 descriptors at once. */
#include "server/wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

struct header {
    uint32_t type;
    uint32_t n_fds;
    uint64_t length;
};

enum { BODY_MAX = 1 << 28, PARCEL_FDS = 200 };

union parcel {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * PARCEL_FDS)];
};

int hg_wire_add_fd(struct hg_wire_message *m, int fd) {
    if (m->n_fds == HG_WIRE_FDS_MAX) {
        return HG_E2BIG;
    }
    if (m->n_fds % PARCEL_FDS == 0) {
        int *fds = hg_try_realloc(m->fds, (m->n_fds + PARCEL_FDS) * sizeof(*fds));
        if (fds == NULL) {
            return HG_ENOMEM;
        }
        m->fds = fds;
    }
    m->fds[m->n_fds++] = fd;
    return 0;
}

static int failed(void) {
    return errno == EPIPE || errno == ECONNRESET ? HG_ECLOSED : HG_EIO;
}

static int send_all(int fd, const void *from, size_t n) {
    const char *bytes = from;
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            return failed();
        }
        if (sent > 0) {
            bytes += sent;
            n -= (size_t)sent;
        }
    }
    return 0;
}

static int send_parcel(int fd, const int *fds, size_t n) {
    union parcel control = {0};
    char byte = 0;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = CMSG_SPACE(sizeof(int) * n)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    ssize_t sent;
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * n);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
    do {
        sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == 1 ? 0 : failed();
}

int hg_wire_send(int fd, const struct hg_wire_message *m) {
    struct header h = {m->type, (uint32_t)m->n_fds, m->body.len};
    int err = send_all(fd, &h, sizeof(h));
    for (size_t i = 0; err == 0 && i < m->n_fds; i += PARCEL_FDS) {
        size_t left = m->n_fds - i;
        err = send_parcel(fd, m->fds + i, left < PARCEL_FDS ? left : PARCEL_FDS);
    }
    return err != 0 ? err : send_all(fd, m->body.ptr, m->body.len);
}

static int receive_all(int fd, void *to, size_t n) {
    char *bytes = to;
    while (n > 0) {
        ssize_t got = recv(fd, bytes, n, 0);
        if (got == 0) {
            return HG_ECLOSED;
        }
        if (got < 0 && errno != EINTR) {
            return failed();
        }
        if (got > 0) {
            bytes += got;
            n -= (size_t)got;
        }
    }
    return 0;
}

/* Whatever came is in m, so that it can be closed, whether it is what was said
 * or not. */
static int take_rights(struct msghdr *msg, struct hg_wire_message *m) {
    int err = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        bool is_rights = c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS;
        size_t n = is_rights ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (hg_wire_add_fd(m, fd) != 0) {
                close(fd);
                err = HG_EIO;
            }
        }
    }
    return err;
}

static int receive_parcel(int fd, struct hg_wire_message *m) {
    union parcel control;
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    ssize_t got;
    do {
        got = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        return got == 0 ? HG_ECLOSED : failed();
    }
    return take_rights(&msg, m);
}

/* Each parcel brings as many as are still to come, or is full. */
static int receive_fds(int fd, size_t n, struct hg_wire_message *m) {
    while (m->n_fds < n) {
        size_t due = n - m->n_fds < PARCEL_FDS ? n : m->n_fds + PARCEL_FDS;
        int err = receive_parcel(fd, m);
        if (err != 0 || m->n_fds != due) {
            return err != 0 ? err : HG_EIO;
        }
    }
    return 0;
}

void hg_wire_close_fds(struct hg_wire_message *m) {
    while (m->n_fds > 0) {
        close(m->fds[--m->n_fds]);
    }
}

static int receive_body(int fd, size_t length, struct hg_buf *body) {
    if (hg_buf_reserve(body, length + 1) != 0) {
        return HG_EIO;
    }
    int err = receive_all(fd, body->ptr, length);
    body->len = err == 0 ? length : 0;
    return err;
}

int hg_wire_receive(int fd, struct hg_wire_message *m) {
    struct header h;
    *m = (struct hg_wire_message){0};
    int err = receive_all(fd, &h, sizeof(h));
    if (err == 0 && (h.n_fds > HG_WIRE_FDS_MAX || h.length > BODY_MAX)) {
        err = HG_EIO;
    }
    if (err == 0) {
        m->type = (enum hg_wire_type)h.type;
        err = receive_fds(fd, h.n_fds, m);
    }
    if (err == 0) {
        err = receive_body(fd, (size_t)h.length, &m->body);
    }
    if (err != 0) {
        hg_wire_close_fds(m);
    }
    return err;
}

void hg_wire_fini(struct hg_wire_message *m) {
    hg_buf_fini(&m->body);
    hg_free(m->fds);
    m->fds = NULL;
    m->n_fds = 0;
}

bool hg_wire_take_text(struct hg_slice *rest, struct hg_slice *ret_text) {
    const char *end = rest->len > 0 ? memchr(rest->ptr, 0, rest->len) : NULL;
    if (end == NULL) {
        return false;
    }
    size_t len = (size_t)(end - rest->ptr);
    *ret_text = (struct hg_slice){rest->ptr, len};
    *rest = (struct hg_slice){end + 1, rest->len - len - 1};
    return true;
}
