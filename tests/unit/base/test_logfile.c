/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/counters.h"
#include "base/logfile.h"
#include "unit/unit.h"

static int ends[2]; /* of the pipe that stands for the log */

static int open_log(void **state) {
    (void)state;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    hg_logfile_set(ends[1]);
    return 0;
}

static int close_log(void **state) {
    (void)state;
    hg_logfile_set(STDERR_FILENO); /* closes ends[1] */
    close(ends[0]);
    return 0;
}

/* What one read gives: one write of ours. */
static char *read_log(void) {
    static char text[HG_LOGFILE_LINE_MAX + 1];
    ssize_t n = read(ends[0], text, HG_LOGFILE_LINE_MAX);
    assert_true(n > 0);
    text[n] = '\0';
    return text;
}

static void assert_tail(const char *want) {
    char *line = read_log();
    assert_true(strlen(line) > 25);
    assert_string_equal(line + 25, want);
}

static void line_has_time_level_event_and_text(void **state) {
    (void)state;
    errno = EBADMSG;
    hg_log_line(HG_WARN, "disk_full", "path=%s left=%d", "data/x", 3);
    assert_int_equal(errno, EBADMSG);
    char *line = read_log();
    static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ ";
    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        if (form[i] == 'd') {
            assert_in_range(line[i], '0', '9');
        } else {
            assert_int_equal(line[i], form[i]);
        }
    }
    assert_string_equal(line + 25, "warn disk_full path=data/x left=3\n");
}

static void empty_text_leaves_no_space(void **state) {
    (void)state;
    hg_log_line(HG_CRIT, "gone", "%s", "");
    assert_tail("crit gone\n");
}

static void nothing_a_peer_sent_begins_a_line(void **state) {
    (void)state;
    hg_log_line(HG_ERROR, "x", "v=%s", "a\nb\r\t\x1b[2J\x7f");
    assert_tail("error x v=a\\x0ab\\x0d\\x09\\x1b[2J\\x7f\n");
    hg_log_line(HG_ERROR, "x", "v=%s", "\xc2\x9b\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6.");
    assert_tail("error x v=\\xc2\\x9b\\xe2\\x80\\xa8\\xe2\\x80\\xae\\xe2\\x81\\xa6.\n");
    hg_log_line(HG_ERROR, "x", "v=%s", "\xc3\xa9 \xff\xc3 \xed\xa0\x80");
    assert_tail("error x v=\xc3\xa9 \\xff\\xc3 \\xed\\xa0\\x80\n");
    hg_log_line(HG_ERROR, "x", "v=%s", "\\x0a");
    assert_tail("error x v=\\\\x0a\n");
}

static void long_line_is_cut_and_marked(void **state) {
    (void)state;
    static char text[3 * HG_LOGFILE_LINE_MAX];
    memset(text, 'y', sizeof(text) - 1);
    for (int kind = 0; kind < 3; kind++) {
        /* Too long before escapes, too long after them, two bytes a letter. */
        if (kind == 1) {
            memset(text, '\n', HG_LOGFILE_LINE_MAX / 2);
            text[HG_LOGFILE_LINE_MAX / 2] = '\0';
        } else if (kind == 2) {
            for (size_t i = 0; i < sizeof(text) - 2; i += 2) {
                memcpy(text + i, "\xc3\xa9", 2);
            }
        }
        hg_log_line(HG_ERROR, "long", "v=%s", text);
        char *line = read_log();
        size_t len = strlen(line);
        assert_true(len <= HG_LOGFILE_LINE_MAX);
        assert_true(len > HG_LOGFILE_LINE_MAX - 64);
        assert_string_equal(line + len - 7, " [cut]\n");
        assert_ptr_equal(strchr(line, '\n'), line + len - 1);
        if (kind == 1) {
            assert_memory_equal(line + len - 11, "\\x0a", 4);
        }
    }
}

static int calls;

static int count_call(void) {
    return ++calls;
}

static void arguments_below_the_level_are_not_evaluated(void **state) {
    (void)state;
    enum hg_level before = hg_log_level;
    hg_log_level = HG_WARN;
    calls = 0;
    HG_LOG(HG_INFO, "quiet", "n=%d", count_call());
    assert_int_equal(calls, 0);
    hg_log_line(HG_INFO, "quiet", "n=%d", 1);
    HG_LOG(HG_WARN, "loud", "n=%d", count_call());
    assert_int_equal(calls, 1);
    assert_tail("warn loud n=1\n");
    hg_log_level = before;
}

