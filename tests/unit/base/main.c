/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs the groups of base/, lowest first. */
#include "unit/base/tests.h"

#include "headgate/base.h"

int main(void) {
    static int (*const groups[])(void) = {
        test_err,     test_alloc,   test_slice,      test_list,   test_buf,
        test_blob,    test_arena,   test_utf8,       test_base64, test_hash,
        test_map,     test_crc32c,  test_crc32c_cpu, test_clock,  test_counters,
        test_logfile, test_problem, test_pool,       test_thread,
    };
    int failed = 0;
    for (size_t i = 0; i < HG_COUNT(groups); i++) {
        failed += groups[i]() != 0;
    }
    return failed != 0;
}
