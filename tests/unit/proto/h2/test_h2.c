/* SPDX-License-Identifier: Apache-2.0 */
/* test_h2.c - the connection: cuts, beginnings, ends, deadlines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "peer.h"
#include "tests.h"

static int set_up(void **state) {
    static struct both b;
    upper_init(&b.u);
    peer_init(&b.p, &b.u);
    *state = &b;
    return 0;
}

static void request_is_answered(void **state) {
    struct both *b = *state;
    upper_connect(&b->u);
    peer_post(&b->p, 1, "/a", "5");
    peer_data(&b->p, F_END_STREAM, 1, "hello");
    peer_get(&b->p, 3, "/b");
    peer_wait(&b->p, "HEADERS 3 200 end; ");
    peer_wait(&b->p, "DATA 1 5 end; ");
    assert_non_null(strstr(peer_told(&b->p), "SETTINGS; "));
    assert_non_null(strstr(peer_told(&b->p), "WINDOW 0 983041; ")); /* 1 MiB in all */
    assert_non_null(strstr(peer_told(&b->p), "SETTINGS ACK; "));
    assert_non_null(strstr(peer_told(&b->p), "HEADERS 1 200; "));
    assert_memory_equal(b->p.data.ptr, "hello", 5);
    assert_string_equal(upper_told(&b->u), "head POST /a body; body hello last; head GET /b; "
                                           "gone 1; gone 1; ");
}

static void every_cut_gives_the_same_answers(void **state) {
    struct both *b = *state;
    struct hg_buf all = {0};
    peer_ack(&b->p);
    peer_post(&b->p, 1, "/1", NULL);
    peer_data(&b->p, 0, 1, "ab");
    peer_frame(&b->p, F_PING, 0, 0, "12345678", 8);
    peer_data(&b->p, F_END_STREAM, 1, "c");
    peer_get(&b->p, 3, "/2");
    hg_buf_put_slice(&all, hg_buf_slice(&b->p.out));
    for (size_t cut = 1; cut <= all.len; cut++) {
        upper_connect(&b->u);
        if (cut < all.len) {
            upper_send(&b->u, (struct hg_slice){all.ptr, cut});
            upper_send(&b->u, (struct hg_slice){all.ptr + cut, all.len - cut});
        } else {
            for (size_t i = 0; i < all.len; i++) {
                upper_send(&b->u, (struct hg_slice){all.ptr + i, 1});
            }
        }
        upper_wait_told(&b->u, "head GET /2; ");
        while (b->u.n_gone < b->u.n_heads) {
            upper_turn(&b->u);
        }
        assert_non_null(strstr(upper_told(&b->u), "head POST /1 body; "));
        assert_non_null(strstr(upper_told(&b->u), "body abc last; "));
        assert_null(strstr(upper_told(&b->u), "gone 0; "));
        upper_forget(&b->u);
        close(b->u.fd);
        b->u.fd = -1;
    }
    hg_buf_fini(&all);
}

/* A067: nghttp2 issue 2817. */
static void continuation_byte_by_byte_is_legal(void **state) {
    struct both *b = *state;
    const char *const fields[] = {":method", "GET",        ":scheme", "https", ":path",
                                  "/long",   ":authority", "h",       "x",     "some longer value",
                                  NULL};
    struct hg_buf block;
    upper_connect(&b->u);
    peer_deflate(&b->p, fields, &block);
    peer_frame(&b->p, F_HEADERS, F_END_STREAM, 1, block.ptr, 4);
    peer_frame(&b->p, F_CONTINUATION, F_END_HEADERS, 1, block.ptr + 4, block.len - 4);
    for (size_t i = 0; i < b->p.out.len; i++) {
        upper_send(&b->u, (struct hg_slice){b->p.out.ptr + i, 1});
    }
    hg_buf_clear(&b->p.out);
    peer_wait(&b->p, "HEADERS 1 200 end; ");
    hg_buf_fini(&block);
}

static void other_first_bytes_are_http_1(void **state) {
    struct both *b = *state;
    upper_connect(&b->u);
    upper_send(&b->u, HG_SLICE("P"));
    upper_send(&b->u, HG_SLICE("R"));
    upper_send(&b->u, HG_SLICE("OPFIND / HTTP/1.1\r\nHost: h\r\n\r\n"));
    upper_wait(&b->u, "HTTP/1.1 501 Not Implemented\r\n");
    upper_wait_eof(&b->u);
}

static void broken_preface_ends_the_connection(void **state) {
    struct both *b = *state;
    upper_connect(&b->u);
    upper_send(&b->u, HG_SLICE("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"));
    upper_wait_eof(&b->u);
    assert_int_equal(b->u.n_heads, 0);
}

static void drain_lets_streams_end(void **state) {
    struct both *b = *state;
    b->u.mode = UPPER_MANUAL;
    upper_connect(&b->u);
    peer_get(&b->p, 1, "/1");
    peer_wait(&b->p, "SETTINGS ACK; ");
    struct hg_stream *first = b->u.stream;
    hg_http_drain(b->u.conn);
    peer_wait(&b->p, "PING; GOAWAY 2147483647 0; ");
    peer_get(&b->p, 3, "/2"); /* was on its way */
    peer_frame(&b->p, F_PING, F_ACK, 0, "\0\0\0\0\0\0\0\0", 8);
    peer_wait(&b->p, "GOAWAY 3 0; ");
    peer_get(&b->p, 5, "/3"); /* A093 */
    peer_go(&b->p);
    assert_null(strstr(upper_told(&b->u), "/3"));
    hg_stream_answer(b->u.stream, 200, NULL, 0, HG_SLICE(""));
    hg_stream_answer(first, 200, NULL, 0, HG_SLICE(""));
    upper_wait_eof(&b->u);
    peer_go(&b->p);
    assert_non_null(strstr(peer_told(&b->p), "HEADERS 1 200 end; "));
    assert_non_null(strstr(peer_told(&b->p), "HEADERS 3 200 end; "));
}

