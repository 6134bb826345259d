/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/gate/rig.h"

#include <jansson.h>

#include "base/alloc.h"
#include "headgate/counter.h"
#include "log/topic.h"

#define OPEN "role anonymous { publish demo demo.*; } role shop { publish demo; }"
#define IN "accept cloudevents; publish demo; dead_letter on; authenticate none;"

/* What a topic of the driver holds: 0 demo, 1 demo.dlq, 2 headgate.dlq. */
static struct fake_part *part(struct rig *rig, int topic) {
    return &rig->fake.topics[topic].parts[0];
}

static struct hg_slice core(const struct hg_record *r, enum hg_core_attr which) {
    return hg_event_core(r->event, which);
}

static void what_was_refused_is_kept_as_it_came(void **state) {
    struct rig rig;
    struct post p;
    enum hg_data_kind kind;
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig, "{\"id\": 7");
    post_assert_problem(&p, 400, "json-invalid");
    post_close(&p);
    assert_int_equal(part(&rig, 0)->n, 0);
    assert_int_equal(part(&rig, 1)->n, 1);
    const struct hg_record *r = &part(&rig, 1)->records[0];
    unit_assert_slice(core(r, HG_ATTR_TYPE), "headgate.deadletter");
    unit_assert_slice(core(r, HG_ATTR_SOURCE), "/in");
    unit_assert_slice(core(r, HG_ATTR_DATACONTENTTYPE), "application/cloudevents+json");
    unit_assert_slice(hg_event_data(r->event, &kind), "{\"id\": 7");
    assert_int_equal(core(r, HG_ATTR_ID).len, 32);
    assert_true(core(r, HG_ATTR_TIME).len > 0);
    rig_close(&rig);
}

static void the_answer_says_where_it_is_kept(void **state) {
    struct rig rig;
    struct post p;
    struct hg_position position;
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig, "{");
    json_t *root = json_loads(p.stream.body.ptr, 0, NULL);
    assert_non_null(root);
    struct hg_slice text = hg_slice_of(json_string_value(json_object_get(root, "deadletter")));
    assert_int_equal(hg_position_parse(text, &position), 0);
    assert_int_equal(position.topic_tag, hg_log_topic_tag(rig.log.log, 1));
    json_decref(root);
    post_close(&p);
    rig_close(&rig);
}

static void the_same_rubbish_twice_is_two_letters(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    for (int i = 0; i < 2; i++) {
        post_event(&p, &rig, "{");
        post_close(&p);
    }
    assert_int_equal(part(&rig, 1)->n, 2);
    assert_false(hg_slice_eq(core(&part(&rig, 1)->records[0], HG_ATTR_ID),
                             core(&part(&rig, 1)->records[1], HG_ATTR_ID)));
    rig_close(&rig);
}

static size_t letters(struct rig *rig) {
    return part(rig, 1)->n + part(rig, 2)->n;
}

static void what_anybody_could_send_is_not_kept(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN,
             "accept cloudevents; publish demo; dead_letter on; authenticate key;"
             "client_max_body_size 1k;");
    post_event(&p, &rig, "{");
    post_assert_problem(&p, 401, "unauthenticated");
    post_close(&p);
    POST(&p, &rig, "{", STRUCTURED, "x-key", "eve:desk");
    post_assert_problem(&p, 403, "forbidden");
    post_close(&p);
    POST(&p, &rig, "{", "content-type", "text/plain", "x-key", "ada:shop");
    post_assert_problem(&p, 415, "media-type-unsupported");
    post_close(&p);
    assert_int_equal(letters(&rig), 0);
    POST(&p, &rig, "{", STRUCTURED, "x-key", "ada:shop");
    post_assert_problem(&p, 400, "json-invalid");
    post_close(&p);
    assert_int_equal(letters(&rig), 1);
    rig_close(&rig);
}

static void conflicts_and_failures_of_the_log_are_not_kept(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    post_event(&p, &rig, EVENT("1"));
    post_close(&p);
    POST(&p, &rig, EVENT("2"), STRUCTURED, "headgate-expected-position", "tea");
    post_assert_problem(&p, 400, "position-invalid");
    post_close(&p);
    atomic_store(&rig.fake.fail_next, HG_EFULL);
    post_event(&p, &rig, EVENT("2"));
    post_assert_problem(&p, 503, "log-full");
    post_close(&p);
    assert_int_equal(letters(&rig), 0);
    rig_close(&rig);
}

