/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/store.h"

#include "log/records.h"
#include "support/fake_log.h"
#include "unit/ctl/tests.h"

static void what_is_appended_is_answered_and_read_with_its_details(void **state) {
    struct fake_log log;
    struct hg_ctl_store s;
    struct hg_why why = {""};
    struct hg_records out = {0};
    size_t refused = 0;
    (void)state;
    static const struct hg_record_header header = {HG_SLICE("hg_note"), HG_SLICE("x")};
    struct hg_append_item items[2] = {{.err = 1, .record = {.headers = &header, .n_headers = 1}},
                                      {.err = 1}};
    const struct hg_log_topic topic = {.name = HG_SLICE("a"), .partitions = 1};
    struct hg_event_builder *b = hg_event_builder_new();
    const char *const attrs[] = {"specversion", "1.0", "id", "1", "source", "/s", "type", "t"};
    const char *missing;
    for (size_t i = 0; i < HG_COUNT(attrs); i += 2) {
        (void)hg_event_builder_set(b, hg_slice_of(attrs[i]), hg_slice_of(attrs[i + 1]),
                                   HG_ATTR_STRING);
    }
    assert_int_equal(hg_event_builder_seal(b, &items[0].record.event, &missing), 0);
    hg_event_builder_free(&b);
    items[1].record.event = hg_event_ref(items[0].record.event);
    fake_log_init(&log);
    assert_int_equal(hg_ctl_store_open_driver(&s, &fake_log_ops, fake_log_open(&log), &why), 0);
    assert_int_equal(s.ops->topic_open(s.state, &topic, &why), 0);
    assert_int_equal(hg_ctl_store_append(&s, items, 2, &refused), 0);
    assert_int_equal(items[0].err, 0);
    assert_int_equal(items[1].err, 0);
    atomic_store(&log.fail_next, HG_EINVAL);
    atomic_store(&log.refused_next, 1);
    assert_int_equal(hg_ctl_store_append(&s, items, 2, &refused), HG_EINVAL);
    assert_int_equal(refused, 1);
    assert_int_equal(items[0].err, HG_EINVAL);
    struct hg_log_read want = {0, 0, 0, 10, 1000};
    for (int again = 0; again < 2; again++) {
        assert_int_equal(hg_ctl_store_read(&s, &want, &out), 0);
        assert_int_equal(out.n, 2);
        assert_true(hg_slice_eq(fake_log_header(&out.items[0], "hg_note"), HG_SLICE("x")));
    }
    hg_records_fini(&out);
    hg_event_unref(&items[0].record.event);
    hg_event_unref(&items[1].record.event);
    hg_ctl_store_close(&s);
    fake_log_fini(&log);
}

static void a_driver_that_cannot_be_opened_says_why(void **state) {
    struct fake_log log;
    struct hg_ctl_store s;
    struct hg_why why = {""};
    (void)state;
    fake_log_init(&log);
    atomic_store(&log.open_err, HG_EIO);
    assert_int_equal(hg_ctl_store_open_driver(&s, &fake_log_ops, fake_log_open(&log), &why),
                     HG_EIO);
    assert_string_equal(why.text, "the fake was told to fail");
    fake_log_fini(&log);
}

int test_store(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_is_answered_and_read_with_its_details),
        cmocka_unit_test(a_driver_that_cannot_be_opened_says_why),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
