/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/gate/rig.h"

#include <jansson.h>

#include "base/alloc.h"

#define OPEN "role anonymous { publish demo; }"
#define IN "accept cloudevents; publish demo; authenticate none;"
#define PREFER "prefer", "return=representation"

static void one_event_is_answered_with_its_position(void **state) {
    struct rig rig;
    struct post p;
    struct hg_position position;
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig, EVENT("1"));
    assert_int_equal(p.stream.status, 202);
    assert_int_equal(hg_position_parse(
                         hg_slice_of(fake_stream_field(&p.stream, "headgate-position")), &position),
                     0);
    assert_int_equal(position.offset, 0);
    assert_null(fake_stream_field(&p.stream, "headgate-duplicate"));
    assert_int_equal(p.stream.body.len, 0);
    post_close(&p);
    rig_close(&rig);
}

static void a_batch_is_answered_briefly_unless_asked(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    POST(&p, &rig, "[" EVENT("1") "," EVENT("2") "]", BATCH);
    assert_int_equal(p.stream.status, 202);
    assert_null(fake_stream_field(&p.stream, "headgate-position"));
    assert_null(fake_stream_field(&p.stream, "preference-applied"));
    assert_int_equal(p.stream.body.len, 0);
    post_close(&p);
    rig_close(&rig);
}

static json_t *list_of(const struct post *p, size_t n) {
    json_t *root = json_loads(p->stream.body.ptr, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    assert_int_equal(json_array_size(json_object_get(root, "events")), n);
    return root;
}

static json_t *item_of(json_t *root, size_t i) {
    return json_array_get(json_object_get(root, "events"), i);
}

static void who_asks_gets_each_event_s_position(void **state) {
    struct rig rig;
    struct post p;
    struct hg_position position;
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig, EVENT("1"));
    post_close(&p);
    POST(&p, &rig, "[" EVENT("1") "," EVENT("2") "," EVENT("2") "]", BATCH, PREFER);
    assert_int_equal(p.stream.status, 202);
    assert_string_equal(fake_stream_field(&p.stream, "content-type"), "application/json");
    assert_string_equal(fake_stream_field(&p.stream, "preference-applied"),
                        "return=representation");
    json_t *root = list_of(&p, 3);
    static const bool is_duplicate[] = {true, false, true};
    static const uint64_t offsets[] = {0, 1, 1};
    for (size_t i = 0; i < 3; i++) {
        json_t *item = item_of(root, i);
        assert_int_equal(json_is_true(json_object_get(item, "duplicate")), is_duplicate[i]);
        struct hg_slice text = hg_slice_of(json_string_value(json_object_get(item, "position")));
        assert_int_equal(hg_position_parse(text, &position), 0);
        assert_int_equal(position.offset, offsets[i]);
    }
    json_decref(root);
    post_close(&p);
    rig_close(&rig);
}

/* A producer that gathers sends a batch of one now and then. */
static void who_asks_gets_a_list_for_one_event_too(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    POST(&p, &rig, "[" EVENT("1") "]", BATCH, PREFER);
    assert_non_null(fake_stream_field(&p.stream, "headgate-position"));
    json_t *root = list_of(&p, 1);
    assert_string_equal(json_string_value(json_object_get(item_of(root, 0), "position")),
                        fake_stream_field(&p.stream, "headgate-position"));
    json_decref(root);
    post_close(&p);
    rig_close(&rig);
}

static bool has_list(struct rig *rig, const char *prefer, const char *second) {
    struct post p;
    POST(&p, rig, "[" EVENT("1") "," EVENT("2") "]", BATCH, "prefer", prefer,
         second ? "prefer" : NULL, second);
    bool has_body = p.stream.body.len > 0;
    post_close(&p);
    return has_body;
}

static void the_preference_is_read_as_the_standard_writes_it(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, OPEN, IN);
    assert_true(has_list(&rig, "return=representation", NULL));
    assert_true(has_list(&rig, "wait=5, Return=representation", NULL));
    assert_true(has_list(&rig, "respond-async,return=\"representation\" ; x=y", NULL));
    assert_true(has_list(&rig, "wait=5", "return=representation"));
    assert_false(has_list(&rig, "return=minimal", NULL));
    assert_false(has_list(&rig, "noreturn=representation", NULL));
    assert_false(has_list(&rig, "return=representations", NULL));
    assert_false(has_list(&rig, "wait=5; return=representation", NULL));
    rig_close(&rig);
}

