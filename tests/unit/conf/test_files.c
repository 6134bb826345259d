/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/tree.h"
#include "unit/conf/fixture.h"

/* A folder of its own for each test. */
static int make_folder(void **state) {
    char name[] = "/tmp/hg-conf-XXXXXX";
    *state = mkdtemp(name) != NULL ? strdup(name) : NULL;
    return *state == NULL;
}

static int remove_folder(void **state) {
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", (const char *)*state);
    const int rc = system(command);
    free(*state);
    return rc;
}

static struct hg_slice path_in(void **state, const char *name, char out[256]) {
    snprintf(out, 256, "%s/%s", (const char *)*state, name);
    return hg_slice_of(out);
}

static void write_file(void **state, const char *name, const char *text, mode_t mode) {
    char path[256];
    path_in(state, name, path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void a_file_is_read_once_and_kept(void **state) {
    char path[256];
    struct hg_slice got, again;
    struct hg_conf_files *f = hg_conf_files_new(true);
    write_file(state, "a", "first", 0600);
    path_in(state, "a", path);
    assert_int_equal(hg_conf_files_get(f, hg_slice_of(path), &got), 0);
    assert_string_equal(got.ptr, "first");
    write_file(state, "a", "second", 0600);
    assert_int_equal(hg_conf_files_get(f, hg_slice_of(path), &again), 0);
    assert_ptr_equal(got.ptr, again.ptr);
    hg_conf_files_free(&f);
    assert_null(f);
    hg_conf_files_free(&f);
}

static void an_unreadable_file_says_why(void **state) {
    char path[256];
    struct hg_slice got = {0};
    struct hg_conf_files *f = hg_conf_files_new(true);
    assert_int_equal(hg_conf_files_get(f, path_in(state, "none", path), &got), HG_ENOENT);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(hg_conf_files_get(f, hg_slice_of(*state), &got), HG_EIO);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(hg_conf_files_get(f, HG_SLICE(""), &got), HG_ENOENT);
    assert_int_equal(hg_conf_files_get(f, HG_SLICE("/etc\0/passwd"), &got), HG_ENOENT);
    assert_null(got.ptr);
    hg_conf_files_free(&f);
}

static void a_file_above_the_limit_is_refused(void **state) {
    char path[256];
    struct hg_slice got = {0};
    struct hg_conf_files *f = hg_conf_files_new(true);
    write_file(state, "big", "", 0600);
    path_in(state, "big", path);
    assert_int_equal(truncate(path, 16 << 20), 0);
    assert_int_equal(hg_conf_files_get(f, hg_slice_of(path), &got), 0);
    assert_int_equal(got.len, 16 << 20);
    hg_conf_files_free(&f);
    f = hg_conf_files_new(true);
    assert_int_equal(truncate(path, (16 << 20) + 1), 0);
    assert_int_equal(hg_conf_files_get(f, hg_slice_of(path), &got), HG_E2BIG);
    assert_int_equal(truncate(path, 100 << 20), 0);
    assert_int_equal(hg_conf_files_get(f, hg_slice_of(path), &got), HG_E2BIG);
    assert_int_equal(hg_conf_files_get(f, HG_SLICE("/dev/zero"), &got), HG_E2BIG);
    hg_conf_files_free(&f);
}

static void the_whole_set_has_a_limit(void **state) {
    (void)state;
    char name[16], *zeros = hg_alloc(16 << 20);
    struct hg_conf_files *f = hg_conf_files_new(false);
    int err = 0;
    unsigned n = 0;
    for (; err == 0 && n < 100; n++) {
        snprintf(name, sizeof(name), "f%u", n);
        err = hg_conf_files_put(f, hg_slice_of(name), (struct hg_slice){zeros, 16 << 20});
    }
    assert_int_equal(err, HG_E2BIG);
    assert_int_equal(n, 8);
    hg_conf_files_free(&f);
    hg_free(zeros);
}

static void a_variable_is_kept_under_its_name(void **state) {
    (void)state;
    struct hg_slice got;
    struct hg_conf_files *f = hg_conf_files_new(true);
    setenv("HG_TEST_SECRET", "s3", 1);
    assert_int_equal(hg_conf_files_get(f, HG_SLICE("env:HG_TEST_SECRET"), &got), 0);
    unsetenv("HG_TEST_SECRET");
    assert_string_equal(got.ptr, "s3");
    assert_int_equal(hg_conf_files_get(f, HG_SLICE("env:HG_TEST_SECRET"), &got), 0);
    assert_int_equal(hg_conf_files_get(f, HG_SLICE("env:HG_TEST_NONE"), &got), HG_ENOENT);
    hg_conf_files_free(&f);
}

static void a_pattern_gives_its_matches_in_byte_order(void **state) {
    char pattern[300], want[600];
    struct hg_slice got;
    struct hg_conf_files *f = hg_conf_files_new(true);
    write_file(state, "b.conf", "", 0600);
    write_file(state, "Z.conf", "", 0600);
    write_file(state, "a.conf", "", 0600);
    write_file(state, "a.txt", "", 0600);
    snprintf(pattern, sizeof(pattern), "glob:%s/*.conf", (const char *)*state);
    assert_int_equal(hg_conf_files_get(f, hg_slice_of(pattern), &got), 0);
    const int n = snprintf(want, sizeof(want), "%s/Z.conf%c%s/a.conf%c%s/b.conf",
                           (const char *)*state, 0, (const char *)*state, 0, (const char *)*state);
    assert_int_equal(got.len, n + 1);
    assert_memory_equal(got.ptr, want, got.len);
    snprintf(pattern, sizeof(pattern), "glob:%s/none/*.conf", (const char *)*state);
    assert_int_equal(hg_conf_files_get(f, hg_slice_of(pattern), &got), 0);
    assert_int_equal(got.len, 0);
    hg_conf_files_free(&f);
}

static void a_set_without_disk_gives_only_what_was_put(void **state) {
    char path[256];
    struct hg_slice got = {0}, old;
    struct hg_conf_files *f = hg_conf_files_new(false);
    write_file(state, "a", "x", 0600);
    setenv("HG_TEST_SECRET", "s3", 1);
    assert_int_equal(hg_conf_files_get(f, path_in(state, "a", path), &got), HG_ENOENT);
    assert_int_equal(hg_conf_files_get(f, HG_SLICE("env:HG_TEST_SECRET"), &got), HG_ENOENT);
    assert_int_equal(hg_conf_files_get(f, HG_SLICE("glob:/*"), &got), HG_ENOENT);
    unsetenv("HG_TEST_SECRET");
    assert_int_equal(hg_conf_files_put(f, HG_SLICE("a"), HG_SLICE("1")), 0);
    assert_int_equal(hg_conf_files_get(f, HG_SLICE("a"), &old), 0);
    assert_int_equal(hg_conf_files_put(f, HG_SLICE("a"), HG_SLICE("22")), 0);
    assert_int_equal(hg_conf_files_get(f, HG_SLICE("a"), &got), 0);
    assert_string_equal(got.ptr, "22");
    assert_string_equal(old.ptr, "1");
    hg_conf_files_free(&f);
}

static void a_mode_that_lets_everybody_read_is_remembered(void **state) {
    char path[256];
    struct hg_slice got;
    struct hg_conf_files *f = hg_conf_files_new(true);
    write_file(state, "open", "x", 0604);
    write_file(state, "closed", "x", 0640);
    assert_int_equal(hg_conf_files_get(f, path_in(state, "open", path), &got), 0);
    assert_true(hg_conf__files_is_open_to_all(f, hg_slice_of(path)));
    assert_int_equal(hg_conf_files_get(f, path_in(state, "closed", path), &got), 0);
    assert_false(hg_conf__files_is_open_to_all(f, hg_slice_of(path)));
    assert_false(hg_conf__files_is_open_to_all(f, HG_SLICE("unknown")));
    hg_conf_files_free(&f);
}

static void a_packed_set_unpacks_to_the_same_and_reads_no_disk(void **state) {
    char path[256];
    struct hg_buf packed = {0}, again = {0};
    struct hg_conf_files *f = hg_conf_files_new(true), *g = NULL;
    struct hg_slice got;
    write_file(state, "a", "on disk", 0600);
    hg_conf_files_get(f, path_in(state, "a", path), &got);
    hg_conf_files_put(f, HG_SLICE("b"), HG_SLICE("old"));
    hg_conf_files_put(f, HG_SLICE("b"), HG_SLICE("z\0y"));
    hg_conf_files_put(f, HG_SLICE("empty"), HG_SLICE(""));
    assert_int_equal(hg_conf_files_pack(f, &packed), 0);
    assert_int_equal(hg_conf_files_unpack(hg_buf_slice(&packed), &g), 0);
    assert_int_equal(hg_conf_files_get(g, hg_slice_of(path), &got), 0);
    assert_string_equal(got.ptr, "on disk");
    assert_int_equal(hg_conf_files_get(g, HG_SLICE("b"), &got), 0);
    assert_true(hg_slice_eq(got, HG_SLICE("z\0y")));
    assert_int_equal(hg_conf_files_get(g, HG_SLICE("empty"), &got), 0);
    assert_int_equal(got.len, 0);
    assert_int_equal(hg_conf_files_get(g, HG_SLICE("/etc/passwd"), &got), HG_ENOENT);
    assert_int_equal(hg_conf_files_pack(g, &again), 0);
    assert_true(hg_slice_eq(hg_buf_slice(&packed), hg_buf_slice(&again)));
    hg_buf_fini(&packed);
    hg_buf_fini(&again);
    hg_conf_files_free(&f);
    hg_conf_files_free(&g);
}

static void a_packed_set_with_any_wrong_length_is_refused(void **state) {
    (void)state;
    struct hg_buf packed = {0};
    struct hg_conf_files *f = hg_conf_files_new(false), *g = NULL;
    hg_conf_files_put(f, HG_SLICE("one"), HG_SLICE("11"));
    hg_conf_files_put(f, HG_SLICE("two"), HG_SLICE(""));
    hg_conf_files_pack(f, &packed);
    for (size_t n = 0; n < packed.len; n++) {
        char *cut = hg_alloc(n + 1);
        memcpy(cut, packed.ptr, n);
        assert_int_equal(hg_conf_files_unpack((struct hg_slice){cut, n}, &g), HG_EINVAL);
        hg_free(cut);
    }
    for (size_t at = 0; at < packed.len; at++) {
        for (int bit = 0; bit < 8; bit++) {
            packed.ptr[at] ^= (char)(1 << bit);
            if (hg_conf_files_unpack(hg_buf_slice(&packed), &g) == 0) {
                hg_conf_files_free(&g); /* a letter of a name or of bytes */
            }
            assert_null(g);
            packed.ptr[at] ^= (char)(1 << bit);
        }
    }
    HG_BUF_LIT(&packed, "x");
    assert_int_equal(hg_conf_files_unpack(hg_buf_slice(&packed), &g), HG_EINVAL);
    packed.len--;
    packed.ptr[packed.len - 5] = 'e'; /* "two" becomes "twe"; then both are "one" */
    memcpy(packed.ptr + packed.len - 7, "one", 3);
    assert_int_equal(hg_conf_files_unpack(hg_buf_slice(&packed), &g), HG_EINVAL);
    hg_buf_fini(&packed);
    hg_conf_files_free(&f);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int test_files(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_file_is_read_once_and_kept),
        IN_FOLDER(an_unreadable_file_says_why),
        IN_FOLDER(a_file_above_the_limit_is_refused),
        cmocka_unit_test(the_whole_set_has_a_limit),
        cmocka_unit_test(a_variable_is_kept_under_its_name),
        IN_FOLDER(a_pattern_gives_its_matches_in_byte_order),
        IN_FOLDER(a_set_without_disk_gives_only_what_was_put),
        IN_FOLDER(a_mode_that_lets_everybody_read_is_remembered),
        IN_FOLDER(a_packed_set_unpacks_to_the_same_and_reads_no_disk),
        cmocka_unit_test(a_packed_set_with_any_wrong_length_is_refused),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
