/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/module/tests.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "module/loader.h"

/* The path of a module in a directory of its own, for tests that change it. */
struct copy {
    char dir[64];
    char path[96];
};

static void copy_module(struct copy *c, const char *from, const char *name) {
    char source[4096], bytes[65536];
    ssize_t n;
    snprintf(c->dir, sizeof(c->dir), "/tmp/hg-module-XXXXXX");
    assert_non_null(mkdtemp(c->dir));
    snprintf(c->path, sizeof(c->path), "%s/%s", c->dir, name);
    snprintf(source, sizeof(source), BAD_MODULES "/%s.so", from);
    int in = open(source, O_RDONLY | O_CLOEXEC);
    int out = open(c->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    assert_true(in >= 0 && out >= 0);
    while ((n = read(in, bytes, sizeof(bytes))) > 0) {
        assert_int_equal(write(out, bytes, (size_t)n), n);
    }
    close(in);
    close(out);
}

static void remove_copy(struct copy *c) {
    unlink(c->path);
    rmdir(c->dir);
}

static void assert_refused(const char *path, const char *part) {
    struct hg_loaded loaded;
    struct hg_why why = {""};
    assert_int_equal(hg_loader_open(path, &loaded, &why), HG_EINVAL);
    if (strstr(why.text, part) == NULL) {
        print_error("wanted: %s\n", part);
        assert_string_equal(why.text, part);
    }
}

#define ASSERT_BAD(name, part) assert_refused(BAD_MODULES "/" name ".so", part)

static void a_name_is_looked_for_in_the_directory(void **state) {
    char path[4096], want[4096];
    struct hg_why why = {""};
    (void)state;
    assert_non_null(realpath(BAD_MODULES "/good.so", want));
    assert_int_equal(hg_loader_path(BAD_MODULES, HG_SLICE("good"), path, sizeof(path), &why), 0);
    assert_string_equal(path, want);
}

static void what_has_a_slash_is_a_path_and_has_one_form(void **state) {
    char path[4096], want[4096];
    struct hg_why why = {""};
    (void)state;
    assert_non_null(realpath(BAD_MODULES "/good.so", want));
    struct hg_slice odd = HG_SLICE(BAD_MODULES "/../.libs//./good.so");
    assert_int_equal(hg_loader_path("/nowhere", odd, path, sizeof(path), &why), 0);
    assert_string_equal(path, want);
}

static void a_path_that_does_not_fit_or_is_not_there_is_refused(void **state) {
    char path[4096], small[16];
    struct hg_why why = {""};
    (void)state;
    assert_int_equal(hg_loader_path(BAD_MODULES, HG_SLICE("good"), small, sizeof(small), &why),
                     HG_EINVAL);
    assert_non_null(strstr(why.text, "too long"));
    assert_int_equal(hg_loader_path(BAD_MODULES, HG_SLICE("none"), path, sizeof(path), &why),
                     HG_EINVAL);
    assert_non_null(strstr(why.text, "none.so: No such file"));
}

static void a_good_module_is_opened_with_its_parts(void **state) {
    struct hg_loaded loaded;
    struct hg_why why = {""};
    (void)state;
    assert_int_equal(hg_loader_open(BAD_MODULES "/good.so", &loaded, &why), 0);
    assert_string_equal(loaded.module.name, "good");
    assert_ptr_equal(loaded.module.handler, &loaded.handler);
    assert_string_equal(loaded.module.handler->directive, "good");
    assert_null(loaded.module.source);
}

static void another_abi_is_refused(void **state) {
    (void)state;
    ASSERT_BAD("other_abi", "other_abi.so: module ABI 2.0; this gateway takes 1.0 to 1.0");
    ASSERT_BAD("newer", "module ABI 1.1; this gateway takes");
}

static void a_descriptor_that_is_longer_than_ours_is_refused(void **state) {
    (void)state;
    ASSERT_BAD("long_one", "the descriptor has");
}

static void what_a_shorter_descriptor_lacks_is_zero(void **state) {
    struct hg_loaded loaded;
    struct hg_why why = {""};
    (void)state;
    assert_int_equal(hg_loader_open(BAD_MODULES "/short_one.so", &loaded, &why), 0);
    assert_null(loaded.module.handler); /* there are bytes, but not of the descriptor */
}

static void an_object_without_its_symbol_is_refused(void **state) {
    (void)state;
    ASSERT_BAD("unmarked", "there is no symbol hg_module_unmarked in it");
}

static void a_symbol_that_nobody_has_is_named(void **state) {
    (void)state;
    ASSERT_BAD("unbound", "hg_is_not_there");
}

static void a_module_that_calls_itself_otherwise_is_refused(void **state) {
    (void)state;
    ASSERT_BAD("misnamed", "the module calls itself somebody; expected the file's name, misnamed");
}

static void directives_need_a_struct(void **state) {
    (void)state;
    ASSERT_BAD("structless", "it has directives but no struct for them");
}

static void ops_that_are_longer_than_ours_are_refused(void **state) {
    (void)state;
    ASSERT_BAD("long_ops", "its struct of the handler has");
}

static void a_handler_that_cannot_handle_is_refused(void **state) {
    (void)state;
    ASSERT_BAD("handless", "its handler lacks a name or a function");
}

/* A driver that has everything: which part of it is missing? */
static struct hg_log_ops whole_driver(void) {
    struct hg_log_ops ops;
    memset(&ops, 1, sizeof(ops)); /* no function is called */
    ops.size = sizeof(ops);
    ops.name = "driver";
    ops.caps =
        HG_LOG_GROUPS | HG_LOG_COMPACT | HG_LOG_TRIM | HG_LOG_DELETE | HG_LOG_LIST | HG_LOG_SCAN;
    return ops;
}

static int take_driver(const struct hg_log_ops *ops) {
    struct hg_loaded l;
    struct hg_why why = {""};
    const struct hg_module m = {
        .abi = HG_MODULE_ABI, .size = sizeof(m), .name = "driver", .log = ops};
    return hg_loader_take(&l, &m, HG_SLICE("driver"), &why);
}

#define ASSERT_NEEDED(function, cap)                                                               \
    do {                                                                                           \
        struct hg_log_ops lame = whole_driver();                                                   \
        lame.function = NULL;                                                                      \
        assert_int_equal(take_driver(&lame), HG_EINVAL);                                           \
        lame.caps &= ~(unsigned)(cap);                                                             \
        assert_int_equal(take_driver(&lame), (cap) == 0 ? HG_EINVAL : 0);                          \
    } while (0)

static void a_log_driver_has_what_it_declares(void **state) {
    struct hg_log_ops whole = whole_driver();
    (void)state;
    assert_int_equal(take_driver(&whole), 0);
    whole.tick = NULL;
    assert_int_equal(take_driver(&whole), 0);
    ASSERT_NEEDED(append, 0);
    ASSERT_NEEDED(seek, 0);
    ASSERT_NEEDED(list, HG_LOG_LIST);
    ASSERT_NEEDED(topic_delete, HG_LOG_DELETE);
    ASSERT_NEEDED(trim, HG_LOG_TRIM);
    ASSERT_NEEDED(scan, HG_LOG_SCAN);
    ASSERT_NEEDED(latest, HG_LOG_COMPACT);
    ASSERT_NEEDED(group_join, HG_LOG_GROUPS);
    ASSERT_NEEDED(group_leave, HG_LOG_GROUPS);
    ASSERT_NEEDED(group_commit, HG_LOG_GROUPS);
    ASSERT_NEEDED(group_position, HG_LOG_GROUPS);
}

static void what_is_no_object_is_refused(void **state) {
    struct copy c;
    (void)state;
    copy_module(&c, "good", "good.so");
    assert_int_equal(truncate(c.path, 100), 0);
    assert_refused(c.path, "good.so");
    assert_int_equal(truncate(c.path, 0), 0);
    assert_refused(c.path, "good.so");
    remove_copy(&c);
    assert_refused("/tmp", "expected a regular file");
    assert_refused("/dev/null", "expected a regular file");
}

static void a_file_that_others_may_write_is_refused(void **state) {
    struct copy c;
    (void)state;
    copy_module(&c, "good", "good.so");
    assert_int_equal(chmod(c.path, 0646), 0);
    assert_refused(c.path, "expected a regular file that others may not write");
    if (geteuid() == 0) { /* a group that is neither root's nor ours */
        assert_int_equal(chown(c.path, (uid_t)-1, 12345), 0);
        assert_int_equal(chmod(c.path, 0664), 0);
        assert_refused(c.path, "expected a regular file that others may not write");
    }
    remove_copy(&c);
}

static void a_directory_that_everybody_may_write_is_refused(void **state) {
    struct copy c;
    (void)state;
    copy_module(&c, "good", "good.so");
    assert_int_equal(chmod(c.dir, 0777), 0);
    assert_refused(c.path, "expected a directory that not everybody may write");
    assert_int_equal(chmod(c.dir, 0755), 0);
    remove_copy(&c);
}

static void a_descriptor_alone_is_held_to_the_same(void **state) {
    struct hg_loaded loaded;
    struct hg_why why = {""};
    struct hg_sink_ops sink = {.size = sizeof(sink), .name = "x"};
    struct hg_module m = {.abi = HG_MODULE_ABI, .size = sizeof(m), .name = "x", .sink = &sink};
    (void)state;
    assert_int_equal(hg_loader_take(&loaded, &m, HG_SLICE("x"), &why), HG_EINVAL);
    assert_non_null(strstr(why.text, "its sink lacks"));
    m.sink = NULL;
    assert_int_equal(hg_loader_take(&loaded, &m, HG_SLICE("x"), &why), 0);
    m.name = NULL;
    assert_int_equal(hg_loader_take(&loaded, &m, HG_SLICE("x"), &why), HG_EINVAL);
    m.size = 8;
    assert_int_equal(hg_loader_take(&loaded, &m, HG_SLICE("x"), &why), HG_EINVAL);
    assert_non_null(strstr(why.text, "the descriptor has 8 bytes"));
}

int test_loader(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_looked_for_in_the_directory),
        cmocka_unit_test(what_has_a_slash_is_a_path_and_has_one_form),
        cmocka_unit_test(a_path_that_does_not_fit_or_is_not_there_is_refused),
        cmocka_unit_test(a_good_module_is_opened_with_its_parts),
        cmocka_unit_test(another_abi_is_refused),
        cmocka_unit_test(a_descriptor_that_is_longer_than_ours_is_refused),
        cmocka_unit_test(what_a_shorter_descriptor_lacks_is_zero),
        cmocka_unit_test(an_object_without_its_symbol_is_refused),
        cmocka_unit_test(a_symbol_that_nobody_has_is_named),
        cmocka_unit_test(a_module_that_calls_itself_otherwise_is_refused),
        cmocka_unit_test(directives_need_a_struct),
        cmocka_unit_test(ops_that_are_longer_than_ours_are_refused),
        cmocka_unit_test(a_handler_that_cannot_handle_is_refused),
        cmocka_unit_test(a_log_driver_has_what_it_declares),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(a_file_that_others_may_write_is_refused),
        cmocka_unit_test(a_directory_that_everybody_may_write_is_refused),
        cmocka_unit_test(a_descriptor_alone_is_held_to_the_same),
    };
    return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
