/* SPDX-License-Identifier: Apache-2.0 */
/* addr.c - text to socket address and back, and listening sockets.
 *
 * Knows nothing of loops and connections. A name would need a resolver, which
 * blocks, so the only name is localhost. */
#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    UNIX_MODE = 0660,
    /* A peer that vanished is found after 30 + 3 * 10 s; with bytes on their
     * way to it, when the kernel gives up (net.ipv4.tcp_retries2, some 15
     * minutes). No TCP_USER_TIMEOUT: it would also cut a peer that answers but
     * does not read, and a reader may stop for as long as it likes. */
    KEEPALIVE_IDLE_S = 30,
    KEEPALIVE_EVERY_S = 10,
    KEEPALIVE_PROBES = 3,
    /* What the kernel may hold of bytes not yet sent. Without it a slow reader
     * costs megabytes of socket buffer, and what it reads is old. */
    UNSENT_MAX_BYTES = 128 * 1024,
};

static int parse_port(struct hg_slice text, in_port_t *ret) {
    if (text.len == 0 || text.len > 5 || (text.len > 1 && text.ptr[0] == '0')) {
        return HG_EINVAL;
    }
    unsigned port = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return HG_EINVAL;
        }
        port = port * 10 + (unsigned)(text.ptr[i] - '0');
    }
    if (port > 65535) {
        return HG_EINVAL;
    }
    *ret = htons((uint16_t)port);
    return 0;
}

static int parse_unix(struct hg_slice path, struct hg_addr *ret) {
    struct hg_addr a = {0};
    if (path.len == 0 || path.ptr[0] != '/' || memchr(path.ptr, 0, path.len)) {
        return HG_EINVAL;
    }
    if (path.len >= sizeof a.sa.unix_path.sun_path) {
        return HG_E2BIG;
    }
    a.sa.unix_path.sun_family = AF_UNIX;
    memcpy(a.sa.unix_path.sun_path, path.ptr, path.len);
    a.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + 1);
    *ret = a;
    return 0;
}

/* host:port to host (without brackets) and port; a port alone has no host. */
static int split_host(struct hg_slice text, struct hg_slice *ret_host, struct hg_slice *ret_port,
                      bool *ret_is_v6) {
    if (text.len > 0 && text.ptr[0] == '[') {
        const char *end = memchr(text.ptr, ']', text.len);
        if (!end || (size_t)(end - text.ptr) + 1 >= text.len || end[1] != ':') {
            return HG_EINVAL;
        }
        *ret_host = (struct hg_slice){text.ptr + 1, (size_t)(end - text.ptr) - 1};
        *ret_port = (struct hg_slice){end + 2, text.len - (size_t)(end - text.ptr) - 2};
        *ret_is_v6 = true;
        return 0;
    }
    const char *colon = text.len > 0 ? memchr(text.ptr, ':', text.len) : NULL;
    *ret_is_v6 = false;
    if (!colon) {
        *ret_host = HG_SLICE("*");
        *ret_port = text;
        return 0;
    }
    *ret_host = (struct hg_slice){text.ptr, (size_t)(colon - text.ptr)};
    *ret_port = (struct hg_slice){colon + 1, text.len - (size_t)(colon - text.ptr) - 1};
    return 0;
}

static int set_host(struct hg_addr *a, struct hg_slice host, in_port_t port, bool is_v6) {
    char text[INET6_ADDRSTRLEN];
    if (hg_slice_eq(host, HG_SLICE("*")) && !is_v6) {
        host = HG_SLICE("0.0.0.0");
    } else if (hg_slice_ieq(host, HG_SLICE("localhost")) && !is_v6) {
        host = HG_SLICE("127.0.0.1");
    }
    if (host.len == 0 || host.len >= sizeof text || memchr(host.ptr, 0, host.len)) {
        return HG_EINVAL;
    }
    memcpy(text, host.ptr, host.len);
    text[host.len] = 0;
    if (is_v6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a->sa.storage;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = port;
        a->len = sizeof *in6;
        return inet_pton(AF_INET6, text, &in6->sin6_addr) == 1 ? 0 : HG_EINVAL;
    }
    struct sockaddr_in *in = (struct sockaddr_in *)&a->sa.storage;
    in->sin_family = AF_INET;
    in->sin_port = port;
    a->len = sizeof *in;
    return inet_pton(AF_INET, text, &in->sin_addr) == 1 ? 0 : HG_EINVAL;
}

