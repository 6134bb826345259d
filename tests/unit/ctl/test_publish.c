/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/command.h"

#include <stdlib.h>
#include <sys/eventfd.h>

#include "unit/ctl/rig.h"

#define EVENT(id) "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/s\",\"type\":\"t\"}"

static void one_event_is_made_of_words(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {STORED("POS1"), HTTP_PEER_CLOSE},
        {ANSWER("202", "Headgate-Position: POS1\r\nHeadgate-Duplicate: true\r\n"),
         HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    const char *url = http_peer_url(r.peer, "/events");
    assert_int_equal(rig_run(&r, "publish", url, "--type", "a.b", "--id", "7", "--subject", "me",
                             "-d", "{\"x\": 1}", "-H", "Authorization: Bearer t", NULL),
                     0);
    assert_string_equal(r.out, "POS1 stored\n");
    assert_has(http_peer_request(r.peer, 0), "\r\nAuthorization: Bearer t\r\n");
    assert_has(http_peer_request(r.peer, 0),
               "\r\nContent-Type: application/cloudevents+json; charset=UTF-8\r\n");
    assert_string_equal(rig_body(&r, 0),
                        "{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"/headgatectl\","
                        "\"type\":\"a.b\",\"subject\":\"me\","
                        "\"datacontenttype\":\"application/json\",\"data\":{\"x\": 1}}");
    assert_int_equal(rig_run(&r, "publish", url, "--type=a.b", "--id=7", NULL), 0);
    assert_string_equal(r.out, "POS1 stored\nPOS1 duplicate\n");
    rig_close(&r);
}

static void data_comes_from_standard_input_or_a_file(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{STORED("P"), HTTP_PEER_CLOSE},
                                           {STORED("P"), HTTP_PEER_CLOSE}};
    struct rig r;
    char path[] = "/tmp/headgatectl-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "\x01", 1), 1);
    close(fd);
    rig_open(&r, "a text");
    rig_serve(&r, steps, HG_COUNT(steps));
    const char *url = http_peer_url(r.peer, "/");
    assert_int_equal(
        rig_run(&r, "publish", url, "--type", "t", "--content-type", "text/plain", "-", NULL), 0);
    assert_has(rig_body(&r, 0), "\"datacontenttype\":\"text/plain\",\"data\":\"a text\"}");
    assert_int_equal(rig_run(&r, "publish", url, "--type", "t", "--content-type", "x/y",
                             "--data-file", path, NULL),
                     0);
    assert_has(rig_body(&r, 1), "\"data\":\"\\u0001\"}");
    unlink(path);
    rig_close(&r);
}

static void lines_are_posted_one_by_one_and_a_bad_one_costs_only_itself(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {STORED("P1"), HTTP_PEER_CLOSE},
        {PROBLEM("409", "{\"title\":\"Same id\",\"detail\":\"Other.\"}"), HTTP_PEER_CLOSE},
        {STORED("P4"), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, EVENT("1") "\n" EVENT("2") "\n{\"broken\n" EVENT("4"));
    rig_serve(&r, steps, HG_COUNT(steps));
    assert_int_equal(rig_run(&r, "publish", http_peer_url(r.peer, "/"), NULL), 1);
    assert_string_equal(r.out, "P1 stored\nP4 stored\n");
    assert_string_equal(r.err, "headgatectl: event 2: 409 Same id: Other.\n"
                               "headgatectl: line 3: the line ends inside the event\n");
    assert_string_equal(rig_body(&r, 2), EVENT("4"));
    rig_close(&r);
}

static void what_no_event_can_mend_ends_it(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{ANSWER("403", ""), HTTP_PEER_CLOSE},
                                           {STORED("P2"), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, EVENT("1") "\n" EVENT("2") "\n");
    rig_serve(&r, steps, HG_COUNT(steps));
    assert_int_equal(rig_run(&r, "publish", http_peer_url(r.peer, "/"), NULL), 1);
    assert_string_equal(r.out, "");
    assert_string_equal(r.err, "headgatectl: event 1: 403\n");
    assert_int_equal(http_peer_seen(r.peer), 1);
    rig_close(&r);
}

