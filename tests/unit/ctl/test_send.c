/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/send.h"

#include <sys/eventfd.h>

#include "unit/ctl/rig.h"

static enum hg_ctl_advice send_to(struct rig *r, const char *url, int64_t retries) {
    struct hg_ctl_reach reach = {.timeout_ms = 5000};
    struct hg_ctl_peer p;
    assert_int_equal(hg_ctl_peer_open(&r->ctl, &reach, true, &p), 0);
    struct hg_ctl_sender s = {&r->ctl, &p, url, retries, 1};
    enum hg_ctl_advice advice = hg_ctl_send(&s, HG_SLICE("{\"id\":\"1\"}"), "x/y", "event 1");
    hg_ctl_peer_close(&p);
    rig_read(r);
    return advice;
}

static void what_is_in_doubt_is_sent_again_unchanged(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{NULL, HTTP_PEER_CLOSE},
                                           {NULL, HTTP_PEER_RESET},
                                           {ANSWER("504", ""), HTTP_PEER_CLOSE},
                                           {ANSWER("503", "Retry-After: 0\r\n"), HTTP_PEER_CLOSE},
                                           {STORED("p"), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    assert_int_equal(send_to(&r, http_peer_url(r.peer, "/events"), 4), HG_CTL_DONE);
    const char *first = http_peer_request(r.peer, 0);
    assert_has(first, "POST /events HTTP/1.1\r\n");
    assert_has(first, "\r\nContent-Type: x/y\r\n");
    assert_has(first, "\r\nPrefer: return=representation\r\n");
    for (size_t i = 1; i < HG_COUNT(steps); i++) {
        assert_string_equal(http_peer_request(r.peer, i), first);
    }
    assert_has(r.err, "event 1: 504; again in 0.0 s (3 of 4)");
    rig_close(&r);
}

static void patience_has_an_end(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{ANSWER("503", "Retry-After: 0\r\n"), HTTP_PEER_CLOSE},
                                           {ANSWER("503", "Retry-After: 0\r\n"), HTTP_PEER_CLOSE},
                                           {ANSWER("503", "Retry-After: 0\r\n"), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    assert_int_equal(send_to(&r, http_peer_url(r.peer, "/"), 1), HG_CTL_GIVE_UP);
    assert_int_equal(http_peer_seen(r.peer), 2);
    assert_int_equal(send_to(&r, http_peer_url(r.peer, "/"), 0), HG_CTL_GIVE_UP);
    assert_int_equal(http_peer_seen(r.peer), 3);
    assert_int_equal(send_to(&r, http_peer_nowhere(), 2), HG_CTL_GIVE_UP);
    assert_has(r.err, "(2 of 2)");
    rig_close(&r);
}

static void a_refusal_is_not_argued_with(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{ANSWER("409", ""), HTTP_PEER_CLOSE},
                                           {ANSWER("403", ""), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    assert_int_equal(send_to(&r, http_peer_url(r.peer, "/"), 5), HG_CTL_REFUSE);
    assert_int_equal(send_to(&r, http_peer_url(r.peer, "/"), 5), HG_CTL_GIVE_UP);
    assert_string_equal(r.err, "");
    rig_close(&r);
}

static void the_word_to_stop_ends_a_wait(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {ANSWER("503", "Retry-After: 3600\r\n"), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    struct hg_ctl_peer p;
    struct hg_ctl_reach reach = {.timeout_ms = 5000};
    int client_stop = r.ctl.stop_fd;
    /* The wait is what must end here, not the request. */
    r.ctl.stop_fd = -1;
    assert_int_equal(hg_ctl_peer_open(&r.ctl, &reach, true, &p), 0);
    r.ctl.stop_fd = client_stop;
    assert_int_equal(eventfd_write(r.stop_fd, 1), 0);
    struct hg_ctl_sender s = {&r.ctl, &p, http_peer_url(r.peer, "/"), 5, 1};
    assert_int_equal(hg_ctl_send(&s, HG_SLICE("x"), "x/y", "event 1"), HG_CTL_STOP);
    hg_ctl_peer_close(&p);
    rig_read(&r);
    assert_has(r.err, "again in 36");
    rig_close(&r);
}

int test_send(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_doubt_is_sent_again_unchanged),
        cmocka_unit_test(patience_has_an_end),
        cmocka_unit_test(a_refusal_is_not_argued_with),
        cmocka_unit_test(the_word_to_stop_ends_a_wait),
    };
    return cmocka_run_group_tests_name("send", tests, NULL, NULL);
}
