/* SPDX-License-Identifier: Apache-2.0 */
#include "edge/topics.h"

#include "base/alloc.h"
#include "unit/edge/rig.h"

/* What a caller of the first location may follow: names joined by blanks, or
 * the problem's type. */
static void resolve(struct rig *rig, const char *captured, struct hg_principal *principal,
                    char out[256]) {
    const struct generation *g = rig_now(rig);
    struct hg_edge__hold hold = {.site = g->site};
    struct hg_visit v = {.edge = rig->edge,
                         .hold = &hold,
                         .location = &g->site->servers[0].locations[0],
                         .captured = hg_slice_of(captured),
                         .principal = principal};
    struct hg_problem p = {.index = -1};
    uint32_t *ids = NULL;
    size_t n = 0, len = 0;
    if (hg_topics__resolve(&v, &ids, &n, &p) != 0) {
        snprintf(out, 256, "%d %s", p.status, p.type);
        return;
    }
    out[0] = 0;
    for (size_t i = 0; i < n; i++) {
        len += (size_t)snprintf(out + len, 256 - len, "%s%.*s", i > 0 ? " " : "",
                                HG_FMT(hg_log_topic_name(rig->log.log, ids[i])));
    }
    hg_free(ids);
}

static void assert_topics(struct rig *rig, const char *captured, const char *want) {
    char got[256];
    resolve(rig, captured, rig_now(rig)->anonymous, got);
    if (strcmp(got, want) != 0) {
        fail_msg("%s leads to %s, not %s", captured, got, want);
    }
}

#define EVERYTHING "role anonymous { subscribe ** demo.*.dlq headgate.dlq; }\n"
#define STREAM(rows)                                                                               \
    "server { listen 127.0.0.1:8080; authenticate none; location /t/{topic} { stream " rows        \
    "; } }\n"

static void open_many(struct rig *rig, const char *text) {
    rig_open(rig, text); /* demo.a demo.b other */
    rig_topic(&rig->log, "demo.a.dlq");
    rig_topic(&rig->log, "demo.c.d");
    rig_topic(&rig->log, "headgate.dlq");
}

static void assert_stream(const char *rows, const char *captured, const char *want) {
    struct rig rig;
    char text[512];
    snprintf(text, sizeof(text), EVERYTHING STREAM("%s"), rows);
    open_many(&rig, text);
    assert_topics(&rig, captured, want);
    rig_close(&rig);
}

static void patterns_give_the_topics_that_exist(void **state) {
    (void)state;
    assert_stream("demo.a", "", "demo.a");
    assert_stream("demo.a demo.b", "", "demo.a demo.b");
    assert_stream("demo.*", "", "demo.a demo.b");
    assert_stream("demo.* demo.a demo.**", "", "demo.a demo.b demo.c.d");
    assert_stream("**", "", "demo.a demo.b other demo.c.d");
    assert_stream("demo.*.dlq", "", "demo.a.dlq");
    assert_stream("headgate.dlq other", "", "other headgate.dlq");
    assert_stream("demo.a late.x", "", "demo.a"); /* the other may come yet */
    assert_stream("late.x", "", "404 topic-unknown");
}

/* Only where a star leaves it open which topics there are. */
static void a_pattern_needs_no_topic_yet(void **state) {
    (void)state;
    assert_stream("late.*", "", "");
    assert_stream("late.x late.**", "", "");
    assert_stream("late.*.dlq", "", "403 forbidden"); /* the role says demo.*.dlq */
    assert_stream("demo.*.*.dlq", "", "403 forbidden");
    assert_stream("$topic.* allow=late.**", "late", "");
    assert_stream("$topic.* allow=demo.**", "late", "404 topic-unknown");
    assert_stream("$topic.** allow=**", "*", "404 topic-unknown");
}

static void a_pattern_without_topics_is_for_who_may_follow_some(void **state) {
    struct rig rig;
    char got[256];
    (void)state;
    open_many(
        &rig,
        "role anonymous { subscribe demo.z; }\nrole other { subscribe other; }\n" STREAM("demo.*"));
    assert_topics(&rig, "", ""); /* demo.z may come; demo.a and demo.b are not theirs */
    struct hg_principal *p = hg_principal_new("key", HG_SLICE("t"), HG_SLICE("me"), 0);
    hg_principal_add_role(p, HG_SLICE("other"));
    resolve(&rig, "", p, got);
    assert_string_equal(got, "403 forbidden");
    hg_principal_unref(&p);
    rig_close(&rig);
}

