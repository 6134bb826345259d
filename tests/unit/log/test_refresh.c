/* SPDX-License-Identifier: Apache-2.0 */
/* test_refresh.c - what is known of topics on other machines keeps up with them. */
#include "log/refresh.h"

#include <stdio.h>

#include "log/inner.h"
#include "support/log_rig.h"
#include "support/remote_log.h"
#include "unit/log/tests.h"

enum { TOPICS = 4 };

struct fixture {
    struct remote_log remote;
    struct hg_log_ops ops;
    struct log_rig rig;
};

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    remote_log_init(&f->remote);
    f->ops = remote_log_ops();
    struct hg_log_setup setup = {.driver = &f->ops, .open = fake_log_open(&f->remote.fake)};
    rig_start(&f->rig, &setup);
    for (uint32_t i = 0; i < TOPICS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "t%u", i);
        assert_int_equal(rig_topic(&f->rig, name), i);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    remote_log_hold(&f->remote, false);
    rig_stop(&f->rig);
    remote_log_fini(&f->remote);
    hg_free(f);
    return 0;
}

static bool are_known(void *arg) {
    struct fixture *f = arg;
    for (uint32_t t = 0; t < TOPICS; t++) {
        struct hg_log_range range;
        hg_log_topic_range(f->rig.log, t, 0, &range);
        if (range.next != t + 1 || range.first != t) {
            return false;
        }
    }
    return true;
}

static void what_others_write_and_what_retention_takes_is_seen(void **state) {
    struct fixture *f = *state;
    for (uint32_t t = 0; t < TOPICS; t++) {
        for (uint32_t i = 0; i <= t; i++) {
            remote_log_write(&f->remote, t, 0, rig_event("/other", "1", "x"));
        }
        assert_int_equal(fake_log_ops.trim(&f->remote.fake, t, 0, t), 0);
    }
    rig_until(&f->rig, are_known, f);
}

static bool does_wait(void *arg) {
    return remote_log_waiting(arg) > 0;
}

static void a_question_that_hangs_holds_up_no_append(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    remote_log_hold(&f->remote, true);
    rig_until(&f->rig, does_wait, &f->remote);
    assert_int_equal(rig_publish_one(&f->rig, &p, 0, "1", "x"), 0);
    rig_end(&p);
}

#define REFRESH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int test_refresh(void) {
    const struct CMUnitTest tests[] = {
        REFRESH(what_others_write_and_what_retention_takes_is_seen),
        REFRESH(a_question_that_hangs_holds_up_no_append),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
