/* SPDX-License-Identifier: Apache-2.0 */
#include "server/wire.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "unit/server/rig.h"

static void make_pair(int pair[2]) {
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

static void close_pair(int pair[2]) {
    close(pair[0]);
    close(pair[1]);
}

/* What a message without descriptors is on the wire. */
static size_t flatten(const struct hg_wire_message *m, char *bytes, size_t max) {
    int pair[2];
    make_pair(pair);
    assert_int_equal(hg_wire_send(pair[0], m), 0);
    ssize_t n = recv(pair[1], bytes, max, MSG_DONTWAIT);
    close_pair(pair);
    assert_true(n > 0);
    return (size_t)n;
}

static void a_message_arrives_as_it_was_sent(void **state) {
    struct hg_wire_message m = {.type = HG_WIRE_BUNDLE}, got;
    int pair[2], null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)state;
    size_t before = rig_descriptors();
    make_pair(pair);
    HG_BUF_LIT(&m.body, "a body");
    assert_int_equal(hg_wire_add_fd(&m, null_fd), 0);
    assert_int_equal(hg_wire_send(pair[0], &m), 0);
    assert_int_equal(hg_wire_receive(pair[1], &got), 0);
    assert_int_equal(got.type, HG_WIRE_BUNDLE);
    unit_assert_slice(hg_buf_slice(&got.body), "a body");
    assert_int_equal(got.n_fds, 1);
    assert_int_not_equal(got.fds[0], null_fd);
    assert_true(fcntl(got.fds[0], F_GETFD) & FD_CLOEXEC);
    hg_wire_close_fds(&got);
    hg_wire_fini(&got);
    hg_wire_fini(&m);
    close_pair(pair);
    assert_int_equal(rig_descriptors(), before);
    close(null_fd);
}

struct sending {
    int fd;
    const struct hg_wire_message *message;
    const char *bytes;
    size_t n, split;
};

static void *send_message(void *arg) {
    struct sending *s = arg;
    assert_int_equal(hg_wire_send(s->fd, s->message), 0);
    return NULL;
}

static void more_descriptors_than_the_kernel_takes_at_once_arrive(void **state) {
    static const size_t numbers[] = {199, 200, 201, 400, 1000};
    int pair[2], null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)state;
    for (size_t i = 0; i < HG_COUNT(numbers); i++) {
        struct hg_wire_message m = {.type = HG_WIRE_REOPEN}, got;
        size_t before = rig_descriptors();
        for (size_t k = 0; k < numbers[i]; k++) {
            assert_int_equal(hg_wire_add_fd(&m, null_fd), 0);
        }
        make_pair(pair);
        struct sending s = {.fd = pair[0], .message = &m};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, send_message, &s), 0);
        assert_int_equal(hg_wire_receive(pair[1], &got), 0);
        pthread_join(thread, NULL);
        assert_int_equal(got.n_fds, numbers[i]);
        hg_wire_close_fds(&got);
        hg_wire_fini(&got);
        hg_wire_fini(&m);
        close_pair(pair);
        assert_int_equal(rig_descriptors(), before);
    }
    close(null_fd);
}

static void one_descriptor_too_many_is_not_taken(void **state) {
    struct hg_wire_message m = {0};
    (void)state;
    for (int i = 0; i < HG_WIRE_FDS_MAX; i++) {
        assert_int_equal(hg_wire_add_fd(&m, 0), 0);
    }
    assert_int_equal(hg_wire_add_fd(&m, 0), HG_E2BIG);
    assert_int_equal(m.n_fds, HG_WIRE_FDS_MAX);
    hg_wire_fini(&m);
}

static void *send_in_two(void *arg) {
    struct sending *s = arg;
    int waiting = 1;
    assert_int_equal(send(s->fd, s->bytes, s->split, 0), (ssize_t)s->split);
    while (waiting > 0 && ioctl(s->fd, TIOCOUTQ, &waiting) == 0) {
        sched_yield(); /* the first part has been read by itself */
    }
    assert_int_equal(send(s->fd, s->bytes + s->split, s->n - s->split, 0),
                     (ssize_t)(s->n - s->split));
    return NULL;
}

static void a_message_may_come_in_two_pieces_at_every_byte(void **state) {
    struct hg_wire_message m = {.type = HG_WIRE_VERDICT}, got;
    char bytes[256];
    int pair[2];
    (void)state;
    HG_BUF_LIT(&m.body, "what is wrong");
    size_t n = flatten(&m, bytes, sizeof(bytes));
    for (size_t split = 1; split < n; split++) {
        make_pair(pair);
        struct sending s = {.fd = pair[0], .bytes = bytes, .n = n, .split = split};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, send_in_two, &s), 0);
        assert_int_equal(hg_wire_receive(pair[1], &got), 0);
        pthread_join(thread, NULL);
        unit_assert_slice(hg_buf_slice(&got.body), "what is wrong");
        hg_wire_fini(&got);
        close_pair(pair);
    }
    hg_wire_fini(&m);
}

