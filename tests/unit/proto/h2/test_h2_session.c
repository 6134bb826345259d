/* SPDX-License-Identifier: Apache-2.0 */
/* test_h2_session.c - the catalogue of attacks on HTTP/2, on a connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "peer.h"
#include "tests.h"

static int set_up(void **state) {
    static struct both b;
    upper_init(&b.u);
    b.u.is_quiet = true;
    peer_init(&b.p, &b.u);
    upper_connect(&b.u);
    peer_ack(&b.p);
    peer_wait(&b.p, "SETTINGS ACK; ");
    peer_forget(&b.p);
    *state = &b;
    return 0;
}

#define BASE ":method", "GET", ":scheme", "https", ":path", "/", ":authority", "h"
#define POST ":method", "POST", ":scheme", "https", ":path", "/", ":authority", "h"

/* A059 */
static void rapid_reset_is_stopped(void **state) {
    struct both *b = *state;
    b->u.mode = UPPER_MANUAL;
    for (uint32_t i = 0; i < 1000 && b->p.goaway < 0; i++) {
        peer_post(&b->p, 2 * i + 1, "/", NULL);
        peer_frame(&b->p, F_RST, 0, 2 * i + 1, "\0\0\0\x08", 4);
        if (i % 20 == 19) {
            peer_go(&b->p);
        }
    }
    peer_wait_goaway(&b->p, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_true(b->u.n_heads <= 220);
    assert_int_equal(b->u.n_gone, b->u.n_heads);
}

/* Makes the server reset stream after stream until it has enough of it. */
static void make_resets(struct both *b, void (*fault)(struct peer *p, uint32_t id)) {
    b->u.mode = UPPER_MANUAL;
    for (uint32_t i = 0; i < 1000 && b->p.goaway < 0; i++) {
        fault(&b->p, 2 * i + 1);
        peer_go(&b->p);
    }
    peer_wait_goaway(&b->p, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_in_range(b->p.n_rst, 90, 130);
}

static void overflow_window(struct peer *p, uint32_t id) {
    peer_post(p, id, "/", NULL);
    peer_window(p, id, 0x7fffffff);
}

static void send_headers_twice(struct peer *p, uint32_t id) {
    const char *const fields[] = {POST, NULL};
    peer_post(p, id, "/", NULL);
    peer_headers(p, 0, id, fields);
}

static void exceed_length(struct peer *p, uint32_t id) {
    peer_post(p, id, "/", "1");
    peer_data(p, F_END_STREAM, id, "two");
}

static void use_upper_case(struct peer *p, uint32_t id) {
    const char *const fields[] = {BASE, "Upper", "x", NULL};
    peer_headers(p, F_END_STREAM, id, fields);
}

/* A060 to A062 */
static void resets_that_we_are_made_to_send_are_bounded(void **state) {
    make_resets(*state, overflow_window);
}
static void second_heads_are_bounded(void **state) {
    make_resets(*state, send_headers_twice);
}
static void wrong_lengths_are_bounded(void **state) {
    make_resets(*state, exceed_length);
}
static void malformed_fields_are_bounded(void **state) {
    make_resets(*state, use_upper_case);
}

/* A064 */
static void refusals_by_our_limits_count_too(void **state) {
    struct both *b = *state;
    for (uint32_t i = 0; i < 1000 && b->p.goaway < 0; i++) {
        peer_get(&b->p, 2 * i + 1, "/#");
        peer_go(&b->p);
    }
    peer_wait_goaway(&b->p, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(b->u.n_heads, 0);
    assert_in_range(b->p.n_headers, 90, 130);
}

static void refusals_are_told_with_what_was_read(void **state) {
    struct both *b = *state;
    peer_get(&b->p, 1, "/#");
    peer_get(&b->p, 3, "/b");
    peer_wait(&b->p, "HEADERS 3 200 end; ");
    assert_string_equal(upper_refused(&b->u), "400 request-invalid GET /# alone; ");
    assert_string_equal(upper_told(&b->u), "head GET /b; ");
}

/* A063 */
static void faults_of_the_connection_end_it_at_once(void **state) {
    struct both *b = *state;
    peer_frame(&b->p, F_PRIORITY, 0, 1, "\0\0\0\x03", 4);
    peer_wait(&b->p, "GOAWAY ");
    assert_int_equal(b->p.goaway, NGHTTP2_FRAME_SIZE_ERROR);
}

/* A065 */
static void streams_above_the_limit_are_refused(void **state) {
    struct both *b = *state;
    b->u.mode = UPPER_MANUAL;
    for (uint32_t i = 0; i <= 100; i++) {
        peer_get(&b->p, 2 * i + 1, "/");
    }
    peer_go(&b->p);
    assert_int_equal(b->u.n_heads, 100);
    assert_true(b->p.goaway > 0 || b->p.last_rst == NGHTTP2_REFUSED_STREAM);
}

/* A066 */
static void endless_continuation_is_stopped(void **state) {
    struct both *b = *state;
    peer_frame(&b->p, F_HEADERS, 0, 1, "", 0);
    for (int i = 0; i < 20; i++) {
        peer_frame(&b->p, F_CONTINUATION, 0, 1, "", 0);
    }
    peer_go(&b->p);
    upper_wait_eof(&b->u);
    peer_go(&b->p);
    assert_true(b->p.goaway > 0);
    assert_int_equal(b->u.n_heads, 0);
}

/* A068 */
static void hpack_bomb_is_refused(void **state) {
    struct both *b = *state;
    struct hg_buf block = {0};
    const char *const fields[] = {BASE, "x", "", NULL};
    peer_deflate(&b->p, fields, &block);
    for (int i = 0; i < 15000; i++) {
        hg_buf_put(&block, "\xbe", 1); /* the newest entry of the table: x */
    }
    peer_frame(&b->p, F_HEADERS, F_END_STREAM | F_END_HEADERS, 1, block.ptr, block.len);
    peer_wait(&b->p, "HEADERS 1 431; ");
    assert_int_equal(b->u.n_heads, 0);
    hg_buf_fini(&block);
}

/* A084, A086, A087, A089 and their like: reset, nothing told above. */
static void malformed_requests_are_reset(void **state) {
    struct both *b = *state;
    static const char *const rows[][20] = {
        {BASE, "Upper", "x", NULL},
        {BASE, "connection", "close", NULL},
        {BASE, "transfer-encoding", "chunked", NULL},
        {BASE, "te", "gzip", NULL},
        {BASE, "x", "a\rb", NULL},
        {BASE, "x", "a\nb", NULL},
        {BASE, "x\x80", "a", NULL},
        {BASE, "", "a", NULL},
        {BASE, ":path", "/second", NULL},
        {BASE, "x", "y", ":status", "200", NULL},
        {":method", "GET", "x", "y", ":scheme", "https", ":path", "/", ":authority", "h", NULL},
        {":method", "GET", ":scheme", "https", ":path", "", ":authority", "h", NULL},
        {":method", "GET", ":scheme", "https", ":path", "nopath", ":authority", "h", NULL},
        {":method", "G T", ":scheme", "https", ":path", "/", ":authority", "h", NULL},
        {":method", "GET", ":scheme", "ht tp", ":path", "/", ":authority", "h", NULL},
        {":method", "GET", ":scheme", "https", ":path", "/", ":authority", "a b\x01", NULL},
        {":scheme", "https", ":path", "/", ":authority", "h", NULL},
        {BASE, "content-length", "1", "content-length", "1", NULL},
        {BASE, "content-length", "5", NULL},
        {BASE, ":protocol", "websocket", NULL},
    };
    for (size_t i = 0; i < HG_COUNT(rows); i++) {
        char want[32];
        uint32_t id = (uint32_t)(2 * i + 1);
        peer_headers(&b->p, F_END_STREAM, id, rows[i]);
        peer_go(&b->p);
        snprintf(want, sizeof(want), "RST %u 1; ", id);
        if (strstr(peer_told(&b->p), want) == NULL || b->u.n_heads != 0) {
            fail_msg("row %zu: %s", i, peer_told(&b->p));
        }
    }
}

static void wrong_requests_are_answered(void **state) {
    struct both *b = *state;
    static const struct {
        const char *fields[14];
        const char *want;
    } rows[] = {
        {{BASE, "host", "other", NULL}, "400"}, /* A085 */
        {{":method", "GET", ":scheme", "https", ":path", "/#", ":authority", "h", NULL}, "400"},
        {{":method", "BREW", ":scheme", "https", ":path", "/", ":authority", "h", NULL}, "501"},
        {{":method", "CONNECT", ":authority", "h", NULL}, "405"},
        {{":method", "CONNECT", ":protocol", "chat", ":scheme", "https", ":path", "/", ":authority",
          "h", NULL},
         "501"},
        {{POST, "expect", "tea", NULL}, "417"},
    };
    for (size_t i = 0; i < HG_COUNT(rows); i++) {
        char want[32];
        uint32_t id = (uint32_t)(2 * i + 1);
        peer_headers(&b->p, F_END_STREAM, id, rows[i].fields);
        snprintf(want, sizeof(want), "HEADERS %u %s; ", id, rows[i].want);
        peer_wait(&b->p, want);
    }
    assert_int_equal(b->u.n_heads, 0);
}

/* A087: what was half stored is told to be incomplete. */
static void body_that_breaks_its_length_is_not_told_whole(void **state) {
    struct both *b = *state;
    b->u.is_quiet = false;
    peer_post(&b->p, 1, "/", "5");
    peer_data(&b->p, F_END_STREAM, 1, "abc");
    peer_post(&b->p, 3, "/", "2");
    peer_data(&b->p, F_END_STREAM, 3, "abc");
    peer_wait(&b->p, "RST 3 1; ");
    assert_non_null(strstr(peer_told(&b->p), "RST 1 1; "));
    assert_null(strstr(upper_told(&b->u), "last"));
    assert_null(strstr(upper_told(&b->u), "gone 1"));
}

/* A088 */
static void trailers_are_dropped_or_refused(void **state) {
    struct both *b = *state;
    const char *const good[] = {"x", "y", "ce-id", "z", NULL};
    const char *const length[] = {"content-length", "2", NULL};
    const char *const pseudo[] = {":path", "/x", NULL};
    b->u.is_quiet = false;
    peer_post(&b->p, 1, "/", NULL);
    peer_data(&b->p, 0, 1, "ok");
    peer_headers(&b->p, F_END_STREAM, 1, good);
    peer_wait(&b->p, "HEADERS 1 200; DATA 1 2 end; ");
    assert_non_null(strstr(upper_told(&b->u), "body ok last; "));
    peer_post(&b->p, 3, "/", NULL);
    peer_headers(&b->p, F_END_STREAM, 3, length);
    peer_wait(&b->p, "RST 3 1; ");
    peer_post(&b->p, 5, "/", NULL);
    peer_headers(&b->p, F_END_STREAM, 5, pseudo);
    peer_wait(&b->p, "RST 5 1; ");
    peer_post(&b->p, 7, "/", NULL);
    peer_headers(&b->p, 0, 7, good);
    peer_wait(&b->p, "RST 7 1; ");
}

static void flood(struct both *b, unsigned type, unsigned flags, uint32_t id, const char *payload,
                  size_t n) {
    for (int i = 0; i < 700 && b->p.goaway <= 0; i++) {
        peer_frame(&b->p, type, flags, id, payload, n);
        if (i % 50 == 49) {
            peer_go(&b->p);
        }
    }
    assert_non_null(strstr(peer_told(&b->p), "GOAWAY 2147483647 0; ")); /* first asked to go */
    peer_wait_goaway(&b->p, NGHTTP2_ENHANCE_YOUR_CALM);
}

/* A074 to A079, A099 */
static void ping_flood_is_stopped(void **state) {
    flood(*state, F_PING, 0, 0, "12345678", 8);
}
static void settings_flood_is_stopped(void **state) {
    flood(*state, F_SETTINGS, 0, 0, "\0\3\0\0\0\7", 6);
}
static void priority_flood_is_stopped(void **state) {
    flood(*state, F_PRIORITY, 0, 5, "\0\0\0\1\1", 5);
}
static void unknown_flood_is_stopped(void **state) {
    flood(*state, 0xbe, 0, 0, "", 0);
}
static void window_flood_is_stopped(void **state) {
    flood(*state, F_WINDOW, 0, 0, "\0\0\0\1", 4);
}
static void empty_data_flood_is_stopped(void **state) {
    struct both *b = *state;
    peer_post(&b->p, 1, "/", NULL);
    flood(b, F_DATA, 0, 1, "", 0);
}
static void padding_flood_is_stopped(void **state) {
    struct both *b = *state;
    char payload[2 + 100] = {100, 'x'};
    peer_post(&b->p, 1, "/", NULL);
    flood(b, F_DATA, F_PADDED, 1, payload, sizeof(payload));
}

/* A081 */
static void passed_over_stream_cannot_be_opened(void **state) {
    struct both *b = *state;
    peer_get(&b->p, 5, "/");
    peer_get(&b->p, 3, "/");
    peer_wait_goaway(&b->p, NGHTTP2_PROTOCOL_ERROR);
    assert_int_equal(b->u.n_heads, 1);
}

/* A083 */
static void data_beyond_the_window_is_an_error(void **state) {
    struct both *b = *state;
    static char bytes[16384];
    b->u.mode = UPPER_MANUAL;
    peer_post(&b->p, 1, "/", NULL);
    peer_go(&b->p);
    hg_stream_pause(b->u.stream, true);
    for (int i = 0; i < 4; i++) {
        peer_frame(&b->p, F_DATA, 0, 1, bytes, sizeof(bytes));
    }
    peer_go(&b->p);
    assert_int_equal(b->p.n_rst, 0);
    peer_frame(&b->p, F_DATA, 0, 1, bytes, 1);
    peer_go(&b->p);
    assert_true(b->p.last_rst == NGHTTP2_FLOW_CONTROL_ERROR ||
                b->p.goaway == NGHTTP2_FLOW_CONTROL_ERROR);
}

/* Whatever comes, requests that were told are let go, and nothing breaks. */
static void mutated_sessions_are_survived(void **state) {
    struct both *b = *state;
    unsigned seed = 20261122;
    for (int i = 0; i < 200; i++) {
        struct peer p;
        close(b->u.fd);
        b->u.mode = i % 3 == 0 ? UPPER_EARLY : UPPER_ECHO;
        peer_init(&p, &b->u);
        peer_ack(&p);
        peer_post(&p, 1, "/1", "5");
        peer_data(&p, F_END_STREAM, 1, "hello");
        peer_get(&p, 3, "/2");
        peer_post(&p, 5, "/3", NULL);
        peer_window(&p, 5, 1000);
        peer_data(&p, 0, 5, "abc");
        peer_frame(&p, F_PING, 0, 0, "12345678", 8);
        peer_data(&p, F_END_STREAM, 5, "def");
        for (int edits = 1 + rand_r(&seed) % 4; edits > 0; edits--) {
            p.out.ptr[24 + (size_t)rand_r(&seed) % (p.out.len - 24)] ^=
                (char)(1 + rand_r(&seed) % 255);
        }
        size_t cut = (size_t)rand_r(&seed) % p.out.len;
        upper_connect(&b->u);
        upper_send(&b->u, (struct hg_slice){p.out.ptr, cut});
        upper_send(&b->u, (struct hg_slice){p.out.ptr + cut, p.out.len - cut});
        upper_turn(&b->u);
        hg_buf_clear(&b->u.told);
        hg_buf_clear(&b->u.received);
        peer_fini(&p);
    }
}

int test_h2_session(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rapid_reset_is_stopped, set_up, both_fini),
        cmocka_unit_test_setup_teardown(resets_that_we_are_made_to_send_are_bounded, set_up,
                                        both_fini),
        cmocka_unit_test_setup_teardown(second_heads_are_bounded, set_up, both_fini),
        cmocka_unit_test_setup_teardown(wrong_lengths_are_bounded, set_up, both_fini),
        cmocka_unit_test_setup_teardown(malformed_fields_are_bounded, set_up, both_fini),
        cmocka_unit_test_setup_teardown(refusals_by_our_limits_count_too, set_up, both_fini),
        cmocka_unit_test_setup_teardown(refusals_are_told_with_what_was_read, set_up, both_fini),
        cmocka_unit_test_setup_teardown(faults_of_the_connection_end_it_at_once, set_up, both_fini),
        cmocka_unit_test_setup_teardown(streams_above_the_limit_are_refused, set_up, both_fini),
        cmocka_unit_test_setup_teardown(endless_continuation_is_stopped, set_up, both_fini),
        cmocka_unit_test_setup_teardown(hpack_bomb_is_refused, set_up, both_fini),
        cmocka_unit_test_setup_teardown(malformed_requests_are_reset, set_up, both_fini),
        cmocka_unit_test_setup_teardown(wrong_requests_are_answered, set_up, both_fini),
        cmocka_unit_test_setup_teardown(body_that_breaks_its_length_is_not_told_whole, set_up,
                                        both_fini),
        cmocka_unit_test_setup_teardown(trailers_are_dropped_or_refused, set_up, both_fini),
        cmocka_unit_test_setup_teardown(ping_flood_is_stopped, set_up, both_fini),
        cmocka_unit_test_setup_teardown(settings_flood_is_stopped, set_up, both_fini),
        cmocka_unit_test_setup_teardown(priority_flood_is_stopped, set_up, both_fini),
        cmocka_unit_test_setup_teardown(unknown_flood_is_stopped, set_up, both_fini),
        cmocka_unit_test_setup_teardown(window_flood_is_stopped, set_up, both_fini),
        cmocka_unit_test_setup_teardown(empty_data_flood_is_stopped, set_up, both_fini),
        cmocka_unit_test_setup_teardown(padding_flood_is_stopped, set_up, both_fini),
        cmocka_unit_test_setup_teardown(passed_over_stream_cannot_be_opened, set_up, both_fini),
        cmocka_unit_test_setup_teardown(data_beyond_the_window_is_an_error, set_up, both_fini),
        cmocka_unit_test_setup_teardown(mutated_sessions_are_survived, set_up, both_fini),
    };
    return cmocka_run_group_tests_name("proto/h2/h2_session", tests, NULL, NULL);
}
