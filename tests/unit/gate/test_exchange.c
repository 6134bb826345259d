/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/gate/rig.h"

#define OPEN "role anonymous { publish demo late.*; } role shop { publish demo; }"
#define IN "accept cloudevents; publish demo; authenticate none;"

static void a_refusal_before_the_body_calls_nobody(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, "accept cloudevents; publish demo; authenticate key;");
    fake_request_init(&p.request, "POST", "/in", STRUCTURED, NULL);
    post_begin(&p, &rig, EVENT("1"), NULL);
    assert_int_equal(p.n_done, 1); /* by the rig alone */
    assert_int_equal(p.x.problem.status, 401);
    assert_null(p.x.at);
    post_close(&p);
    rig_close(&rig);
}

static void a_principal_that_was_proved_before_is_not_asked_again(void **state) {
    struct rig rig;
    struct fake_request request;
    struct hg_request parsed;
    struct hg_arena arena = {0};
    (void)state;
    rig_open(&rig, OPEN, "accept cloudevents; publish demo; authenticate key;");
    fake_request_init(&request, "POST", "/in", STRUCTURED, NULL);
    assert_int_equal(hg_request_init(&parsed, &request.head, &arena), 0);
    struct hg_exchange x = {
        .gate = &rig.gate, .intake = &rig.intake, .request = &parsed, .arena = &arena};
    x.principal = hg_principal_new("key", HG_SLICE(""), HG_SLICE("ada"), 0);
    hg_principal_add_role(x.principal, HG_SLICE("shop"));
    assert_int_equal(hg_exchange_fields(&x, 10), HG_STEP_ON);
    hg_exchange_fini(&x);
    hg_arena_fini(&arena);
    rig_close(&rig);
}

static void an_exchange_waits_where_it_stands(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    rig.fake.is_manual = true;
    fake_request_init(&p.request, "POST", "/in", STRUCTURED, NULL);
    post_begin(&p, &rig, EVENT("1"), NULL);
    assert_non_null(p.x.at);
    while (atomic_load(&rig.fake.n_held) == 0) {
        hg_loop_turn(rig.log.loop, false);
    }
    fake_log_answer(&rig.fake, 1, 0);
    post_end(&p);
    assert_null(p.x.at);
    post_close(&p);
    rig_close(&rig);
}

static void on_replayed(struct hg_exchange *x) {
    *(bool *)x->owner = true;
}

static bool is_true(void *arg) {
    return *(bool *)arg;
}

/* A body, as an operator has it replayed. */
static enum hg_stored replay(struct rig *rig, const char *body, uint64_t owner, int *ret_status) {
    struct fake_request request;
    struct hg_request parsed;
    struct hg_arena arena = {0};
    bool is_done = false;
    fake_request_init(&request, "POST", "/in", STRUCTURED, NULL);
    assert_int_equal(hg_request_init(&parsed, &request.head, &arena), 0);
    struct hg_exchange x = {.gate = &rig->gate,
                            .intake = &rig->intake,
                            .request = &parsed,
                            .is_replay = true,
                            .replay_owner = owner,
                            .arena = &arena,
                            .on_done = on_replayed,
                            .owner = &is_done};
    hg_exchange_replay(&x, HG_SLICE("demo"), hg_slice_of(body));
    rig_until(&rig->log, is_true, &is_done);
    enum hg_stored stored = x.items != NULL ? x.items[0].stored : HG_STORED_NOT;
    *ret_status = x.problem.status;
    assert_false(x.has_dead_letter);
    hg_exchange_fini(&x);
    hg_arena_fini(&arena);
    return stored;
}

/* Nobody proves anything here; ids are those of who published then. */
static void what_is_replayed_is_stored_once_for_its_owner(void **state) {
    struct rig rig;
    int status;
    (void)state;
    rig_open(&rig, OPEN, "accept cloudevents; publish demo; authenticate key; dead_letter on;");
    assert_int_equal(replay(&rig, EVENT("1"), 7, &status), HG_STORED_NEW);
    assert_int_equal(status, 0);
    assert_int_equal(replay(&rig, EVENT("1"), 7, &status), HG_STORED_BEFORE);
    assert_int_equal(replay(&rig, EVENT("1"), 8, &status), HG_STORED_NEW);
    size_t before = rig.log.n_seen;
    assert_int_equal(replay(&rig, "rubbish", 7, &status), HG_STORED_NOT);
    assert_int_equal(status, 400);
    assert_int_equal(rig.log.n_seen, before); /* no letter about a letter */
    rig_close(&rig);
}

static void fini_under_way(void *arg) {
    hg_exchange_fini(&((struct post *)arg)->x);
}

static void it_is_not_freed_while_the_log_has_it(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    rig.fake.is_manual = true;
    fake_request_init(&p.request, "POST", "/in", STRUCTURED, NULL);
    post_begin(&p, &rig, EVENT("1"), NULL);
    assert_true(unit_aborts(fini_under_way, &p));
    while (atomic_load(&rig.fake.n_held) == 0) {
        hg_loop_turn(rig.log.loop, false);
    }
    fake_log_answer(&rig.fake, 1, HG_EIO);
    post_end(&p);
    post_close(&p);
    rig_close(&rig);
}

/* Making a topic waits, and so does the append behind it: two stages. */
static void a_topic_of_a_template_is_made_on_first_use(void **state) {
    static const struct post_how how = {.captured = "bird"};
    struct rig rig;
    struct post p;
    uint32_t id;
    (void)state;
    rig_open(&rig, OPEN,
             "accept cloudevents; publish late.$topic allow=late.*; authenticate none; "
             "client_max_body_size 9000;");
    assert_false(hg_log_topic_find(rig.log.log, HG_SLICE("late.bird"), &id));
    post_event_how(&p, &rig, EVENT("1"), &how);
    assert_int_equal(p.stream.status, 202);
    assert_true(hg_log_topic_find(rig.log.log, HG_SLICE("late.bird"), &id));
    assert_int_equal(p.x.items[0].topic, id);
    assert_int_equal(rig.fake.topics[rig.fake.ids[id]].event_bytes_max, 9000);
    post_close(&p);
    rig_close(&rig);
}

int test_exchange(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_before_the_body_calls_nobody),
        cmocka_unit_test(what_is_replayed_is_stored_once_for_its_owner),
        cmocka_unit_test(a_principal_that_was_proved_before_is_not_asked_again),
        cmocka_unit_test(an_exchange_waits_where_it_stands),
        cmocka_unit_test(it_is_not_freed_while_the_log_has_it),
        cmocka_unit_test(a_topic_of_a_template_is_made_on_first_use),
    };
    return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
