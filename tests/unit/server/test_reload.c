/* SPDX-License-Identifier: Apache-2.0 */
#include "server/reload.h"

#include <stdio.h>
#include <sys/socket.h>

#include "unit/server/rig.h"

/* A reload whose worker is the test, at the other end of the socket pair. */
struct fixture {
    struct rig rig;
    struct hg_sockets sockets;
    struct hg_reload reload;
    int pair[2];
    unsigned more;
    char listen_more[64];
    struct hg_buf errors;
};

static void open_fixture(struct fixture *f) {
    struct hg_plan plan;
    struct hg_why why = {""};
    *f = (struct fixture){.sockets = {.is_owner = true}, .more = rig_free_port()};
    rig_open(&f->rig);
    rig_write(&f->rig, "", "");
    rig_plan(&f->rig, &plan);
    assert_int_equal(hg_sockets_open(&f->sockets, plan.site, plan.server->admin, 2, &why), 0);
    hg_plan_fini(&plan);
    f->reload = (struct hg_reload){
        .args = &f->rig.args, .registry = f->rig.registry, .sockets = &f->sockets, .log_fd = -1};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->pair), 0);
    snprintf(f->listen_more, sizeof(f->listen_more), "listen 127.0.0.1:%u;", f->more);
}

static void shut(struct fixture *f) {
    close(f->pair[0]);
    close(f->pair[1]);
    hg_buf_fini(&f->errors);
    hg_sockets_fini(&f->sockets);
    rig_close(&f->rig);
}

static int begin(struct fixture *f) {
    return hg_reload_begin(&f->reload, f->pair[0], 2, &f->errors);
}

/* What the worker was given besides the files. */
static size_t take_sockets(struct fixture *f) {
    struct hg_wire_message m;
    struct hg_bundle b;
    assert_int_equal(hg_wire_receive(f->pair[1], &m), 0);
    assert_int_equal(hg_bundle_unpack(&m, &b), 0);
    size_t n = b.n_sockets;
    hg_bundle_fini(&b);
    hg_wire_close_fds(&m);
    hg_wire_fini(&m);
    return n;
}

static void say(struct fixture *f, const char *text) {
    struct hg_wire_message m = {.type = HG_WIRE_VERDICT};
    hg_buf_put_slice(&m.body, hg_slice_of(text));
    assert_int_equal(hg_wire_send(f->pair[1], &m), 0);
    hg_wire_fini(&m);
}

static void a_yes_leaves_plan_and_log_to_the_caller(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f);
    rig_write(&f.rig, "", f.listen_more);
    assert_int_equal(begin(&f), 0);
    assert_true(f.reload.is_under_way);
    assert_int_equal(f.sockets.n, 5);
    assert_int_equal(take_sockets(&f), 2); /* those that it has not got yet */
    say(&f, "");
    assert_int_equal(hg_reload_end(&f.reload, f.pair[0], &f.errors), 0);
    assert_false(f.reload.is_under_way);
    assert_int_equal(hg_site_ports(f.reload.plan.site), 2);
    assert_true(f.reload.log_fd >= 0);
    assert_true(rig_connects(f.more));
    hg_plan_fini(&f.reload.plan);
    close(f.reload.log_fd);
    rig_write(&f.rig, "", ""); /* and back: what is not needed any more is closed at the end */
    assert_int_equal(begin(&f), 0);
    assert_int_equal(take_sockets(&f), 0);
    assert_true(rig_connects(f.more));
    say(&f, "");
    assert_int_equal(hg_reload_end(&f.reload, f.pair[0], &f.errors), 0);
    assert_false(rig_connects(f.more));
    hg_plan_fini(&f.reload.plan);
    close(f.reload.log_fd);
    shut(&f);
}

static void assert_undone(struct fixture *f, size_t descriptors) {
    assert_false(f->reload.is_under_way);
    assert_int_equal(f->sockets.n, 3);
    assert_int_equal(f->reload.log_fd, -1);
    assert_false(rig_connects(f->more));
    assert_int_equal(rig_descriptors(), descriptors);
}

static void a_no_a_death_and_a_lost_interest_undo_all_steps(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f);
    rig_write(&f.rig, "", f.listen_more);
    size_t before = rig_descriptors();
    assert_int_equal(begin(&f), 0);
    take_sockets(&f);
    say(&f, "no\n");
    assert_int_equal(hg_reload_end(&f.reload, f.pair[0], &f.errors), HG_EINVAL);
    unit_assert_slice(hg_buf_slice(&f.errors), "no\n");
    assert_undone(&f, before);
    assert_int_equal(begin(&f), 0);
    take_sockets(&f);
    hg_reload_abandon(&f.reload);
    assert_undone(&f, before);
    assert_int_equal(begin(&f), 0);
    take_sockets(&f);
    shutdown(f.pair[1], SHUT_WR);
    assert_int_equal(hg_reload_end(&f.reload, f.pair[0], &f.errors), HG_ECLOSED);
    assert_undone(&f, before);
    shut(&f);
}

static void what_the_master_finds_wrong_never_reaches_the_worker(void **state) {
    static const char *const mains[] = {"oops;", "user nobody-of-this-name;", ""};
    struct fixture f;
    char in_use[128], byte;
    (void)state;
    open_fixture(&f);
    size_t before = rig_descriptors();
    snprintf(in_use, sizeof(in_use), "%s listen 192.0.2.1:1;", f.listen_more);
    for (size_t i = 0; i < HG_COUNT(mains); i++) {
        rig_write(&f.rig, mains[i], in_use);
        hg_buf_clear(&f.errors);
        assert_int_equal(begin(&f), HG_EINVAL);
        assert_true(f.errors.len > 0);
        assert_undone(&f, before);
    }
    rig_write(&f.rig, "", "access_log none/a.log;");
    hg_buf_clear(&f.errors);
    assert_int_equal(begin(&f), HG_EINVAL);
    hg_buf_put(&f.errors, "", 1);
    assert_non_null(strstr(f.errors.ptr, "test.conf:14: access_log: none/a.log: No such file"));
    assert_undone(&f, before);
    assert_int_equal(recv(f.pair[1], &byte, 1, MSG_DONTWAIT), -1);
    shut(&f);
}

int test_reload(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_yes_leaves_plan_and_log_to_the_caller),
        cmocka_unit_test(a_no_a_death_and_a_lost_interest_undo_all_steps),
        cmocka_unit_test(what_the_master_finds_wrong_never_reaches_the_worker),
    };
    return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