static void batches_hold_up_to_a_hundred(void **state) {
    (void)state;
    struct hg_buf input = {0}, answer = {0};
    for (int i = 0; i < 101; i++) {
        hg_buf_printf(&input, "{\"id\":\"%d\"}\n", i);
    }
    HG_BUF_LIT(&answer, "HTTP/1.1 202 X\r\nConnection: close\r\n\r\n{\"events\":[");
    for (int i = 0; i < 100; i++) {
        hg_buf_printf(&answer, "%s{\"position\":\"P%d\",\"duplicate\":%s}", i > 0 ? "," : "", i,
                      i % 2 ? "true" : "false");
    }
    hg_buf_put(&answer, "]}", 3);
    hg_buf_put(&input, "", 1);
    const struct http_peer_step steps[] = {{answer.ptr, HTTP_PEER_CLOSE},
                                           {STORED("LAST"), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, input.ptr);
    rig_serve(&r, steps, HG_COUNT(steps));
    assert_int_equal(rig_run(&r, "publish", http_peer_url(r.peer, "/"), "--batch", NULL), 0);
    assert_has(r.out, "P0 stored\nP1 duplicate\nP2 stored\n");
    assert_has(r.out, "P99 duplicate\nLAST stored\n");
    assert_has(http_peer_request(r.peer, 0),
               "\r\nContent-Type: application/cloudevents-batch+json; charset=UTF-8\r\n");
    assert_has(rig_body(&r, 0), "[{\"id\":\"0\"},{\"id\":\"1\"},");
    assert_string_equal(rig_body(&r, 1), "[{\"id\":\"100\"}]");
    hg_buf_fini(&input);
    hg_buf_fini(&answer);
    rig_close(&r);
}

static void a_refused_batch_names_the_event_at_fault(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {PROBLEM("400", "{\"title\":\"Not a CloudEvent\",\"index\":1}"), HTTP_PEER_CLOSE},
        {ANSWER("202", ""), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "{\"id\":1}\n{\"id\":\n{\"id\":3}\n");
    rig_serve(&r, steps, HG_COUNT(steps));
    assert_int_equal(rig_run(&r, "publish", http_peer_url(r.peer, "/"), "--batch", NULL), 1);
    assert_has(r.err, "events 1 to 3: 400 Not a CloudEvent; this is event 3\n");
    /* Stored, but nobody says where. */
    assert_int_equal(
        rig_run(&r, "publish", http_peer_url(r.peer, "/"), "--batch", "-d", "[{},{}]", NULL), 0);
    assert_string_equal(r.out, "- stored\n- stored\n");
    rig_close(&r);
}

/* Who writes slowly into a pipe is not kept waiting for a full batch. */
static void an_unfilled_batch_goes_out_when_nothing_comes(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{STORED("P1"), HTTP_PEER_CLOSE}};
    struct rig r;
    int fds[2];
    rig_open(&r, "");
    rig_serve(&r, steps, 1);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "{\"id\":\"1\"}\n", 11), 11);
    const char *url = http_peer_url(r.peer, "/");
    pid_t pid = fork();
    if (pid == 0) {
        r.ctl.in_fd = fds[0];
        close(fds[1]);
        char *argv[] = {"headgatectl", "publish", (char *)url, "--batch", NULL};
        _exit(hg_ctl_run(&r.ctl, 4, argv));
    }
    assert_non_null(http_peer_request(r.peer, 0)); /* while the pipe is open */
    close(fds[1]);
    close(fds[0]);
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    rig_close(&r);
}

static void what_does_not_go_together_is_misuse(void **state) {
    (void)state;
    static const struct {
        const char *words[6];
        const char *told;
    } cases[] = {
        {{"not-a-url"}, "URL: expected http://"},
        {{"http://a/", "more"}, "and - for standard input"},
        {{"http://a/", "-", "--data-file", "x"}, "name two inputs"},
        {{"http://a/", "-", "--data", "x"}, "--data stands beside another input"},
        {{"http://a/", "--id", "1"}, "need --type"},
        {{"http://a/", "--type", "t", "--batch"}, "--batch is for"},
        {{"http://a/", "--type", ""}, "must not be empty"},
        {{"http://a/", "--type", "t", "-d", "{"}, "not JSON at byte 1"},
        {{"http://a/", "--retries", "-1"}, "--retries: \"-1\" does not fit"},
        {{"http://a/", "-H", "x"}, "'NAME: VALUE'"},
        {{NULL}, "expected URL"},
    };
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        struct rig r;
        const char *const *w = cases[i].words;
        rig_open(&r, "");
        assert_int_equal(rig_run(&r, "publish", w[0], w[1], w[2], w[3], w[4], NULL), 2);
        assert_has(r.err, cases[i].told);
        assert_string_equal(r.out, "");
        rig_close(&r);
    }
}

static void an_input_that_is_not_there_is_told(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    assert_int_equal(rig_run(&r, "publish", "http://127.0.0.1:1/", "--data-file", "/no/such", NULL),
                     1);
    assert_has(r.err, "/no/such: No such file");
    rig_close(&r);
}

static void the_word_to_stop_ends_it(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, EVENT("1"));
    assert_int_equal(eventfd_write(r.stop_fd, 1), 0);
    assert_int_equal(rig_run(&r, "publish", "http://127.0.0.1:1/", NULL), 1);
    assert_string_equal(r.out, "");
    rig_close(&r);
}

int test_publish(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_event_is_made_of_words),
        cmocka_unit_test(data_comes_from_standard_input_or_a_file),
        cmocka_unit_test(lines_are_posted_one_by_one_and_a_bad_one_costs_only_itself),
        cmocka_unit_test(what_no_event_can_mend_ends_it),
        cmocka_unit_test(batches_hold_up_to_a_hundred),
        cmocka_unit_test(a_refused_batch_names_the_event_at_fault),
        cmocka_unit_test(an_unfilled_batch_goes_out_when_nothing_comes),
        cmocka_unit_test(what_does_not_go_together_is_misuse),
        cmocka_unit_test(an_input_that_is_not_there_is_told),
        cmocka_unit_test(the_word_to_stop_ends_it),
    };
    return cmocka_run_group_tests_name("publish", tests, NULL, NULL);
}
