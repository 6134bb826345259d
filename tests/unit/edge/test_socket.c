/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/sock.h"

#include "base/alloc.h"

#define OPENED "headgate.stream.opened"

static void a_socket_is_opened_and_told_where_it_stands(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    sock_open(&s, &rig, "/events",
              (const char *const[]){"sec-websocket-protocol", "x, cloudevents.json", NULL, NULL});
    assert_int_equal(s.ask.stream.status, 101);
    ask_assert_field(&s.ask, "sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    ask_assert_field(&s.ask, "sec-websocket-protocol", "cloudevents.json");
    sock_take_text(&s, OPENED);
    sock_close(&s);
    rig_close(&rig);
}

static void events_come_as_one_message_each(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    sock_open_well(&s, &rig, "/events");
    sock_take_text(&s, OPENED);
    rig_publish(&rig, "/events", EVENT("1"), NULL);
    rig_publish(&rig, "/events", EVENT("2"), NULL);
    assert_non_null(strstr(sock_take(&s, HG_WS_TEXT), "\"id\":\"1\""));
    assert_non_null(strstr(sock_take(&s, HG_WS_TEXT), "\"id\":\"2\""));
    sock_close(&s);
    rig_close(&rig);
}

static void a_ping_is_answered_with_its_payload(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    sock_open_well(&s, &rig, "/events");
    sock_send(&s, HG_WS_PING, "are you there?");
    assert_string_equal(sock_take(&s, HG_WS_PONG), "are you there?");
    sock_send(&s, HG_WS_PONG, "unasked");
    assert_false(sock_has(&s, HG_WS_CLOSE));
    sock_close(&s);
    rig_close(&rig);
}

/* The body of a close frame, and what is answered to it. */
static void assert_close_answered(const char *body, size_t len, int code) {
    struct hg_buf frame = {0};
    struct rig rig;
    struct sock s;
    rig_open(&rig, SERVER(EVENTS));
    sock_open_well(&s, &rig, "/events");
    put_client(&frame, HG_WS_CLOSE, (struct hg_slice){body, len});
    sock_feed(&s, frame.ptr, frame.len);
    sock_assert_closed(&s, code);
    sock_feed(&s, frame.ptr, frame.len); /* what still comes is not heard */
    rig_publish(&rig, "/events", EVENT("1"), NULL);
    assert_false(sock_has(&s, HG_WS_TEXT));
    sock_close(&s);
    rig_close(&rig);
    hg_buf_fini(&frame);
}

static void a_close_is_answered_once_and_ends_the_stream(void **state) {
    (void)state;
    assert_close_answered("\x03\xe8"
                          "bye",
                          5, 1000);
    assert_close_answered("\x0f\xa0", 2, 4000);
    assert_close_answered("", 0, 1000);
    assert_close_answered("\x03", 1, 1002);
    assert_close_answered("\x03\xed", 2, 1002); /* 1005 is never sent */
    assert_close_answered("\x03\xe8\xff", 3, 1007);
}

static void what_breaks_the_protocol_closes_with_its_code(void **state) {
    const struct {
        struct client_frame frame;
        int code;
    } faults[] = {
        {{.op = HG_WS_TEXT, .is_final = true, .is_bare = true, .payload = HG_SLICE("x")}, 1002},
        {{.op = HG_WS_TEXT, .is_final = true, .rsv = 4, .payload = HG_SLICE("x")}, 1002},
        {{.op = 3, .is_final = true}, 1002},
        {{.op = HG_WS_PING, .is_final = false}, 1002},
        {{.op = HG_WS_TEXT, .is_final = true, .payload = HG_SLICE("\xff")}, 1007},
        {{.op = HG_WS_TEXT, .is_final = true, .raw_length = "\0\0\0\0\0\1\0\0"}, 1009},
        {{.op = HG_WS_BINARY, .is_final = true, .payload = HG_SLICE("x")}, 1003},
    };
    (void)state;
    for (size_t i = 0; i < HG_COUNT(faults); i++) {
        struct hg_buf frame = {0};
        struct rig rig;
        struct sock s;
        rig_open(&rig, SERVER("websocket_message_size 1k; " EVENTS));
        sock_open_well(&s, &rig, "/events");
        put_client_frame(&frame, &faults[i].frame);
        sock_feed(&s, frame.ptr, frame.len);
        sock_assert_closed(&s, faults[i].code);
        sock_close(&s);
        rig_close(&rig);
        hg_buf_fini(&frame);
    }
}

static void a_location_that_takes_no_events_closes_with_1003(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    rig_open(&rig, SERVER("location /s { stream demo.a; }"));
    sock_open_well(&s, &rig, "/s");
    sock_send(&s, HG_WS_TEXT, EVENT("1"));
    sock_assert_closed(&s, 1003);
    sock_close(&s);
    rig_close(&rig);
}

static void the_end_of_the_bytes_without_a_close_frame_ends_it(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    sock_open_well(&s, &rig, "/events");
    s.ask.stream.stream.ops->on_body(&s.ask.stream.stream, NULL, 0, true);
    assert_true(s.ask.stream.is_ended);
    assert_false(sock_has(&s, HG_WS_CLOSE));
    rig_publish(&rig, "/events", EVENT("1"), NULL); /* it follows no more */
    sock_close(&s);
    rig_close(&rig);
}

/* --- pings --- */

static void tick(struct sock *s, int64_t later_ms) {
    hg_socket_tick(ask_visit(&s->ask), hg_loop_now_ms(s->ask.rig->log.loop) + later_ms);
}

static void two_pings_without_an_answer_end_it(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    rig_open(&rig, SERVER("websocket_ping 10s; " EVENTS));
    sock_open_well(&s, &rig, "/events");
    tick(&s, 5000);
    assert_false(sock_has(&s, HG_WS_PING));
    tick(&s, 10100);
    assert_true(sock_has(&s, HG_WS_PING));
    tick(&s, 15000);
    assert_false(sock_has(&s, HG_WS_PING));
    tick(&s, 20200);
    assert_true(sock_has(&s, HG_WS_PING));
    assert_false(s.ask.stream.is_reset);
    tick(&s, 30300);
    assert_true(s.ask.stream.is_reset);
    sock_close(&s);
    rig_close(&rig);
}

static void whatever_is_heard_is_an_answer(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    rig_open(&rig, SERVER("websocket_ping 10s; " EVENTS));
    sock_open_well(&s, &rig, "/events");
    for (int i = 1; i < 9; i++) {
        tick(&s, i * 10100);
        assert_true(sock_has(&s, HG_WS_PING));
        if (i % 2 == 0) {
            sock_send(&s, i % 4 == 0 ? HG_WS_PONG : HG_WS_TEXT, i % 4 == 0 ? "" : EVENT("1"));
        }
        assert_false(s.ask.stream.is_reset);
    }
    sock_take_text(&s, "headgate.published");
    sock_close(&s);
    rig_close(&rig);
}

/* --- pace --- */

static bool has_held(void *arg) {
    return atomic_load(&((struct rig *)arg)->fake.n_held) > 0;
}

static bool has_all_held(void *arg) {
    return atomic_load(&((struct rig *)arg)->fake.n_held) == 64;
}

static void who_sends_faster_than_the_log_takes_is_not_read(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    rig_open(&rig, SERVER("websocket_ping 10s; " EVENTS));
    rig.fake.is_manual = true;
    sock_open_well(&s, &rig, "/events");
    for (int i = 0; i < 64; i++) {
        char event[128];
        assert_false(s.ask.stream.is_paused);
        snprintf(event, sizeof(event), EVENT("%d"), i);
        sock_send(&s, HG_WS_TEXT, event);
    }
    assert_true(s.ask.stream.is_paused);
    rig_until(&rig.log, has_all_held, &rig);
    for (int i = 1; i < 9; i++) { /* it is we who do not listen */
        tick(&s, i * 10100);
    }
    assert_false(sock_has(&s, HG_WS_PING));
    assert_false(s.ask.stream.is_reset);
    fake_log_answer(&rig.fake, 20, 0);
    for (int i = 0; i < 20; i++) {
        sock_take_text(&s, "headgate.published");
    }
    assert_true(s.ask.stream.is_paused); /* it goes on at half, not at each message */
    fake_log_answer(&rig.fake, 44, 0);
    for (int i = 0; i < 44; i++) {
        sock_take_text(&s, "headgate.published");
    }
    assert_false(s.ask.stream.is_paused);
    sock_close(&s);
    rig_close(&rig);
}

static void who_does_not_read_the_answers_is_not_read(void **state) {
    struct rig rig;
    struct sock s;
    int n = 0;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    sock_open_well(&s, &rig, "/events?type=none");
    sock_take_text(&s, OPENED);
    s.ask.stream.room = 0;
    while (!s.ask.stream.is_paused && n++ < 2000) {
        sock_send(&s, HG_WS_TEXT, "no event");
    }
    assert_in_range(n, 100, 1000); /* 64 KiB of answers */
    s.ask.stream.room = FAKE_ROOM_ALL;
    s.ask.stream.stream.ops->on_room(&s.ask.stream.stream);
    assert_false(s.ask.stream.is_paused);
    sock_close(&s);
    rig_close(&rig);
}

/* --- ends --- */

static void a_drain_lets_what_was_sent_be_answered(void **state) {
    struct rig rig;
    struct sock s, quiet;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    rig.fake.is_manual = true;
    sock_open_well(&s, &rig, "/events");
    sock_open_well(&quiet, &rig, "/events");
    sock_send(&s, HG_WS_TEXT, EVENT("1"));
    rig_until(&rig.log, has_held, &rig);
    hg_edge_drain(rig.edge);
    sock_take_text(&quiet, "headgate.stream.closing");
    sock_assert_closed(&quiet, 1001);
    sock_take_text(&s, "headgate.stream.closing");
    assert_true(s.ask.stream.is_paused);
    sock_send(&s, HG_WS_TEXT, EVENT("2")); /* too late */
    assert_false(s.ask.stream.is_ended);
    fake_log_answer(&rig.fake, 1, 0);
    sock_take_text(&s, "headgate.published");
    sock_assert_closed(&s, 1001);
    assert_int_equal(rig.log.n_seen, 1);
    sock_close(&s);
    sock_close(&quiet);
    rig_close(&rig);
}

static void a_message_outlives_its_socket(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    rig.fake.is_manual = true;
    sock_open_well(&s, &rig, "/events");
    sock_send(&s, HG_WS_TEXT, EVENT("1"));
    rig_until(&rig.log, has_held, &rig);
    sock_close(&s);
    assert_int_equal(hg_edge_visits(rig.edge), 0);
    rig.fake.is_manual = false;
    fake_log_answer(&rig.fake, 1, 0);
    rig_publish(&rig, "/events", EVENT("2"), NULL);
    assert_int_equal(rig.log.n_seen, 2);
    rig_close(&rig);
}

static void without_memory_no_socket_is_opened(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    int n = 0, n_opened = 0;
    for (; n_opened == 0 && n < 100; n++) {
        struct sock s;
        hg_alloc_fail_after(n);
        sock_open(&s, &rig, "/events", NULL);
        bool was_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        bool is_good = s.ask.stream.status == 101 && !s.ask.stream.is_reset;
        n_opened += was_over;
        assert_true(is_good || s.ask.stream.is_reset || s.ask.stream.status >= 400);
        assert_true(is_good || !was_over);
        sock_close(&s);
    }
    assert_in_range(n, 5, 99);
    rig_close(&rig);
}

int test_socket(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_is_opened_and_told_where_it_stands),
        cmocka_unit_test(events_come_as_one_message_each),
        cmocka_unit_test(a_ping_is_answered_with_its_payload),
        cmocka_unit_test(a_close_is_answered_once_and_ends_the_stream),
        cmocka_unit_test(what_breaks_the_protocol_closes_with_its_code),
        cmocka_unit_test(a_location_that_takes_no_events_closes_with_1003),
        cmocka_unit_test(the_end_of_the_bytes_without_a_close_frame_ends_it),
        cmocka_unit_test(two_pings_without_an_answer_end_it),
        cmocka_unit_test(whatever_is_heard_is_an_answer),
        cmocka_unit_test(who_sends_faster_than_the_log_takes_is_not_read),
        cmocka_unit_test(who_does_not_read_the_answers_is_not_read),
        cmocka_unit_test(a_drain_lets_what_was_sent_be_answered),
        cmocka_unit_test(a_message_outlives_its_socket),
        cmocka_unit_test(without_memory_no_socket_is_opened),
    };
    return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
