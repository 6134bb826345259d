/* SPDX-License-Identifier: Apache-2.0 */
/* http_peer.c - accepts, reads one whole request, answers, goes on. */
#include "support/http_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUESTS_MAX = 512, DEADLINE_MS = 10000 };

struct http_peer {
    const struct http_peer_step *steps;
    size_t n;
    int listen_fd, stop_fd;
    pthread_t thread;
    char url[256];
    unsigned port;
    _Atomic size_t n_seen;
    struct hg_buf requests[REQUESTS_MAX];
};

/* False: stop was called. */
static bool wait_readable(struct http_peer *p, int fd) {
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = p->stop_fd, .events = POLLIN}};
    while (poll(fds, 2, -1) < 0) {
    }
    return fds[1].revents == 0;
}

static size_t length_of(const struct hg_buf *request) {
    const char *head_end = memmem(request->ptr, request->len, "\r\n\r\n", 4);
    if (head_end == NULL) {
        return 0;
    }
    size_t head = (size_t)(head_end - request->ptr) + 4;
    const char *field = strcasestr(request->ptr, "\r\ncontent-length:");
    size_t body = field != NULL && field < head_end ? strtoul(field + 17, NULL, 10) : 0;
    return head + body;
}

/* False: the client went, or stop. What is read is terminated. */
static bool read_request(struct http_peer *p, int fd, struct hg_buf *request) {
    char bytes[65536];
    size_t whole = 0;
    do {
        if (!wait_readable(p, fd)) {
            return false;
        }
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        if (n <= 0) {
            return false;
        }
        hg_buf_put(request, bytes, (size_t)n);
        hg_buf_put(request, "", 1);
        request->len--;
        whole = length_of(request);
    } while (whole == 0 || request->len < whole);
    return true;
}

static void say(int fd, const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t n = send(fd, text, left, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        text += n;
        left -= (size_t)n;
    }
}

/* True: the connection stays. */
static bool finish(struct http_peer *p, int fd, enum http_peer_then then) {
    char bytes[4096];
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    if (then == HTTP_PEER_KEEP) {
        return true;
    }
    if (then == HTTP_PEER_RESET) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
    while (then == HTTP_PEER_HOLD && wait_readable(p, fd) &&
           recv(fd, bytes, sizeof(bytes), 0) > 0) {
    }
    return false;
}

static void serve(struct http_peer *p, int fd, size_t *step) {
    while (*step < p->n && *step < REQUESTS_MAX) {
        const struct http_peer_step *s = &p->steps[*step];
        struct hg_buf *request = &p->requests[*step];
        if (!read_request(p, fd, request)) {
            hg_buf_clear(request);
            break;
        }
        ++*step;
        atomic_store(&p->n_seen, *step);
        if (s->answer != NULL) {
            say(fd, s->answer);
        }
        if (!finish(p, fd, s->then)) {
            break;
        }
    }
    close(fd);
}

static void *run(void *arg) {
    struct http_peer *p = arg;
    size_t step = 0;
    while (step < p->n && wait_readable(p, p->listen_fd)) {
        int fd = accept(p->listen_fd, NULL, NULL);
        if (fd >= 0) {
            serve(p, fd, &step);
        }
    }
    return NULL;
}

static int listen_somewhere(unsigned *ret_port) {
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    HG_ASSERT(fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
              listen(fd, 16) == 0 && getsockname(fd, (struct sockaddr *)&addr, &len) == 0);
    *ret_port = ntohs(addr.sin_port);
    return fd;
}

struct http_peer *http_peer_start(const struct http_peer_step *steps, size_t n) {
    struct http_peer *p = hg_alloc(sizeof(*p));
    p->steps = steps;
    p->n = n;
    p->listen_fd = listen_somewhere(&p->port);
    p->stop_fd = eventfd(0, EFD_CLOEXEC);
    HG_ASSERT(p->stop_fd >= 0 && pthread_create(&p->thread, NULL, run, p) == 0);
    return p;
}

void http_peer_stop(struct http_peer **pp) {
    struct http_peer *p = *pp;
    HG_ASSERT(eventfd_write(p->stop_fd, 1) == 0);
    pthread_join(p->thread, NULL);
    close(p->stop_fd);
    close(p->listen_fd);
    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        hg_buf_fini(&p->requests[i]);
    }
    hg_free(p);
    *pp = NULL;
}

const char *http_peer_url(struct http_peer *p, const char *path) {
    snprintf(p->url, sizeof(p->url), "http://127.0.0.1:%u%s", p->port, path);
    return p->url;
}

size_t http_peer_seen(struct http_peer *p) {
    return atomic_load(&p->n_seen);
}

const char *http_peer_request(struct http_peer *p, size_t i) {
    for (int waited = 0; http_peer_seen(p) <= i; waited++) {
        if (waited == DEADLINE_MS) {
            return NULL;
        }
        poll(NULL, 0, 1);
    }
    return p->requests[i].ptr;
}

const char *http_peer_nowhere(void) {
    static char url[64];
    unsigned port;
    close(listen_somewhere(&port));
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    return url;
}