/* Which of a batch are stored is not known as a whole, but of some it may be. */
static void a_batch_in_doubt_says_of_each_event_what_is_known(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig, EVENT("1"));
    post_close(&p);
    atomic_store(&rig.fake.fail_next, HG_EDOUBT);
    POST(&p, &rig, "[" EVENT("1") "," EVENT("2") "]", BATCH);
    post_assert_problem(&p, 504, "in-doubt");
    json_t *root = list_of(&p, 2);
    assert_string_equal(json_string_value(json_object_get(item_of(root, 0), "state")), "stored");
    assert_non_null(json_object_get(item_of(root, 0), "position"));
    assert_string_equal(json_string_value(json_object_get(item_of(root, 1), "state")), "in-doubt");
    assert_null(json_object_get(item_of(root, 1), "position"));
    json_decref(root);
    post_close(&p);
    rig_close(&rig);
}

/* A batch of three whose events end as errs say. */
static void post_in_parts(struct rig *rig, struct post *p, const int *errs, size_t n) {
    fake_request_init(&p->request, "POST", "/in", BATCH, NULL);
    post_begin(p, rig, "[" EVENT("1") "," EVENT("2") "," EVENT("3") "]", NULL);
    while (atomic_load(&rig->fake.n_held) == 0) {
        hg_loop_turn(rig->log.loop, false);
    }
    fake_log_answer_items(&rig->fake, 0, errs, n);
    post_end(p);
}

static void assert_states(const struct post *p, const char *const states[3]) {
    json_t *root = list_of(p, 3);
    for (size_t i = 0; i < 3; i++) {
        json_t *item = item_of(root, i);
        bool is_stored = strcmp(states[i], "stored") == 0;
        assert_string_equal(json_string_value(json_object_get(item, "state")), states[i]);
        assert_int_equal(json_object_get(item, "position") != NULL, is_stored);
    }
    json_decref(root);
}

static void a_batch_stored_in_part_is_listed_and_completed_by_sending_it_again(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open_parts(&rig, OPEN, IN);
    post_in_parts(&rig, &p, (const int[]){0, HG_EIO, 0}, 3);
    post_assert_problem(&p, 503, "partly-stored");
    assert_string_equal(fake_stream_field(&p.stream, "retry-after"), "5");
    assert_null(strstr(p.stream.body.ptr, "\"index\""));
    assert_states(&p, (const char *const[]){"stored", "not-stored", "stored"});
    post_close(&p);
    post_in_parts(&rig, &p, (const int[]){0}, 1);
    assert_int_equal(p.stream.status, 202);
    post_close(&p);
    rig_close(&rig);
}

static void any_doubt_in_a_batch_makes_it_a_504(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open_parts(&rig, OPEN, IN);
    post_in_parts(&rig, &p, (const int[]){HG_EIO, 0, HG_EDOUBT}, 3);
    post_assert_problem(&p, 504, "in-doubt");
    assert_null(fake_stream_field(&p.stream, "retry-after"));
    assert_states(&p, (const char *const[]){"not-stored", "stored", "in-doubt"});
    post_close(&p);
    rig_close(&rig);
}

/* The first answer says that something is stored; the next one that the rest never will be. */
static void an_event_too_large_among_others_is_named_and_at_last_refused(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open_parts(&rig, OPEN, IN);
    post_in_parts(&rig, &p, (const int[]){0, HG_E2BIG, 0}, 3);
    post_assert_problem(&p, 503, "partly-stored");
    assert_non_null(strstr(p.stream.body.ptr, "\"index\":1"));
    assert_non_null(fake_stream_field(&p.stream, "retry-after"));
    post_close(&p);
    post_in_parts(&rig, &p, (const int[]){HG_E2BIG}, 1);
    post_assert_problem(&p, 413, "event-too-large");
    assert_non_null(strstr(p.stream.body.ptr, "\"index\":1"));
    assert_null(strstr(p.stream.body.ptr, "\"events\""));
    post_close(&p);
    rig_close(&rig);
}

