/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls_memory.h"

#include <pthread.h>

#include "base/alloc.h"
#include "unit/net/tests.h"
#include "unit/unit.h"

enum { RECORD_BYTES = 16712, MANY = 300 };

static void blocks_for_records_lie_apart(void **state) {
    (void)state;
    hg_tls_memory_init();
    void *record = hg_tls_memory_take(RECORD_BYTES), *small = hg_tls_memory_take(100),
         *large = hg_tls_memory_take(30000);
    assert_true(hg_tls_memory_is_record(record));
    assert_false(hg_tls_memory_is_record(small));
    assert_false(hg_tls_memory_is_record(large));
    assert_false(hg_tls_memory_is_record(NULL));
    memset(record, 1, RECORD_BYTES);
    hg_tls_memory_give(record);
    hg_tls_memory_give(small);
    hg_tls_memory_give(large);
    hg_tls_memory_give(NULL);
    assert_ptr_equal(hg_tls_memory_take(RECORD_BYTES), record); /* the last one, still warm */
    hg_tls_memory_give(record);
}

static void no_two_have_the_same_block(void **state) {
    (void)state;
    static unsigned char *blocks[MANY];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            blocks[i] = hg_tls_memory_take(RECORD_BYTES);
            assert_true(hg_tls_memory_is_record(blocks[i]));
            memset(blocks[i], i & 0xff, RECORD_BYTES);
        }
        for (int i = 0; i < MANY; i++) {
            assert_int_equal(blocks[i][0], i & 0xff);
            assert_int_equal(blocks[i][RECORD_BYTES - 1], i & 0xff);
            hg_tls_memory_give(blocks[i]);
        }
    }
}

static void a_block_that_has_to_grow_keeps_its_bytes(void **state) {
    (void)state;
    char *block = hg_tls_memory_change(NULL, RECORD_BYTES);
    assert_true(hg_tls_memory_is_record(block));
    block[0] = 'a';
    block[RECORD_BYTES - 1] = 'z';
    assert_ptr_equal(hg_tls_memory_change(block, 17000), block);
    hg_alloc_fail_after(0);
    assert_null(hg_tls_memory_change(block, 100000));
    char *larger = hg_tls_memory_change(block, 100000);
    assert_false(hg_tls_memory_is_record(larger));
    assert_int_equal(larger[0], 'a');
    assert_int_equal(larger[RECORD_BYTES - 1], 'z');
    assert_null(hg_tls_memory_change(larger, 0)); /* frees it */
    assert_null(hg_tls_memory_take(0));
}

static void *give(void *block) {
    hg_tls_memory_give(block);
    return NULL;
}

static void another_thread_may_give_it_back(void **state) {
    (void)state;
    void *block = hg_tls_memory_take(RECORD_BYTES);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, give, block), 0);
    pthread_join(thread, NULL);
}

int test_tls_memory(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_for_records_lie_apart),
        cmocka_unit_test(no_two_have_the_same_block),
        cmocka_unit_test(a_block_that_has_to_grow_keeps_its_bytes),
        cmocka_unit_test(another_thread_may_give_it_back),
    };
    return cmocka_run_group_tests_name("net/tls_memory", tests, NULL, NULL);
}
