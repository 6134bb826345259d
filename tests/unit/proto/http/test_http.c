/* SPDX-License-Identifier: Apache-2.0 */
/* test_http.c - which version a plain connection speaks, and ends before one
 * is chosen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "../upper.h"
#include "tests.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS "\0\0\0\4\0\0\0\0\0"

static void preface_chooses_http_2_however_it_is_cut(void **state) {
    struct upper *u = *state;
    const struct hg_slice all = HG_SLICE(PREFACE SETTINGS);
    for (size_t cut = 1; cut < all.len; cut++) {
        upper_connect(u);
        upper_send(u, (struct hg_slice){all.ptr, cut});
        upper_send(u, (struct hg_slice){all.ptr + cut, all.len - cut});
        while (u->received.len < 9) {
            upper_turn(u);
        }
        assert_int_equal(u->received.ptr[3], 4); /* SETTINGS */
        upper_forget(u);
        close(u->fd);
        u->fd = -1;
    }
}

static void anything_else_chooses_http_1_however_far_it_agrees(void **state) {
    struct upper *u = *state;
    const struct hg_slice preface = HG_SLICE(PREFACE);
    for (size_t n = 0; n < preface.len; n++) {
        upper_connect(u);
        upper_send(u, (struct hg_slice){preface.ptr, n});
        upper_send(u, HG_SLICE("X"));
        upper_send(u, HG_SLICE(" / HTTP/1.1\r\nHost: h\r\n\r\n\r\n"));
        upper_wait(u, "HTTP/1.1 ");
        upper_wait_eof(u);
        upper_forget(u);
        close(u->fd);
        u->fd = -1;
    }
    upper_connect(u);
    upper_send(u, HG_SLICE("P"));
    upper_send(u, HG_SLICE("OST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"));
    upper_wait(u, "HTTP/1.1 200 OK\r\n");
}

static void undecided_connection_is_closed_in_time(void **state) {
    struct upper *u = *state;
    u->setup.limits.head_timeout_ms = 20;
    upper_connect(u);
    upper_send(u, HG_SLICE("PRI *"));
    upper_wait_eof(u);
    assert_int_equal(u->received.len, 0);
}

static void undecided_connection_is_drained(void **state) {
    struct upper *u = *state;
    upper_connect(u);
    upper_send(u, HG_SLICE("PRI *"));
    hg_http_drain(u->conn);
    upper_wait_eof(u);
}

static void time_runs_from_the_first_moment(void **state) {
    struct upper *u = *state;
    u->setup.limits.head_timeout_ms = 300;
    upper_connect(u);
    int64_t from_ms = hg_loop_now_ms(u->loop);
    while (hg_loop_now_ms(u->loop) < from_ms + 250) {
        upper_turn(u);
    }
    upper_send(u, HG_SLICE("GET /"));
    upper_wait_eof(u);
    assert_true(hg_loop_now_ms(u->loop) < from_ms + 540);
}

int test_http(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(preface_chooses_http_2_however_it_is_cut, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(anything_else_chooses_http_1_however_far_it_agrees,
                                        upper_set_up, upper_tear_down),
        cmocka_unit_test_setup_teardown(undecided_connection_is_closed_in_time, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(undecided_connection_is_drained, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(time_runs_from_the_first_moment, upper_set_up,
                                        upper_tear_down),
    };
    return cmocka_run_group_tests_name("proto/http/http", tests, NULL, NULL);
}
