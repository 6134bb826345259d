/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/gate/rig.h"

#include "gate/stage.h"

#define OPEN "role anonymous { publish demo demo.*; } role shop { publish demo; }"
#define IN "accept cloudevents; publish demo;"

/* The verdict before the body; 0: go on. */
static int status_of(struct rig *rig, const char *method, const char *name, const char *value,
                     int64_t content_length) {
    struct fake_request request;
    struct hg_request parsed;
    struct hg_arena arena = {0};
    fake_request_init(&request, method, "/in", STRUCTURED, name, value, NULL);
    assert_int_equal(hg_request_init(&parsed, &request.head, &arena), 0);
    struct hg_exchange x = {
        .gate = &rig->gate, .intake = &rig->intake, .request = &parsed, .arena = &arena};
    enum hg_step step = hg_exchange_fields(&x, content_length);
    assert_true((step == HG_STEP_ON) == (x.problem.status == 0));
    int status = x.problem.status;
    hg_exchange_fini(&x);
    hg_arena_fini(&arena);
    return status;
}

static void everybody_is_anonymous_where_nobody_is_asked(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, OPEN, IN "authenticate none;");
    assert_int_equal(status_of(&rig, "POST", "x-key", "bad", 10), 0);
    rig_close(&rig);
}

static void only_post_brings_events(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, OPEN, IN "authenticate none;");
    assert_int_equal(status_of(&rig, "PUT", NULL, NULL, 10), 405);
    rig_close(&rig);
}

static void who_proves_nothing_is_asked(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, OPEN, IN "authenticate key;");
    assert_int_equal(status_of(&rig, "POST", "x-key", "ada:shop", 10), 0);
    assert_int_equal(status_of(&rig, "POST", "x-badge", "ada:shop", 10), 401);
    assert_int_equal(status_of(&rig, "POST", "x-key", "bad", 10), 401);
    rig_close(&rig);
}

static void a_wrong_proof_is_never_passed_over(void **state) {
    struct rig rig;
    struct fake_request request;
    struct hg_request parsed;
    struct hg_arena arena = {0};
    struct hg_principal *p = NULL;
    struct hg_problem problem = {0};
    (void)state;
    rig_open(&rig, OPEN, IN "authenticate any key badge;");
    fake_request_init(&request, "POST", "/in", "x-key", "ada:shop", "x-badge", "bad", NULL);
    assert_int_equal(hg_request_init(&parsed, &request.head, &arena), 0);
    assert_int_equal(hg_gate_authenticate(&rig.intake.proofs, rig.anonymous, &parsed, &p, &problem),
                     HG_STEP_DONE);
    assert_null(p);
    assert_int_equal(problem.status, 401);
    assert_string_equal(problem.detail, "x-badge is wrong.");
    hg_arena_fini(&arena);
    rig_close(&rig);
}

static void any_takes_the_first_that_proves_and_all_wants_each(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, OPEN, IN "authenticate any key badge;");
    assert_int_equal(status_of(&rig, "POST", "x-badge", "ada:shop", 10), 0);
    rig_close(&rig);
    rig_open(&rig, OPEN, IN "authenticate all key badge;");
    assert_int_equal(status_of(&rig, "POST", "x-key", "ada:shop", 10), 401);
    assert_int_equal(status_of(&rig, "POST", "x-badge", "ada:shop", 10), 401);
    rig_close(&rig);
}

static void with_all_the_last_one_says_who_it_is(void **state) {
    struct rig rig;
    struct fake_request request;
    struct hg_request parsed;
    struct hg_arena arena = {0};
    struct hg_principal *p = NULL;
    struct hg_problem problem = {0};
    (void)state;
    rig_open(&rig, OPEN, IN "authenticate all key badge;");
    fake_request_init(&request, "POST", "/in", "x-key", "ada:shop", "x-badge", "eve:desk", NULL);
    assert_int_equal(hg_request_init(&parsed, &request.head, &arena), 0);
    assert_int_equal(hg_gate_authenticate(&rig.intake.proofs, rig.anonymous, &parsed, &p, &problem),
                     HG_STEP_ON);
    unit_assert_slice(hg_principal_id(p), "eve");
    assert_int_equal(problem.status, 0);
    hg_principal_unref(&p);
    hg_arena_fini(&arena);
    rig_close(&rig);
}

static void no_rule_is_a_403_before_the_body(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, OPEN, IN "authenticate key;");
    assert_int_equal(status_of(&rig, "POST", "x-key", "ada:desk", 10), 403);
    rig_close(&rig);
    rig_open(&rig, "", IN "authenticate none;");
    assert_int_equal(status_of(&rig, "POST", NULL, NULL, 10), 403);
    rig_close(&rig);
}

