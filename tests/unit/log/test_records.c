/* SPDX-License-Identifier: Apache-2.0 */
/* test_records.c - the list a driver's read fills. */
#include "log/records.h"

#include "base/alloc.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

static void keys_and_headers_are_copied_when_wanted(void **state) {
    (void)state;
    char key[] = "key", name[] = "name", value[] = "value";
    struct hg_record_header headers[] = {{{name, 4}, {value, 5}}, {{name, 4}, {NULL, 0}}};
    struct hg_records list = {.has_details = true};
    for (int i = 0; i < 50; i++) {
        struct hg_record r = {.event = rig_event("/r", "1", "x"),
                              .key = {key, i % 2 == 0 ? 3 : 0},
                              .headers = headers,
                              .n_headers = (size_t)(i % 3),
                              .offset = (uint64_t)i};
        assert_int_equal(hg_records_add(&list, &r), 0);
        assert_null(r.event);
    }
    memset(key, '?', 3);
    memset(name, '?', 4);
    memset(value, '?', 5);
    for (size_t i = 0; i < 50; i++) {
        const struct hg_record *r = &list.items[i];
        assert_true(r->offset == i);
        assert_true(hg_slice_eq(r->key, i % 2 == 0 ? HG_SLICE("key") : HG_SLICE("")));
        assert_int_equal(r->n_headers, i % 3);
        if (r->n_headers > 0) {
            assert_true(hg_slice_eq(r->headers[0].name, HG_SLICE("name")));
            assert_true(hg_slice_eq(r->headers[0].value, HG_SLICE("value")));
        }
    }
    hg_records_clear(&list);
    assert_int_equal(list.n, 0);
    hg_records_fini(&list);
}

static void without_details_only_the_record_is_kept(void **state) {
    (void)state;
    struct hg_record_header header = {HG_SLICE("n"), HG_SLICE("v")};
    struct hg_record r = {.key = HG_SLICE("k"), .headers = &header, .n_headers = 1, .owner = 4};
    struct hg_records list = {0};
    assert_int_equal(hg_records_add(&list, &r), 0);
    assert_int_equal(list.items[0].key.len, 0);
    assert_int_equal(list.items[0].n_headers, 0);
    assert_true(list.items[0].owner == 4);
    hg_records_fini(&list);
}

static void without_memory_the_event_stays_with_the_driver(void **state) {
    (void)state;
    struct hg_records list = {.has_details = true};
    for (int64_t i = 0; i < 2; i++) {
        struct hg_record r = {.event = rig_event("/r", "1", "x"), .key = HG_SLICE("k")};
        hg_alloc_fail_after(list.cap > 0 ? 0 : i);
        int err = hg_records_add(&list, &r);
        hg_alloc_fail_after(-1);
        assert_int_equal(err, HG_ENOMEM);
        assert_non_null(r.event);
        hg_event_unref(&r.event);
        assert_int_equal(list.n, 0);
    }
    hg_records_fini(&list);
}

int test_records(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_headers_are_copied_when_wanted),
        cmocka_unit_test(without_details_only_the_record_is_kept),
        cmocka_unit_test(without_memory_the_event_stays_with_the_driver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
