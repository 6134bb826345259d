/* SPDX-License-Identifier: Apache-2.0 */
/* wire.c - a header with the descriptors beside it, then the body. */
#include "server/wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

struct header {
    uint32_t type;
    uint32_t n_fds;
    uint64_t length;
};

enum { BODY_MAX = 1 << 28 };

static int failed(void) {
    return errno == EPIPE || errno == ECONNRESET ? HG_ECLOSED : HG_EIO;
}

static int send_all(int fd, const char *bytes, size_t n) {
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

int hg_wire_send(int fd, const struct hg_wire_message *m) {
    struct header h = {m->type, (uint32_t)m->n_fds, m->body.len};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * HG_WIRE_FDS_MAX)];
    } control = {0};
    struct iovec iov = {&h, sizeof(h)};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t sent;
    if (m->n_fds > 0) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * m->n_fds);
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * m->n_fds);
        memcpy(CMSG_DATA(c), m->fds, sizeof(int) * m->n_fds);
    }
    do {
        sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent != (ssize_t)sizeof(h)) {
        return sent < 0 ? failed() : HG_EIO;
    }
    return send_all(fd, m->body.ptr, m->body.len);
}

static int receive_all(int fd, char *bytes, size_t n) {
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

static int receive_header(int fd, struct header *h, struct hg_wire_message *m) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * HG_WIRE_FDS_MAX)];
    } control;
    struct iovec iov = {h, sizeof(*h)};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    ssize_t got;
    do {
        got = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(*h)) {
        return got == 0 ? HG_ECLOSED : HG_EIO;
    }
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            m->n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            memcpy(m->fds, CMSG_DATA(c), m->n_fds * sizeof(int));
        }
    }
    return 0;
}

void hg_wire_close_fds(struct hg_wire_message *m) {
    while (m->n_fds > 0) {
        close(m->fds[--m->n_fds]);
    }
}

static int receive_body(int fd, const struct header *h, struct hg_wire_message *m) {
    if (h->n_fds != m->n_fds || h->length > BODY_MAX ||
        hg_buf_reserve(&m->body, (size_t)h->length + 1) != 0) {
        return HG_EIO;
    }
    int err = receive_all(fd, m->body.ptr, (size_t)h->length);
    m->body.len = err == 0 ? (size_t)h->length : 0;
    return err;
}

int hg_wire_receive(int fd, struct hg_wire_message *m) {
    struct header h;
    *m = (struct hg_wire_message){0};
    int err = receive_header(fd, &h, m);
    if (err == 0) {
        m->type = (enum hg_wire_type)h.type;
        err = receive_body(fd, &h, m);
    }
    if (err != 0) {
        hg_wire_close_fds(m);
    }
    return err;
}

void hg_wire_fini(struct hg_wire_message *m) { hg_buf_fini(&m->body); }

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
