/* SPDX-License-Identifier: Apache-2.0 */
#include "server/named.h"

#include <stdio.h>

#include "unit/server/rig.h"

struct names {
    char text[512];
    unsigned left; /* until the walk is ended */
};

static int on_topic(void *arg, const struct hg_log_topic *topic) {
    struct names *n = arg;
    size_t at = strlen(n->text);
    snprintf(n->text + at, sizeof(n->text) - at, "%.*s %lld %lld%s\n", HG_FMT(topic->name),
             (long long)topic->event_bytes_max, (long long)topic->retention_ms / 3600000,
             hg_conf_parent(topic->conf) != NULL ? " declared" : "");
    return n->left > 0 && --n->left == 0 ? HG_EIO : 0;
}

static void those_of_blocks_come_first_and_all_have_what_is_said_of_them(void **state) {
    struct rig rig;
    struct hg_plan plan;
    struct names n = {.left = 0}, two = {.left = 2};
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "retention 2h; topic demo.events { retention 1h; } topic idle { }",
              "location /other { accept cloudevents; publish demo.other; dead_letter on; "
              "client_max_body_size 5000; }");
    rig_plan(&rig, &plan);
    assert_int_equal(hg_named_each(plan.conf, plan.site, on_topic, &n), 0);
    assert_string_equal(n.text, "demo.events 4194304 1 declared\n"
                                "idle 0 2 declared\n"
                                "demo.other 5000 2\n"
                                "demo.other.dlq 0 2\n"
                                "headgate.dlq 0 2\n");
    assert_true(hg_named_is_declared(plan.conf, HG_SLICE("idle")));
    assert_false(hg_named_is_declared(plan.conf, HG_SLICE("demo.other")));
    assert_int_equal(hg_named_each(plan.conf, plan.site, on_topic, &two), HG_EIO);
    assert_null(strstr(two.text, "demo.other"));
    hg_plan_fini(&plan);
    rig_close(&rig);
}

int test_named(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_of_blocks_come_first_and_all_have_what_is_said_of_them),
    };
    return cmocka_run_group_tests_name("named", tests, NULL, NULL);
}
