/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sockets.h"

#include <stdio.h>
#include <sys/socket.h>

#include "unit/server/rig.h"

struct fixture {
    struct rig rig;
    struct hg_plan plan;
    struct hg_sockets sockets;
    char unix_path[128];
};

static void open_with(struct fixture *f, const char *main_text, const char *server_text) {
    *f = (struct fixture){.sockets = {.is_owner = true}};
    rig_open(&f->rig);
    rig_write(&f->rig, main_text, server_text);
    rig_plan(&f->rig, &f->plan);
    snprintf(f->unix_path, sizeof(f->unix_path), "%s", rig_path(&f->rig, "sock"));
}

static void shut(struct fixture *f) {
    hg_sockets_fini(&f->sockets);
    hg_plan_fini(&f->plan);
    rig_close(&f->rig);
}

static int bind_all(struct fixture *f, struct hg_why *why) {
    return hg_sockets_open(&f->sockets, f->plan.site, f->plan.server->admin, 2, why);
}

/* The plan of another server text, over the same sockets. */
static void change(struct fixture *f, const char *server_text) {
    rig_write(&f->rig, "", server_text);
    hg_plan_fini(&f->plan);
    rig_plan(&f->rig, &f->plan);
}

static void each_address_has_a_socket_for_each_loop_and_the_admin_one(void **state) {
    struct fixture f;
    struct hg_why why = {""};
    (void)state;
    open_with(&f, "", "");
    assert_int_equal(bind_all(&f, &why), 0);
    assert_int_equal(f.sockets.n, 3);
    assert_int_equal(f.sockets.items[0].loop, 0);
    assert_int_equal(f.sockets.items[1].loop, 1);
    assert_true(f.sockets.items[2].is_admin);
    assert_true(rig_connects(f.rig.port) && rig_connects(f.rig.admin));
    assert_int_equal(bind_all(&f, &why), 0); /* all is there */
    assert_int_equal(f.sockets.n, 3);
    shut(&f);
    assert_false(rig_connects(f.rig.port));
}

static void what_cannot_be_bound_changes_nothing(void **state) {
    struct fixture f;
    struct hg_why why = {""};
    char text[256], want[256];
    unsigned more = rig_free_port();
    (void)state;
    open_with(&f, "", "");
    assert_int_equal(bind_all(&f, &why), 0);
    size_t before = rig_descriptors();
    struct hg_sockets other = {.is_owner = true}; /* somebody else on this machine */
    assert_int_equal(hg_sockets_open(&other, f.plan.site, f.plan.server->admin, 1, &why), HG_EIO);
    snprintf(want, sizeof(want), "listen 127.0.0.1:%u: Address already in use", f.rig.port);
    assert_string_equal(why.text, want);
    assert_int_equal(other.n, 0);
    hg_sockets_fini(&other);
    snprintf(text, sizeof(text), "listen 127.0.0.1:%u; listen 192.0.2.1:%u;", more, more);
    change(&f, text);
    assert_int_equal(bind_all(&f, &why), HG_EIO);
    snprintf(want, sizeof(want), "listen 192.0.2.1:%u: Cannot assign requested address", more);
    assert_string_equal(why.text, want);
    assert_int_equal(f.sockets.n, 3);
    assert_false(rig_connects(more));
    assert_int_equal(rig_descriptors(), before);
    shut(&f);
}

static void the_admin_address_is_nobody_else_s(void **state) {
    struct fixture f;
    struct hg_why why = {""};
    char text[64];
    (void)state;
    open_with(&f, "", "");
    snprintf(text, sizeof(text), "listen 127.0.0.1:%u;", f.rig.admin);
    change(&f, text);
    assert_int_equal(bind_all(&f, &why), HG_EINVAL);
    assert_non_null(strstr(why.text, "this is the admin address"));
    change(&f, "");
    assert_int_equal(hg_sockets_open(&f.sockets, f.plan.site, HG_SLICE("nonsense"), 2, &why),
                     HG_EINVAL);
    assert_string_equal(why.text, "admin: \"nonsense\" is no address");
    assert_int_equal(hg_sockets_open(&f.sockets, f.plan.site, HG_SLICE("off"), 2, &why), 0);
    assert_int_equal(f.sockets.n, 2);
    shut(&f);
}

static void what_a_site_needs_no_more_is_closed_and_the_admin_stays(void **state) {
    struct fixture f;
    struct hg_why why = {""};
    char text[64];
    unsigned more = rig_free_port();
    (void)state;
    open_with(&f, "", "");
    snprintf(text, sizeof(text), "listen 127.0.0.1:%u;", more);
    change(&f, text);
    assert_int_equal(bind_all(&f, &why), 0);
    assert_int_equal(f.sockets.n, 5);
    change(&f, "");
    hg_sockets_prune(&f.sockets, f.plan.site);
    assert_int_equal(f.sockets.n, 3);
    assert_false(rig_connects(more));
    assert_true(rig_connects(f.rig.port));
    hg_sockets_prune(&f.sockets, NULL);
    assert_int_equal(f.sockets.n, 1);
    assert_true(rig_connects(f.rig.admin));
    shut(&f);
}

static void a_unix_path_is_one_socket_and_leaves_with_its_owner_alone(void **state) {
    struct fixture f;
    struct hg_why why = {""};
    char text[160];
    int number = -1;
    socklen_t len = sizeof(number);
    (void)state;
    open_with(&f, "", "");
    snprintf(text, sizeof(text), "listen unix:%s;", f.unix_path);
    change(&f, text);
    assert_int_equal(bind_all(&f, &why), 0);
    assert_int_equal(f.sockets.n, 5);
    struct hg_sockets worker = {0};
    struct hg_bundle_socket given = f.sockets.items[2];
    assert_int_equal(given.addr.sa.any.sa_family, AF_UNIX);
    assert_int_equal(getsockopt(given.fd, SOL_SOCKET, SO_ACCEPTCONN, &number, &len), 0);
    assert_int_equal(number, 1);
    given.fd = dup(given.fd);
    assert_int_equal(hg_sockets_adopt(&worker, &given, 1), 0);
    hg_sockets_fini(&worker);
    assert_int_equal(access(f.unix_path, F_OK), 0);
    hg_sockets_close_from(&f.sockets, 0);
    assert_int_equal(access(f.unix_path, F_OK), -1);
    shut(&f);
}

static void as_many_as_a_message_carries_and_no_more_pass_the_test(void **state) {
    struct fixture f;
    struct hg_why why = {""};
    (void)state;
    open_with(&f, "", "");
    assert_int_equal(hg_sockets_check(f.plan.site, HG_SOCKETS_MAX, &why), 0);
    assert_int_equal(hg_sockets_check(f.plan.site, HG_SOCKETS_MAX + 1, &why), HG_E2BIG);
    assert_string_equal(why.text, "listen: 1 addresses times 4097 worker_threads are 4097 sockets; "
                                  "at most 4096");
    shut(&f);
}

int test_sockets(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_has_a_socket_for_each_loop_and_the_admin_one),
        cmocka_unit_test(what_cannot_be_bound_changes_nothing),
        cmocka_unit_test(the_admin_address_is_nobody_else_s),
        cmocka_unit_test(what_a_site_needs_no_more_is_closed_and_the_admin_stays),
        cmocka_unit_test(a_unix_path_is_one_socket_and_leaves_with_its_owner_alone),
        cmocka_unit_test(as_many_as_a_message_carries_and_no_more_pass_the_test),
    };
    return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
