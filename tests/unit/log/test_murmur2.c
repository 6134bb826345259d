/* SPDX-License-Identifier: Apache-2.0 */
/* test_murmur2.c - what Apache Kafka 4.3.1 gives: Utils.murmur2 and
 * BuiltInPartitioner.partitionForKey of its kafka-clients. The rows from "abc"
 * to "lkjh..." stand in Kafka's own test of the function too. */
#include "log/murmur2.h"

#include "unit/log/tests.h"

struct golden {
    struct hg_slice key;
    int32_t sum; /* Kafka's hash is signed */
    uint32_t of_3, of_6, of_12, of_50;
};

static const struct golden golden[] = {
    {{"", 0}, 275646681, 0, 3, 9, 31},
    {{"a", 1}, -1563381124, 1, 4, 4, 24},
    {{"ab", 2}, 316155434, 2, 2, 2, 34},
    {{"abc", 3}, 479470107, 0, 3, 3, 7},
    {{"21", 2}, -973932308, 0, 0, 0, 40},
    {{"foobar", 6}, -790332482, 0, 0, 6, 16},
    {{"a-little-bit-long-string", 24}, -985981536, 2, 2, 8, 12},
    {{"a-little-bit-longer-string", 26}, -1486304829, 2, 5, 11, 19},
    {{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", 48}, -58897971, 2, 5, 5, 27},
    {{"customer-1", 10}, 1939597761, 0, 3, 9, 11},
    {{"customer-2", 10}, 1971984518, 2, 2, 2, 18},
    {{"/shops/7", 8}, -1744073008, 1, 4, 4, 40},
    {{"Gr\303\266\303\237e", 7}, -255045697, 1, 1, 7, 1},
    {{"\xe6\x9d\xb1\xe4\xba\xac", 6}, -1368386005, 1, 1, 7, 43},
};

static void the_hash_is_that_of_kafka(void **state) {
    (void)state;
    for (size_t i = 0; i < HG_COUNT(golden); i++) {
        assert_int_equal((int32_t)hg_murmur2(golden[i].key), golden[i].sum);
    }
    /* Bytes above 127 are no negative numbers. */
    assert_int_equal(hg_murmur2((struct hg_slice){"\x80\xff\0\xfe\x81", 5}), 563291994);
}

static void a_key_goes_where_kafka_puts_it(void **state) {
    (void)state;
    for (size_t i = 0; i < HG_COUNT(golden); i++) {
        assert_int_equal(hg_murmur2_partition(golden[i].key, 1), 0);
        assert_int_equal(hg_murmur2_partition(golden[i].key, 3), golden[i].of_3);
        assert_int_equal(hg_murmur2_partition(golden[i].key, 6), golden[i].of_6);
        assert_int_equal(hg_murmur2_partition(golden[i].key, 12), golden[i].of_12);
        assert_int_equal(hg_murmur2_partition(golden[i].key, 50), golden[i].of_50);
    }
}

int test_murmur2(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_that_of_kafka),
        cmocka_unit_test(a_key_goes_where_kafka_puts_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
