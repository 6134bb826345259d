/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/sock.h"

#include <poll.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "loop/loop.h"

/* A socket that follows nothing of what it sends, so that only answers come. */
static void open_quiet(struct rig *rig, struct sock *s, const char *conf) {
    rig_open(rig, conf);
    sock_open_well(s, rig, "/events?type=none");
    sock_take_text(s, "headgate.stream.opened");
}

static void end(struct rig *rig, struct sock *s) {
    sock_close(s);
    rig_close(rig);
}

/* The data of the answer to a message, up to the problem's title. */
static void assert_answer(struct sock *s, const char *message, const char *type, const char *data) {
    char want[512];
    sock_send(s, HG_WS_TEXT, message);
    const char *text = sock_take(s, HG_WS_TEXT);
    snprintf(want, sizeof(want), "\"type\":\"headgate.%s\",\"source\":\"/headgate\",\"id\":\"p",
             type);
    if (strstr(text, want) == NULL || strstr(text, data) == NULL) {
        fail_msg("%s\nis answered with %s\nnot %s %s", message, text, type, data);
    }
}

static void what_is_stored_is_told_with_its_position(void **state) {
    struct rig rig;
    struct sock s;
    char position[HG_POSITION_TEXT_LEN + 1], data[256];
    (void)state;
    open_quiet(&rig, &s, SERVER(EVENTS));
    assert_answer(&s, EVENT("a\\u0022b"), "published",
                  "\"data\":{\"id\":\"a\\\"b\",\"source\":\"/t\",\"message\":1,\"position\":\"");
    assert_non_null(strstr(s.text, "\",\"duplicate\":false}}"));
    rig_publish(&rig, "/events", EVENT("2"), position);
    snprintf(data, sizeof(data),
             "\"data\":{\"id\":\"2\",\"source\":\"/t\",\"message\":2,\"position\":\"%s\","
             "\"duplicate\":true}}",
             position);
    assert_answer(&s, EVENT("2"), "published", data);
    assert_int_equal(ask_visit(&s.ask)->n_stored, 1);
    assert_int_equal(ask_visit(&s.ask)->n_before, 1);
    end(&rig, &s);
}

/* Whatever is wrong with it, the sender learns which one it was. */
static void what_is_refused_is_named_as_far_as_it_can_be_read(void **state) {
    static const struct {
        const char *message, *data;
    } refused[] = {
        {"{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"/s\"}",
         "\"data\":{\"id\":\"7\",\"source\":\"/s\",\"message\":1,\"problem\":{\"type\":"
         "\"urn:headgate:problem:event-invalid\""},
        {"{\"id\":\"7\"}", "\"data\":{\"id\":\"7\",\"message\":2,\"problem\":{"},
        {"{\"source\":\"/s\",\"x\":{\"id\":\"inner\"}}",
         "\"data\":{\"source\":\"/s\",\"message\":3,\"problem\":{"},
        {"{\"source\":\"/s\",\"id\":\"a\\u0022\\n\\u00e9\\ud83d\\ude00\"}",
         "\"data\":{\"source\":\"/s\",\"id\":\"a\\\"\\n\303\251\360\237\230\200\",\"message\":4,"},
        {"{\"id\":7,\"source\":\"/s\"}", "\"data\":{\"source\":\"/s\",\"message\":5,\"problem\":{"},
        {"{\"id\":\"7\",\"id\":\"8\"}", "\"data\":{\"message\":6,\"problem\":{"},
        {"[{\"id\":\"7\"}]", "\"data\":{\"message\":7,\"problem\":{"},
        {"{\"id\":\"7\"", "\"data\":{\"message\":8,\"problem\":{\"type\":"
                          "\"urn:headgate:problem:json-invalid\""},
        {"", "\"data\":{\"message\":9,\"problem\":{"},
        {"{\"id\":\"\",\"source\":\"/s\"}",
         "\"data\":{\"id\":\"\",\"source\":\"/s\",\"message\":10,"},
        {"{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"/s\",\"type\":\"headgate.x\"}",
         "\"data\":{\"id\":\"7\",\"source\":\"/s\",\"message\":11,\"problem\":{\"type\":"
         "\"urn:headgate:problem:type-reserved\""},
    };
    struct rig rig;
    struct sock s;
    (void)state;
    open_quiet(&rig, &s, SERVER(EVENTS));
    for (size_t i = 0; i < HG_COUNT(refused); i++) {
        assert_answer(&s, refused[i].message, "refused", refused[i].data);
    }
    assert_answer(&s, EVENT("1"), "published", "\"message\":12,"); /* it goes on */
    assert_int_equal(rig.log.n_seen, 1);
    end(&rig, &s);
}

static void who_may_not_publish_is_told_which_event_it_was(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    open_quiet(&rig, &s,
               SERVER("location /events { accept cloudevents; publish secret; "
                      "stream demo.a; }"));
    assert_answer(&s, EVENT("1"), "refused",
                  "\"data\":{\"id\":\"1\",\"source\":\"/t\",\"message\":1,\"problem\":{\"type\":"
                  "\"urn:headgate:problem:forbidden\"");
    end(&rig, &s);
}

static void a_message_above_the_limit_of_bodies_is_refused(void **state) {
    char message[2048];
    struct rig rig;
    struct sock s;
    (void)state;
    open_quiet(&rig, &s, SERVER("client_max_body_size 1k; " EVENTS));
    snprintf(message, sizeof(message), "{\"id\":\"7\",\"data\":\"%01500d\"}", 0);
    assert_answer(&s, message, "refused",
                  "\"data\":{\"id\":\"7\",\"message\":1,\"problem\":{\"type\":"
                  "\"urn:headgate:problem:body-too-large\"");
    end(&rig, &s);
}