static void full_pipe_drops_lines_and_counts_them(void **state) {
    (void)state;
    static char text[1000];
    memset(text, 'z', sizeof(text) - 1);
    int64_t before = hg_counter_read(hg_logfile_counters[0]);
    for (int i = 0; i < 200; i++) { /* more than the 64 KiB a pipe takes */
        errno = EINTR;              /* a caller's leftover must not make us try for ever */
        hg_log_line(HG_ERROR, "flood", "v=%s", text);
    }
    int64_t dropped = hg_counter_read(hg_logfile_counters[0]) - before;
    assert_true(dropped > 0 && dropped < 200);
    for (int64_t left = 200 - dropped; left > 0;) {
        for (char *p = read_log(); (p = strchr(p, '\n')) != NULL; p++) {
            left--;
        }
    }
    hg_log_line(HG_ERROR, "after", "v=1");
    assert_tail("error after v=1\n");
}

static void dead_descriptor_is_no_reason_to_die(void **state) {
    (void)state;
    int64_t before = hg_counter_read(hg_logfile_counters[0]);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    hg_logfile_set(full);
    hg_log_line(HG_ERROR, "lost", "v=1");
    assert_int_equal(hg_counter_read(hg_logfile_counters[0]) - before, 1);
    hg_logfile_set(STDERR_FILENO);
    assert_int_equal(fcntl(full, F_GETFD), -1);
}

static void torn_line_gets_its_end_later(void **state) {
    (void)state;
    char path[] = "/tmp/headgate-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    hg_logfile_set(fd);
    hg_log_line(HG_ERROR, "one", "v=1");
    off_t len = lseek(fd, 0, SEEK_CUR);
    /* The file may grow by half a line: a disk that is full. */
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){(rlim_t)(len + len / 2), old.rlim_max};
    void (*old_handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    hg_log_line(HG_ERROR, "two", "v=2");
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, old_handler);
    hg_log_line(HG_ERROR, "three", "v=3");
    hg_log_line(HG_ERROR, "four", "v=4");

    char text[512] = {0};
    assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
    unlink(path);
    int lines = 0;
    for (char *p = text; (p = strchr(p, '\n')) != NULL; p++) {
        lines++;
    }
    assert_int_equal(lines, 4);
    assert_non_null(strstr(text, "Z error three v=3\n"));
    assert_non_null(strstr(text, "Z error four v=4\n"));
    assert_null(strstr(text, "\n\n"));
    hg_logfile_set(STDERR_FILENO);
}

static void *write_lines(void *arg) {
    for (int i = 0; i < 200; i++) {
        hg_log_line(HG_ERROR, "thread", "who=%s", (const char *)arg);
    }
    return NULL;
}

static void lines_of_threads_never_mix(void **state) {
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    int fd = dup(fileno(file));
    fcntl(fd, F_SETFL, O_APPEND);
    hg_logfile_set(fd);
    pthread_t threads[2];
    assert_int_equal(pthread_create(&threads[0], NULL, write_lines, "aaaaaaaa"), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, write_lines, "bbbbbbbb"), 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    hg_logfile_set(STDERR_FILENO);
    char line[256];
    int lines = 0;
    rewind(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        assert_true(strcmp(line + 25, "error thread who=aaaaaaaa\n") == 0 ||
                    strcmp(line + 25, "error thread who=bbbbbbbb\n") == 0);
        lines++;
    }
    assert_int_equal(lines, 400);
    fclose(file);
}

int test_logfile(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(line_has_time_level_event_and_text, open_log, close_log),
        cmocka_unit_test_setup_teardown(empty_text_leaves_no_space, open_log, close_log),
        cmocka_unit_test_setup_teardown(nothing_a_peer_sent_begins_a_line, open_log, close_log),
        cmocka_unit_test_setup_teardown(long_line_is_cut_and_marked, open_log, close_log),
        cmocka_unit_test_setup_teardown(arguments_below_the_level_are_not_evaluated, open_log,
                                        close_log),
        cmocka_unit_test_setup_teardown(full_pipe_drops_lines_and_counts_them, open_log, close_log),
        cmocka_unit_test(dead_descriptor_is_no_reason_to_die),
        cmocka_unit_test(torn_line_gets_its_end_later),
        cmocka_unit_test(lines_of_threads_never_mix),
    };
    return cmocka_run_group_tests_name("base/logfile", tests, NULL, NULL);
}
