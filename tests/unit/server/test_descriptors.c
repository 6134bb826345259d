/* SPDX-License-Identifier: Apache-2.0 */
#include "server/descriptors.h"

#include <sys/resource.h>

#include "unit/server/rig.h"

/* In a process of its own: limits are not given back. */
static int raise_from_low(void *arg) {
    struct rlimit limit;
    (void)arg;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1;
    }
    rlim_t hard = limit.rlim_max;
    limit.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (hg_descriptors_raise(256) != 256 || hg_descriptors_raise(100) != 256) {
        return 2;
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur == 256 && limit.rlim_max == hard ? 0 : 3;
}

static int raise_beyond_the_hard_limit(void *arg) {
    struct rlimit limit = {.rlim_cur = 64, .rlim_max = 128};
    (void)arg;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1;
    }
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) {
        return 2;
    }
    return hg_descriptors_raise(1000) == 128 ? 0 : 3;
}

static void the_limit_is_raised_to_what_is_needed_and_never_lowered(void **state) {
    (void)state;
    assert_int_equal(rig_in_child(raise_from_low, NULL), 0);
}

static void who_is_not_root_gets_as_far_as_it_goes(void **state) {
    (void)state;
    assert_int_equal(rig_in_child(raise_beyond_the_hard_limit, NULL), 0);
}

int test_descriptors(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_is_raised_to_what_is_needed_and_never_lowered),
        cmocka_unit_test(who_is_not_root_gets_as_far_as_it_goes),
    };
    return cmocka_run_group_tests_name("descriptors", tests, NULL, NULL);
}
