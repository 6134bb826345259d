/* SPDX-License-Identifier: Apache-2.0 */
/* test_take.c - messages as librdkafka hands them out. */
#include <stdio.h>

#include "log/records.h"
#include "modules/log_kafka/other.h"

static void any_message_becomes_a_record(void **state) {
    (void)state;
    struct other o = {0};
    struct kafka_rig rig;
    struct hg_records out = {.has_details = true};
    struct hg_log_read want = {0, 0, 0, 100, 1 << 20};
    other_open(&o, NULL);
    other_make(&o, 1, NULL);
    rd_kafka_headers_t *many = rd_kafka_headers_new(300);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(rd_kafka_header_add(many, "x", 1, NULL, -1), 0);
    }
    assert_int_equal(rd_kafka_producev(o.rk, RD_KAFKA_V_TOPIC(o.topic), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_KEY("k", 1), RD_KAFKA_V_END),
                     0);
    assert_int_equal(rd_kafka_producev(o.rk, RD_KAFKA_V_TOPIC(o.topic), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_VALUE("many", 4), RD_KAFKA_V_HEADERS(many),
                                       RD_KAFKA_V_END),
                     0);
    assert_int_equal(
        rd_kafka_producev(
            o.rk, RD_KAFKA_V_TOPIC(o.topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE("{", 1),
            RD_KAFKA_V_HEADER("content-type", "application/cloudevents+json", 28), RD_KAFKA_V_END),
        0);
    other_flush(&o);
    other_rig(&o, &rig);
    while (out.n < 3) {
        want.from = out.n;
        assert_int_equal(rig.ops->read(rig.state, &want, &out), 0);
    }
    assert_null(out.items[0].event);
    assert_true(hg_slice_eq(out.items[0].key, HG_SLICE("k")));
    assert_true(out.items[0].log_time_ms > 1700000000000);
    char id[160];
    for (int i = 1; i < 3; i++) {
        (void)snprintf(id, sizeof(id), "%s-0-%d", o.topic, i);
        struct hg_slice got = hg_event_core(out.items[i].event, HG_ATTR_ID);
        assert_true(hg_slice_eq(got, hg_slice_of(id)));
    }
    hg_records_fini(&out);
    kafka_rig_close(&rig);
    other_delete(&o);
    other_close(&o);
}

int test_take(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_message_becomes_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
