/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/gate/rig.h"

#define OPEN "role anonymous { publish demo; }"
#define IN "accept cloudevents; publish demo; authenticate none;"
#define OTHER(id)                                                                                  \
    "{\"specversion\":\"1.0\",\"id\":\"" id                                                        \
    "\",\"source\":\"/t\",\"type\":\"t\",\"subject\":\"other\"}"

static void assert_fails(struct rig *rig, int err, int status, const char *slug,
                         const char *retry_after) {
    struct post p;
    atomic_store(&rig->fake.fail_next, err);
    post_event(&p, rig, EVENT("failing"));
    post_assert_problem(&p, status, slug);
    const char *retry = fake_stream_field(&p.stream, "retry-after");
    if (retry_after == NULL) {
        assert_null(retry);
    } else {
        assert_non_null(retry);
        assert_string_equal(retry, retry_after);
    }
    post_close(&p);
    atomic_store(&rig->fake.fail_next, 0);
}

static void what_the_log_says_is_told(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, OPEN, IN);
    assert_fails(&rig, HG_EFULL, 503, "log-full", "30");
    assert_fails(&rig, HG_EIO, 503, "log-failed", "5");
    assert_fails(&rig, HG_EAGAIN, 503, "overloaded", "1");
    assert_fails(&rig, HG_EDOUBT, 504, "in-doubt", NULL);
    assert_fails(&rig, HG_E2BIG, 413, "event-too-large", NULL);
    assert_fails(&rig, HG_EDENIED, 403, "log-denied", NULL);
    rig_close(&rig);
}

/* A compacted topic and an event without a key, say: to send it again would
 * never help, so it is no 503. */
static void an_event_that_the_driver_cannot_keep_is_a_400(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, OPEN, IN);
    assert_fails(&rig, HG_EINVAL, 400, "event-invalid", NULL);
    rig_close(&rig);
}

static void an_event_of_a_batch_that_cannot_be_kept_is_named(void **state) {
    static const int errors[] = {HG_EINVAL, HG_E2BIG, HG_EDENIED};
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    for (size_t i = 0; i < HG_COUNT(errors); i++) {
        atomic_store(&rig.fake.fail_next, errors[i]);
        atomic_store(&rig.fake.refused_next, 1);
        POST(&p, &rig, "[" EVENT("1") "," EVENT("2") "]", BATCH);
        assert_non_null(strstr(p.stream.body.ptr, "\"index\":1"));
        post_close(&p);
        atomic_store(&rig.fake.refused_next, SIZE_MAX);
        POST(&p, &rig, "[" EVENT("1") "," EVENT("2") "]", BATCH);
        assert_null(strstr(p.stream.body.ptr, "\"index\""));
        post_close(&p);
    }
    rig_close(&rig);
}

static void an_answer_waits_until_the_event_is_durable(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    rig.fake.is_manual = true;
    fake_request_init(&p.request, "POST", "/in", STRUCTURED, NULL);
    post_begin(&p, &rig, EVENT("1"), NULL);
    while (atomic_load(&rig.fake.n_held) == 0) {
        hg_loop_turn(rig.log.loop, false);
    }
    for (int i = 0; i < 10; i++) {
        hg_loop_turn(rig.log.loop, false);
    }
    assert_int_equal(p.n_done, 0);
    fake_log_answer(&rig.fake, 1, 0);
    post_end(&p);
    assert_int_equal(p.stream.status, 202);
    post_close(&p);
    rig_close(&rig);
}

static void the_same_id_with_other_content_is_a_conflict(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig, EVENT("1"));
    post_close(&p);
    post_event(&p, &rig, OTHER("1"));
    post_assert_problem(&p, 409, "id-conflict");
    assert_non_null(strstr(p.stream.body.ptr, "the id \\\"1\\\" has other content"));
    assert_null(strstr(p.stream.body.ptr, "\"index\""));
    post_close(&p);
    POST(&p, &rig, "[" EVENT("2") "," OTHER("1") "]", BATCH);
    post_assert_problem(&p, 409, "id-conflict");
    assert_non_null(strstr(p.stream.body.ptr, "\"index\":1"));
    post_close(&p);
    assert_int_equal(rig.log.n_seen, 1);
    rig_close(&rig);
}

static void the_position_of(const struct post *p, char out[HG_POSITION_TEXT_LEN + 1]) {
    snprintf(out, HG_POSITION_TEXT_LEN + 1, "%s",
             fake_stream_field(&p->stream, "headgate-position"));
}

#define EXPECT "headgate-expected-position"