static void a_message_that_ends_early_is_none(void **state) {
    struct hg_wire_message m = {.type = HG_WIRE_VERDICT}, got;
    char bytes[256];
    int pair[2];
    (void)state;
    HG_BUF_LIT(&m.body, "what is wrong");
    size_t n = flatten(&m, bytes, sizeof(bytes));
    for (size_t cut = 0; cut < n; cut++) {
        make_pair(pair);
        assert_int_equal(send(pair[0], bytes, cut, 0), (ssize_t)cut);
        close(pair[0]);
        assert_int_equal(hg_wire_receive(pair[1], &got), HG_ECLOSED);
        assert_int_equal(got.n_fds, 0);
        hg_wire_fini(&got);
        close(pair[1]);
    }
    hg_wire_fini(&m);
}

static void assert_refused(const void *bytes, size_t n) {
    struct hg_wire_message got;
    int pair[2];
    make_pair(pair);
    assert_int_equal(send(pair[0], bytes, n, 0), (ssize_t)n);
    assert_int_equal(hg_wire_receive(pair[1], &got), HG_EIO);
    assert_int_equal(got.n_fds, 0);
    hg_wire_fini(&got);
    close_pair(pair);
}

static void lengths_that_cannot_be_are_refused(void **state) {
    struct {
        uint32_t type, n_fds;
        uint64_t length;
        char rest[8];
    } h = {HG_WIRE_BUNDLE, HG_WIRE_FDS_MAX + 1, 0, ""};
    (void)state;
    assert_refused(&h, sizeof(h));
    h.n_fds = UINT32_MAX;
    assert_refused(&h, sizeof(h));
    h.n_fds = 0;
    h.length = (1 << 28) + 1;
    assert_refused(&h, sizeof(h));
    h.length = UINT64_MAX;
    assert_refused(&h, sizeof(h));
    h.n_fds = 1; /* none comes */
    h.length = 1;
    assert_refused(&h, sizeof(h));
}

/* A header that says one, and a parcel of two. */
static void descriptors_that_were_not_said_are_closed(void **state) {
    uint64_t header[2] = {HG_WIRE_BUNDLE | (uint64_t)1 << 32, 0};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } control = {0};
    char byte = 0;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    struct hg_wire_message got;
    int pair[2];
    (void)state;
    size_t before = rig_descriptors();
    make_pair(pair);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(2 * sizeof(int));
    memcpy(CMSG_DATA(c), pair, sizeof(pair));
    assert_int_equal(send(pair[0], header, sizeof(header), 0), sizeof(header));
    assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
    assert_int_equal(hg_wire_receive(pair[1], &got), HG_EIO);
    assert_int_equal(got.n_fds, 0);
    hg_wire_fini(&got);
    close_pair(pair);
    assert_int_equal(rig_descriptors(), before);
}

static void nobody_at_the_other_end_is_told_apart(void **state) {
    struct hg_wire_message m = {.type = HG_WIRE_DRAIN};
    int pair[2];
    (void)state;
    make_pair(pair);
    close(pair[1]);
    assert_int_equal(hg_wire_send(pair[0], &m), HG_ECLOSED);
    close(pair[0]);
}

static void without_memory_nothing_is_received_and_nothing_leaks(void **state) {
    struct hg_wire_message m = {.type = HG_WIRE_BUNDLE}, got;
    int pair[2], null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)state;
    size_t before = rig_descriptors();
    HG_BUF_LIT(&m.body, "body");
    for (int i = 0; i < 201; i++) {
        hg_wire_add_fd(&m, null_fd);
    }
    for (int64_t n = 0, is_over = 0; !is_over; n++) {
        make_pair(pair);
        assert_int_equal(hg_wire_send(pair[0], &m), 0);
        hg_alloc_fail_after(n);
        int err = hg_wire_receive(pair[1], &got);
        is_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        assert_int_equal(err, is_over ? 0 : HG_EIO);
        hg_wire_close_fds(&got);
        hg_wire_fini(&got);
        close_pair(pair);
        assert_int_equal(rig_descriptors(), before);
    }
    hg_wire_fini(&m);
    close(null_fd);
}

static void texts_are_cut_off_at_their_zero(void **state) {
    struct hg_slice rest = HG_SLICE("one\0\0two"), text = HG_SLICE("kept");
    (void)state;
    assert_true(hg_wire_take_text(&rest, &text));
    unit_assert_slice(text, "one");
    assert_true(hg_wire_take_text(&rest, &text));
    unit_assert_slice(text, "");
    assert_false(hg_wire_take_text(&rest, &text)); /* two has no end */
    unit_assert_slice(rest, "two");
    rest.len = 0;
    assert_false(hg_wire_take_text(&rest, &text));
    unit_assert_slice(text, "");
}

int test_wire(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_arrives_as_it_was_sent),
        cmocka_unit_test(more_descriptors_than_the_kernel_takes_at_once_arrive),
        cmocka_unit_test(one_descriptor_too_many_is_not_taken),
        cmocka_unit_test(a_message_may_come_in_two_pieces_at_every_byte),
        cmocka_unit_test(a_message_that_ends_early_is_none),
        cmocka_unit_test(lengths_that_cannot_be_are_refused),
        cmocka_unit_test(descriptors_that_were_not_said_are_closed),
        cmocka_unit_test(nobody_at_the_other_end_is_told_apart),
        cmocka_unit_test(without_memory_nothing_is_received_and_nothing_leaks),
        cmocka_unit_test(texts_are_cut_off_at_their_zero),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
