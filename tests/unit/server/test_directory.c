/* SPDX-License-Identifier: Apache-2.0 */
#include "server/directory.h"

#include <stdio.h>
#include <sys/stat.h>

#include "unit/server/rig.h"

static uid_t owner_of(const char *path) {
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_uid;
}

static int make(const struct rig *rig, const char *name, const struct passwd *user,
                struct hg_why *why) {
    return hg_directory_make(hg_slice_of(rig_path(rig, name)), user, why);
}

static void a_directory_is_made_with_its_way(void **state) {
    struct rig rig;
    struct hg_why why = {""};
    struct stat st;
    (void)state;
    rig_open(&rig);
    assert_int_equal(make(&rig, "a//b/c", NULL, &why), 0);
    assert_int_equal(make(&rig, "a/b/c/", NULL, &why), 0); /* it is there */
    assert_int_equal(stat(rig_path(&rig, "a/b/c"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
    rig_close(&rig);
}

static void what_is_in_the_way_is_named(void **state) {
    struct rig rig;
    struct hg_why why = {""};
    char text[5000];
    (void)state;
    rig_open(&rig);
    rig_put_file(&rig, "file", "");
    assert_int_equal(make(&rig, "file/b", NULL, &why), HG_EIO);
    assert_non_null(strstr(why.text, "/file/b: Not a directory"));
    memset(text, 'x', sizeof(text));
    struct hg_slice longer = {text, sizeof(text)};
    assert_int_equal(hg_directory_make(longer, NULL, &why), HG_EIO);
    assert_int_equal(hg_directory_make(HG_SLICE(""), NULL, &why), HG_EIO);
    rig_close(&rig);
}

static int check(const struct rig *rig, const char *name, struct hg_why *why) {
    return hg_directory_check(hg_slice_of(rig_path(rig, name)), false, why);
}

static int check_as_nobody(void *arg) {
    struct hg_why why = {""};
    const struct rig *rig = arg;
    if (geteuid() == 0 && setuid(65534) != 0) {
        return 9;
    }
    int is_refused = check(rig, "there/b", &why) == HG_EIO;
    is_refused += check(rig, "there", &why) == HG_EIO;
    is_refused += strstr(why.text, "/there: Permission denied") != NULL;
    hg_why_set(&why, "-");
    int is_given = hg_directory_check(hg_slice_of(rig_path(rig, "there")), true, &why) == 0;
    return is_refused == 3 && is_given ? 0 : 1;
}

static void a_directory_is_looked_at_without_a_trace(void **state) {
    struct rig rig;
    struct hg_why why = {""};
    (void)state;
    rig_open(&rig);
    rig_put_file(&rig, "file", "");
    assert_int_equal(check(&rig, "a//b/c", &why), 0);
    assert_int_equal(access(rig_path(&rig, "a"), F_OK), -1);
    assert_int_equal(check(&rig, "", &why), 0);
    assert_int_equal(check(&rig, "file", &why), HG_EIO);
    assert_non_null(strstr(why.text, "/file: Not a directory"));
    assert_int_equal(check(&rig, "file/b/c", &why), HG_EIO);
    assert_non_null(strstr(why.text, "/file/b/c: Not a directory"));
    assert_int_equal(hg_directory_check(HG_SLICE("."), false, &why), 0);
    assert_int_equal(hg_directory_check(HG_SLICE("not-here"), false, &why), 0);
    assert_int_equal(hg_directory_check(HG_SLICE(""), false, &why), HG_EIO);
    assert_int_equal(make(&rig, "there", NULL, &why), 0);
    assert_int_equal(chmod(rig_path(&rig, "there"), 0500), 0);
    assert_int_equal(chmod(rig.dir, 0755), 0);
    assert_int_equal(rig_in_child(check_as_nobody, &rig), 0);
    rig_close(&rig);
}

static void a_user_gets_the_directory_and_what_root_left_in_it(void **state) {
    struct rig rig;
    struct hg_why why = {""};
    const struct passwd *user = getpwnam("nobody");
    char outside[256], linked[256], link_path[256];
    (void)state;
    if (geteuid() != 0 || user == NULL) {
        print_message("SKIP: only root can give files away\n");
        return;
    }
    rig_open(&rig);
    assert_int_equal(make(&rig, "log", NULL, &why), 0);
    rig_put_file(&rig, "log/data", "");
    rig_put_file(&rig, "precious", "");
    snprintf(outside, sizeof(outside), "%s", rig_path(&rig, "precious"));
    snprintf(linked, sizeof(linked), "%s", rig_path(&rig, "log/linked"));
    snprintf(link_path, sizeof(link_path), "%s", rig_path(&rig, "log/symbolic"));
    assert_int_equal(link(outside, linked), 0);
    assert_int_equal(symlink(rig.conf_path, link_path), 0);
    rig_put_file(&rig, "test.conf", "");
    assert_int_equal(make(&rig, "log/deeper/still", user, &why), 0);
    assert_int_equal(owner_of(rig_path(&rig, "log")), 0); /* it was there, and is not the last */
    assert_int_equal(owner_of(rig_path(&rig, "log/deeper")), user->pw_uid);
    assert_int_equal(make(&rig, "log", user, &why), 0);
    assert_int_equal(owner_of(rig_path(&rig, "log")), user->pw_uid);
    assert_int_equal(owner_of(rig_path(&rig, "log/data")), user->pw_uid);
    assert_int_equal(owner_of(outside), 0); /* it has another name too */
    assert_int_equal(owner_of(rig.conf_path), 0);
    assert_int_equal(owner_of(link_path), 0);
    rig_close(&rig);
}

int test_directory(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_is_made_with_its_way),
        cmocka_unit_test(what_is_in_the_way_is_named),
        cmocka_unit_test(a_directory_is_looked_at_without_a_trace),
        cmocka_unit_test(a_user_gets_the_directory_and_what_root_left_in_it),
    };
    return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
