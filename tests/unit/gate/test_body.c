/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/gate/rig.h"

#include "base/alloc.h"
#include "base/clock.h"

#define OPEN "role anonymous { publish demo demo.* late.*; }"
#define IN "accept cloudevents; publish demo; authenticate none;"

static struct hg_slice attr(const struct post *p, size_t i, const char *name) {
    struct hg_slice value = {NULL, 0};
    hg_event_attr(p->x.events.items[i], hg_slice_of(name), &value);
    return value;
}

static void what_is_no_event_is_a_400(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig, "{");
    post_assert_problem(&p, 400, "json-invalid");
    post_close(&p);
    post_event(&p, &rig, "{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\"}");
    post_assert_problem(&p, 400, "event-invalid");
    post_close(&p);
    rig_close(&rig);
}

static void a_batch_with_one_wrong_event_is_refused_with_its_index(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    POST(&p, &rig, "[" EVENT("1") "," EVENT("2") ",{\"id\":\"3\"}]", BATCH);
    post_assert_problem(&p, 400, "event-invalid");
    assert_non_null(strstr(p.stream.body.ptr, "\"index\":2"));
    post_close(&p);
    assert_int_equal(rig.log.n_seen, 0);
    rig_close(&rig);
}

#define TYPED(id, type)                                                                            \
    "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/t\",\"type\":\"" type "\"}"

static void nobody_publishes_what_looks_like_a_notice(void **state) {
    static const char *const good[] = {"headgate", "headgatex.y", "Headgate.x", "x.headgate.y"};
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig, TYPED("1", "headgate.stream.gap"));
    post_assert_problem(&p, 400, "type-reserved");
    assert_null(strstr(p.stream.body.ptr, "\"index\""));
    post_close(&p);
    post_event(&p, &rig, TYPED("1", "headgate."));
    post_assert_problem(&p, 400, "type-reserved");
    post_close(&p);
    POST(&p, &rig, "x", "ce-specversion", "1.0", "ce-id", "1", "ce-source", "/t", "ce-type",
         "headgate%2Epublished");
    post_assert_problem(&p, 400, "type-reserved");
    post_close(&p);
    POST(&p, &rig, "[" EVENT("1") "," TYPED("2", "headgate.published") "]", BATCH);
    post_assert_problem(&p, 400, "type-reserved");
    assert_non_null(strstr(p.stream.body.ptr, "\"index\":1"));
    post_close(&p);
    assert_int_equal(rig.log.n_seen, 0);
    for (size_t i = 0; i < HG_COUNT(good); i++) {
        char event[128];
        snprintf(event, sizeof(event), TYPED("%zu", "%s"), i, good[i]);
        post_event(&p, &rig, event);
        assert_int_equal(p.stream.status, 202);
        post_close(&p);
    }
    rig_close(&rig);
}

static void more_events_than_allowed_are_a_413(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN "client_max_events 2;");
    POST(&p, &rig, "[" EVENT("1") "," EVENT("2") "]", BATCH);
    assert_int_equal(p.stream.status, 202);
    post_close(&p);
    POST(&p, &rig, "[" EVENT("3") "," EVENT("4") "," EVENT("5") "]", BATCH);
    post_assert_problem(&p, 413, "batch-too-large");
    post_close(&p);
    assert_int_equal(rig.log.n_seen, 2);
    rig_close(&rig);
}

/* Chunked: the size is known at the end only. */
static void a_body_that_turns_out_too_large_is_a_413(void **state) {
    struct rig rig;
    struct post p;
    char body[1200];
    static const struct post_how chunked = {.is_chunked = true};
    (void)state;
    rig_open(&rig, OPEN, IN "client_max_body_size 1k;");
    memset(body, ' ', sizeof(body));
    memcpy(body, EVENT("1"), strlen(EVENT("1")));
    body[1025] = 0;
    post_event_how(&p, &rig, body, &chunked);
    post_assert_problem(&p, 413, "body-too-large");
    post_close(&p);
    body[1024] = 0;
    post_event_how(&p, &rig, body, &chunked);
    assert_int_equal(p.stream.status, 202);
    post_close(&p);
    rig_close(&rig);
}

static void an_event_without_a_time_gets_one(void **state) {
    struct rig rig;
    struct post p;
    int64_t ms;
    (void)state;
    rig_open(&rig, OPEN, IN);
    int64_t before = hg_clock_wall_ms();
    post_event(&p, &rig, EVENT("1"));
    assert_int_equal(hg_clock_parse(attr(&p, 0, "time"), &ms), 0);
    assert_true(ms >= before && ms <= hg_clock_wall_ms());
    post_close(&p);
    rig_close(&rig);
}