static void nothing_is_kept_unless_the_location_says_so(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, "accept cloudevents; publish demo; authenticate none;");
    post_event(&p, &rig, "{");
    post_assert_problem(&p, 400, "json-invalid");
    assert_null(strstr(p.stream.body.ptr, "deadletter"));
    post_close(&p);
    assert_int_equal(letters(&rig), 0);
    rig_close(&rig);
}

#define TEMPLATE                                                                                   \
    "accept cloudevents; publish demo.$topic allow=demo.*; dead_letter on; authenticate none;"

static uint32_t topic_named(struct rig *rig, const char *name) {
    uint32_t id = 0;
    assert_true(hg_log_topic_find(rig->log.log, hg_slice_of(name), &id));
    return id;
}

static void the_letters_of_a_template_s_topic_are_its_own(void **state) {
    static const struct post_how late = {.captured = "late"};
    struct rig rig;
    struct post p;
    uint32_t id;
    (void)state;
    rig_open(&rig, OPEN, TEMPLATE);
    for (size_t i = 1; i <= 2; i++) { /* made by the first */
        post_event_how(&p, &rig, "{", &late);
        post_assert_problem(&p, 400, "json-invalid");
        assert_non_null(strstr(p.stream.body.ptr, "deadletter"));
        post_close(&p);
        assert_int_equal(part(&rig, (int)topic_named(&rig, "demo.late.dlq"))->n, i);
    }
    assert_int_equal(part(&rig, 2)->n, 0);
    assert_false(hg_log_topic_find(rig.log.log, HG_SLICE("demo.late"), &id));
    rig_close(&rig);
}

static void a_name_that_leaves_no_room_goes_to_headgate_s(void **state) {
    char longest[HG_TOPIC_NAME_MAX - 5 + 1]; /* with "demo." as long as a name may be */
    struct post_how how = {.captured = longest};
    struct rig rig;
    struct post p;
    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = 0;
    rig_open(&rig, OPEN, TEMPLATE);
    post_event_how(&p, &rig, "{", &how);
    post_assert_problem(&p, 400, "json-invalid");
    post_close(&p);
    assert_int_equal(part(&rig, 2)->n, 1);
    rig_close(&rig);
}

static void a_letter_says_why(void **state) {
    struct rig rig;
    struct post p;
    struct hg_slice reason, detail;
    (void)state;
    rig_open(&rig, OPEN, IN);
    POST(&p, &rig, "[" EVENT("1") ",{}]", BATCH);
    post_assert_problem(&p, 400, "event-invalid");
    post_close(&p);
    const struct hg_record *r = &part(&rig, 1)->records[0];
    assert_true(hg_event_attr(r->event, HG_SLICE("hgreason"), &reason));
    unit_assert_slice(reason, "event-invalid");
    assert_true(hg_event_attr(r->event, HG_SLICE("hgdetail"), &detail));
    assert_non_null(memmem(detail.ptr, detail.len, "specversion", 11));
    unit_assert_slice(fake_log_header(r, "hg_reason"), "event-invalid");
    unit_assert_slice(fake_log_header(r, "hg_status"), "400");
    unit_assert_slice(fake_log_header(r, "hg_index"), "1");
    unit_assert_slice(fake_log_header(r, "hg_principal"), "anonymous");
    assert_int_equal(r->n_headers, 6);
    rig_close(&rig);
}

static void the_fields_of_binary_mode_are_kept_too(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    POST(&p, &rig, "hello", "content-type", "text/plain", "ce-specversion", "1.0", "ce-id", "7",
         "ce-type", "t", "ce-source", "/t", "ce-time", "tea", "x-other", "no");
    post_assert_problem(&p, 400, "event-invalid");
    post_close(&p);
    const struct hg_record *r = &part(&rig, 1)->records[0];
    unit_assert_slice(fake_log_header(r, "hg_ce-id"), "7");
    unit_assert_slice(fake_log_header(r, "hg_ce-time"), "tea");
    assert_null(fake_log_header(r, "hg_x-other").ptr);
    assert_null(fake_log_header(r, "hg_index").ptr);
    rig_close(&rig);
}

enum { KEPT, LOST, IN_DOUBT };

static int64_t counted(int which) {
    int64_t n = 0;
    for (unsigned i = 0; i < HG_COUNTER_SHARDS; i++) {
        n += atomic_load(&hg_gate_counters[which]->shards[i].value);
    }
    return n;
}

