/* SPDX-License-Identifier: Apache-2.0 */
#include "event/json.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "unit/event/fixture.h"
#include "unit/event/tests.h"

static void scan(struct hg_json_tape *t, struct hg_slice text) {
    const struct hg_json_limits limits = {.nodes_max = 1000000};
    size_t at;
    assert_int_equal(hg_json_scan(t, text, &limits, &at), 0);
}

static void escapes_are_undone(void **state) {
    (void)state;
    struct hg_json_tape t = {0};
    struct hg_buf out = {0};
    scan(&t,
         HG_SLICE("\"\\\"\\\\\\/\\b\\f\\n\\r\\tx\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\xC3\xBC\""));
    hg_json_unescape(&t, 0, &out);
    assert_slice_equal(hg_buf_slice(&out),
                       "\"\\/\b\f\n\r\txA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xC3\xBC");
    hg_buf_clear(&out);
    scan(&t, HG_SLICE("\"a\\u0000b\""));
    hg_json_unescape(&t, 0, &out);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.ptr, "a\0b", 3);
    hg_buf_clear(&out);
    scan(&t, HG_SLICE("\"\""));
    hg_json_unescape(&t, 0, &out);
    assert_int_equal(out.len, 0);
    hg_buf_fini(&out);
    hg_json_tape_fini(&t);
}

/* The bytes of the second key, or NULL. */
static void assert_duplicate(const char *text, const char *second) {
    struct hg_json_tape t = {0};
    scan(&t, hg_slice_of(text));
    uint32_t key = hg_json_duplicate(&t, 0);
    if (second == NULL) {
        assert_int_equal(key, 0);
    } else {
        assert_int_not_equal(key, 0);
        assert_slice_equal(hg_json_bytes(&t, key), second);
    }
    hg_json_tape_fini(&t);
}

static void a_member_that_occurs_twice_is_found(void **state) {
    (void)state;
    assert_duplicate("{}", NULL);
    assert_duplicate("[1,1]", NULL);
    assert_duplicate("{\"a\":1,\"b\":2}", NULL);
    assert_duplicate("{\"a\":1,\"a\":2}", "a");
    assert_duplicate("{\"a\":1,\"\\u0061\":2}", "\\u0061");
    assert_duplicate("{\"\\u0061b\":1,\"a\\u0062\":2}", "a\\u0062");
    assert_duplicate("{\"\\u00e9\":1,\"\xC3\xA9\":2}", "\xC3\xA9");
    assert_duplicate("{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}", "\xF0\x9F\x98\x80");
    assert_duplicate("{\"\":1,\"a\":2,\"\":3}", "");
    assert_duplicate("{\"a\\u0062\":1,\"a\":2,\"a\\u0062c\":2}", NULL);
    /* In different objects it is not the same member. */
    assert_duplicate("{\"a\":{\"a\":[{\"a\":1},{\"a\":1}]}}", NULL);
    assert_duplicate("[0,{\"x\":[{\"y\":1,\"z\":{},\"y\":[]}]}]", "y");
}

static void only_the_objects_own_members_are_asked_for(void **state) {
    (void)state;
    struct hg_json_tape t = {0};
    scan(&t, HG_SLICE("{\"a\":{\"b\":1,\"b\":2},\"c\":3}"));
    assert_int_equal(hg_json_duplicate_member(&t, 0), 0);
    assert_int_equal(hg_json_duplicate_member(&t, 2), 5);
    assert_int_equal(hg_json_duplicate(&t, 0), 5);
    assert_int_equal(hg_json_duplicate(&t, 6), 0);
    hg_json_tape_fini(&t);
}

/* {"k0":0,...}; the last key is written with an escape, and equal to the
 * first when is_double. */
static struct hg_slice make_object(unsigned n, bool is_double, struct hg_buf *out) {
    hg_buf_clear(out);
    HG_BUF_LIT(out, "{");
    for (unsigned i = 0; i + 1 < n; i++) {
        hg_buf_printf(out, "\"k%u\":0,", i);
    }
    hg_buf_printf(out, "\"\\u006b%u\":0}", is_double ? 0 : n);
    return hg_buf_slice(out);
}

static void objects_of_any_size_are_searched(void **state) {
    (void)state;
    struct hg_json_tape t = {0};
    struct hg_buf text = {0};
    for (unsigned n = 2; n < 3000; n += 1 + n / 3) {
        scan(&t, make_object(n, false, &text));
        assert_int_equal(hg_json_duplicate(&t, 0), 0);
        scan(&t, make_object(n, true, &text));
        assert_int_equal(hg_json_duplicate(&t, 0), t.n - 2);
    }
    hg_buf_fini(&text);
    hg_json_tape_fini(&t);
}

static void little_scratch_takes_more_passes_and_finds_the_same(void **state) {
    (void)state;
    struct hg_json_tape t = {0};
    struct hg_buf text = {0};
    uint64_t scratch[64];
    for (unsigned n = 2; n < 3000; n += 1 + n / 2) {
        for (size_t bytes = 128; bytes <= sizeof(scratch); bytes *= 2) {
            scan(&t, make_object(n, false, &text));
            assert_int_equal(hg_json_duplicate_within(&t, 0, scratch, bytes), 0);
            scan(&t, make_object(n, true, &text));
            assert_int_equal(hg_json_duplicate_within(&t, 0, scratch, bytes), t.n - 2);
        }
    }
    hg_buf_fini(&text);
    hg_json_tape_fini(&t);
}

static void without_memory_the_answer_is_the_same(void **state) {
    (void)state;
    struct hg_json_tape t = {0};
    struct hg_buf text = {0};
    scan(&t, make_object(3000, true, &text));
    hg_alloc_fail_after(0);
    assert_int_equal(hg_json_duplicate(&t, 0), t.n - 2);
    assert_false(hg_alloc_fail_is_pending());
    hg_alloc_fail_after(-1);
    hg_buf_fini(&text);
    hg_json_tape_fini(&t);
}

/* Quadratic would be some 5,000,000,000 comparisons: minutes, not a second. */
static void a_hundred_thousand_keys_take_no_time(void **state) {
    (void)state;
    struct hg_json_tape t = {0};
    struct hg_buf text = {0};
    scan(&t, make_object(100000, false, &text));
    int64_t start = hg_clock_mono_ms();
    assert_int_equal(hg_json_duplicate(&t, 0), 0);
    assert_true(hg_clock_mono_ms() - start < 5000);
    hg_buf_fini(&text);
    hg_json_tape_fini(&t);
}

int test_json_string(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(a_member_that_occurs_twice_is_found),
        cmocka_unit_test(only_the_objects_own_members_are_asked_for),
        cmocka_unit_test(objects_of_any_size_are_searched),
        cmocka_unit_test(little_scratch_takes_more_passes_and_finds_the_same),
        cmocka_unit_test(without_memory_the_answer_is_the_same),
        cmocka_unit_test(a_hundred_thousand_keys_take_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