static void a_content_type_that_the_source_does_not_take_is_a_415(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN "authenticate none;");
    POST(&p, &rig, "{}", "content-type", "application/json");
    post_assert_problem(&p, 415, "media-type-unsupported");
    post_close(&p);
    rig_close(&rig);
}

static void a_body_that_says_it_is_too_large_is_a_413(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, OPEN, IN "authenticate none; client_max_body_size 1k;");
    assert_int_equal(status_of(&rig, "POST", NULL, NULL, 1024), 0);
    assert_int_equal(status_of(&rig, "POST", NULL, NULL, 1025), 413);
    assert_int_equal(status_of(&rig, "POST", NULL, NULL, -1), 0);
    rig_close(&rig);
}

static void post_captured(struct post *p, struct rig *rig, const char *captured) {
    fake_request_init(&p->request, "POST", "/in", STRUCTURED, NULL);
    struct fake_request request = p->request;
    *p = (struct post){.rig = rig, .request = request, .n_done = 1};
    p->request.head.fields = p->request.fields;
    fake_stream_init(&p->stream, NULL);
    assert_int_equal(hg_request_init(&p->parsed, &p->request.head, &p->arena), 0);
    p->x = (struct hg_exchange){.gate = &rig->gate,
                                .intake = &rig->intake,
                                .request = &p->parsed,
                                .arena = &p->arena,
                                .captured = hg_slice_of(captured)};
    hg_exchange_fields(&p->x, 0);
}

static void assert_captured(struct rig *rig, const char *captured, int status) {
    struct post p;
    post_captured(&p, rig, captured);
    assert_int_equal(p.x.problem.status, status);
    post_close(&p);
}

static void what_a_path_captured_must_be_in_the_list(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, OPEN,
             "accept cloudevents; publish demo.$topic allow=demo.a allow=demo.b.*;"
             "authenticate none;");
    assert_captured(&rig, "a", 0);
    assert_captured(&rig, "c", 404);
    assert_captured(&rig, "a.b", 404);
    assert_captured(&rig, "*", 404);
    assert_captured(&rig, "**", 404);
    assert_captured(&rig, "a b", 404);
    assert_captured(&rig, "", 404);
    assert_captured(&rig, NULL, 404);
    rig_close(&rig);
    rig_open(&rig, OPEN, "accept cloudevents; publish demo.$topic allow=**; authenticate none;");
    assert_captured(&rig, "x", 0);
    assert_captured(&rig, "dlq", 404); /* demo.dlq: no star reaches it */
    assert_captured(&rig, "x.y", 403); /* no rule for three segments */
    char long_name[300];
    memset(long_name, 'x', sizeof(long_name));
    long_name[299] = 0;
    assert_captured(&rig, long_name, 404);
    rig_close(&rig);
}

/* As on a WebSocket, where it was proved at the handshake. */
static void a_proof_that_has_ended_is_none(void **state) {
    static const int64_t ends[] = {1, 0, INT64_MAX};
    static const enum hg_step steps[] = {HG_STEP_DONE, HG_STEP_ON, HG_STEP_ON};
    struct rig rig;
    (void)state;
    rig_open(&rig, OPEN, IN "authenticate key;");
    for (size_t i = 0; i < HG_COUNT(ends); i++) {
        struct hg_exchange x = {.intake = &rig.intake};
        x.principal = hg_principal_new("key", HG_SLICE("test"), HG_SLICE("ada"), ends[i]);
        assert_non_null(x.principal);
        assert_int_equal(hg_stage__authenticate(&x), steps[i]);
        assert_int_equal(x.problem.status, steps[i] == HG_STEP_DONE ? 401 : 0);
        hg_principal_unref(&x.principal);
    }
    rig_close(&rig);
}

int test_fields(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_is_anonymous_where_nobody_is_asked),
        cmocka_unit_test(only_post_brings_events),
        cmocka_unit_test(who_proves_nothing_is_asked),
        cmocka_unit_test(a_proof_that_has_ended_is_none),
        cmocka_unit_test(a_wrong_proof_is_never_passed_over),
        cmocka_unit_test(any_takes_the_first_that_proves_and_all_wants_each),
        cmocka_unit_test(with_all_the_last_one_says_who_it_is),
        cmocka_unit_test(no_rule_is_a_403_before_the_body),
        cmocka_unit_test(a_content_type_that_the_source_does_not_take_is_a_415),
        cmocka_unit_test(a_body_that_says_it_is_too_large_is_a_413),
        cmocka_unit_test(what_a_path_captured_must_be_in_the_list),
    };
    return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
