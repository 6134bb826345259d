/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "server/offer.h"
#include "server/sockets.h"
#include "unit/server/rig.h"

/* A worker in a process of its own; the test is its master. */
struct fixture {
    struct rig rig;
    struct hg_plan plan;
    struct hg_sockets sockets;
    int control_fd;
    pid_t pid;
    struct hg_buf errors;
};

static void open_fixture(struct fixture *f) {
    struct hg_why why = {""};
    int pair[2];
    *f = (struct fixture){.sockets = {.is_owner = true}};
    rig_open(&f->rig);
    rig_write(&f->rig, "", "");
    rig_plan(&f->rig, &f->plan);
    assert_int_equal(hg_sockets_open(&f->sockets, f->plan.site, f->plan.server->admin, 2, &why), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    fflush(NULL);
    f->pid = fork();
    assert_true(f->pid >= 0);
    if (f->pid == 0) {
        close(pair[0]);
        int status = hg_worker_run(pair[1], f->rig.registry);
        if (status != 0) {
            _exit(status); /* what had begun to run is still running */
        }
        _exit(0);
    }
    close(pair[1]);
    f->control_fd = pair[0];
}

/* The worker's exit status; it ends without being killed. */
static int end(struct fixture *f) {
    int status;
    close(f->control_fd);
    assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
    hg_sockets_fini(&f->sockets);
    hg_plan_fini(&f->plan);
    hg_buf_fini(&f->errors);
    rig_close(&f->rig);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void tell(struct fixture *f, enum hg_wire_type type) {
    struct hg_wire_message m = {.type = type};
    assert_int_equal(hg_wire_send(f->control_fd, &m), 0);
}

static int offer(struct fixture *f, size_t first) {
    struct hg_offer o = {.control_fd = f->control_fd,
                         .conf_path = f->rig.conf_path,
                         .plan = &f->plan,
                         .sockets = f->sockets.items + first,
                         .n_sockets = f->sockets.n - first};
    assert_int_equal(hg_offer_send(&o, &f->errors), 0);
    return hg_offer_hear(f->control_fd, &f->errors);
}

static void it_serves_from_a_bundle_until_it_is_told_to_drain(void **state) {
    struct fixture f;
    char body[4096];
    (void)state;
    open_fixture(&f);
    assert_int_equal(mkdir(rig_path(&f.rig, "events"), 0700), 0);
    assert_int_equal(offer(&f, 0), 0);
    assert_int_equal(rig_get(f.rig.port, "/hello", body), 200);
    assert_int_equal(offer(&f, f.sockets.n), 0); /* the same again is a reload */
    assert_int_equal(rig_get(f.rig.port, "/hello", body), 200);
    tell(&f, HG_WIRE_DRAIN);
    assert_int_equal(end(&f), 0);
}

static void without_its_master_it_ends_as_if_it_were_told(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f);
    assert_int_equal(mkdir(rig_path(&f.rig, "events"), 0700), 0);
    assert_int_equal(offer(&f, 0), 0);
    assert_int_equal(end(&f), 0); /* which hangs up */
}

static void one_that_cannot_start_says_why_and_ends(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f);
    assert_int_equal(offer(&f, 0), HG_EINVAL); /* its log's directory is not there */
    hg_buf_put(&f.errors, "", 1);
    assert_non_null(strstr(f.errors.ptr, "test.conf:8: event_log: "));
    assert_int_equal(end(&f), 1);
}

static void what_cannot_be_read_is_refused(void **state) {
    struct fixture f;
    struct hg_wire_message m = {.type = HG_WIRE_BUNDLE};
    (void)state;
    open_fixture(&f);
    HG_BUF_LIT(&m.body, "no bundle at all");
    assert_int_equal(hg_wire_add_fd(&m, f.control_fd), 0);
    assert_int_equal(hg_wire_send(f.control_fd, &m), 0);
    hg_wire_fini(&m);
    assert_int_equal(hg_offer_hear(f.control_fd, &f.errors), HG_EINVAL);
    assert_true(f.errors.len > 0);
    assert_int_equal(end(&f), 1);
}

static void before_it_has_anything_a_drain_ends_it(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f);
    tell(&f, HG_WIRE_REOPEN); /* without descriptors: nothing */
    tell(&f, HG_WIRE_DRAIN);
    assert_int_equal(end(&f), 0);
}

int test_worker(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_serves_from_a_bundle_until_it_is_told_to_drain),
        cmocka_unit_test(without_its_master_it_ends_as_if_it_were_told),
        cmocka_unit_test(one_that_cannot_start_says_why_and_ends),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(before_it_has_anything_a_drain_ends_it),
    };
    return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
