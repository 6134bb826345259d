/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ctl/rig.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

void rig_open(struct rig *r, const char *input) {
    *r = (struct rig){.stop_fd = eventfd(0, EFD_CLOEXEC)};
    r->ctl.in_fd = memfd_create("input", MFD_CLOEXEC);
    assert_true(r->ctl.in_fd >= 0 && r->stop_fd >= 0);
    assert_int_equal(write(r->ctl.in_fd, input, strlen(input)), strlen(input));
    assert_int_equal(lseek(r->ctl.in_fd, 0, SEEK_SET), 0);
    r->ctl.out = open_memstream(&r->out, &r->out_len);
    r->ctl.err = open_memstream(&r->err, &r->err_len);
    r->ctl.stop_fd = r->stop_fd;
    rig_read(r);
}

void rig_serve(struct rig *r, const struct http_peer_step *steps, size_t n) {
    r->peer = http_peer_start(steps, n);
}

void rig_read(struct rig *r) {
    assert_int_equal(fflush(r->ctl.out), 0);
    assert_int_equal(fflush(r->ctl.err), 0);
}

int rig_run(struct rig *r, ...) {
    char *argv[32] = {"headgatectl"};
    int argc = 1;
    va_list args;
    va_start(args, r);
    while ((argv[argc] = va_arg(args, char *)) != NULL) {
        assert_true(++argc < 31);
    }
    va_end(args);
    int status = hg_ctl_run(&r->ctl, argc, argv);
    rig_read(r);
    return status;
}

void rig_close(struct rig *r) {
    if (r->peer != NULL) {
        http_peer_stop(&r->peer);
    }
    fclose(r->ctl.out);
    fclose(r->ctl.err);
    free(r->out);
    free(r->err);
    close(r->ctl.in_fd);
    close(r->stop_fd);
}

const char *rig_body(struct rig *r, size_t i) {
    const char *request = http_peer_request(r->peer, i);
    assert_non_null(request);
    return strstr(request, "\r\n\r\n") + 4;
}
