/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/blob.h"
#include "unit/unit.h"

static void content_is_copied(void **state) {
    (void)state;
    char text[] = "abc";
    struct hg_blob *blob = hg_blob_new(text, 3);
    text[0] = 'x';
    assert_int_equal(blob->len, 3);
    assert_int_equal(blob->mark, 0);
    assert_memory_equal(blob->bytes, "abc", 3);
    hg_blob_unref(&blob);
    assert_null(blob);
    hg_blob_unref(&blob);

    blob = hg_blob_new(NULL, 0);
    assert_int_equal(blob->len, 0);
    hg_blob_unref(&blob);
}

static void no_memory_is_null(void **state) {
    (void)state;
    hg_alloc_fail_after(0);
    assert_null(hg_blob_new("abc", 3));
    assert_null(hg_blob_new_raw(SIZE_MAX));
    assert_null(hg_blob_new_raw(SIZE_MAX - sizeof(struct hg_blob)));
}

static void bytes_live_until_the_last_reference_goes(void **state) {
    (void)state;
    struct hg_blob *a = hg_blob_new("abc", 3), *b = hg_blob_ref(a);
    assert_ptr_equal(a, b);
    hg_blob_unref(&a);
    assert_memory_equal(b->bytes, "abc", 3);
    hg_blob_unref(&b);
}

static void ref_what_nobody_holds(void *arg) {
    struct hg_blob *blob = arg;
    atomic_store(&blob->refs, 0);
    hg_blob_ref(blob);
}

static void reference_to_what_nobody_holds_is_caught(void **state) {
    (void)state;
    struct hg_blob *blob = hg_blob_new("abc", 3);
    assert_true(unit_aborts(ref_what_nobody_holds, blob));
    hg_blob_unref(&blob);
}

static void *ref_and_unref(void *arg) {
    struct hg_blob *mine = arg;
    for (int i = 0; i < 20000; i++) {
        struct hg_blob *more = hg_blob_ref(mine);
        hg_blob_unref(&more);
    }
    hg_blob_unref(&mine);
    return NULL;
}

static void two_threads_share_one_blob(void **state) {
    (void)state;
    struct hg_blob *blob = hg_blob_new("abc", 3);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ref_and_unref, hg_blob_ref(blob)), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&blob->refs), 1);
    hg_blob_unref(&blob);
}

int test_blob(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_is_copied),
        cmocka_unit_test(no_memory_is_null),
        cmocka_unit_test(bytes_live_until_the_last_reference_goes),
        cmocka_unit_test(reference_to_what_nobody_holds_is_caught),
        cmocka_unit_test(two_threads_share_one_blob),
    };
    return cmocka_run_group_tests_name("base/blob", tests, NULL, NULL);
}
