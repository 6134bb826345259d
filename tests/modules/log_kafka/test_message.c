/* SPDX-License-Identifier: Apache-2.0 */
/* test_message.c - what a producer makes of a draft, and of the limits of topics. */
#include "modules/log_kafka/tests.h"

#include "kafka.h"

static int64_t bound(size_t limit, const char *wished, size_t *ret_bound) {
    static struct kafka k;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    atomic_init(&k.batch_max, limit);
    assert_int_equal(rd_kafka_conf_set(conf, "batch.size", wished, NULL, 0), RD_KAFKA_CONF_OK);
    *ret_bound = kafka_batch_bound(&k, conf);
    int64_t n = kafka_conf_number(conf, "batch.size");
    rd_kafka_conf_destroy(conf);
    return n;
}

static void a_batch_is_no_larger_than_any_topic_takes(void **state) {
    (void)state;
    size_t of_topics;
    assert_int_equal(bound(100000, "1000000", &of_topics), 100000 - 512);
    assert_int_equal(of_topics, 100000);
    assert_int_equal(bound(SIZE_MAX, "1000000", &of_topics), 1000000);
    assert_int_equal(of_topics, 1000512);
    assert_int_equal(bound(1000000, "50000", &of_topics), 50000);
    assert_int_equal(of_topics, 50512);
    assert_int_equal(bound(1000, "50000", &of_topics), 1000);
    assert_int_equal(of_topics, 1000);
}

static void headers_keep_their_order_and_bytes(void **state) {
    (void)state;
    static struct kafka_draft d;
    d.headers[0] = (struct hg_record_header){HG_SLICE("ce_id"), HG_SLICE("1")};
    d.headers[1] = (struct hg_record_header){HG_SLICE("ce_type"), HG_SLICE("a\0b")};
    d.headers[2] = (struct hg_record_header){HG_SLICE("ce_id"), HG_SLICE("")};
    d.n_headers = 3;
    rd_kafka_headers_t *h = kafka_headers_of(&d);
    const char *name;
    const void *value;
    size_t len;
    assert_int_equal(rd_kafka_header_cnt(h), 3);
    assert_int_equal(rd_kafka_header_get_all(h, 1, &name, &value, &len), 0);
    assert_string_equal(name, "ce_type");
    assert_int_equal(len, 3);
    assert_memory_equal(value, "a\0b", 3);
    assert_int_equal(rd_kafka_header_get_all(h, 2, &name, &value, &len), 0);
    assert_string_equal(name, "ce_id");
    assert_int_equal(len, 0);
    rd_kafka_headers_destroy(h);
}

int test_message(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_no_larger_than_any_topic_takes),
        cmocka_unit_test(headers_keep_their_order_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