static void an_event_follows_the_position_that_it_expects(void **state) {
    struct rig rig;
    struct post p;
    char first[64], second[64];
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig, EVENT("1"));
    the_position_of(&p, first);
    post_close(&p);
    POST(&p, &rig, EVENT("2"), STRUCTURED, EXPECT, first);
    assert_int_equal(p.stream.status, 202);
    the_position_of(&p, second);
    post_close(&p);
    POST(&p, &rig, EVENT("3"), STRUCTURED, EXPECT, first);
    post_assert_problem(&p, 409, "position-conflict");
    post_close(&p);
    POST(&p, &rig, EVENT("3"), STRUCTURED, EXPECT, second);
    assert_int_equal(p.stream.status, 202);
    post_close(&p);
    assert_int_equal(rig.log.n_seen, 3);
    rig_close(&rig);
}

/* What the writer expects is not what is wrong here. */
static void an_id_with_other_content_is_told_before_a_position(void **state) {
    struct rig rig;
    struct post p;
    char first[64];
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig, EVENT("1"));
    the_position_of(&p, first);
    post_close(&p);
    POST(&p, &rig, OTHER("1"), STRUCTURED, EXPECT, first);
    post_assert_problem(&p, 409, "id-conflict");
    post_close(&p);
    rig_close(&rig);
}

static void a_position_of_another_topic_or_epoch_is_a_conflict(void **state) {
    struct rig rig;
    struct post p;
    char text[64];
    (void)state;
    rig_open(&rig, OPEN, IN);
    struct hg_position elsewhere = {.topic_tag = 1, .epoch = 1, .offset = UINT64_MAX};
    hg_position_format(&elsewhere, text);
    POST(&p, &rig, EVENT("1"), STRUCTURED, EXPECT, text);
    post_assert_problem(&p, 409, "position-conflict");
    post_close(&p);
    elsewhere.topic_tag = hg_log_topic_tag(rig.log.log, 0);
    elsewhere.epoch = 2;
    hg_position_format(&elsewhere, text);
    POST(&p, &rig, EVENT("1"), STRUCTURED, EXPECT, text);
    post_assert_problem(&p, 409, "position-conflict");
    post_close(&p);
    elsewhere.epoch = 1; /* before the first: the topic is empty */
    hg_position_format(&elsewhere, text);
    POST(&p, &rig, EVENT("1"), STRUCTURED, EXPECT, text);
    assert_int_equal(p.stream.status, 202);
    post_close(&p);
    rig_close(&rig);
}

static void an_expected_position_is_one_and_for_one_event(void **state) {
    struct rig rig;
    struct post p;
    char text[64];
    (void)state;
    rig_open(&rig, OPEN, IN);
    struct hg_position last = {
        .topic_tag = hg_log_topic_tag(rig.log.log, 0), .epoch = 1, .offset = UINT64_MAX};
    hg_position_format(&last, text);
    POST(&p, &rig, EVENT("1"), STRUCTURED, EXPECT, "tea");
    post_assert_problem(&p, 400, "position-invalid");
    post_close(&p);
    POST(&p, &rig, "[" EVENT("1") "," EVENT("2") "]", BATCH, EXPECT, text);
    post_assert_problem(&p, 400, "position-invalid");
    post_close(&p);
    POST(&p, &rig, EVENT("1"), STRUCTURED, EXPECT, text, EXPECT, text);
    post_assert_problem(&p, 400, "position-invalid");
    post_close(&p);
    assert_int_equal(rig.log.n_seen, 0);
    rig_close(&rig);
}

static void an_empty_batch_stores_nothing(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    POST(&p, &rig, "[]", BATCH);
    assert_int_equal(p.stream.status, 204);
    assert_int_equal(p.stream.body.len, 0);
    post_close(&p);
    assert_int_equal(atomic_load(&rig.fake.appends), 0);
    rig_close(&rig);
}

static void a_batch_is_whole_where_the_location_says_so(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    for (int is_atomic = 0; is_atomic < 2; is_atomic++) {
        rig_open(&rig, OPEN, is_atomic ? IN "atomic_batch on;" : IN);
        POST(&p, &rig, "[" EVENT("1") "," EVENT("2") "]", BATCH);
        assert_int_equal(p.stream.status, 202);
        assert_int_equal(p.x.publish.is_whole, is_atomic);
        post_close(&p);
        rig_close(&rig);
    }
}

int test_append(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_log_says_is_told),
        cmocka_unit_test(an_event_that_the_driver_cannot_keep_is_a_400),
        cmocka_unit_test(an_event_of_a_batch_that_cannot_be_kept_is_named),
        cmocka_unit_test(an_answer_waits_until_the_event_is_durable),
        cmocka_unit_test(the_same_id_with_other_content_is_a_conflict),
        cmocka_unit_test(an_event_follows_the_position_that_it_expects),
        cmocka_unit_test(an_id_with_other_content_is_told_before_a_position),
        cmocka_unit_test(a_position_of_another_topic_or_epoch_is_a_conflict),
        cmocka_unit_test(an_expected_position_is_one_and_for_one_event),
        cmocka_unit_test(a_batch_is_whole_where_the_location_says_so),
        cmocka_unit_test(an_empty_batch_stores_nothing),
    };
    return cmocka_run_group_tests_name("append", tests, NULL, NULL);
}