int hg_addr_parse(struct hg_slice text, struct hg_addr *ret) {
    if (hg_slice_starts(text, HG_SLICE("unix:"))) {
        return parse_unix((struct hg_slice){text.ptr + 5, text.len - 5}, ret);
    }
    struct hg_addr a = {0};
    struct hg_slice host, port_text;
    in_port_t port = 0;
    bool is_v6 = false;
    int err = split_host(text, &host, &port_text, &is_v6);
    if (err == 0) {
        err = parse_port(port_text, &port);
    }
    if (err == 0) {
        err = set_host(&a, host, port, is_v6);
    }
    if (err == 0) {
        *ret = a;
    }
    return err;
}

/* The path's length; the kernel does not always terminate it. */
static size_t unix_path_len(const struct hg_addr *a) {
    size_t head = offsetof(struct sockaddr_un, sun_path);
    return a->len > head ? strnlen(a->sa.unix_path.sun_path, a->len - head) : 0;
}

size_t hg_addr_format(const struct hg_addr *a, char out[HG_ADDR_TEXT_MAX]) {
    char host[INET6_ADDRSTRLEN] = "";
    int n;
    if (a->sa.any.sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&a->sa.storage;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        n = snprintf(out, HG_ADDR_TEXT_MAX, "%s:%u", host, ntohs(in->sin_port));
    } else if (a->sa.any.sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->sa.storage;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        n = snprintf(out, HG_ADDR_TEXT_MAX, "[%s]:%u", host, ntohs(in6->sin6_port));
    } else if (a->sa.any.sa_family == AF_UNIX) {
        n = snprintf(out, HG_ADDR_TEXT_MAX, "unix:%.*s", (int)unix_path_len(a),
                     a->sa.unix_path.sun_path);
    } else {
        n = snprintf(out, HG_ADDR_TEXT_MAX, "unknown");
    }
    HG_ASSERT(n >= 0 && n < HG_ADDR_TEXT_MAX);
    return (size_t)n;
}

bool hg_addr_eq(const struct hg_addr *a, const struct hg_addr *b) {
    if (a->sa.any.sa_family != b->sa.any.sa_family) {
        return false;
    }
    if (a->sa.any.sa_family == AF_INET) {
        const struct sockaddr_in *x = (const struct sockaddr_in *)&a->sa.storage;
        const struct sockaddr_in *y = (const struct sockaddr_in *)&b->sa.storage;
        return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
    }
    if (a->sa.any.sa_family == AF_INET6) {
        const struct sockaddr_in6 *x = (const struct sockaddr_in6 *)&a->sa.storage;
        const struct sockaddr_in6 *y = (const struct sockaddr_in6 *)&b->sa.storage;
        return x->sin6_port == y->sin6_port && x->sin6_scope_id == y->sin6_scope_id &&
               memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr) == 0;
    }
    if (a->sa.any.sa_family == AF_UNIX) {
        size_t n = unix_path_len(a);
        return n == unix_path_len(b) &&
               memcmp(a->sa.unix_path.sun_path, b->sa.unix_path.sun_path, n) == 0;
    }
    return a->len == b->len && memcmp(&a->sa, &b->sa, a->len) == 0;
}

/* A socket file of ours that nobody listens on any more, left by a crash, is
 * removed. Whatever else stands there makes bind fail. */
static void remove_stale(const struct hg_addr *a) {
    const char *path = a->sa.unix_path.sun_path;
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode) || st.st_uid != geteuid()) {
        return;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    if (connect(fd, &a->sa.any, a->len) != 0 && errno == ECONNREFUSED) {
        unlink(path);
    }
    close(fd);
}

static int bind_unix(int fd, const struct hg_addr *a) {
    remove_stale(a);
    /* Before bind, so that the file is at no moment open to others; and after
     * it, because bind also took away what the umask says. */
    if (fchmod(fd, UNIX_MODE) != 0 || bind(fd, &a->sa.any, a->len) != 0) {
        return -1;
    }
    return chmod(a->sa.unix_path.sun_path, UNIX_MODE);
}

static int bind_inet(int fd, const struct hg_addr *a, bool is_reuseport) {
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
        return -1;
    }
    if (is_reuseport && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
        return -1;
    }
    if (a->sa.any.sa_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
        return -1;
    }
    return bind(fd, &a->sa.any, a->len);
}

int hg_addr_listen(const struct hg_addr *a, int backlog, bool is_reuseport, int *ret_fd) {
    int fd = socket(a->sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return HG_EIO;
    }
    hg_addr_tune(fd);
    bool is_unix = a->sa.any.sa_family == AF_UNIX;
    if ((is_unix ? bind_unix(fd, a) : bind_inet(fd, a, is_reuseport)) != 0 ||
        listen(fd, backlog) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return HG_EIO;
    }
    *ret_fd = fd;
    return 0;
}

void hg_addr_tune(int fd) {
    static const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY_S},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
        {IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_MAX_BYTES},
    };
    for (size_t i = 0; i < HG_COUNT(options); i++) {
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                         sizeof options[i].value);
    }
}
