/* SPDX-License-Identifier: Apache-2.0 */
/* test_cursor.c - several positions as one token. */
#include "log/position.h"

#include "unit/log/tests.h"

static struct hg_position at(uint64_t tag, uint16_t partition, uint64_t offset) {
    return (struct hg_position){
        .topic_tag = tag, .epoch = 1, .partition = partition, .offset = offset, .fingerprint = 9};
}

static struct hg_buf text_of(const struct hg_cursor *c) {
    struct hg_buf text = {0};
    hg_cursor_format(c, &text);
    assert_false(text.is_failed);
    return text;
}

/* Field by field: the struct has padding. */
static void assert_same(const struct hg_cursor *a, const struct hg_cursor *b) {
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        assert_true(a->items[i].topic_tag == b->items[i].topic_tag);
        assert_int_equal(a->items[i].epoch, b->items[i].epoch);
        assert_int_equal(a->items[i].partition, b->items[i].partition);
        assert_true(a->items[i].offset == b->items[i].offset);
        assert_int_equal(a->items[i].fingerprint, b->items[i].fingerprint);
    }
}

/* Merge the tokens of n positions. */
static int merge(struct hg_cursor *c, const struct hg_position *p, size_t n) {
    struct hg_buf text = {0};
    for (size_t i = 0; i < n; i++) {
        char token[HG_POSITION_TEXT_LEN + 1];
        hg_position_format(&p[i], token);
        hg_buf_put(&text, i > 0 ? "." : "", i > 0);
        hg_buf_put(&text, token, HG_POSITION_TEXT_LEN);
    }
    int err = hg_cursor_merge(c, hg_buf_slice(&text));
    hg_buf_fini(&text);
    return err;
}

static void cursor_keeps_its_partitions_sorted(void **state) {
    (void)state;
    struct hg_cursor c = {0};
    const uint16_t order[] = {7, 1, 3, 0, 9, 2, 8, 4, 6, 5};
    for (size_t i = 0; i < HG_COUNT(order); i++) {
        for (uint64_t tag = 3; tag > 0; tag--) {
            struct hg_position p = at(tag, order[i], order[i]);
            assert_int_equal(hg_cursor_set(&c, &p), 0);
        }
    }
    assert_int_equal(c.n, 30);
    for (size_t i = 0; i < c.n; i++) {
        assert_true(c.items[i].topic_tag == 1 + i / 10);
        assert_int_equal(c.items[i].partition, i % 10);
        assert_ptr_equal(hg_cursor_get(&c, 1 + i / 10, (uint16_t)(i % 10)), &c.items[i]);
    }
    assert_null(hg_cursor_get(&c, 1, 10));
    assert_null(hg_cursor_get(&c, 4, 0));
    hg_cursor_fini(&c);
}

static void setting_a_partition_again_replaces_it(void **state) {
    (void)state;
    struct hg_cursor c = {0};
    struct hg_position p = at(1, 0, 10);
    assert_int_equal(hg_cursor_set(&c, &p), 0);
    p.offset = 4;
    assert_int_equal(hg_cursor_set(&c, &p), 0);
    assert_int_equal(c.n, 1);
    assert_int_equal(hg_cursor_get(&c, 1, 0)->offset, 4);
    hg_cursor_fini(&c);
}

static void cursor_comes_back_as_it_was(void **state) {
    (void)state;
    struct hg_cursor c = {0}, back = {0};
    for (uint16_t i = 0; i < 20; i++) {
        struct hg_position p = at(i / 3, i, i * 1000u);
        assert_int_equal(hg_cursor_set(&c, &p), 0);
    }
    struct hg_buf text = text_of(&c);
    assert_int_equal(text.len, 20 * HG_POSITION_TEXT_LEN + 19);
    assert_int_equal(hg_cursor_merge(&back, hg_buf_slice(&text)), 0);
    assert_same(&back, &c);
    hg_buf_fini(&text);
    hg_cursor_fini(&c);
    hg_cursor_fini(&back);
}

static void merging_keeps_the_later_of_two(void **state) {
    (void)state;
    struct hg_cursor c = {0};
    assert_int_equal(merge(&c, (struct hg_position[]){at(1, 0, 5), at(2, 0, 9), at(1, 0, 7)}, 3),
                     0);
    assert_int_equal(c.n, 2);
    assert_int_equal(hg_cursor_get(&c, 1, 0)->offset, 7);
    assert_int_equal(merge(&c, (struct hg_position[]){at(1, 0, 6), at(2, 0, 10)}, 2), 0);
    assert_int_equal(hg_cursor_get(&c, 1, 0)->offset, 7);
    assert_int_equal(hg_cursor_get(&c, 2, 0)->offset, 10);
    hg_cursor_fini(&c);
}

static void before_the_first_is_earlier_than_the_first(void **state) {
    (void)state;
    struct hg_cursor c = {0};
    struct hg_position before = at(1, 0, UINT64_MAX);
    before.fingerprint = 0;
    assert_int_equal(merge(&c, (struct hg_position[]){before, at(1, 0, 0)}, 2), 0);
    assert_true(hg_cursor_get(&c, 1, 0)->offset == 0);
    assert_int_equal(merge(&c, &before, 1), 0);
    assert_true(hg_cursor_get(&c, 1, 0)->offset == 0);
    hg_cursor_fini(&c);
}