static void a_conflict_is_told_by_name(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    open_quiet(&rig, &s, SERVER(EVENTS));
    assert_answer(&s, EVENT("1"), "published", "\"duplicate\":false");
    assert_answer(&s, "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/t\",\"type\":\"u\"}",
                  "refused",
                  "\"data\":{\"id\":\"1\",\"source\":\"/t\",\"message\":2,\"problem\":{\"type\":"
                  "\"urn:headgate:problem:id-conflict\"");
    end(&rig, &s);
}

static bool has_held(void *arg) {
    return atomic_load(&((struct rig *)arg)->fake.n_held) == 1;
}

/* A refusal is quick, a commit is not: the number says which is which. */
static void answers_may_overtake_each_other(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    open_quiet(&rig, &s, SERVER(EVENTS));
    rig.fake.is_manual = true;
    sock_send(&s, HG_WS_TEXT, EVENT("1"));
    rig_until(&rig.log, has_held, &rig);
    assert_answer(&s, "nothing", "refused", "\"message\":2,");
    fake_log_answer(&rig.fake, 1, 0);
    assert_non_null(strstr(sock_take(&s, HG_WS_TEXT), "\"message\":1,"));
    end(&rig, &s);
}

static void an_answer_s_id_is_its_own(void **state) {
    char first[64];
    struct rig rig;
    struct sock s;
    (void)state;
    open_quiet(&rig, &s, SERVER(EVENTS));
    sock_send(&s, HG_WS_TEXT, "1");
    snprintf(first, sizeof(first), "%.40s", strstr(sock_take(&s, HG_WS_TEXT), "\"id\":\"p"));
    sock_send(&s, HG_WS_TEXT, "1");
    assert_null(strstr(sock_take(&s, HG_WS_TEXT), first));
    end(&rig, &s);
}

/* The rules under which a message came hold for it to its end. */
static void a_message_ends_under_the_rules_it_came_under(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    open_quiet(&rig, &s, SERVER(EVENTS));
    rig.fake.is_manual = true;
    sock_send(&s, HG_WS_TEXT, EVENT("1"));
    rig_until(&rig.log, has_held, &rig);
    rig.fake.is_manual = false;
    rig_reload(&rig, SERVER("location = /events { stream demo.a; }"));
    assert_false(rig.generations[0]->is_released);
    fake_log_answer(&rig.fake, 1, 0);
    assert_non_null(strstr(sock_take(&s, HG_WS_TEXT), "headgate.published"));
    sock_send(&s, HG_WS_TEXT, EVENT("2"));
    sock_assert_closed(&s, 1003);
    end(&rig, &s);
}

static void the_path_s_topic_is_published_to(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    rig_open(&rig, SERVER("location /t/{topic} { accept cloudevents; publish demo.$topic "
                          "allow=demo.*; stream demo.$topic allow=demo.*; }"));
    sock_open_well(&s, &rig, "/t/b?type=none");
    sock_take_text(&s, "headgate.stream.opened");
    assert_answer(&s, EVENT("1"), "published", "\"id\":\"1\"");
    assert_int_equal(rig.log.n_seen, 1);
    unit_assert_slice(hg_log_topic_name(rig.log.log, rig.log.seen[0].topic), "demo.b");
    end(&rig, &s);
}

/* Allocates nothing, so that the allocation that fails is not ours. */
static bool is_dealt_with(struct sock *s) {
    int64_t deadline = hg_clock_mono_ms() + 10000;
    while (hg_clock_mono_ms() < deadline) {
        if (s->ask.stream.is_ended || s->ask.stream.is_reset || sock_has(s, HG_WS_TEXT)) {
            return true;
        }
        hg_loop_turn(s->ask.rig->log.loop, false);
        poll(NULL, 0, 1);
    }
    return false;
}

/* Answered, or the socket is closed: nobody waits for an answer for ever. */
static void without_memory_a_message_is_answered_or_the_socket_closes(void **state) {
    struct rig rig;
    bool was_over = false;
    int n = 0;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    for (; !was_over && n < 200; n++) {
        struct sock s;
        struct hg_buf frame = {0};
        char event[128];
        sock_open_well(&s, &rig, "/events?type=none");
        sock_take_text(&s, "headgate.stream.opened");
        snprintf(event, sizeof(event), EVENT("%d"), n);
        put_client(&frame, HG_WS_TEXT, hg_slice_of(event));
        hg_alloc_fail_after(n);
        sock_feed(&s, frame.ptr, frame.len);
        assert_true(is_dealt_with(&s));
        was_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        hg_buf_fini(&frame);
        sock_close(&s);
    }
    assert_in_range(n, 8, 199);
    rig_close(&rig);
}

int test_message(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_stored_is_told_with_its_position),
        cmocka_unit_test(what_is_refused_is_named_as_far_as_it_can_be_read),
        cmocka_unit_test(who_may_not_publish_is_told_which_event_it_was),
        cmocka_unit_test(a_message_above_the_limit_of_bodies_is_refused),
        cmocka_unit_test(a_conflict_is_told_by_name),
        cmocka_unit_test(answers_may_overtake_each_other),
        cmocka_unit_test(an_answer_s_id_is_its_own),
        cmocka_unit_test(a_message_ends_under_the_rules_it_came_under),
        cmocka_unit_test(the_path_s_topic_is_published_to),
        cmocka_unit_test(without_memory_a_message_is_answered_or_the_socket_closes),
    };
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
