/* SPDX-License-Identifier: Apache-2.0 */
/* test_position.c - positions as tokens. */
#include "log/position.h"

#include "unit/log/tests.h"

static const struct hg_position samples[] = {
    {0, 0, 0, 0, 0},
    {1, 1, 0, 0, 1},
    {UINT64_MAX, UINT32_MAX, UINT16_MAX, UINT64_MAX, UINT32_MAX},
    {0x0123456789abcdef, 0x01020304, 0x0506, 0x0708090a0b0c0d0e, 0x0f101112},
};

static struct hg_slice text_of(const struct hg_position *p, char text[HG_POSITION_TEXT_LEN + 1]) {
    hg_position_format(p, text);
    assert_int_equal(strlen(text), HG_POSITION_TEXT_LEN);
    return (struct hg_slice){text, HG_POSITION_TEXT_LEN};
}

static void position_comes_back_as_it_was(void **state) {
    (void)state;
    for (size_t i = 0; i < HG_COUNT(samples); i++) {
        char text[HG_POSITION_TEXT_LEN + 1];
        struct hg_position back;
        assert_int_equal(hg_position_parse(text_of(&samples[i], text), &back), 0);
        assert_true(back.topic_tag == samples[i].topic_tag);
        assert_int_equal(back.epoch, samples[i].epoch);
        assert_int_equal(back.partition, samples[i].partition);
        assert_true(back.offset == samples[i].offset);
        assert_int_equal(back.fingerprint, samples[i].fingerprint);
    }
}

static void position_needs_no_escaping_in_a_url_or_a_header(void **state) {
    (void)state;
    for (size_t i = 0; i < HG_COUNT(samples); i++) {
        char text[HG_POSITION_TEXT_LEN + 1];
        text_of(&samples[i], text);
        assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-_"),
                         HG_POSITION_TEXT_LEN);
    }
}

static void every_flipped_bit_of_a_position_is_noticed(void **state) {
    (void)state;
    for (size_t i = 0; i < HG_COUNT(samples); i++) {
        char text[HG_POSITION_TEXT_LEN + 1];
        struct hg_slice s = text_of(&samples[i], text);
        for (size_t bit = 0; bit < HG_POSITION_TEXT_LEN * 8; bit++) {
            struct hg_position back = {.epoch = 77};
            text[bit / 8] ^= (char)(1 << bit % 8);
            assert_int_equal(hg_position_parse(s, &back), HG_EINVAL);
            assert_int_equal(back.epoch, 77);
            text[bit / 8] ^= (char)(1 << bit % 8);
        }
    }
}

static void every_other_character_of_a_position_is_noticed(void **state) {
    (void)state;
    char text[HG_POSITION_TEXT_LEN + 1];
    struct hg_slice s = text_of(&samples[3], text);
    struct hg_position back;
    for (size_t i = 0; i < HG_POSITION_TEXT_LEN; i++) {
        char right = text[i];
        for (int c = 0; c < 256; c++) {
            if ((char)c != right) {
                text[i] = (char)c;
                assert_int_equal(hg_position_parse(s, &back), HG_EINVAL);
            }
        }
        text[i] = right;
    }
}

static void position_of_another_length_is_refused(void **state) {
    (void)state;
    char text[HG_POSITION_TEXT_LEN + 2] = {0};
    struct hg_slice s = text_of(&samples[3], text);
    struct hg_position back;
    for (size_t len = 0; len < HG_POSITION_TEXT_LEN; len++) {
        assert_int_equal(hg_position_parse((struct hg_slice){text, len}, &back), HG_EINVAL);
    }
    text[HG_POSITION_TEXT_LEN] = 'A';
    s.len++;
    assert_int_equal(hg_position_parse(s, &back), HG_EINVAL);
    assert_int_equal(hg_position_parse((struct hg_slice){0}, &back), HG_EINVAL);
}

static void tags_tell_topics_apart(void **state) {
    (void)state;
    assert_true(hg_topic_tag(HG_SLICE("a.b")) == hg_topic_tag(HG_SLICE("a.b")));
    assert_true(hg_topic_tag(HG_SLICE("a.b")) != hg_topic_tag(HG_SLICE("a.c")));
    assert_true(hg_topic_tag(HG_SLICE("a.b")) != hg_topic_tag(HG_SLICE("a.b.dlq")));
}

/* Clients keep tokens for days: these must never change. */
static void tokens_are_the_same_in_every_build(void **state) {
    (void)state;
    char text[HG_POSITION_TEXT_LEN + 1];
    struct hg_position p = {
        .topic_tag = hg_topic_tag(HG_SLICE("business.orders.created")),
        .epoch = 1,
        .offset = 42,
        .fingerprint = hg_position_fingerprint(1700000000000, HG_SLICE("A234-1234-1234")),
    };
    text_of(&p, text);
    assert_string_equal(text, "ASLXOp7YVCOGAAAAAQAAAAAAAAAAACopLd6tvQ16Ug");
}

static void fingerprint_depends_on_time_and_id(void **state) {
    (void)state;
    uint32_t one = hg_position_fingerprint(1000, HG_SLICE("a"));
    assert_int_equal(one, hg_position_fingerprint(1000, HG_SLICE("a")));
    assert_int_not_equal(one, hg_position_fingerprint(1001, HG_SLICE("a")));
    assert_int_not_equal(one, hg_position_fingerprint(1000, HG_SLICE("b")));
    assert_int_not_equal(hg_position_fingerprint(0, (struct hg_slice){0}), 0);
}

int test_position(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(position_comes_back_as_it_was),
        cmocka_unit_test(position_needs_no_escaping_in_a_url_or_a_header),
        cmocka_unit_test(every_flipped_bit_of_a_position_is_noticed),
        cmocka_unit_test(every_other_character_of_a_position_is_noticed),
        cmocka_unit_test(position_of_another_length_is_refused),
        cmocka_unit_test(tags_tell_topics_apart),
        cmocka_unit_test(tokens_are_the_same_in_every_build),
        cmocka_unit_test(fingerprint_depends_on_time_and_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
