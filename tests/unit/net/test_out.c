/* SPDX-License-Identifier: Apache-2.0 */
#include "net/out.h"

#include "unit/net/fixture.h"

static size_t gather(const struct hg_out *q, char *into) {
    struct iovec iov[64];
    size_t n = 0;
    unsigned vectors = hg_out_iov(q, iov, 64);
    for (unsigned i = 0; i < vectors; i++) {
        memcpy(into + n, iov[i].iov_base, iov[i].iov_len);
        n += iov[i].iov_len;
    }
    return n;
}

static void small_copies_share_one_piece(void **state) {
    (void)state;
    struct hg_out q = {0};
    struct iovec iov[8];
    assert_int_equal(hg_out_put(&q, "one ", 4), 0);
    assert_int_equal(hg_out_put(&q, "", 0), 0);
    assert_int_equal(hg_out_put(&q, "two", 3), 0);
    assert_int_equal(hg_out_iov(&q, iov, 8), 1);
    assert_int_equal(iov[0].iov_len, 7);
    assert_memory_equal(iov[0].iov_base, "one two", 7);
    assert_int_equal(q.bytes, 7);
    hg_out_consume(&q, 7);
    assert_null(q.ring);
    assert_null(q.filling);
    hg_out_fini(&q);
}

static void large_blob_is_referred_to_and_a_small_one_copied(void **state) {
    (void)state;
    char text[2000];
    struct hg_out q = {0};
    struct iovec iov[8];
    fill_pattern(text, sizeof text, 0);
    struct hg_blob *large = hg_blob_new(text, sizeof text);
    assert_int_equal(hg_out_put(&q, "head", 4), 0);
    assert_int_equal(hg_out_put_blob(&q, large, 100, 1900), 0);
    assert_int_equal(large->refs, 2);
    assert_int_equal(hg_out_put(&q, "mid", 3), 0);
    assert_int_equal(hg_out_put_blob(&q, large, 7, 20), 0);
    assert_int_equal(large->refs, 2);
    assert_int_equal(hg_out_put_blob(&q, large, 2000, 0), 0);
    assert_int_equal(hg_out_iov(&q, iov, 8), 3);
    assert_ptr_equal(iov[1].iov_base, large->bytes + 100);
    assert_int_equal(iov[2].iov_len, 23);
    hg_out_consume(&q, 4 + 1899);
    assert_int_equal(large->refs, 2);
    hg_out_consume(&q, 1);
    assert_int_equal(large->refs, 1);
    assert_int_equal(q.bytes, 23);
    hg_out_fini(&q);
    hg_blob_unref(&large);
}

static void fini_drops_every_reference(void **state) {
    (void)state;
    struct hg_out q = {0};
    struct hg_blob *blob = hg_blob_new_raw(1000);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(hg_out_put(&q, "x", 1), 0);
        assert_int_equal(hg_out_put_blob(&q, blob, 0, 1000), 0);
    }
    assert_int_equal(blob->refs, 51);
    hg_out_fini(&q);
    assert_int_equal(blob->refs, 1);
    hg_blob_unref(&blob);
}

static void front_is_in_one_place_and_no_longer_than_asked(void **state) {
    (void)state;
    char scratch[64], text[600];
    struct hg_out q = {0};
    size_t n = 99;
    hg_out_front(&q, scratch, sizeof scratch, &n);
    assert_int_equal(n, 0);

    memset(text, 'b', sizeof text);
    struct hg_blob *blob = hg_blob_new(text, sizeof text);
    hg_out_put(&q, "aaa", 3);
    assert_ptr_not_equal(hg_out_front(&q, scratch, sizeof scratch, &n), scratch);
    assert_int_equal(n, 3);
    hg_out_put_blob(&q, blob, 0, sizeof text);
    const char *front = hg_out_front(&q, scratch, sizeof scratch, &n);
    assert_ptr_equal(front, scratch);
    assert_int_equal(n, sizeof scratch);
    assert_memory_equal(front, "aaab", 4);
    hg_out_consume(&q, 3);
    hg_out_put(&q, "c", 1);
    assert_ptr_equal(hg_out_front(&q, scratch, sizeof scratch, &n), blob->bytes);
    assert_int_equal(n, sizeof scratch);
    hg_out_fini(&q);
    hg_blob_unref(&blob);
}

/* Random puts and consumptions against a flat model. */
static void queue_never_loses_or_moves_a_byte(void **state) {
    (void)state;
    enum { ALL = 400000 };
    char *text = hg_alloc(ALL), *back = hg_alloc(ALL), *scratch = hg_alloc(16384);
    struct hg_out q = {0};
    size_t in = 0, out = 0;
    unsigned seed = 12345;
    fill_pattern(text, ALL, 0);
    while (out < ALL) {
        seed = seed * 1103515245 + 12345;
        size_t n = (seed >> 8) % ((seed >> 4) % 3 == 0 ? 9000 : 300);
        if (n > ALL - in) {
            n = ALL - in;
        }
        if ((seed >> 16) % 2 == 0) {
            assert_int_equal(hg_out_put(&q, text + in, n), 0);
        } else {
            struct hg_blob *blob = hg_blob_new(text + in, n);
            assert_int_equal(hg_out_put_blob(&q, blob, 0, n), 0);
            hg_blob_unref(&blob);
        }
        in += n;
        assert_int_equal(q.bytes, in - out);
        size_t got = gather(&q, back);
        assert_memory_equal(back, text + out, got);
        const char *front = hg_out_front(&q, scratch, 16384, &got);
        assert_memory_equal(front, text + out, got);
        size_t gone = in == ALL ? q.bytes : q.bytes ? (seed >> 10) % (q.bytes + 1) : 0;
        hg_out_consume(&q, gone);
        out += gone;
    }
    assert_null(q.ring);
    hg_free(text);
    hg_free(back);
    hg_free(scratch);
}

int test_out(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_copies_share_one_piece),
        cmocka_unit_test(large_blob_is_referred_to_and_a_small_one_copied),
        cmocka_unit_test(fini_drops_every_reference),
        cmocka_unit_test(front_is_in_one_place_and_no_longer_than_asked),
        cmocka_unit_test(queue_never_loses_or_moves_a_byte),
    };
    return cmocka_run_group_tests_name("net/out", tests, NULL, NULL);
}
