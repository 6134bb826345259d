/* SPDX-License-Identifier: Apache-2.0 */
/* test_parcel.c - messages that outlive the append's keys and headers. */
#include "modules/log_kafka/rig.h"

#include "parcel.h"

static void what_waits_needs_the_events_alone(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct kafka_try t;
    struct kafka_parcel *p = NULL;
    char key[] = "key", value[] = "why";
    struct hg_record_header header = {HG_SLICE("hg_reason"), hg_slice_of(value)};
    kafka_rig_open(&rig, "");
    (void)kafka_rig_new_topic(&rig, 0);
    kafka_try_begin(&rig, &t);
    struct hg_append_item *item = kafka_try_add(&t, 0, key, kafka_rig_event("1", "one", 3));
    item->record.headers = &header;
    item->record.n_headers = 1;
    (void)kafka_try_add(&t, 0, "", kafka_rig_event("2", NULL, 0));
    assert_int_equal(kafka_parcel_new(rig.state, &t.append, &p), 0);
    memset(key, 'x', 3);
    memset(value, 'x', 3);
    const void *said;
    size_t len;
    assert_int_equal(p->n_items, 2);
    assert_memory_equal(p->items[0].key.ptr, "key", 3);
    assert_int_equal(rd_kafka_header_get_last(p->items[0].headers, "hg_reason", &said, &len), 0);
    assert_memory_equal(said, "why", 3);
    assert_memory_equal(p->items[0].value.ptr, "one", 3);
    assert_false(p->items[1].has_value);
    assert_int_equal(p->items[1].key.len, 0);
    p->items[0].offset = 7;
    kafka_parcel_answer(&p, 0);
    assert_null(p);
    assert_int_equal(kafka_try_wait(&t), 0);
    assert_int_equal(t.items[0].err, 0);
    assert_int_equal(t.items[0].record.offset, 7);
    kafka_rig_close(&rig);
}

static void all_items_have_one_result(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct kafka_try t;
    struct kafka_parcel *p = NULL;
    kafka_rig_open(&rig, "kafka_content_mode structured;");
    (void)kafka_rig_new_topic(&rig, 0);
    kafka_try_begin(&rig, &t);
    (void)kafka_try_add(&t, 0, "a", kafka_rig_event("1", "one", 3));
    (void)kafka_try_add(&t, 0, "b", kafka_rig_event("2", "two", 3));
    assert_int_equal(kafka_parcel_new(rig.state, &t.append, &p), 0);
    assert_memory_equal(p->items[0].value.ptr, "{\"specversion\"", 14); /* of its own */
    assert_memory_equal(p->items[1].value.ptr, "{\"specversion\"", 14);
    assert_ptr_not_equal(p->items[0].value.ptr, p->items[1].value.ptr);
    kafka_parcel_answer(&p, HG_EDOUBT);
    assert_int_equal(kafka_try_wait(&t), HG_EDOUBT);
    assert_int_equal(t.items[0].err, HG_EDOUBT);
    assert_int_equal(t.items[1].err, HG_EDOUBT);
    kafka_rig_close(&rig);
}

int test_parcel(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_needs_the_events_alone),
        cmocka_unit_test(all_items_have_one_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
