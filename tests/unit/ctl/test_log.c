/* SPDX-License-Identifier: Apache-2.0 */
/* test_log.c - the command around a copy; test_copy.c has the copying, the
 * scenario k07 all of it between two real logs. */
#include "log/settings.h"
#include "unit/ctl/rig.h"

/* Files are no files here: their names are what they say. */
static int read_conf(struct hg_conf_files *files, struct hg_slice path,
                     struct hg_registry *registry, struct hg_conf **ret, struct hg_buf *errors) {
    static const struct hg_conf_owner *const owners[] = {&hg_log_owner, NULL};
    (void)registry;
    assert_int_equal(hg_conf_files_put(files, HG_SLICE("t.conf"), path), 0);
    const struct hg_conf_setup setup = {
        .files = files, .path = HG_SLICE("t.conf"), .owners = owners};
    return hg_conf_load(&setup, ret, errors);
}

static void open_with_confs(struct rig *r) {
    static const struct hg_ctl_confs confs = {.read = read_conf, .module_dir = "/nowhere"};
    rig_open(r, "");
    r->ctl.confs = &confs;
}

static void two_configurations_are_needed(void **state) {
    struct rig r;
    (void)state;
    open_with_confs(&r);
    assert_int_equal(rig_run(&r, "log", "copy", NULL), 2);
    assert_int_equal(rig_run(&r, "log", "copy", "--from", "a", NULL), 2);
    assert_int_equal(rig_run(&r, "log", "copy", "--to", "a", NULL), 2);
    assert_int_equal(rig_run(&r, "log", "move", "--from", "a", "--to", "b", NULL), 2);
    assert_has(r.err, "expected copy --from FILE --to FILE");
    assert_int_equal(rig_run(&r, "log", NULL), 2);
    assert_string_equal(r.out, "");
    rig_close(&r);
}

static void what_is_wrong_with_them_is_told(void **state) {
    struct rig r;
    (void)state;
    open_with_confs(&r);
    assert_int_equal(
        rig_run(&r, "log", "copy", "--from", "event_log a x;", "--to", "nonsense;", NULL), 1);
    assert_has(r.err, "t.conf:1: ");
    assert_has(r.err, "the configuration cannot be read");
    assert_int_equal(rig_run(&r, "log", "copy", "--from", "event_log a x;", "--to",
                             "retention 1d; event_log a x;", NULL),
                     1);
    assert_has(r.err, "both configurations name the same event log");
    assert_int_equal(
        rig_run(&r, "log", "copy", "--from", "event_log a x;", "--to", "event_log b x;", NULL), 1);
    assert_has(r.err, "its event_log names no driver that is loaded");
    assert_string_equal(r.out, "");
    rig_close(&r);
}

int test_log(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_configurations_are_needed),
        cmocka_unit_test(what_is_wrong_with_them_is_told),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
