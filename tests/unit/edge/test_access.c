/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/rig.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/counters.h"

/* A file on disk, known to the table of files under its path. */
struct paper {
    char path[32];
    struct hg_slice name;
};

static int paper_fd(const struct paper *p) {
    int fd = open(p->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

static void paper_open(struct paper *p) {
    snprintf(p->path, sizeof(p->path), "/tmp/hg-edge-XXXXXX");
    close(mkstemp(p->path));
    p->name = hg_slice_of(p->path);
    assert_int_equal(hg_access_file_set(p->name, paper_fd(p)), 0);
}

static void paper_close(struct paper *p) {
    unlink(p->path);
    hg_access_file_sweep();
    assert_null(hg_access_file_find(p->name)); /* nobody holds it any more */
}

/* What stands in a file; lives until the next call. */
static const char *read_back(const char *path) {
    static char text[100000];
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    assert_true(n >= 0);
    text[n] = 0;
    close(fd);
    return text;
}

/* A format that says the path, and a visit that has one. */
struct writer {
    struct hg_arena arena;
    struct hg_access_log log;
    struct hg_access_pen *pens;
    struct hg_visit visit;
};

static void writer_open(struct writer *w, const struct paper *p) {
    struct hg_why why = {""};
    memset(w, 0, sizeof(*w));
    assert_int_equal(hg_access_format_new(HG_SLICE("$uri"), &w->arena, &w->log.format, &why), 0);
    w->log.file = hg_access_file_find(p->name);
    assert_non_null(w->log.file);
}

static void writer_say(struct writer *w, const char *path) {
    w->visit.request.path = hg_slice_of(path);
    hg_access_write(&w->pens, &w->log, &w->visit);
}

static void writer_close(struct writer *w) {
    hg_access_free(&w->pens);
    hg_access_file_unref(&w->log.file);
    hg_arena_fini(&w->arena);
}

static void lines_are_gathered_and_written_whole(void **state) {
    struct paper p;
    struct writer w;
    (void)state;
    paper_open(&p);
    writer_open(&w, &p);
    writer_say(&w, "/1");
    writer_say(&w, "/2");
    assert_string_equal(read_back(p.path), "");
    hg_access_flush(&w.pens);
    assert_string_equal(read_back(p.path), "/1\n/2\n");
    writer_say(&w, "/3");
    writer_close(&w); /* the end of the loop loses none */
    assert_string_equal(read_back(p.path), "/1\n/2\n/3\n");
    paper_close(&p);
}

static void many_lines_are_written_before_the_flush(void **state) {
    struct paper p;
    struct writer w;
    char path[1001] = "/";
    (void)state;
    paper_open(&p);
    writer_open(&w, &p);
    memset(path + 1, 'x', 999);
    for (int i = 0; i < 33; i++) {
        writer_say(&w, path);
    }
    assert_int_equal(strlen(read_back(p.path)), 33 * 1001);
    writer_close(&w);
    paper_close(&p);
}

/* A pen that had nothing to write between two flushes is put away, and its
 * file with it when the conf has it no more. */
static void a_pen_that_is_idle_lets_its_file_go(void **state) {
    struct paper p;
    struct writer w;
    (void)state;
    paper_open(&p);
    writer_open(&w, &p);
    writer_say(&w, "/1");
    hg_access_flush(&w.pens);
    assert_non_null(w.pens);
    hg_access_flush(&w.pens);
    assert_null(w.pens);
    hg_access_file_sweep();
    struct hg_access_file *f = hg_access_file_find(p.name);
    assert_ptr_equal(f, w.log.file); /* the site still has it */
    hg_access_file_unref(&f);
    writer_close(&w);
    paper_close(&p);
}

static void a_reopened_file_takes_the_place_of_the_old_one(void **state) {
    struct paper p;
    struct writer w;
    char moved[40];
    (void)state;
    paper_open(&p);
    writer_open(&w, &p);
    writer_say(&w, "/old");
    hg_access_flush(&w.pens);
    snprintf(moved, sizeof(moved), "%s.1", p.path);
    assert_int_equal(rename(p.path, moved), 0);
    writer_say(&w, "/between");
    hg_access_flush(&w.pens);
    int fd = paper_fd(&p);
    assert_int_equal(hg_access_file_set(p.name, fd), 0);
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* it was taken */
    writer_say(&w, "/new");
    hg_access_flush(&w.pens);
    assert_string_equal(read_back(moved), "/old\n/between\n");
    assert_string_equal(read_back(p.path), "/new\n");
    unlink(moved);
    writer_close(&w);
    paper_close(&p);
}

static void each_file_has_a_pen_of_its_own(void **state) {
    struct paper a, b;
    struct writer w, v;
    (void)state;
    paper_open(&a);
    paper_open(&b);
    writer_open(&w, &a);
    writer_open(&v, &b);
    writer_say(&w, "/a");
    w.visit.request.path = HG_SLICE("/b");
    hg_access_write(&w.pens, &v.log, &w.visit);
    writer_say(&w, "/a2");
    hg_access_flush(&w.pens);
    assert_string_equal(read_back(a.path), "/a\n/a2\n");
    assert_string_equal(read_back(b.path), "/b\n");
    writer_close(&w);
    writer_close(&v);
    paper_close(&a);
    paper_close(&b);
}

static int64_t dropped(void) {
    return hg_counter_read(hg_access__counters[0]);
}

static void a_line_that_cannot_be_kept_is_counted_and_never_half(void **state) {
    struct paper p;
    struct writer w;
    int64_t before = dropped();
    (void)state;
    paper_open(&p);
    writer_open(&w, &p);
    hg_alloc_fail_after(0); /* the pen */
    writer_say(&w, "/1");
    hg_alloc_fail_after(1); /* its first line */
    writer_say(&w, "/2");
    hg_alloc_fail_after(-1);
    assert_int_equal(dropped(), before + 2);
    writer_say(&w, "/3");
    char path[5001] = "/";
    memset(path + 1, 'x', sizeof(path) - 2);
    hg_alloc_fail_after(0); /* in the middle of a line */
    writer_say(&w, path);
    hg_alloc_fail_after(-1);
    assert_int_equal(dropped(), before + 3);
    writer_say(&w, "/4");
    hg_access_flush(&w.pens);
    assert_string_equal(read_back(p.path), "/3\n/4\n");
    writer_close(&w);
    paper_close(&p);
}

static void a_write_that_fails_is_counted(void **state) {
    struct paper p;
    struct writer w;
    int64_t before = dropped();
    (void)state;
    paper_open(&p);
    assert_int_equal(hg_access_file_set(p.name, open("/dev/full", O_WRONLY | O_CLOEXEC)), 0);
    writer_open(&w, &p);
    writer_say(&w, "/1");
    hg_access_flush(&w.pens);
    assert_int_equal(dropped(), before + 1);
    assert_int_equal(hg_access_file_set(p.name, paper_fd(&p)), 0);
    writer_say(&w, "/2");
    hg_access_flush(&w.pens);
    assert_string_equal(read_back(p.path), "/2\n");
    writer_close(&w);
    paper_close(&p);
}

static void a_path_nobody_opened_is_no_file(void **state) {
    struct hg_slice off[] = {HG_SLICE("off")}, path[] = {HG_SLICE("/x"), HG_SLICE("main")};
    (void)state;
    assert_null(hg_access_file_find(HG_SLICE("/nowhere")));
    assert_int_equal(hg_access_path(&(struct hg_strings){NULL, 0}).len, 0);
    assert_int_equal(hg_access_path(&(struct hg_strings){off, 1}).len, 0);
    unit_assert_slice(hg_access_path(&(struct hg_strings){path, 2}), "/x");
}

int test_access(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_gathered_and_written_whole),
        cmocka_unit_test(many_lines_are_written_before_the_flush),
        cmocka_unit_test(a_pen_that_is_idle_lets_its_file_go),
        cmocka_unit_test(a_reopened_file_takes_the_place_of_the_old_one),
        cmocka_unit_test(each_file_has_a_pen_of_its_own),
        cmocka_unit_test(a_line_that_cannot_be_kept_is_counted_and_never_half),
        cmocka_unit_test(a_write_that_fails_is_counted),
        cmocka_unit_test(a_path_nobody_opened_is_no_file),
    };
    return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