static void what_a_path_names_must_be_in_the_list(void **state) {
    (void)state;
    assert_stream("$topic allow=demo.*", "demo.a", "demo.a");
    assert_stream("$topic allow=demo.*", "other", "404 topic-unknown");
    assert_stream("$topic allow=demo.* allow=other", "other", "other");
    assert_stream("$topic allow=demo.*", "demo.c.d", "404 topic-unknown");
    assert_stream("$topic allow=demo.**", "demo.c.d", "demo.c.d");
    assert_stream("$topic allow=demo.*", "demo.late", "404 topic-unknown");
    assert_stream("demo.$topic allow=demo.*", "b", "demo.b");
    assert_stream("demo.$topic allow=demo.**", "c.d", "demo.c.d");
    assert_stream("demo.$topic.d allow=demo.**", "c", "demo.c.d");
    assert_stream("demo.$topic allow=other", "b", "404 topic-unknown");
}

/* A list of patterns says nothing about these; they have to be named. */
static void what_a_path_names_is_no_dead_letter_unless_named(void **state) {
    (void)state;
    assert_stream("$topic allow=**", "demo.a", "demo.a");
    assert_stream("$topic allow=**", "demo.a.dlq", "404 topic-unknown");
    assert_stream("$topic allow=**", "headgate.dlq", "404 topic-unknown");
    assert_stream("$topic.dlq allow=**", "demo.a", "404 topic-unknown");
    assert_stream("$topic.dlq allow=demo.*.dlq", "demo.a", "demo.a.dlq");
}

static void no_wildcard_comes_from_a_path(void **state) {
    static const char *const odd[] = {"*",     "**",    "demo.*", "$topic", "a b",      "",
                                      "demo.", ".demo", "a..b",   "a/b",    "\303\251", "a\"b"};
    (void)state;
    for (size_t i = 0; i < HG_COUNT(odd); i++) {
        assert_stream("$topic allow=**", odd[i], "404 topic-unknown");
        assert_stream("demo.$topic allow=**", odd[i], "404 topic-unknown");
    }
}

static void what_the_conf_names_needs_no_list_beside_a_capture(void **state) {
    (void)state;
    assert_stream("other $topic allow=demo.*", "demo.a", "demo.a other");
    assert_stream("other $topic allow=demo.*", "nothing", "other");
}

static void rights_leave_what_may_be_followed(void **state) {
    struct rig rig;
    char got[256];
    (void)state;
    open_many(&rig,
              "role anonymous { subscribe demo.b other; }\nrole all { subscribe **; }\n" STREAM(
                  "demo.*"));
    assert_topics(&rig, "", "demo.b");
    struct hg_principal *p = hg_principal_new("key", HG_SLICE("t"), HG_SLICE("me"), 0);
    resolve(&rig, "", p, got);
    assert_string_equal(got, "403 forbidden"); /* no role, no access */
    hg_principal_add_role(p, HG_SLICE("all"));
    resolve(&rig, "", p, got);
    assert_string_equal(got, "demo.a demo.b");
    hg_principal_unref(&p);
    rig_close(&rig);
}

/* Who may follow nothing learns of a topic that the conf names, and of one
 * that a path may name, no more than that. */
static void what_does_not_exist_is_told_before_what_may_not_be(void **state) {
    struct rig rig;
    (void)state;
    open_many(&rig, "role anonymous { subscribe x; }\n" STREAM("$topic allow=demo.*"));
    assert_topics(&rig, "demo.a", "403 forbidden");
    assert_topics(&rig, "demo.none", "404 topic-unknown");
    assert_topics(&rig, "other", "404 topic-unknown");
    rig_close(&rig);
}

static void open_streams(struct rig *rig, struct ask *wide, struct ask *narrow, struct ask *other) {
    rig_open(rig, "role anonymous { publish **; subscribe demo.** t.*; }\n"
                  "server { listen 127.0.0.1:8080; authenticate none; "
                  "location /all { stream demo.** secret.*; } "
                  "location /t/{topic} { stream other demo.$topic allow=demo.*; } "
                  "location /in/{topic} { accept cloudevents; publish $topic allow=**; } }");
    ASK(wide, rig, "GET", "/all", "accept", "text/event-stream");
    ASK(narrow, rig, "GET", "/t/b", "accept", "text/event-stream");
    ASK(other, rig, "GET", "/t/a", "accept", "text/event-stream");
    ask_until_said(wide, "headgate.stream.opened");
    ask_until_said(narrow, "headgate.stream.opened");
    ask_until_said(other, "headgate.stream.opened");
}

