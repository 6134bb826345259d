/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/rig.h"

static const struct hg_location *first_location(const struct generation *g) {
    assert_true(g->site->servers[0].n_locations > 0);
    return &g->site->servers[0].locations[0];
}

static void assert_describes(const char *location, const char *allow, const char *accept_post) {
    struct generation g;
    char text[512];
    snprintf(text, sizeof(text), SERVER("location /x { %s }"), location);
    generation_open(&g, text);
    unit_assert_slice(first_location(&g)->allow, allow);
    unit_assert_slice(first_location(&g)->accept_post, accept_post);
    generation_close(&g);
}

#define TYPES "application/cloudevents+json, application/cloudevents-batch+json, */*"

static void what_it_takes_follows_from_what_it_does(void **state) {
    (void)state;
    assert_describes("accept cloudevents; publish demo.a;", "OPTIONS, POST", TYPES);
    assert_describes("stream demo.a;", "OPTIONS, GET", "");
    assert_describes("accept cloudevents; publish demo.a; stream demo.b;", "OPTIONS, GET, POST",
                     TYPES);
    assert_describes("say x;", "OPTIONS, GET, HEAD, PUT", "");
    assert_describes("accept cloudevents; publish demo.a; ce_batch off;", "OPTIONS, POST",
                     "application/cloudevents+json, */*"); /* what it would refuse is not offered */
}

/* Built when there was no media_types_of. */
static void an_older_source_says_the_same_everywhere(void **state) {
    static const char *const types[] = {"a/b", "c/d", NULL};
    struct hg_source_ops old = {.size = offsetof(struct hg_source_ops, media_types_of),
                                .media_types = types};
    struct hg_location l = {.intake = {.source = &old}};
    struct hg_arena arena = {0};
    (void)state;
    memset(&old.media_types_of, 0xff, sizeof(old.media_types_of)); /* is not there */
    hg_site__describe(&arena, &l);
    unit_assert_slice(l.accept_post, "a/b, c/d");
    hg_arena_fini(&arena);
}

static void a_path_with_a_capture_is_cut_around_it(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g, SERVER("location /t/{topic}/e { stream $topic allow=demo.*; }"
                               "location = /{topic} { stream $topic allow=demo.*; }"));
    const struct hg_location *l = first_location(&g);
    assert_int_equal(l[0].kind, HG_PATH_CAPTURE);
    unit_assert_slice(l[0].path, "/t/");
    unit_assert_slice(l[0].after, "/e");
    assert_int_equal(l[1].kind, HG_PATH_CAPTURE);
    unit_assert_slice(l[1].path, "/");
    unit_assert_slice(l[1].after, "");
    generation_close(&g);
}

static void a_path_that_is_none_is_refused(void **state) {
    (void)state;
    generation_assert_fault(SERVER("location x { stream demo.a; }"),
                            "\"x\" is no path; expected it to begin with /");
    generation_assert_fault(SERVER("location \"\" { stream demo.a; }"), "is no path");
    generation_assert_fault(SERVER("location ~ /x { stream demo.a; }"),
                            "\"~\" is not known; expected = PATH or PATH");
    const char *odd[] = {"/a{topic}", "/{topic}b",      "/{topic}/{topic}",
                         "/{other}",  "/a/{topic}/{x}", "= /x{topic}"};
    for (size_t i = 0; i < HG_COUNT(odd); i++) {
        char text[512];
        snprintf(text, sizeof(text), SERVER("location %s { stream demo.a; }"), odd[i]);
        generation_assert_fault(text, "has a capture that is no whole segment");
    }
}

