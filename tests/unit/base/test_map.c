/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/map.h"
#include "unit/unit.h"

enum { KEYS = 5000 };

struct keys {
    char text[KEYS][12];
    bool is_in[KEYS];
};

static void empty_map_has_nothing(void **state) {
    (void)state;
    struct hg_map m = {0};
    size_t cursor = 0;
    struct hg_slice key;
    void *value;
    assert_null(hg_map_get(&m, HG_SLICE("a")));
    assert_null(hg_map_remove(&m, HG_SLICE("a")));
    assert_false(hg_map_next(&m, &cursor, &key, &value));
    hg_map_fini(&m);
    hg_map_fini(&m);
}

static void put_replaces_value_and_key(void **state) {
    (void)state;
    struct hg_map m = {0};
    char first[] = "key", second[] = "key";
    int one, two;
    assert_int_equal(hg_map_put(&m, hg_slice_of(first), &one), 0);
    assert_int_equal(hg_map_put(&m, hg_slice_of(second), &two), 0);
    first[0] = 'x'; /* its owner is gone */
    assert_int_equal(m.n, 1);
    assert_ptr_equal(hg_map_get(&m, HG_SLICE("key")), &two);
    assert_null(hg_map_get(&m, HG_SLICE("xey")));
    hg_map_fini(&m);
}

static void keys_are_bytes_with_a_length(void **state) {
    (void)state;
    struct hg_map m = {0};
    int v[3];
    hg_map_put(&m, (struct hg_slice){"a\0b", 3}, &v[0]);
    hg_map_put(&m, (struct hg_slice){"a\0c", 3}, &v[1]);
    hg_map_put(&m, (struct hg_slice){NULL, 0}, &v[2]);
    assert_ptr_equal(hg_map_get(&m, (struct hg_slice){"a\0b", 3}), &v[0]);
    assert_ptr_equal(hg_map_get(&m, (struct hg_slice){"a\0c", 3}), &v[1]);
    assert_ptr_equal(hg_map_get(&m, HG_SLICE("")), &v[2]);
    assert_null(hg_map_get(&m, HG_SLICE("a")));
    hg_map_fini(&m);
}

static void assert_same(struct hg_map *m, struct keys *keys) {
    size_t want = 0, got = 0, cursor = 0;
    struct hg_slice key;
    void *value;
    for (int i = 0; i < KEYS; i++) {
        void *found = hg_map_get(m, hg_slice_of(keys->text[i]));
        assert_ptr_equal(found, keys->is_in[i] ? keys->text[i] : NULL);
        want += keys->is_in[i];
    }
    while (hg_map_next(m, &cursor, &key, &value)) {
        assert_ptr_equal(key.ptr, value);
        got++;
    }
    assert_int_equal(got, want);
    assert_int_equal(m->n, want);
}

/* Random puts and removes against a plain array, at a load that rises and
 * falls. */
static void map_agrees_with_an_array(void **state) {
    (void)state;
    struct keys *keys = hg_alloc(sizeof(*keys));
    struct hg_map m = {0};
    uint32_t seed = 7;
    for (int i = 0; i < KEYS; i++) {
        snprintf(keys->text[i], sizeof(keys->text[i]), "key-%d", i);
    }
    for (int step = 0; step < 60000; step++) {
        seed = seed * 1664525 + 1013904223;
        int i = (int)((seed >> 8) % KEYS);
        struct hg_slice key = hg_slice_of(keys->text[i]);
        bool is_growing = step / 10000 % 2 == 0;
        if ((seed >> 28) < (is_growing ? 12u : 3u)) {
            assert_int_equal(hg_map_put(&m, key, keys->text[i]), 0);
            keys->is_in[i] = true;
        } else {
            assert_ptr_equal(hg_map_remove(&m, key), keys->is_in[i] ? keys->text[i] : NULL);
            keys->is_in[i] = false;
        }
        if (step % 5000 == 0) {
            assert_same(&m, keys);
        }
    }
    assert_same(&m, keys);
    hg_map_fini(&m);
    hg_free(keys);
}

static void memory_of_a_flood_is_given_back(void **state) {
    (void)state;
    struct keys *keys = hg_alloc(sizeof(*keys));
    struct hg_map m = {0};
    for (int i = 0; i < KEYS; i++) {
        snprintf(keys->text[i], sizeof(keys->text[i]), "key-%d", i);
        assert_int_equal(hg_map_put(&m, hg_slice_of(keys->text[i]), keys), 0);
    }
    assert_true(m.cap >= KEYS);
    for (int i = 0; i < KEYS; i++) {
        assert_ptr_equal(hg_map_remove(&m, hg_slice_of(keys->text[i])), keys);
    }
    assert_int_equal(m.n, 0);
    assert_true(m.cap <= 8);
    hg_map_fini(&m);
    hg_free(keys);
}

static void put_without_memory_changes_nothing(void **state) {
    (void)state;
    struct hg_map m = {0};
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
    int v;
    hg_alloc_fail_after(0);
    assert_int_equal(hg_map_put(&m, HG_SLICE("a"), &v), HG_ENOMEM);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(hg_map_put(&m, hg_slice_of(names[i]), &v), 0);
    }
    hg_alloc_fail_after(0);
    assert_int_equal(hg_map_put(&m, hg_slice_of(names[6]), &v), HG_ENOMEM);
    assert_int_equal(m.n, 6);
    assert_null(hg_map_get(&m, hg_slice_of(names[6])));
    for (int i = 0; i < 6; i++) {
        assert_ptr_equal(hg_map_get(&m, hg_slice_of(names[i])), &v);
    }
    hg_alloc_fail_after(0);
    assert_int_equal(hg_map_put(&m, hg_slice_of(names[0]), &v), 0); /* a replacement needs none */
    hg_alloc_fail_after(-1);
    hg_map_fini(&m);
}

int test_map(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_map_has_nothing),
        cmocka_unit_test(put_replaces_value_and_key),
        cmocka_unit_test(keys_are_bytes_with_a_length),
        cmocka_unit_test(map_agrees_with_an_array),
        cmocka_unit_test(memory_of_a_flood_is_given_back),
        cmocka_unit_test(put_without_memory_changes_nothing),
    };
    return cmocka_run_group_tests_name("base/map", tests, NULL, NULL);
}
