/* SPDX-License-Identifier: Apache-2.0 */
#include "server/oneshot.h"

#include <stdlib.h>

#include "unit/server/rig.h"

static int only_test(void *arg) {
    const struct rig *rig = arg;
    return hg_oneshot_test(&rig->args, false);
}

static int test_and_dump(void *arg) {
    const struct rig *rig = arg;
    return hg_oneshot_test(&rig->args, true);
}

static int send_stop(void *arg) {
    const struct rig *rig = arg;
    return hg_oneshot_signal(&rig->args, "stop");
}

static void assert_says(int (*fn)(void *arg), struct rig *rig, int status, const char *part) {
    char *said;
    assert_int_equal(rig_capture(fn, rig, &said), status);
    if (strstr(said, part) == NULL) {
        assert_string_equal(said, part);
    }
    free(said);
}

static void a_test_says_what_it_found(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "", "");
    assert_says(only_test, &rig, 0, "test.conf test is successful\n");
    assert_int_equal(access(rig_path(&rig, "events"), F_OK), -1); /* and made nothing */
    assert_int_equal(access(rig_path(&rig, "errors"), F_OK), -1);
    rig_write(&rig, "", "access_log none/a.log;");
    assert_says(only_test, &rig, 1, "test.conf:14: access_log: none/a.log: No such file");
    assert_says(only_test, &rig, 1, "test.conf test failed\n");
    rig_write(&rig, "oops;", "");
    assert_says(only_test, &rig, 1, "test.conf:11: oops: unknown directive");
    assert_says(only_test, &rig, 1, "test.conf test failed\n");
    rig_close(&rig);
}

static void a_dump_is_the_configuration_when_it_is_good(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "", "");
    assert_says(test_and_dump, &rig, 0, "load_module log_embedded;\n");
    rig_write(&rig, "oops;", "");
    assert_says(test_and_dump, &rig, 1, "test.conf test failed\n");
    rig_close(&rig);
}

static void a_word_goes_to_the_gateway_that_the_configuration_names_or_to_none(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "", "");
    assert_says(send_stop, &rig, 1, "/pid.sock: No such file or directory\n");
    rig_write(&rig, "oops;", "");
    assert_says(send_stop, &rig, 1, "the configuration cannot be read: nothing was told\n");
    rig_close(&rig);
}

int test_oneshot(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_test_says_what_it_found),
        cmocka_unit_test(a_dump_is_the_configuration_when_it_is_good),
        cmocka_unit_test(a_word_goes_to_the_gateway_that_the_configuration_names_or_to_none),
    };
    return cmocka_run_group_tests_name("oneshot", tests, NULL, NULL);
}
