/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/gate/rig.h"

static void a_location_is_compiled_with_the_defaults(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, "", "accept cloudevents; publish demo; authenticate none;");
    assert_string_equal(rig.intake.source->name, "cloudevents");
    assert_non_null(rig.intake.source_conf);
    unit_assert_slice(rig.intake.topic_template, "demo");
    unit_assert_slice(hg_intake_literal_topic(&rig.intake), "demo");
    assert_int_equal(rig.intake.body_bytes_max, 4 << 20);
    assert_int_equal(rig.intake.events_max, 1000);
    assert_false(rig.intake.is_dead_letter);
    assert_false(rig.intake.is_atomic);
    assert_true(rig.intake.proofs.is_none);
    assert_int_equal(rig.intake.proofs.n, 0);
    rig_close(&rig);
}

static void rows_of_blocks_around_are_inherited(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig,
             "client_max_body_size 2k; client_max_events 3; dead_letter on; authenticate key; "
             "atomic_batch on;"
             " retention 3d;",
             "accept cloudevents; publish demo.$topic.x allow=demo.* allow=y;");
    assert_int_equal(rig.intake.body_bytes_max, 2048);
    assert_int_equal(rig.intake.events_max, 3);
    assert_true(rig.intake.is_dead_letter);
    assert_true(rig.intake.is_atomic);
    assert_int_equal(rig.intake.proofs.n, 1);
    assert_ptr_equal(rig.intake.proofs.ops[0], &fake_auth_key);
    assert_int_equal(rig.intake.retention_ms, 3 * 86400000LL);
    assert_int_equal(rig.intake.allowed.n, 2);
    assert_int_equal(hg_intake_literal_topic(&rig.intake).len, 0);
    rig_close(&rig);
}

static void a_location_may_accept_nothing(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, "", "authenticate all key badge;");
    assert_null(rig.intake.source);
    assert_true(rig.intake.proofs.is_all);
    assert_int_equal(rig.intake.proofs.n, 2);
    assert_int_equal(hg_intake_literal_topic(&rig.intake).len, 0);
    rig_close(&rig);
}

static void any_is_the_default_and_may_be_said(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, "", "authenticate any badge key;");
    assert_false(rig.intake.proofs.is_all);
    assert_ptr_equal(rig.intake.proofs.ops[0], &fake_auth_badge);
    assert_ptr_equal(rig.intake.proofs.ops[1], &fake_auth_key);
    rig_close(&rig);
}

static void accept_and_publish_need_each_other(void **state) {
    (void)state;
    rig_assert_fault("", "accept cloudevents; authenticate none;", "accept without publish");
    rig_assert_fault("", "publish demo; authenticate none;", "publish without accept");
}

static void what_nobody_brings_is_named(void **state) {
    (void)state;
    rig_assert_fault("", "accept tea; publish demo; authenticate none;",
                     "there is no source \"tea\"; load its module");
    rig_assert_fault("", "accept cloudevents; publish demo; authenticate any tea;",
                     "there is no authenticator \"tea\"; load its module");
    rig_assert_fault("", "accept cloudevents; publish demo; authenticate all;",
                     "there is no authenticator \"all\"");
}

static void what_the_event_log_lacks_for_a_batch_is_told(void **state) {
    struct rig rig;
    (void)state;
    fake_auth_lacks = "it has no such thing";
    rig_assert_fault("", "accept cloudevents; publish demo; authenticate none; atomic_batch on;",
                     "atomic_batch: it has no such thing");
    rig_open(&rig, "atomic_batch on;", "authenticate none;"); /* it takes none */
    rig_close(&rig);
    rig_open(&rig, "", "accept cloudevents; publish demo; authenticate none;");
    rig_close(&rig);
    fake_auth_lacks = NULL;
}

static void none_stands_beside_no_other(void **state) {
    (void)state;
    rig_assert_fault("", "authenticate none key;", "none stands beside no other");
    rig_assert_fault("", "authenticate key none;", "none stands beside no other");
}

static void a_topic_to_publish_to_has_a_legal_name(void **state) {
    (void)state;
    rig_assert_fault("", "accept cloudevents; publish a..b;", "\"a..b\" is no topic name");
    rig_assert_fault("", "accept cloudevents; publish demo.*;", "\"demo.*\" is no topic name");
    rig_assert_fault("", "accept cloudevents; publish $topic;", "expected allow=PATTERN");
    rig_assert_fault("", "accept cloudevents; publish $topic demo.*;", "\"demo.*\" is not known");
    rig_assert_fault("", "accept cloudevents; publish $topic allow=a..b;", "is no topic pattern");
}

/* Such a template never gives a name: every request would be a 404. */
static void a_template_that_can_give_no_name_is_a_fault(void **state) {
    (void)state;
    rig_assert_fault("", "accept cloudevents; publish a..$topic allow=**;", "is no topic name");
    rig_assert_fault("", "accept cloudevents; publish \"a b.$topic\" allow=**;",
                     "is no topic name");
    rig_assert_fault("", "accept cloudevents; publish $topic.$topic allow=**;", "is no topic name");
    rig_assert_fault("", "accept cloudevents; publish *.$topic allow=**;", "is no topic name");
}

int test_settings(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_location_is_compiled_with_the_defaults),
        cmocka_unit_test(rows_of_blocks_around_are_inherited),
        cmocka_unit_test(a_location_may_accept_nothing),
        cmocka_unit_test(any_is_the_default_and_may_be_said),
        cmocka_unit_test(accept_and_publish_need_each_other),
        cmocka_unit_test(what_nobody_brings_is_named),
        cmocka_unit_test(what_the_event_log_lacks_for_a_batch_is_told),
        cmocka_unit_test(none_stands_beside_no_other),
        cmocka_unit_test(a_topic_to_publish_to_has_a_legal_name),
        cmocka_unit_test(a_template_that_can_give_no_name_is_a_fault),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