static void drained_idle_connection_closes(void **state) {
    struct both *b = *state;
    upper_connect(&b->u);
    peer_wait(&b->p, "SETTINGS ACK; ");
    hg_http_drain(b->u.conn);
    peer_wait(&b->p, "PING; ");
    peer_frame(&b->p, F_PING, F_ACK, 0, "\0\0\0\0\0\0\0\0", 8);
    peer_wait_goaway(&b->p, NGHTTP2_NO_ERROR);
}

static void idle_connection_is_closed(void **state) {
    struct both *b = *state;
    b->u.setup.limits.keepalive_timeout_ms = 20;
    upper_connect(&b->u);
    peer_ack(&b->p);
    peer_get(&b->p, 1, "/");
    peer_wait(&b->p, "HEADERS 1 200 end; ");
    peer_wait_goaway(&b->p, NGHTTP2_NO_ERROR);
}

static void settings_have_to_be_acknowledged(void **state) {
    struct both *b = *state;
    b->u.setup.limits.head_timeout_ms = 20;
    upper_connect(&b->u);
    peer_wait_goaway(&b->p, NGHTTP2_SETTINGS_TIMEOUT);
}

static void acknowledged_connection_stays(void **state) {
    struct both *b = *state;
    b->u.setup.limits.head_timeout_ms = 20;
    upper_connect(&b->u);
    peer_ack(&b->p);
    peer_go(&b->p);
    int64_t from_ms = hg_loop_now_ms(b->u.loop);
    while (hg_loop_now_ms(b->u.loop) < from_ms + 60) {
        peer_go(&b->p);
    }
    assert_false(b->u.is_peer_eof);
    peer_get(&b->p, 1, "/");
    peer_wait(&b->p, "HEADERS 1 200 end; ");
}

/* A100 */
static void number_of_streams_is_limited(void **state) {
    struct both *b = *state;
    b->u.is_quiet = true;
    upper_connect(&b->u);
    peer_ack(&b->p);
    for (uint32_t i = 0; i < 10000; i++) {
        peer_get(&b->p, 2 * i + 1, "/");
        if (i % 50 == 49) {
            peer_go(&b->p);
            hg_buf_clear(&b->u.told);
        }
    }
    peer_wait(&b->p, "PING; ");
    peer_wait(&b->p, "GOAWAY 2147483647 0; ");
    peer_frame(&b->p, F_PING, F_ACK, 0, "\0\0\0\0\0\0\0\0", 8);
    peer_wait(&b->p, "GOAWAY 19999 0; ");
    upper_wait_eof(&b->u);
    peer_go(&b->p);
    assert_int_equal(b->p.n_headers, 10000);
}

static void peer_that_vanishes_is_told_above(void **state) {
    struct both *b = *state;
    b->u.mode = UPPER_MANUAL;
    upper_connect(&b->u);
    peer_get(&b->p, 1, "/1");
    peer_get(&b->p, 3, "/2");
    peer_go(&b->p);
    close(b->u.fd);
    b->u.fd = -1;
    peer_wait_told(&b->p, "gone 0; gone 0; ");
}

static void bytes_behind_the_end_are_ignored(void **state) {
    struct both *b = *state;
    upper_connect(&b->u);
    peer_get(&b->p, 1, "/1");
    peer_window(&b->p, 0, 0); /* an error of the connection */
    for (uint32_t i = 3; i < 99; i += 2) {
        peer_get(&b->p, i, "/2");
    }
    peer_wait_goaway(&b->p, NGHTTP2_PROTOCOL_ERROR);
    assert_null(strstr(upper_told(&b->u), "/2"));
}

int test_h2(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(request_is_answered, set_up, both_fini),
        cmocka_unit_test_setup_teardown(every_cut_gives_the_same_answers, set_up, both_fini),
        cmocka_unit_test_setup_teardown(continuation_byte_by_byte_is_legal, set_up, both_fini),
        cmocka_unit_test_setup_teardown(other_first_bytes_are_http_1, set_up, both_fini),
        cmocka_unit_test_setup_teardown(broken_preface_ends_the_connection, set_up, both_fini),
        cmocka_unit_test_setup_teardown(drain_lets_streams_end, set_up, both_fini),
        cmocka_unit_test_setup_teardown(drained_idle_connection_closes, set_up, both_fini),
        cmocka_unit_test_setup_teardown(idle_connection_is_closed, set_up, both_fini),
        cmocka_unit_test_setup_teardown(settings_have_to_be_acknowledged, set_up, both_fini),
        cmocka_unit_test_setup_teardown(acknowledged_connection_stays, set_up, both_fini),
        cmocka_unit_test_setup_teardown(number_of_streams_is_limited, set_up, both_fini),
        cmocka_unit_test_setup_teardown(peer_that_vanishes_is_told_above, set_up, both_fini),
        cmocka_unit_test_setup_teardown(bytes_behind_the_end_are_ignored, set_up, both_fini),
    };
    return cmocka_run_group_tests_name("proto/h2/h2", tests, NULL, NULL);
}