static void a_later_epoch_wins_whatever_its_offset(void **state) {
    (void)state;
    struct hg_cursor c = {0};
    struct hg_position old = at(1, 0, 900), made_again = at(1, 0, 3);
    made_again.epoch = 2;
    assert_int_equal(merge(&c, (struct hg_position[]){made_again, old}, 2), 0);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.items[0].epoch, 2);
    assert_int_equal(c.items[0].offset, 3);
    hg_cursor_fini(&c);
}

static void merge_order_does_not_matter(void **state) {
    (void)state;
    struct hg_position p[] = {at(1, 0, 5), at(1, 1, 5), at(1, 0, 9), at(3, 2, 1), at(3, 2, 0)};
    struct hg_cursor forward = {0}, backward = {0};
    assert_int_equal(merge(&forward, p, HG_COUNT(p)), 0);
    for (size_t i = HG_COUNT(p); i-- > 0;) {
        assert_int_equal(merge(&backward, &p[i], 1), 0);
    }
    assert_same(&forward, &backward);
    hg_cursor_fini(&forward);
    hg_cursor_fini(&backward);
}

static void broken_text_leaves_the_cursor_as_it_was(void **state) {
    (void)state;
    struct hg_cursor c = {0};
    char good[HG_POSITION_TEXT_LEN + 1];
    struct hg_position p = at(1, 0, 5), later = at(1, 0, 8);
    assert_int_equal(hg_cursor_set(&c, &p), 0);
    hg_position_format(&later, good);
    const char *const forms[] = {"%s.", ".%s", "%s..%s", "%s %s", "%s.x", "x.%s", "%s,%s", "."};
    for (size_t i = 0; i < HG_COUNT(forms); i++) {
        struct hg_buf text = {0};
        for (const char *f = forms[i]; *f != '\0'; f++) {
            bool is_token = f[0] == '%';
            hg_buf_put(&text, is_token ? good : f, is_token ? HG_POSITION_TEXT_LEN : 1);
            f += is_token;
        }
        assert_int_equal(hg_cursor_merge(&c, hg_buf_slice(&text)), HG_EINVAL);
        hg_buf_fini(&text);
    }
    assert_int_equal(hg_cursor_merge(&c, (struct hg_slice){0}), HG_EINVAL);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.items[0].offset, 5);
    hg_cursor_fini(&c);
}

static void every_flipped_bit_of_a_cursor_is_noticed(void **state) {
    (void)state;
    struct hg_cursor c = {0}, back = {0};
    for (uint16_t i = 0; i < 3; i++) {
        struct hg_position p = at(11, i, i);
        assert_int_equal(hg_cursor_set(&c, &p), 0);
    }
    struct hg_buf text = text_of(&c);
    for (size_t bit = 0; bit < text.len * 8; bit++) {
        text.ptr[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(hg_cursor_merge(&back, hg_buf_slice(&text)), HG_EINVAL);
        text.ptr[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_int_equal(back.n, 0);
    hg_buf_fini(&text);
    hg_cursor_fini(&c);
    hg_cursor_fini(&back);
}

static void a_cursor_is_bounded(void **state) {
    (void)state;
    struct hg_cursor c = {0};
    struct hg_position p[257];
    for (uint16_t i = 0; i < HG_COUNT(p); i++) {
        p[i] = at(1, i, 1);
    }
    assert_int_equal(merge(&c, p, 257), HG_E2BIG);
    assert_int_equal(c.n, 0);
    assert_int_equal(merge(&c, p, 256), 0);
    assert_int_equal(merge(&c, p, 256), 0); /* nothing new */
    assert_int_equal(merge(&c, p + 256, 1), HG_E2BIG);
    assert_int_equal(c.n, 256);
    hg_cursor_fini(&c);
}

static void an_empty_cursor_has_no_text(void **state) {
    (void)state;
    struct hg_cursor c = {0};
    struct hg_buf text = text_of(&c);
    assert_int_equal(text.len, 0);
    assert_int_equal(hg_cursor_merge(&c, hg_buf_slice(&text)), HG_EINVAL); /* nor is no text one */
    hg_buf_fini(&text);
    hg_cursor_fini(&c);
}

int test_cursor(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursor_keeps_its_partitions_sorted),
        cmocka_unit_test(setting_a_partition_again_replaces_it),
        cmocka_unit_test(cursor_comes_back_as_it_was),
        cmocka_unit_test(merging_keeps_the_later_of_two),
        cmocka_unit_test(before_the_first_is_earlier_than_the_first),
        cmocka_unit_test(a_later_epoch_wins_whatever_its_offset),
        cmocka_unit_test(merge_order_does_not_matter),
        cmocka_unit_test(broken_text_leaves_the_cursor_as_it_was),
        cmocka_unit_test(every_flipped_bit_of_a_cursor_is_noticed),
        cmocka_unit_test(a_cursor_is_bounded),
        cmocka_unit_test(an_empty_cursor_has_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
