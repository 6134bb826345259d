/* SPDX-License-Identifier: Apache-2.0 */
/* test_encode.c - the shared bytes of an event. */
#include "unit/feed/client.h"

#include "base/alloc.h"
#include "base/counters.h"
#include "feed/counters.h"
#include "unit/feed/tests.h"

static const struct rig_options plain = {0};

static struct hg_entry *newest(struct rig *rig) {
    const struct hg_window *w = &hg_feed__parts_topic(&rig->feed->parts, 0)->parts[0]->window;
    struct hg_window_at at;
    assert_true(hg_window_find(w, w->next - 1, &at));
    return hg_window_step(w, &at);
}

static void event_is_encoded_once_for_all(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *clients[20];
    int64_t before = hg_counter_read(&hg_feed__encodings);
    for (size_t i = 0; i < HG_COUNT(clients); i++) {
        clients[i] = client_open(rig, &(struct client_wish){0});
    }
    rig_publish_many(rig, 0, 3);
    assert_int_equal(hg_counter_read(&hg_feed__encodings), before + 3);
    struct client *late = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    assert_int_equal(late->n_events, 3);
    assert_int_equal(hg_counter_read(&hg_feed__encodings), before + 3);
    client_close(&late);
    for (size_t i = 0; i < HG_COUNT(clients); i++) {
        assert_int_equal(clients[i]->n_events, 3);
        assert_int_equal(clients[i]->n_writes, 3);
        client_close(&clients[i]);
    }
    rig_free(&rig);
}

static void each_sink_has_bytes_of_its_own(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    int64_t before = hg_counter_read(&hg_feed__encodings);
    struct client *raw = client_open(rig, &(struct client_wish){.sink = &client_raw});
    struct client *message = client_open(rig, &(struct client_wish){.sink = &client_message});
    rig_publish(rig, 0, "a", "s");
    assert_int_equal(hg_counter_read(&hg_feed__encodings), before + 2);
    assert_int_equal(raw->n_events, 1);
    assert_int_equal(message->n_events, 1);
    const struct hg_blob *line = hg_entry_slot(newest(rig), 0);
    const struct hg_blob *frame = hg_entry_slot(newest(rig), 1);
    assert_memory_equal(line->bytes, "e e0 ", 5);
    assert_int_equal(line->mark, 5);
    assert_int_equal(line->len, 5 + HG_POSITION_TEXT_LEN + 1);
    assert_int_equal(frame->len, line->len + 2); /* the frame's head is in front */
    assert_memory_equal(frame->bytes + 2, line->bytes, line->len);
    assert_int_equal(frame->mark, 7);
    client_close(&raw);
    client_close(&message);
    rig_free(&rig);
}

static void nobody_interested_costs_no_encoding(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    int64_t before = hg_counter_read(&hg_feed__encodings);
    struct client *c = client_open(rig, &(struct client_wish){.subject = "else"});
    rig_publish_many(rig, 0, 5);
    assert_int_equal(hg_counter_read(&hg_feed__encodings), before);
    client_close(&c);
    rig_free(&rig);
}

static void event_that_the_sink_refuses_is_left_out(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    int64_t before = hg_counter_read(&hg_feed__refusals);
    struct client *raw = client_open(rig, &(struct client_wish){0});
    struct client *message = client_open(rig, &(struct client_wish){.sink = &client_message});
    rig_publish(rig, 0, "a", "s");
    rig_publish(rig, 0, "refused", "s");
    rig_publish(rig, 0, "a", "s");
    assert_int_equal(hg_counter_read(&hg_feed__refusals), before + 2);
    assert_int_equal(raw->n_events, 2);
    assert_int_equal(message->n_events, 2);
    assert_string_equal(raw->last_id, "e2");
    client_close(&raw);
    client_close(&message);
    rig_free(&rig);
}

static void event_without_memory_comes_later(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){0});
    struct client *other = client_open(rig, &(struct client_wish){.sink = &client_message});
    rig_publish(rig, 0, "a", "s"); /* scratch and window have grown */
    rig_hold_tail(rig);
    rig_publish(rig, 0, "a", "s");
    struct hg_batch *batch = rig->tails[0];
    rig->n_tails = 0;
    hg_alloc_fail_after(0);
    hg_feed_tail(rig->feed, batch);
    hg_alloc_fail_after(-1);
    hg_batch_unref(&batch);
    assert_int_equal(c->n_events, 1);
    assert_false(client_is_live(c));
    assert_int_equal(other->n_events, 2);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 2);
    client_close(&c);
    client_close(&other);
    rig_free(&rig);
}

int test_encode(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_is_encoded_once_for_all),
        cmocka_unit_test(each_sink_has_bytes_of_its_own),
        cmocka_unit_test(nobody_interested_costs_no_encoding),
        cmocka_unit_test(event_that_the_sink_refuses_is_left_out),
        cmocka_unit_test(event_without_memory_comes_later),
    };
    return cmocka_run_group_tests_name("feed/encode", tests, NULL, NULL);
}