static void a_batch_of_which_nothing_is_stored_is_answered_as_ever(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open_parts(&rig, OPEN, IN);
    post_in_parts(&rig, &p, (const int[]){HG_EAGAIN, HG_EIO, HG_EAGAIN}, 3);
    post_assert_problem(&p, 503, "overloaded");
    assert_null(strstr(p.stream.body.ptr, "\"events\""));
    post_close(&p);
    rig_close(&rig);
}

static void a_401_challenges_by_each_authenticator_that_can(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, "accept cloudevents; publish demo; authenticate any badge key;");
    post_event(&p, &rig, EVENT("1"));
    post_assert_problem(&p, 401, "unauthenticated");
    assert_int_equal(fake_stream_count(&p.stream, "www-authenticate"), 1);
    assert_string_equal(fake_stream_field(&p.stream, "www-authenticate"), "Key realm=\"test\"");
    post_close(&p);
    rig_close(&rig);
}

static void fields_of_the_caller_stand_in_every_answer(void **state) {
    static const struct hg_field extra = {{"vary", 4}, {"origin", 6}};
    struct fake_stream s;
    struct hg_problem problem = {.index = -1};
    (void)state;
    fake_stream_init(&s, NULL);
    hg_problem_set(&problem, 404, "not-found", "Nothing is here.");
    hg_gate_answer_problem(&s.stream, &problem, &extra, 1);
    assert_int_equal(s.status, 404);
    assert_string_equal(fake_stream_field(&s, "vary"), "origin");
    assert_string_equal(fake_stream_field(&s, "content-type"), "application/problem+json");
    assert_null(fake_stream_field(&s, "retry-after"));
    fake_stream_fini(&s);
}

static void a_503_always_says_when_to_come_back(void **state) {
    struct fake_stream s;
    struct hg_problem problem = {.index = -1};
    (void)state;
    fake_stream_init(&s, NULL);
    hg_problem_set(&problem, 503, "draining", "The gateway is going away.");
    hg_gate_answer_problem(&s.stream, &problem, NULL, 0);
    assert_string_equal(fake_stream_field(&s, "retry-after"), "1");
    fake_stream_fini(&s);
}

/* Half a document is worse than none. */
static void without_memory_a_problem_is_its_status_alone(void **state) {
    struct fake_stream s;
    struct hg_problem problem = {.index = -1};
    (void)state;
    fake_stream_init(&s, NULL);
    hg_problem_set(&problem, 404, "not-found", "Nothing is here.");
    hg_alloc_fail_after(0);
    hg_gate_answer_problem(&s.stream, &problem, NULL, 0);
    hg_alloc_fail_after(-1);
    assert_int_equal(s.status, 404);
    assert_int_equal(s.body.len, 0);
    assert_null(fake_stream_field(&s, "content-type"));
    fake_stream_fini(&s);
}

int test_answer(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_event_is_answered_with_its_position),
        cmocka_unit_test(a_batch_is_answered_briefly_unless_asked),
        cmocka_unit_test(who_asks_gets_each_event_s_position),
        cmocka_unit_test(who_asks_gets_a_list_for_one_event_too),
        cmocka_unit_test(the_preference_is_read_as_the_standard_writes_it),
        cmocka_unit_test(a_batch_in_doubt_says_of_each_event_what_is_known),
        cmocka_unit_test(a_batch_stored_in_part_is_listed_and_completed_by_sending_it_again),
        cmocka_unit_test(any_doubt_in_a_batch_makes_it_a_504),
        cmocka_unit_test(an_event_too_large_among_others_is_named_and_at_last_refused),
        cmocka_unit_test(a_batch_of_which_nothing_is_stored_is_answered_as_ever),
        cmocka_unit_test(a_401_challenges_by_each_authenticator_that_can),
        cmocka_unit_test(fields_of_the_caller_stand_in_every_answer),
        cmocka_unit_test(a_503_always_says_when_to_come_back),
        cmocka_unit_test(without_memory_a_problem_is_its_status_alone),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