/* Nobody but the operator is told. */
static void a_letter_that_cannot_be_kept_changes_no_answer_and_is_counted(void **state) {
    static const struct {
        int err, counter;
    } rows[] = {{HG_EFULL, LOST}, {HG_EIO, LOST}, {HG_EDOUBT, IN_DOUBT}, {0, KEPT}};
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    for (size_t i = 0; i < HG_COUNT(rows); i++) {
        int64_t before[] = {counted(KEPT), counted(LOST), counted(IN_DOUBT)};
        atomic_store(&rig.fake.fail_next, rows[i].err);
        post_event(&p, &rig, "{");
        post_assert_problem(&p, 400, "json-invalid");
        assert_true((strstr(p.stream.body.ptr, "deadletter") != NULL) == (rows[i].err == 0));
        post_close(&p);
        atomic_store(&rig.fake.fail_next, 0);
        for (int c = KEPT; c <= IN_DOUBT; c++) {
            assert_int_equal(counted(c) - before[c], c == rows[i].counter);
        }
    }
    rig_close(&rig);
}

/* The first at once, those that follow within seconds by their number in the next line. */
static void many_that_are_lost_are_one_line(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    for (int i = 0; i < 3; i++) {
        atomic_store(&rig.fake.fail_next, HG_EFULL);
        post_event(&p, &rig, "{");
        post_close(&p);
    }
    assert_true(rig.gate.lost_said_ms > 0);
    assert_int_equal(rig.gate.n_lost_unsaid, 2);
    rig.gate.lost_said_ms = 1; /* long ago */
    atomic_store(&rig.fake.fail_next, HG_EFULL);
    post_event(&p, &rig, "{");
    post_close(&p);
    assert_int_equal(rig.gate.n_lost_unsaid, 0);
    rig_close(&rig);
}

static void a_path_that_is_no_source_loses_no_letter(void **state) {
    struct rig rig;
    struct post p;
    (void)state;
    rig_open(&rig, OPEN, IN);
    fake_request_init(&p.request, "POST", "/in/%EF%BF%BE", STRUCTURED, NULL); /* U+FFFE */
    post_begin(&p, &rig, "{", NULL);
    post_end(&p);
    post_close(&p);
    assert_int_equal(part(&rig, 1)->n, 1);
    rig_close(&rig);
}

static void refuse_without_memory(const char *location, const char *captured) {
    struct rig rig;
    struct post p;
    struct post_how how = {.captured = captured};
    bool is_over = false;
    rig_open(&rig, OPEN, location);
    post_event_how(&p, &rig, "{", &how); /* makes the driver's room */
    post_close(&p);
    for (int64_t n = 1; !is_over; n++) {
        how.fail_from = n;
        post_event_how(&p, &rig, "{", &how);
        is_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        assert_true(p.stream.status == 400 || p.stream.status == 503);
        assert_true(p.stream.body.len == 0 || p.stream.body.ptr[p.stream.body.len - 1] == '}');
        post_close(&p);
    }
    rig_close(&rig);
}

static void without_memory_the_answer_is_the_same(void **state) {
    (void)state;
    refuse_without_memory(IN, NULL);
    refuse_without_memory(TEMPLATE, "late");
}

int test_dead_letter(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_refused_is_kept_as_it_came),
        cmocka_unit_test(the_answer_says_where_it_is_kept),
        cmocka_unit_test(the_same_rubbish_twice_is_two_letters),
        cmocka_unit_test(what_anybody_could_send_is_not_kept),
        cmocka_unit_test(conflicts_and_failures_of_the_log_are_not_kept),
        cmocka_unit_test(nothing_is_kept_unless_the_location_says_so),
        cmocka_unit_test(the_letters_of_a_template_s_topic_are_its_own),
        cmocka_unit_test(a_name_that_leaves_no_room_goes_to_headgate_s),
        cmocka_unit_test(a_letter_says_why),
        cmocka_unit_test(the_fields_of_binary_mode_are_kept_too),
        cmocka_unit_test(a_letter_that_cannot_be_kept_changes_no_answer_and_is_counted),
        cmocka_unit_test(many_that_are_lost_are_one_line),
        cmocka_unit_test(a_path_that_is_no_source_loses_no_letter),
        cmocka_unit_test(without_memory_the_answer_is_the_same),
    };
    return cmocka_run_group_tests_name("dead_letter", tests, NULL, NULL);
}
