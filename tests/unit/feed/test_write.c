/* SPDX-License-Identifier: Apache-2.0 */
/* test_write.c - what is written to a stream, to the byte. */
#include "unit/feed/client.h"

#include <stdio.h>

#include "unit/feed/tests.h"

static const struct rig_options plain = {0};

/* What stands after the last of the notices that open a stream. */
static struct hg_slice after_opening(const struct client *c) {
    const char *end = memchr(c->in.ptr, '\n', c->in.len);
    assert_non_null(end);
    size_t head = (size_t)(end - c->in.ptr) + 1;
    return (struct hg_slice){c->in.ptr + head, c->in.len - head};
}

static void event_of_one_partition_goes_out_whole(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){.sink = &client_cut});
    rig_publish(rig, 0, "a", "s");
    struct hg_slice sent = after_opening(c);
    assert_int_equal(sent.len, 5 + HG_POSITION_TEXT_LEN + 1);
    assert_memory_equal(sent.ptr, "e e0 ", 5);
    assert_int_equal(c->n_writes, 1);
    client_close(&c);
    rig_free(&rig);
}

static void only_the_last_event_of_a_write_has_the_cursor(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    struct client *c = client_open(
        rig, &(struct client_wish){.sink = &client_cut, .topics = {0, 1}, .n_topics = 2});
    char want[CLIENT_TEXT_MAX + 32];
    rig_hold_tail(rig);
    rig_publish_many(rig, 1, 3);
    rig_let_tail(rig, 3, true);
    snprintf(want, sizeof(want), "e e0 -\ne e1 -\ne e2 %s\n", c->cursor);
    unit_assert_slice(after_opening(c), want);
    assert_int_equal(strlen(c->cursor), 2 * HG_POSITION_TEXT_LEN + 1);
    assert_int_equal(c->expect[1][0], 3);
    client_close(&c);
    rig_free(&rig);
}

static void refill_is_one_write_too(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    rig_publish_many(rig, 0, 2);
    struct client *c = client_open(
        rig, &(struct client_wish){
                 .sink = &client_cut, .topics = {0, 1}, .n_topics = 2, .start = HG_START_EARLIEST});
    char want[CLIENT_TEXT_MAX + 32];
    snprintf(want, sizeof(want), "e e0 -\ne e1 %s\n", c->cursor);
    unit_assert_slice(after_opening(c), want);
    client_close(&c);
    rig_free(&rig);
}

static void stall_in_a_batch_ends_the_write_with_its_own_cursor(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    struct client *c = client_open(
        rig, &(struct client_wish){.sink = &client_cut, .topics = {0, 1}, .n_topics = 2});
    rig_hold_tail(rig);
    rig_publish_many(rig, 0, 3);
    c->room = 3;
    rig_let_tail(rig, 3, true);
    assert_int_equal(c->n_events, 1);
    assert_int_equal(c->expect[0][0], 1); /* the cursor says so: it was checked */
    client_set_room(c, CLIENT_ROOM_ALL);
    assert_int_equal(c->n_events, 3);
    client_close(&c);
    rig_free(&rig);
}

static void event_larger_than_the_room_is_written_whole(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){0});
    c->room = 1;
    rig_publish_many(rig, 0, 2);
    assert_int_equal(c->n_events, 1);
    client_set_room(c, 1);
    assert_int_equal(c->n_events, 2);
    client_close(&c);
    rig_free(&rig);
}

static void message_is_a_text_frame_for_every_length(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 4);
    /* The notices are longer than 125 bytes, the events shorter; the client
     * takes frames apart and fails on anything that is none. */
    struct client *c = client_open(
        rig, &(struct client_wish){.sink = &client_message, .topics = {0, 1, 2, 3}, .n_topics = 4});
    assert_int_equal((uint8_t)c->in.ptr[0], 0x81);
    assert_int_equal((uint8_t)c->in.ptr[1], 126);
    size_t head = c->in.len;
    rig_publish(rig, 2, "a", "s");
    assert_int_equal((uint8_t)c->in.ptr[head], 0x81);
    assert_int_equal((uint8_t)c->in.ptr[head + 1], 5 + HG_POSITION_TEXT_LEN + 1);
    assert_int_equal(c->n_events, 1);
    client_close(&c);
    rig_free(&rig);
}

static void cursor_has_a_token_for_each_partition_in_order(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.partitions = 3}, 2);
    struct client *c = client_open(rig, &(struct client_wish){.topics = {1, 0}, .n_topics = 2});
    struct hg_cursor cursor = {0};
    struct hg_buf text = {0};
    assert_int_equal(hg_cursor_merge(&cursor, hg_slice_of(c->cursor)), 0);
    assert_int_equal(cursor.n, 6);
    hg_cursor_format(&cursor, &text); /* sorted by the room below: the same */
    unit_assert_slice(hg_buf_slice(&text), c->cursor);
    hg_buf_fini(&text);
    hg_cursor_fini(&cursor);
    client_close(&c);
    rig_free(&rig);
}

/* Its position is good all the same. */
static void a_copy_is_given_to_nobody(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){0}, 1);
    struct client *live = client_open(rig, &(struct client_wish){0});
    rig_until_live(rig, 0);
    rig_hold_tail(rig);
    rig_publish_many(rig, 0, 3);
    rig->tails[1]->entries[0].is_copy = true;
    memcpy(rig->truth[0][0].records[1].type, "refused", 8); /* is not expected */
    for (size_t i = 0; i < 3; i++) {
        hg_feed_tail(rig->feed, rig->tails[i]);
        hg_batch_unref(&rig->tails[i]);
    }
    rig->n_tails = 0;
    struct client *late = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    rig_until_live(rig, 0);
    assert_int_equal(live->n_events, 2);
    assert_int_equal(late->n_events, 2);
    client_assert_whole(live);
    client_assert_whole(late);
    client_close(&live);
    client_close(&late);
    rig_free(&rig);
}

int test_write(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_of_one_partition_goes_out_whole),
        cmocka_unit_test(only_the_last_event_of_a_write_has_the_cursor),
        cmocka_unit_test(refill_is_one_write_too),
        cmocka_unit_test(stall_in_a_batch_ends_the_write_with_its_own_cursor),
        cmocka_unit_test(event_larger_than_the_room_is_written_whole),
        cmocka_unit_test(message_is_a_text_frame_for_every_length),
        cmocka_unit_test(cursor_has_a_token_for_each_partition_in_order),
        cmocka_unit_test(a_copy_is_given_to_nobody),
    };
    return cmocka_run_group_tests_name("feed/write", tests, NULL, NULL);
}