static void a_topic_that_is_made_later_joins_the_streams_that_want_it(void **state) {
    struct ask wide, narrow, other;
    struct rig rig;
    (void)state;
    open_streams(&rig, &wide, &narrow, &other);
    rig_topic(&rig.log, "secret.x"); /* wanted, and nobody may follow it */
    rig_topic(&rig.log, "unwanted");
    rig_topic(&rig.log, "demo.c.d");
    rig_publish(&rig, "/in/secret.x", EVENT("secret"), NULL);
    rig_publish(&rig, "/in/unwanted", EVENT("unwanted"), NULL);
    rig_publish(&rig, "/in/demo.c.d", EVENT("deep"), NULL);
    rig_publish(&rig, "/in/demo.b", EVENT("last"), NULL);
    ask_until_said(&wide, "\"id\":\"last\"");
    ask_until_said(&narrow, "\"id\":\"last\"");
    assert_true(ask_said(&wide, "\"id\":\"deep\""));
    assert_false(ask_said(&wide, "secret") || ask_said(&wide, "unwanted"));
    assert_false(ask_said(&narrow, "deep") || ask_said(&other, "\"id\":\"last\""));
    ask_close(&wide);
    ask_close(&narrow);
    ask_close(&other);
    rig_close(&rig);
}

/* However late this loop hears of it. */
static void a_topic_joins_from_its_first_event(void **state) {
    struct ask wide, narrow, other;
    struct rig rig;
    (void)state;
    open_streams(&rig, &wide, &narrow, &other);
    rig_topic(&rig.log, "demo.late");
    struct hg_edge *edge = rig.edge;
    rig.edge = NULL; /* the batch does not reach it */
    struct rig_publish p;
    uint32_t id = 0;
    assert_true(hg_log_topic_find(rig.log.log, HG_SLICE("demo.late"), &id));
    assert_int_equal(rig_publish_one(&rig.log, &p, id, "1", NULL), 0);
    rig_end(&p);
    rig.edge = edge;
    rig_publish(&rig, "/in/demo.late", EVENT("2"), NULL);
    ask_until_said(&wide, "\"id\":\"2\"");
    assert_true(ask_said(&wide, "\"id\":\"1\""));
    ask_close(&wide);
    ask_close(&narrow);
    ask_close(&other);
    rig_close(&rig);
}

static void without_memory_a_topic_is_given_at_the_next_chance(void **state) {
    struct ask wide, narrow, other;
    struct rig rig;
    bool was_over = false;
    int n = 0;
    (void)state;
    open_streams(&rig, &wide, &narrow, &other);
    for (; !was_over && n < 8; n++) {
        char name[32], path[64], event[128], said[32];
        snprintf(name, sizeof(name), "demo.late%d", n);
        snprintf(path, sizeof(path), "/in/%s", name);
        snprintf(event, sizeof(event), EVENT("late%d"), n);
        snprintf(said, sizeof(said), "\"id\":\"late%d\"", n);
        rig_topic(&rig.log, name);
        hg_alloc_fail_after(n);
        hg_edge_tail(rig.edge);
        was_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        hg_edge_tail(rig.edge);
        rig_publish(&rig, path, event, NULL);
        ask_until_said(&wide, said);
    }
    assert_true(n >= 4);
    ask_close(&wide);
    ask_close(&narrow);
    ask_close(&other);
    rig_close(&rig);
}

static void without_memory_it_is_503(void **state) {
    struct rig rig;
    char got[256];
    bool was_over = false;
    int n = 0;
    (void)state;
    open_many(&rig, EVERYTHING STREAM("demo.$topic allow=demo.*"));
    for (; !was_over && n < 20; n++) {
        hg_alloc_fail_after(n);
        resolve(&rig, "b", rig_now(&rig)->anonymous, got);
        was_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        assert_string_equal(got, was_over ? "demo.b" : "503 overloaded");
    }
    assert_in_range(n, 3, 19);
    rig_close(&rig);
}

int test_topics(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_give_the_topics_that_exist),
        cmocka_unit_test(a_pattern_needs_no_topic_yet),
        cmocka_unit_test(a_pattern_without_topics_is_for_who_may_follow_some),
        cmocka_unit_test(what_a_path_names_must_be_in_the_list),
        cmocka_unit_test(what_a_path_names_is_no_dead_letter_unless_named),
        cmocka_unit_test(no_wildcard_comes_from_a_path),
        cmocka_unit_test(what_the_conf_names_needs_no_list_beside_a_capture),
        cmocka_unit_test(rights_leave_what_may_be_followed),
        cmocka_unit_test(what_does_not_exist_is_told_before_what_may_not_be),
        cmocka_unit_test(a_topic_that_is_made_later_joins_the_streams_that_want_it),
        cmocka_unit_test(a_topic_joins_from_its_first_event),
        cmocka_unit_test(without_memory_a_topic_is_given_at_the_next_chance),
        cmocka_unit_test(without_memory_it_is_503),
    };
    return cmocka_run_group_tests_name("topics", tests, NULL, NULL);
}
