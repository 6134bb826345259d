/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "unit/server/dlq_rig.h"

#define REPLAY "/dlq/demo.events.dlq/replay"

/* What becomes of one letter. */
static void assert_outcome(struct dlq_rig *r, const char *outcome) {
    char part[64];
    assert_int_equal(dlq_ask_of(r, REPLAY, "{\"positions\":[\"%s\"]}", r->n_letters - 1), 200);
    snprintf(part, sizeof(part), "\"outcome\":\"%s\"", outcome);
    assert_said(r, part);
}

static void a_request_is_put_together_from_the_record(void **state) {
    struct dlq_rig r;
    (void)state;
    dlq_open(&r);
    dlq_put(&r, "/in", "text/plain", "a", "hello");
    assert_outcome(&r, "stored");
    struct fake_topic *t = &r.log.fake.topics[0];
    assert_string_equal(t->name, "demo.events");
    assert_int_equal(t->parts[0].n, 1);
    const struct hg_record *stored = &t->parts[0].records[0];
    enum hg_data_kind kind;
    unit_assert_slice(hg_event_core(stored->event, HG_ATTR_ID), "a");
    unit_assert_slice(hg_event_core(stored->event, HG_ATTR_DATACONTENTTYPE), "text/plain");
    unit_assert_slice(hg_event_data(stored->event, &kind), "hello");
    assert_true(stored->owner == 7); /* whose letter it is */
    dlq_close(&r);
}

static void a_batch_tells_of_each_event(void **state) {
    struct dlq_rig r;
    (void)state;
    dlq_open(&r);
    dlq_put(&r, "/in", "application/cloudevents-batch+json", NULL,
            "[{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"},"
            "{\"specversion\":\"1.0\",\"id\":\"2\",\"source\":\"/s\",\"type\":\"t\"}]");
    assert_outcome(&r, "stored");
    assert_said(&r, "\"duplicate\":false},{\"position\":\"");
    assert_outcome(&r, "duplicate");
    dlq_close(&r);
}

static void what_no_location_takes_is_told(void **state) {
    struct dlq_rig r;
    (void)state;
    dlq_open(&r);
    dlq_put(&r, "/elsewhere", "text/plain", "a", "hello");
    assert_outcome(&r, "no-location");
    dlq_close(&r);
}

static void media_types_are_held_to_as_for_others(void **state) {
    struct dlq_rig r;
    (void)state;
    dlq_open(&r);
    dlq_put(&r, "/in", "text/plain", NULL, "no fields of binary mode");
    assert_outcome(&r, "refused");
    dlq_close(&r);
}

int test_dlq_letter(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_put_together_from_the_record),
        cmocka_unit_test(a_batch_tells_of_each_event),
        cmocka_unit_test(what_no_location_takes_is_told),
        cmocka_unit_test(media_types_are_held_to_as_for_others),
    };
    return cmocka_run_group_tests_name("dlq_letter", tests, NULL, NULL);
}