/* The request's path is compared decoded, with dots and slashes resolved. */
static void what_can_never_be_asked_for_is_refused(void **state) {
    (void)state;
    const char *never[] = {"/a//b", "//",      "/a//", "/a/./b",      "/a/../b",
                           "/../b", "= /a/..", "= /.", "/{topic}//x", "/a/{topic}/../x"};
    for (size_t i = 0; i < HG_COUNT(never); i++) {
        char text[512];
        snprintf(text, sizeof(text), SERVER("location %s { say x; }"), never[i]);
        generation_assert_fault(text, "is never asked for: paths come without //, /./ and /../");
    }
    const char *sometimes[] = {"/a/.", "/..", "/.well-known/", "= /a...b", "\"/a b\"", "/a%20b"};
    for (size_t i = 0; i < HG_COUNT(sometimes); i++) {
        struct generation g;
        char text[512];
        snprintf(text, sizeof(text), SERVER("location %s { say x; }"), sometimes[i]);
        generation_open(&g, text);
        generation_close(&g);
    }
}

static void a_location_must_answer_something_and_say_who_may_call(void **state) {
    (void)state;
    generation_assert_fault(SERVER("location /x { stream_heartbeat 1s; }"),
                            "it answers nothing; expected accept, stream or a handler's directive");
    generation_assert_fault("server { listen 8080; location /x { stream demo.a; } }",
                            "it does not say who may call; expected authenticate NAME or "
                            "authenticate none");
    struct generation g;
    generation_open(&g, "server { listen 8080; location /x { say hello; } }");
    generation_close(&g);
}

static void a_handler_shares_its_location_with_nobody(void **state) {
    (void)state;
    generation_assert_fault(SERVER("location /x { say x; stream demo.a; }"),
                            "say stands beside what answers the location already");
    generation_assert_fault(SERVER("location /x { accept cloudevents; publish demo.a; say x; }"),
                            "say stands beside what answers the location already");
}

static void a_topic_from_the_path_needs_a_path_that_captures_one(void **state) {
    (void)state;
    generation_assert_fault(SERVER("location /x { stream $topic allow=demo.*; }"),
                            "it names $topic, which its path does not capture");
    generation_assert_fault(
        SERVER("location /x { accept cloudevents; publish demo.$topic allow=demo.*; }"),
        "it names $topic, which its path does not capture");
}

static void a_format_is_found_by_its_name(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g, "log_format a \"A $status\";\nlog_format b \"B $uri\";\n"
                        "server { listen 8080; authenticate none; access_log /x/y b; " EVENTS
                        "location /off { access_log off; say x; }"
                        "location /plain { access_log /x/z; say x; } }");
    const struct hg_location *l = first_location(&g);
    struct hg_visit v = {.request = {.path = HG_SLICE("/p")}};
    struct hg_buf out = {0};
    hg_access_print(l[0].access.format, &v, &out);
    unit_assert_slice(hg_buf_slice(&out), "B /p\n");
    assert_null(l[1].access.format);
    assert_non_null(l[2].access.format);
    assert_null(l[2].access.file); /* nobody has opened it */
    hg_buf_fini(&out);
    generation_close(&g);
    generation_assert_fault("log_format a \"x\";\nserver { listen 8080; authenticate none; "
                            "location /x { say x; access_log /x/y b; } }",
                            "access_log: there is no log_format \"b\"");
    generation_assert_fault("log_format a \"$nothing\";\nserver { listen 8080; authenticate none; "
                            "access_log /x/y a; location /x { say x; } }",
                            "there is no variable $nothing");
}

int test_location(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_takes_follows_from_what_it_does),
        cmocka_unit_test(an_older_source_says_the_same_everywhere),
        cmocka_unit_test(a_path_with_a_capture_is_cut_around_it),
        cmocka_unit_test(a_path_that_is_none_is_refused),
        cmocka_unit_test(what_can_never_be_asked_for_is_refused),
        cmocka_unit_test(a_location_must_answer_something_and_say_who_may_call),
        cmocka_unit_test(a_handler_shares_its_location_with_nobody),
        cmocka_unit_test(a_topic_from_the_path_needs_a_path_that_captures_one),
        cmocka_unit_test(a_format_is_found_by_its_name),
    };
    return cmocka_run_group_tests_name("location", tests, NULL, NULL);
}
