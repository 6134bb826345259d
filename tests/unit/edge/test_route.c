/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/rig.h"

static void assert_host(const char *authority, const char *host) {
    unit_assert_slice(hg_site__host(hg_slice_of(authority)), host);
}

static void the_host_of_an_authority_has_no_port(void **state) {
    (void)state;
    assert_host("", "");
    assert_host("example.com", "example.com");
    assert_host("example.com:8443", "example.com");
    assert_host("example.com.", "example.com");
    assert_host("example.com.:8443", "example.com");
    assert_host("127.0.0.1:80", "127.0.0.1");
    assert_host("[::1]", "[::1]");
    assert_host("[2001:db8::1]:8443", "[2001:db8::1]");
    assert_host("[::1", "[::1");
    assert_host(":80", "");
    assert_host(".", ".");
}

#define NAMED(names) "server { listen 8080; server_name " names "; authenticate none;" EVENTS "}\n"

static void assert_server(const struct generation *g, const char *host, size_t index) {
    const struct hg_server *got = hg_site__server(&g->site->ports[0], hg_slice_of(host));
    if (got != &g->site->servers[index]) {
        fail_msg("%s leads to server %td, not %zu", host, got - g->site->servers, index);
    }
}

static void a_server_is_found_by_the_best_name(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g, NAMED("a.test") NAMED("*.b.test b.test") NAMED("*.x.b.test")
                            NAMED("y.x.b.test"));
    assert_int_equal(hg_site_ports(g.site), 1);
    assert_server(&g, "a.test", 0);
    assert_server(&g, "A.TEST", 0);
    assert_server(&g, "b.test", 1);
    assert_server(&g, "q.b.test", 1);
    assert_server(&g, "q.r.b.test", 1); /* a wildcard takes every name below */
    assert_server(&g, "q.X.b.test", 2); /* the longer one leaves less open */
    assert_server(&g, "y.x.b.test", 3); /* an exact name wins */
    assert_server(&g, "x.b.test", 1);
    generation_close(&g);
}

static void what_no_name_fits_goes_to_the_first_server(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g, NAMED("a.test") NAMED("*.b.test"));
    assert_server(&g, "", 0);
    assert_server(&g, "c.test", 0);
    assert_server(&g, "notb.test", 0); /* the dot belongs to the wildcard */
    assert_server(&g, ".b.test", 0);
    assert_server(&g, "127.0.0.1", 0);
    generation_close(&g);
}

/* What the path leads to, as "kind path after captured". */
static void assert_location(const struct generation *g, const char *path, const char *want) {
    static const char *const kinds[] = {"=", "^", "{}"};
    struct hg_slice captured;
    char got[256] = "none";
    const struct hg_location *l =
        hg_site__locate(&g->site->servers[0], hg_slice_of(path), &captured);
    if (l != NULL) {
        snprintf(got, sizeof(got), "%s%.*s%.*s%s%.*s", kinds[l->kind], HG_FMT(l->path),
                 HG_FMT(l->after), captured.len > 0 ? " " : "", HG_FMT(captured));
    }
    if (strcmp(got, want) != 0) {
        print_error("for: %s\n", path);
        assert_string_equal(got, want);
    }
}

#define SAY(path) "location " path " { say x; }\n"

static void exact_wins_over_captured_and_that_over_the_longest_prefix(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g,
                    SERVER(SAY("/") SAY("/topics/") SAY("/topics/a/long/") SAY("= /topics/a")
                               SAY("/topics/{topic}") SAY("/topics/{topic}/events") SAY("= /")));
    assert_location(&g, "/", "=/");
    assert_location(&g, "/x", "^/");
    assert_location(&g, "/topics", "^/");
    assert_location(&g, "/topics/", "^/topics/");
    assert_location(&g, "/topics/a", "=/topics/a");
    assert_location(&g, "/topics/b", "{}/topics/ b");
    assert_location(&g, "/topics/a/events", "{}/topics//events a");
    assert_location(&g, "/topics/a/event", "^/topics/");
    assert_location(&g, "/topics/a/events/", "^/topics/");
    assert_location(&g, "/topics/a/long/x", "^/topics/a/long/");
    assert_location(&g, "/topics//events", "^/topics/"); /* a segment is never empty */
    generation_close(&g);
}

/* The order in which they are written must not matter. */
static void the_longest_prefix_wins_wherever_it_stands(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g, SERVER(SAY("/ab") SAY("/abcd") SAY("/a") SAY("/abc")));
    assert_location(&g, "/abcde", "^/abcd");
    assert_location(&g, "/abcd", "^/abcd");
    assert_location(&g, "/abc", "^/abc");
    assert_location(&g, "/ab/cd", "^/ab");
    assert_location(&g, "/a", "^/a");
    assert_location(&g, "/b", "none");
    assert_location(&g, "/A", "none");
    generation_close(&g);
}

static void of_two_captures_the_first_written_wins(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g, SERVER(SAY("/x/{topic}/b") SAY("/{topic}/a/b") SAY("/{topic}/c/b")));
    assert_location(&g, "/x/a/b", "{}/x//b a");
    assert_location(&g, "/y/a/b", "{}//a/b y");
    assert_location(&g, "/x/c/b", "{}/x//b c");
    assert_location(&g, "/x/c/d/b", "none");
    generation_close(&g);
}

static void a_capture_is_one_whole_segment(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g, SERVER(SAY("/t/{topic}/e")));
    assert_location(&g, "/t/a.b-c_D9/e", "{}/t//e a.b-c_D9");
    assert_location(&g, "/t/e", "none");
    assert_location(&g, "/t//e", "none");
    assert_location(&g, "/t/a/b/e", "none");
    assert_location(&g, "/t/a/ef", "none");
    assert_location(&g, "/u/a/e", "none");
    generation_close(&g);
}

int test_route(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_of_an_authority_has_no_port),
        cmocka_unit_test(a_server_is_found_by_the_best_name),
        cmocka_unit_test(what_no_name_fits_goes_to_the_first_server),
        cmocka_unit_test(exact_wins_over_captured_and_that_over_the_longest_prefix),
        cmocka_unit_test(the_longest_prefix_wins_wherever_it_stands),
        cmocka_unit_test(of_two_captures_the_first_written_wins),
        cmocka_unit_test(a_capture_is_one_whole_segment),
    };
    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