static void a_time_that_was_sent_stays(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig,
               "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/t\",\"type\":\"t\","
               "\"time\":\"2001-02-03T04:05:06+02:00\"}");
    unit_assert_slice(attr(&p, 0, "time"), "2001-02-03T04:05:06+02:00");
    post_close(&p);
    rig_close(&rig);
}

/* The digest is of what was sent: the time that we add is no other content. */
static void the_same_event_without_a_time_is_a_duplicate(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig, EVENT("1"));
    post_close(&p);
    post_event(&p, &rig, EVENT("1"));
    assert_int_equal(p.stream.status, 202);
    assert_string_equal(fake_stream_field(&p.stream, "headgate-duplicate"), "true");
    post_close(&p);
    assert_int_equal(rig.log.n_seen, 1);
    rig_close(&rig);
}

static void the_topic_says_which_attribute_is_the_key(void **state) {
    static const struct {
        enum hg_topic_key key;
        const char *value;
    } cases[] = {{HG_KEY_NONE, ""},
                 {HG_KEY_SUBJECT, "s"},
                 {HG_KEY_SOURCE, "/t"},
                 {HG_KEY_PARTITIONKEY, "pk"}};
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        rig.key_of[0] = (uint8_t)cases[i].key;
        post_event(&p, &rig,
                   "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/t\",\"type\":"
                   "\"t\",\"subject\":\"s\",\"partitionkey\":\"pk\"}");
        unit_assert_slice(p.x.items[0].key, cases[i].value);
        post_close(&p);
    }
    rig.key_of[0] = HG_KEY_SUBJECT;
    post_event(&p, &rig, EVENT("2"));
    assert_int_equal(p.x.items[0].key.len, 0);
    post_close(&p);
    rig.keys.n = 0; /* a topic younger than the generation */
    post_event(&p, &rig, EVENT("3"));
    assert_int_equal(p.stream.status, 202);
    post_close(&p);
    rig_close(&rig);
}

static void every_event_carries_the_caller_s_owner(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    POST(&p, &rig, "[" EVENT("1") "," EVENT("2") "]", BATCH);
    assert_int_equal(p.x.items[0].owner, hg_principal_owner(rig.anonymous));
    assert_int_equal(p.x.items[1].owner, hg_principal_owner(rig.anonymous));
    post_close(&p);
    rig_close(&rig);
}

/* Once for each place where memory can run out: refused or stored whole. */
static void without_memory_a_batch_is_refused_whole(void **state) {
    struct rig rig;
    struct post p;
    char body[256];
    bool is_over = false;
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig, EVENT("first"));
    post_close(&p);
    for (int64_t n = 1; !is_over; n++) {
        size_t before = rig.fake.topics[0].parts[0].n;
        struct post_how how = {.fail_from = n};
        snprintf(body, sizeof(body),
                 "[{\"specversion\":\"1.0\",\"id\":\"a%lld\",\"source\":\"/t\","
                 "\"type\":\"t\"},{\"specversion\":\"1.0\",\"id\":\"b%lld\",\"source\":\"/t\","
                 "\"type\":\"t\"}]",
                 (long long)n, (long long)n);
        fake_request_init(&p.request, "POST", "/in", BATCH, NULL);
        post_begin(&p, &rig, body, &how);
        post_end(&p);
        is_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        size_t stored = rig.fake.topics[0].parts[0].n - before;
        assert_true((p.stream.status == 503 && stored == 0) ||
                    (p.stream.status == 202 && stored == 2));
        post_close(&p);
    }
    rig_close(&rig);
}

int test_body(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_event_is_a_400),
        cmocka_unit_test(a_batch_with_one_wrong_event_is_refused_with_its_index),
        cmocka_unit_test(nobody_publishes_what_looks_like_a_notice),
        cmocka_unit_test(more_events_than_allowed_are_a_413),
        cmocka_unit_test(a_body_that_turns_out_too_large_is_a_413),
        cmocka_unit_test(an_event_without_a_time_gets_one),
        cmocka_unit_test(a_time_that_was_sent_stays),
        cmocka_unit_test(the_same_event_without_a_time_is_a_duplicate),
        cmocka_unit_test(the_topic_says_which_attribute_is_the_key),
        cmocka_unit_test(every_event_carries_the_caller_s_owner),
        cmocka_unit_test(without_memory_a_batch_is_refused_whole),
    };
    return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
