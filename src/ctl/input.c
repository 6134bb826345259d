/* SPDX-License-Identifier: Apache-2.0 */
/* input.c - poll before each read. */
#include "ctl/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

int hg_ctl_input_open(struct hg_ctl *ctl, const char *path, struct hg_ctl_input *ret) {
    if (path == NULL || strcmp(path, "-") == 0) {
        *ret = (struct hg_ctl_input){ctl, "standard input", ctl->in_fd, false};
        return 0;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        hg_ctl_tell(ctl, "%s: %s", path, strerror(errno));
        return HG_EIO;
    }
    *ret = (struct hg_ctl_input){ctl, path, fd, true};
    return 0;
}

void hg_ctl_input_close(struct hg_ctl_input *in) {
    if (in->is_ours) {
        close(in->fd);
        in->is_ours = false;
    }
}

int hg_ctl_input_read(struct hg_ctl_input *in, char *bytes, size_t n, int wait_ms, size_t *ret_n) {
    struct pollfd fds[] = {{.fd = in->fd, .events = POLLIN},
                           {.fd = in->ctl->stop_fd, .events = POLLIN}};
    int ready = poll(fds, 2, wait_ms);
    if (fds[1].revents != 0) {
        return HG_ECLOSED;
    }
    if (ready == 0 || (ready < 0 && errno == EINTR)) {
        return HG_EAGAIN;
    }
    ssize_t got = read(in->fd, bytes, n);
    if (got < 0) {
        if (errno == EAGAIN || errno == EINTR) {
            return HG_EAGAIN;
        }
        hg_ctl_tell(in->ctl, "%s: %s", in->name, strerror(errno));
        return HG_EIO;
    }
    *ret_n = (size_t)got;
    return 0;
}

int hg_ctl_input_read_all(struct hg_ctl_input *in, struct hg_buf *out) {
    char bytes[65536];
    size_t n = 0;
    int err;
    do {
        err = hg_ctl_input_read(in, bytes, sizeof(bytes), -1, &n);
        if (err == 0) {
            hg_buf_put(out, bytes, n);
        }
    } while (!out->is_failed && (err == HG_EAGAIN || (err == 0 && n > 0)));
    if (out->is_failed) {
        hg_ctl_tell(in->ctl, "%s: more than %zu bytes", in->name, out->max);
        return HG_E2BIG;
    }
    return err;
}
