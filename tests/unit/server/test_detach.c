/* SPDX-License-Identifier: Apache-2.0 */
#include "server/detach.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "unit/server/rig.h"

/* What the child does after it has left; its parent is who the test waits for. */
enum fate { SERVES, ENDS, DIES };

static int detach_and(void *arg) {
    enum fate fate = *(enum fate *)arg;
    pid_t session = getsid(0);
    int fd = hg_detach();
    if (fd < 0 || getsid(0) == session) {
        _exit(9);
    }
    if (fate == SERVES) {
        hg_detach_done(fd);
    } else if (fate == DIES) {
        raise(SIGKILL);
    }
    _exit(0);
}

static void who_started_it_learns_what_became_of_it(void **state) {
    enum fate fates[] = {SERVES, ENDS, DIES};
    (void)state;
    assert_int_equal(rig_in_child(detach_and, &fates[0]), 0);
    assert_int_equal(rig_in_child(detach_and, &fates[1]), 1);
    assert_int_equal(rig_in_child(detach_and, &fates[2]), 1);
}

static bool leads_to_null(int fd) {
    struct stat st, null_st;
    return fstat(fd, &st) == 0 && stat("/dev/null", &null_st) == 0 && st.st_rdev == null_st.st_rdev;
}

static int silence(void *arg) {
    (void)arg;
    hg_detach_silence();
    return leads_to_null(0) && leads_to_null(1) && leads_to_null(2) ? 0 : 1;
}

static int fill(void *arg) {
    (void)arg;
    close(0);
    close(2);
    bool was_null = leads_to_null(1);
    hg_detach_fill_standard();
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return leads_to_null(0) && leads_to_null(2) && leads_to_null(1) == was_null && next > 2 ? 0 : 1;
}

static void standard_descriptors_lead_nowhere(void **state) {
    (void)state;
    assert_int_equal(rig_in_child(silence, NULL), 0);
}

static void closed_standard_descriptors_are_given_to_nobody(void **state) {
    (void)state;
    assert_int_equal(rig_in_child(fill, NULL), 0);
}

int test_detach(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_started_it_learns_what_became_of_it),
        cmocka_unit_test(standard_descriptors_lead_nowhere),
        cmocka_unit_test(closed_standard_descriptors_are_given_to_nobody),
    };
    return cmocka_run_group_tests_name("detach", tests, NULL, NULL);
}
