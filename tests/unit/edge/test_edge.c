/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/rig.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/counters.h"
#include "loop/loop.h"

/* A client with a socket of its own; the rig's loop is turned meanwhile. */
struct peer {
    struct rig *rig;
    int fd;
    char text[8192];
    size_t n;
    bool is_over;
};

/* Is anybody there? */
static bool peer_open(struct peer *p, struct rig *rig, int listener) {
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);
    *p = (struct peer){.rig = rig, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    return connect(p->fd, (struct sockaddr *)&at, len) == 0;
}

static void peer_say(struct peer *p, const char *text) {
    assert_int_equal(send(p->fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void peer_read(struct peer *p) {
    ssize_t n = recv(p->fd, p->text + p->n, sizeof(p->text) - 1 - p->n, MSG_DONTWAIT);
    p->is_over = n == 0 || (n < 0 && errno != EAGAIN);
    p->n += n > 0 ? (size_t)n : 0;
    p->text[p->n] = 0;
}

/* Until the text has come, or with NULL until the gateway has closed. */
static bool peer_hears(struct peer *p, const char *part) {
    int64_t deadline = hg_clock_mono_ms() + 10000;
    while (hg_clock_mono_ms() < deadline) {
        if (part != NULL && strstr(p->text, part) != NULL) {
            return true;
        }
        if (p->is_over) {
            return part == NULL;
        }
        hg_loop_turn(p->rig->log.loop, false);
        poll(&(struct pollfd){.fd = p->fd, .events = POLLIN}, 1, 1);
        peer_read(p);
    }
    return false;
}

static void peer_close(struct peer *p) {
    close(p->fd);
    rig_turn(p->rig);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: gate.test\r\n\r\n"
#define SAY(port, text) "server { listen 127.0.0.1:" port "; location / { say " text "; } }\n"

static void a_connection_is_served_by_the_newest_generation(void **state) {
    struct rig rig;
    struct peer p;
    (void)state;
    rig_open(&rig, SAY("8080", "first"));
    assert_true(peer_open(&p, &rig, rig.fds[0]));
    peer_say(&p, GET("/"));
    assert_true(peer_hears(&p, "\r\n\r\nfirst"));
    rig_reload(&rig, SAY("8080", "second"));
    peer_say(&p, GET("/")); /* on the same connection */
    assert_true(peer_hears(&p, "\r\n\r\nsecond"));
    hg_site_unref(&rig.generations[0]->site);
    assert_true(rig.generations[0]->is_released);
    peer_close(&p);
    rig_close(&rig);
}

static void an_address_comes_and_goes_with_a_reload(void **state) {
    struct rig rig;
    struct peer old, new;
    (void)state;
    rig_open(&rig, SAY("8080", "first"));
    assert_true(peer_open(&old, &rig, rig.fds[0]));
    peer_say(&old, GET("/"));
    assert_true(peer_hears(&old, "\r\n\r\nfirst"));
    rig_reload(&rig, SAY("8081", "second"));
    assert_true(peer_hears(&old, NULL)); /* it was idle */
    assert_true(peer_open(&new, &rig, rig.fds[1]));
    peer_say(&new, GET("/"));
    assert_true(peer_hears(&new, "\r\n\r\nsecond"));
    hg_site_unref(&rig.generations[0]->site);
    assert_true(rig.generations[0]->is_released);
    peer_close(&old);
    peer_close(&new);
    rig_close(&rig);
}

static void who_is_on_a_retired_address_gets_an_answer(void **state) {
    struct rig rig;
    struct peer p;
    (void)state;
    rig_open(&rig, SAY("8080", "first"));
    assert_true(peer_open(&p, &rig, rig.fds[0]));
    peer_say(&p, "GET / HTTP/1.1\r\nHost: gate");
    rig_turn(&rig);
    rig_reload(&rig, SAY("8081", "second"));
    peer_say(&p, ".test\r\n\r\n");
    assert_true(peer_hears(&p, "urn:headgate:problem:draining"));
    assert_non_null(strstr(p.text, "HTTP/1.1 503 "));
    peer_close(&p);
    rig_close(&rig);
}

static void a_generation_that_is_withdrawn_leaves_no_trace(void **state) {
    struct generation next;
    struct rig rig;
    struct peer p;
    (void)state;
    rig_open(&rig, SAY("8080", "first"));
    generation_open(&next, SAY("8080", "second") SAY("8081", "third"));
    assert_int_equal(hg_edge_offer(rig.edge, next.site), 0);
    assert_int_equal(hg_edge_listen(rig.edge, next.site, 0, rig.fds[0]), 0); /* open already */
    assert_int_equal(hg_edge_listen(rig.edge, next.site, 1, rig.fds[1]), 0);
    hg_edge_withdraw(rig.edge);
    generation_close(&next);
    assert_true(peer_open(&p, &rig, rig.fds[0]));
    peer_say(&p, GET("/"));
    assert_true(peer_hears(&p, "\r\n\r\nfirst"));
    peer_close(&p);
    hg_edge_withdraw(rig.edge); /* nothing is offered: nothing happens */
    rig_close(&rig);
}

static void whatever_fails_does_so_before_the_swap(void **state) {
    struct generation next;
    struct rig rig;
    (void)state;
    rig_open(&rig, SAY("8080", "first"));
    generation_open(&next, SAY("8081", "second"));
    bool was_over = false;
    int n_failed = 0;
    for (int n = 0; !was_over; n++) {
        hg_alloc_fail_after(n);
        int err = hg_edge_offer(rig.edge, next.site);
        err = err != 0 ? err : hg_edge_listen(rig.edge, next.site, 0, rig.fds[1]);
        was_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        assert_true(err == 0 || (err == HG_ENOMEM && !was_over));
        n_failed += err != 0;
        hg_edge_withdraw(rig.edge);
        rig_turn(&rig);
    }
    assert_true(n_failed >= 4);
    generation_close(&next);
    struct ask a;
    ASK(&a, &rig, "GET", "/", NULL);
    assert_string_equal(a.stream.body.ptr, "first");
    ask_close(&a);
    rig_close(&rig);
}

static void a_drain_closes_what_is_idle_and_lets_the_rest_end(void **state) {
    struct rig rig;
    struct peer idle, busy;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    rig.fake.is_manual = true;
    assert_true(peer_open(&idle, &rig, rig.fds[0]));
    assert_true(peer_open(&busy, &rig, rig.fds[0]));
    peer_say(&idle, GET("/nowhere"));
    assert_true(peer_hears(&idle, "not-found"));
    char request[512];
    snprintf(request, sizeof(request),
             "POST /events HTTP/1.1\r\nHost: gate.test\r\nContent-Type: %s\r\nContent-Length: %zu"
             "\r\n\r\n%s",
             STRUCTURED, strlen(EVENT("1")), EVENT("1"));
    peer_say(&busy, request);
    for (int64_t end = hg_clock_mono_ms() + 10000;
         atomic_load(&rig.fake.n_held) == 0 && hg_clock_mono_ms() < end;) {
        hg_loop_turn(rig.log.loop, false);
        poll(NULL, 0, 1);
    }
    hg_edge_drain(rig.edge);
    assert_true(peer_hears(&idle, NULL));
    assert_int_equal(hg_edge_visits(rig.edge), 1);
    fake_log_answer(&rig.fake, 1, 0);
    assert_true(peer_hears(&busy, "HTTP/1.1 202 "));
    assert_true(peer_hears(&busy, NULL));
    peer_close(&idle);
    peer_close(&busy);
    rig_close(&rig);
}

static const char *const methods[] = {"GET", NULL};
static int say_fine(const void *conf, const struct hg_request *r, struct hg_slice body,
                    struct hg_answer *answer, struct hg_problem *problem) {
    (void)conf, (void)r, (void)body, (void)problem;
    HG_BUF_LIT(&answer->body, "fine");
    return 0;
}
static const struct hg_handler_ops health = {
    .size = sizeof(health), .name = "health", .methods = methods, .handle = say_fine};

/* The admin listener's site is not the generation's. */
static void a_fixed_port_stays_through_reload_and_drain(void **state) {
    const struct hg_site_path paths[] = {{"/healthz", &health, NULL}};
    struct hg_site *site = NULL;
    struct hg_why why = {""};
    struct rig rig;
    struct peer p;
    (void)state;
    rig_open(&rig, SAY("8080", "first"));
    assert_int_equal(hg_site_new_fixed(rig_now(&rig)->text.conf, HG_SLICE("127.0.0.1:8081"), paths,
                                       1, &site, &why),
                     0);
    assert_int_equal(hg_edge_listen(rig.edge, site, 0, rig.fds[1]), 0);
    rig_reload(&rig, SAY("8080", "second"));
    hg_edge_drain(rig.edge);
    assert_true(peer_open(&p, &rig, rig.fds[1]));
    peer_say(&p, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    assert_true(peer_hears(&p, "\r\n\r\nfine"));
    peer_say(&p, "GET /healthz HTTP/1.1\r\nHost: evil.test\r\n\r\n");
    assert_true(peer_hears(&p, "origin-refused"));
    peer_close(&p);
    hg_edge_shut(rig.edge);
    rig_turn(&rig);
    hg_site_unref(&site);
    rig_close(&rig);
}

static unsigned answers_5xx(void) {
    static const char row[] = "\nheadgate_answers_total{class=\"5xx\"} ";
    struct hg_buf out = {0};
    unsigned n = 0;
    hg_edge_counters_register();
    hg_counters_print(&out);
    hg_buf_put(&out, "", 1);
    const char *at = strstr(out.ptr, row);
    assert_non_null(at);
    assert_int_equal(sscanf(at + strlen(row), "%u", &n), 1);
    hg_buf_fini(&out);
    return n;
}

static void a_refusal_without_an_access_log_is_counted_alone(void **state) {
    struct rig rig;
    struct peer p;
    unsigned before;
    (void)state;
    rig_open(&rig, SAY("8080", "x"));
    before = answers_5xx();
    assert_true(peer_open(&p, &rig, rig.fds[0]));
    peer_say(&p, "GET / HTTP/9.0\r\n\r\n");
    assert_true(peer_hears(&p, NULL));
    assert_non_null(strstr(p.text, "HTTP/1.1 505 "));
    assert_int_equal(answers_5xx(), before + 1);
    assert_null(rig.edge->pens);
    peer_close(&p);
    rig_close(&rig);
}

static void shutting_cuts_everybody(void **state) {
    struct rig rig;
    struct peer p;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    assert_true(peer_open(&p, &rig, rig.fds[0]));
    peer_say(&p, "GET /events HTTP/1.1\r\nHost: gate.test\r\nAccept: text/event-stream\r\n\r\n");
    assert_true(peer_hears(&p, "headgate.stream.opened"));
    assert_int_equal(hg_edge_visits(rig.edge), 1);
    hg_edge_shut(rig.edge);
    assert_true(peer_hears(&p, NULL));
    assert_int_equal(hg_edge_visits(rig.edge), 0);
    peer_close(&p);
    rig_close(&rig);
}

static void its_counters_can_be_seen(void **state) {
    struct hg_buf out = {0};
    (void)state;
    hg_edge_counters_register();
    hg_edge_counters_register();
    hg_counters_print(&out);
    hg_buf_put(&out, "", 1);
    assert_non_null(strstr(out.ptr, "\nheadgate_answers_total{class=\"2xx\"} "));
    assert_non_null(strstr(out.ptr, "\nheadgate_access_log_lines_dropped_total "));
    hg_buf_fini(&out);
}

int test_edge(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_served_by_the_newest_generation),
        cmocka_unit_test(an_address_comes_and_goes_with_a_reload),
        cmocka_unit_test(who_is_on_a_retired_address_gets_an_answer),
        cmocka_unit_test(a_generation_that_is_withdrawn_leaves_no_trace),
        cmocka_unit_test(whatever_fails_does_so_before_the_swap),
        cmocka_unit_test(a_drain_closes_what_is_idle_and_lets_the_rest_end),
        cmocka_unit_test(a_fixed_port_stays_through_reload_and_drain),
        cmocka_unit_test(a_refusal_without_an_access_log_is_counted_alone),
        cmocka_unit_test(shutting_cuts_everybody),
        cmocka_unit_test(its_counters_can_be_seen),
    };
    return cmocka_run_group_tests_name("edge", tests, NULL, NULL);
}
