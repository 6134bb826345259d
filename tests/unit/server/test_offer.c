/* SPDX-License-Identifier: Apache-2.0 */
#include "server/offer.h"

#include <sys/socket.h>

#include "unit/server/rig.h"

struct fixture {
    struct rig rig;
    struct hg_plan plan;
    int pair[2]; /* the master's end, the worker's */
    struct hg_buf errors;
};

static void open_fixture(struct fixture *f) {
    *f = (struct fixture){.errors = {0}};
    rig_open(&f->rig);
    rig_write(&f->rig, "", "");
    rig_plan(&f->rig, &f->plan);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->pair), 0);
}

static void shut(struct fixture *f) {
    close(f->pair[0]);
    close(f->pair[1]);
    hg_buf_fini(&f->errors);
    hg_plan_fini(&f->plan);
    rig_close(&f->rig);
}

static int offer(struct fixture *f) {
    struct hg_offer o = {.control_fd = f->pair[0], .conf_path = f->rig.conf_path, .plan = &f->plan};
    return hg_offer_send(&o, &f->errors);
}

static void say(int fd, enum hg_wire_type type, const char *text) {
    struct hg_wire_message m = {.type = type};
    hg_buf_put_slice(&m.body, hg_slice_of(text));
    assert_int_equal(hg_wire_send(fd, &m), 0);
    hg_wire_fini(&m);
}

static void an_offer_is_a_bundle_of_the_plan_s_files(void **state) {
    struct fixture f;
    struct hg_wire_message got;
    struct hg_bundle b;
    struct hg_slice bytes;
    (void)state;
    open_fixture(&f);
    assert_int_equal(offer(&f), 0);
    assert_int_equal(hg_wire_receive(f.pair[1], &got), 0);
    assert_int_equal(hg_bundle_unpack(&got, &b), 0);
    unit_assert_slice(b.conf_path, f.rig.conf_path);
    assert_int_equal(hg_conf_files_get(b.files, b.conf_path, &bytes), 0);
    hg_bundle_fini(&b);
    hg_wire_fini(&got);
    shut(&f);
}

static void a_verdict_is_yes_or_the_faults(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f);
    say(f.pair[1], HG_WIRE_VERDICT, "");
    assert_int_equal(hg_offer_hear(f.pair[0], &f.errors), 0);
    assert_int_equal(f.errors.len, 0);
    say(f.pair[1], HG_WIRE_VERDICT, "a fault\n");
    assert_int_equal(hg_offer_hear(f.pair[0], &f.errors), HG_EINVAL);
    unit_assert_slice(hg_buf_slice(&f.errors), "a fault\n");
    shut(&f);
}

static void a_worker_that_is_gone_or_talks_nonsense_is_of_no_use(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f);
    say(f.pair[1], HG_WIRE_DRAIN, "");
    assert_int_equal(hg_offer_hear(f.pair[0], &f.errors), HG_ECLOSED);
    shutdown(f.pair[1], SHUT_RDWR);
    assert_int_equal(hg_offer_hear(f.pair[0], &f.errors), HG_ECLOSED);
    hg_buf_clear(&f.errors);
    assert_int_equal(offer(&f), HG_ECLOSED);
    assert_true(f.errors.len > 0);
    assert_true(hg_slice_starts(hg_buf_slice(&f.errors),
                                HG_SLICE("the worker died before it had the configuration: ")));
    shut(&f);
}

static void an_access_log_that_cannot_be_opened_sends_nothing(void **state) {
    struct fixture f;
    char byte;
    (void)state;
    open_fixture(&f);
    hg_plan_fini(&f.plan);
    rig_write(&f.rig, "", "access_log /nowhere/a.log;");
    rig_plan(&f.rig, &f.plan);
    assert_int_equal(offer(&f), HG_EINVAL);
    unit_assert_slice(hg_buf_slice(&f.errors),
                      "access_log: /nowhere/a.log: No such file or directory\n");
    assert_int_equal(recv(f.pair[1], &byte, 1, MSG_DONTWAIT), -1);
    shut(&f);
}

int test_offer(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_is_a_bundle_of_the_plan_s_files),
        cmocka_unit_test(a_verdict_is_yes_or_the_faults),
        cmocka_unit_test(a_worker_that_is_gone_or_talks_nonsense_is_of_no_use),
        cmocka_unit_test(an_access_log_that_cannot_be_opened_sends_nothing),
    };
    return cmocka_run_group_tests_name("offer", tests, NULL, NULL);
}
