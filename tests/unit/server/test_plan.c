/* SPDX-License-Identifier: Apache-2.0 */
#include "server/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit/server/rig.h"

static void assert_fault(struct rig *rig, const char *part) {
    struct hg_buf errors = {0};
    struct hg_plan plan = {.server = (void *)rig};
    assert_int_not_equal(hg_plan_read(&rig->args, rig->registry, &plan, &errors), 0);
    hg_buf_put(&errors, "", 1);
    if (strstr(errors.ptr, part) == NULL) {
        assert_string_equal(errors.ptr, part);
    }
    assert_ptr_equal(plan.server, rig); /* untouched */
    hg_buf_fini(&errors);
}

static void a_plan_has_all_that_a_worker_is_offered(void **state) {
    struct rig rig;
    struct hg_plan plan;
    struct hg_slice bytes;
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "", "");
    rig_plan(&rig, &plan);
    assert_int_equal(hg_server_threads(plan.server), 2);
    assert_int_equal(hg_site_ports(plan.site), 1);
    assert_int_equal(hg_conf_files_get(plan.files, hg_slice_of(rig.conf_path), &bytes), 0);
    hg_plan_fini(&plan);
    rig_close(&rig);
}

static void what_only_the_master_can_know_is_judged_together(void **state) {
    struct rig rig;
    char listens[8192];
    size_t len = 0;
    (void)state;
    rig_open(&rig);
    for (unsigned port = 1; port <= 64; port++) {
        len +=
            (size_t)snprintf(listens + len, sizeof(listens) - len, "listen 127.0.0.2:%u; ", port);
    }
    rig_write(&rig, "user nobody-of-this-name;", "");
    assert_fault(&rig, "test.conf:11: user: there is no user \"nobody-of-this-name\"\n");
    rig_write(&rig, "user nobody-of-this-name;", listens); /* 65 times 2 loops are fine */
    char *text = rig_read_file(rig.conf_path);
    char wide[20000];
    snprintf(wide, sizeof(wide), "worker_threads 64;%s", strchr(text, '\n'));
    free(text);
    rig_write_raw(&rig, wide);
    assert_fault(&rig, "test.conf:11: user: there is no user \"nobody-of-this-name\"\n");
    assert_fault(
        &rig,
        "test.conf:1: main: listen: 65 addresses times 64 worker_threads are 4160 sockets; at most "
        "4096\n");
    rig_close(&rig);
}

int test_plan(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_has_all_that_a_worker_is_offered),
        cmocka_unit_test(what_only_the_master_can_know_is_judged_together),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
