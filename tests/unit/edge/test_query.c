/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/rig.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "event/codec.h"

/* One location, and what somebody asks of it. */
struct query {
    struct generation generation;
    struct fake_request request;
    struct hg_visit visit;
    struct hg_wish wish;
    struct hg_problem problem;
    char target[8192];
    int err;
};

/* The location's rows besides what it streams. */
static void query_open(struct query *q, const char *rows) {
    char text[512];
    memset(q, 0, sizeof(*q));
    snprintf(text, sizeof(text), SERVER("location /s { stream demo.**; %s }"), rows);
    generation_open(&q->generation, text);
    q->visit.location = &q->generation.site->servers[0].locations[0];
}

/* last_id NULL: no Last-Event-ID. */
static int query_read_from(struct query *q, const char *query, const char *last_id) {
    hg_wish_fini(&q->wish);
    hg_arena_fini(&q->visit.arena);
    q->wish = (struct hg_wish){0};
    q->problem = (struct hg_problem){.index = -1};
    assert_in_range(snprintf(q->target, sizeof(q->target), "/s%s", query), 0,
                    sizeof(q->target) - 1);
    fake_request_init(&q->request, "GET", q->target, last_id != NULL ? "last-event-id" : NULL,
                      last_id, NULL);
    assert_int_equal(hg_request_init(&q->visit.request, &q->request.head, &q->visit.arena), 0);
    q->err = hg_wish_read(&q->visit, &q->wish, &q->problem);
    assert_int_equal(q->err == 0, q->problem.status == 0);
    return q->err;
}

static int query_read(struct query *q, const char *query) {
    return query_read_from(q, query, NULL);
}

/* The piece so many times behind the start. */
static void repeat(char *out, size_t bytes, const char *start, const char *piece, int n) {
    size_t len = (size_t)snprintf(out, bytes, "%s", start);
    for (int i = 0; i < n; i++) {
        len += (size_t)snprintf(out + len, bytes - len, "%s", piece);
        assert_true(len < bytes);
    }
}

static void query_close(struct query *q) {
    hg_wish_fini(&q->wish);
    hg_arena_fini(&q->visit.arena);
    generation_close(&q->generation);
}

static void assert_refused(struct query *q, const char *query, const char *detail) {
    query_read(q, query);
    if (q->err != HG_EINVAL || q->problem.status != 400 ||
        strcmp(q->problem.type, "query-invalid") != 0 || strcmp(q->problem.detail, detail) != 0) {
        fail_msg("%s: %d %s \"%s\"\nnot \"%s\"", query, q->problem.status, q->problem.type,
                 q->problem.detail, detail);
    }
}

static struct hg_event *make_event(const char *json) {
    struct hg_codec_opts opts = {0};
    struct hg_problem p = {.index = -1};
    struct hg_event *e = NULL;
    assert_int_equal(hg_codec_structured(hg_slice_of(json), &opts, &e, &p), 0);
    return e;
}

/* What the query lets through of events that differ in one attribute. */
static void assert_passes(struct query *q, const char *query, const char *member, bool does_pass) {
    char json[512];
    snprintf(json, sizeof(json),
             "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s/1\",\"type\":\"t.a\"%s}",
             member);
    struct hg_event *e = make_event(json);
    if (query_read(q, query) != 0) {
        fail_msg("%s: %s", query, q->problem.detail);
    }
    if (hg_filter_passes(q->wish.filter, e) != does_pass) {
        fail_msg("%s: %s%s", query, member, does_pass ? "" : " passes");
    }
    hg_event_unref(&e);
}

static void without_a_query_everything_new_is_meant(void **state) {
    struct query q;
    (void)state;
    query_open(&q, "pull_limit 7;");
    const char *empty[] = {"", "?", "?&", "?&&&"};
    for (size_t i = 0; i < HG_COUNT(empty); i++) {
        assert_int_equal(query_read(&q, empty[i]), 0);
        assert_int_equal(q.wish.start, HG_START_LATEST);
        assert_true(hg_filter_is_empty(q.wish.filter));
        assert_int_equal(q.wish.events_max, 7);
        assert_int_equal(q.wish.wait_ms, 0);
    }
    query_close(&q);
}

static void a_filter_is_exact_or_a_prefix(void **state) {
    struct query q;
    (void)state;
    query_open(&q, "");
    assert_passes(&q, "?type=t.a", "", true);
    assert_passes(&q, "?type=t.", "", false);
    assert_passes(&q, "?type=T.A", "", false);
    assert_passes(&q, "?type=t.*", "", true);
    assert_passes(&q, "?type=t.a*", "", true);
    assert_passes(&q, "?type=*.a", "", false); /* a star stands at the end only */
    assert_passes(&q, "?source=/s/1", "", true);
    assert_passes(&q, "?source=/s/*", "", true);
    assert_passes(&q, "?subject=x", "", false);
    assert_passes(&q, "?subject=x", ",\"subject\":\"x\"", true);
    assert_passes(&q, "?subject=*", "", false); /* it has one */
    assert_passes(&q, "?subject=*", ",\"subject\":\"x\"", true);
    assert_passes(&q, "?ext.tenant=a", ",\"tenant\":\"a\"", true);
    assert_passes(&q, "?ext.tenant=a", ",\"tenant\":\"ab\"", false);
    assert_passes(&q, "?ext.tenant=a*", ",\"tenant\":\"ab\"", true);
    assert_passes(&q, "?ext.tenant=a*", "", false);
    assert_passes(&q, "?ext.count=7", ",\"count\":7", true);
    assert_passes(&q, "?ext.ok=true", ",\"ok\":true", true);
    assert_passes(&q, "?ext.time=2026-*", ",\"time\":\"2026-01-01T00:00:00Z\"", true);
    query_close(&q);
}

static void several_filters_must_all_hold_and_one_name_again_is_an_alternative(void **state) {
    struct query q;
    (void)state;
    query_open(&q, "");
    assert_passes(&q, "?type=t.a&source=/s/1", "", true);
    assert_passes(&q, "?type=t.a&source=/s/2", "", false);
    assert_passes(&q, "?type=t.b&type=t.a", "", true);
    assert_passes(&q, "?type=t.b&source=/s/1&type=t.*", "", true);
    assert_passes(&q, "?type=t.b&type=t.c", "", false);
    assert_passes(&q, "?ext.a=1&ext.a=2&ext.b=3", ",\"a\":\"2\",\"b\":\"3\"", true);
    assert_passes(&q, "?ext.a=1&ext.a=2&ext.b=3", ",\"a\":\"2\"", false);
    query_close(&q);
}

static void names_and_values_are_decoded(void **state) {
    struct query q;
    (void)state;
    query_open(&q, "");
    assert_passes(&q, "?%74ype=t%2Ea", "", true);
    assert_passes(&q, "?subject=a+b", ",\"subject\":\"a b\"", true);
    assert_passes(&q, "?subject=a%20b", ",\"subject\":\"a b\"", true);
    assert_passes(&q, "?subject=a%2Bb", ",\"subject\":\"a+b\"", true);
    assert_passes(&q, "?subject=a%26b%3Dc", ",\"subject\":\"a&b=c\"", true);
    assert_passes(&q, "?subject=a=b", ",\"subject\":\"a=b\"", true);
    assert_passes(&q, "?subject=%C3%A9", ",\"subject\":\"\303\251\"", true);
    assert_passes(&q, "?subject=x%2A", ",\"subject\":\"xy\"", true); /* an escape hides no star */
    assert_passes(&q, "?ext%2Ea=1", ",\"a\":\"1\"", true);
    query_close(&q);
}

static void what_is_not_known_is_refused_by_name(void **state) {
    struct query q;
    const char *all = " is not known; expected type, source, subject, ext.NAME, since, position, "
                      "limit or wait.";
    const char *names[] = {"typ", "Type", "TYPE",  "ext.",   "ext", "filter",
                           "id",  "time", "types", "since ", "limt"};
    (void)state;
    query_open(&q, "");
    for (size_t i = 0; i < HG_COUNT(names); i++) {
        char query[64], detail[256];
        snprintf(query, sizeof(query), "?type=t.a&%s=x",
                 strcmp(names[i], "since ") == 0 ? "since+" : names[i]);
        snprintf(detail, sizeof(detail), "%s%s", names[i], all);
        assert_refused(&q, query, detail);
    }
    assert_refused(&q, "?=x",
                   " is not known; expected type, source, subject, ext.NAME, since, "
                   "position, limit or wait.");
    query_close(&q);
}

/* The document is UTF-8 whatever it was cut from. */
static void a_long_name_is_cut_between_characters(void **state) {
    struct query q;
    char query[2048];
    (void)state;
    query_open(&q, "");
    repeat(query, sizeof(query), "?a", "%E2%82%AC", 150);
    assert_int_equal(query_read(&q, query), HG_EINVAL);
    size_t len = strlen(q.problem.detail);
    assert_in_range(len, 200, sizeof(q.problem.detail) - 1);
    assert_int_equal((len - 1) % 3, 0);
    query_close(&q);
}

static void a_filter_has_a_value_and_a_name_that_can_be(void **state) {
    struct query q;
    (void)state;
    query_open(&q, "");
    assert_refused(&q, "?type=", "type: expected a value, or the start of one and *.");
    assert_refused(&q, "?type", "type: expected a value, or the start of one and *.");
    assert_refused(&q, "?subject=&type=t.a",
                   "subject: expected a value, or the start of one and *.");
    assert_refused(&q, "?ext.a=", "ext.a: expected a value, or the start of one and *.");
    assert_refused(&q, "?ext.Tenant=a", "ext.Tenant: expected ext. and the name of an attribute.");
    assert_refused(&q, "?ext.a-b=a", "ext.a-b: expected ext. and the name of an attribute.");
    assert_refused(&q, "?ext.data=a", "ext.data: expected ext. and the name of an attribute.");
    query_close(&q);
}

static void filters_are_bounded(void **state) {
    struct query q;
    char query[1024];
    (void)state;
    query_open(&q, "");
    repeat(query, sizeof(query), "?", "type=x&", 32);
    assert_int_equal(query_read(&q, query), 0);
    repeat(query, sizeof(query), "?source=y", "&type=x", 32);
    assert_refused(&q, query, "type: expected no more filters than there are already.");
    repeat(query, sizeof(query), "?source=y&ext.a=*", "&type=x", 30);
    assert_int_equal(query_read(&q, query), 0);
    query_close(&q);
}

static void assert_since(struct query *q, const char *query, int64_t time_ms) {
    if (query_read(q, query) != 0) {
        fail_msg("%s: %s", query, q->problem.detail);
    }
    assert_int_equal(q->wish.start, HG_START_TIME);
    assert_int_equal(q->wish.time_ms, time_ms);
}

static void since_is_a_word_or_a_time(void **state) {
    struct query q;
    (void)state;
    query_open(&q, "");
    assert_int_equal(query_read(&q, "?since=earliest"), 0);
    assert_int_equal(q.wish.start, HG_START_EARLIEST);
    assert_int_equal(query_read(&q, "?since=latest"), 0);
    assert_int_equal(q.wish.start, HG_START_LATEST);
    assert_since(&q, "?since=1970-01-01T00:00:01Z", 1000);
    assert_since(&q, "?since=1970-01-01t00:00:01.25z", 1250);
    assert_since(&q, "?since=1970-01-01T02:00:01%2B02:00", 1000);
    assert_since(&q, "?since=1969-12-31T23:00:01-01:00", 1000);
    assert_since(&q, "?since=1970-01-01T00%3A00%3A01.0009999Z", 1000);
    assert_since(&q, "?since=1969-12-31T23:59:59Z", -1000);
    const char *wrong[] = {"",
                           "Earliest",
                           "now",
                           "1970-01-01",
                           "1970-01-01T00:00:01",
                           "1970-01-01T00:00:01+02:00", /* the plus is a blank */
                           "1970-13-01T00:00:01Z",
                           "1"};
    for (size_t i = 0; i < HG_COUNT(wrong); i++) {
        char query[64];
        snprintf(query, sizeof(query), "?since=%s", wrong[i]);
        assert_refused(&q, query, "since: expected earliest, latest or an RFC 3339 time.");
    }
    query_close(&q);
}

static void what_can_be_meant_once_stands_once(void **state) {
    struct query q;
    (void)state;
    query_open(&q, "");
    assert_refused(&q, "?since=earliest&since=latest", "since: expected it once.");
    assert_refused(&q, "?since=latest&type=t&since=latest", "since: expected it once.");
    assert_refused(&q, "?limit=1&limit=2", "limit: expected it once.");
    assert_refused(&q, "?wait=1&wait=1", "wait: expected it once.");
    query_close(&q);
}

static void a_number_is_digits_and_never_above_the_location_s(void **state) {
    struct query q;
    (void)state;
    query_open(&q, "pull_limit 50; pull_wait 2500ms;");
    assert_int_equal(query_read(&q, "?limit=7&wait=2"), 0);
    assert_int_equal(q.wish.events_max, 7);
    assert_int_equal(q.wish.wait_ms, 2000);
    assert_int_equal(query_read(&q, "?limit=51&wait=3"), 0);
    assert_int_equal(q.wish.events_max, 50);
    assert_int_equal(q.wish.wait_ms, 2500);
    assert_int_equal(query_read(&q, "?limit=99999999999999999999999999&wait=18446744073709551616"),
                     0);
    assert_int_equal(q.wish.events_max, 50);
    assert_int_equal(q.wish.wait_ms, 2500);
    assert_int_equal(query_read(&q, "?limit=007&wait=0"), 0);
    assert_int_equal(q.wish.events_max, 7);
    assert_int_equal(q.wish.wait_ms, 0);
    const char *wrong[] = {"", "-1", "%2B1", "+1", "1.5", "0x10", "1e3", "ten", "1+"};
    for (size_t i = 0; i < HG_COUNT(wrong); i++) {
        char query[64];
        snprintf(query, sizeof(query), "?limit=%s", wrong[i]);
        assert_refused(&q, query, "limit: expected a number of events.");
        snprintf(query, sizeof(query), "?wait=%s", wrong[i]);
        assert_refused(&q, query, "wait: expected a number of seconds.");
    }
    assert_refused(&q, "?limit=0", "limit: expected a number of events.");
    assert_refused(&q, "?limit=000", "limit: expected a number of events.");
    query_close(&q);
}

static void make_token(char out[HG_POSITION_TEXT_LEN + 1], uint64_t topic, uint64_t offset) {
    struct hg_position p = {.topic_tag = topic, .epoch = 1, .offset = offset, .fingerprint = 9};
    hg_position_format(&p, out);
}

static void positions_are_merged_however_they_are_written(void **state) {
    struct query q;
    char a[HG_POSITION_TEXT_LEN + 1], b[HG_POSITION_TEXT_LEN + 1], older[HG_POSITION_TEXT_LEN + 1];
    char query[512];
    const char *const forms[] = {"?position=%s.%s", "?position=%s&position=%s",
                                 "?position=%s&type=x&position=%s", "?position=%s%%2E%s"};
    (void)state;
    query_open(&q, "");
    make_token(a, 1, 10);
    make_token(b, 2, 20);
    make_token(older, 1, 5);
    for (size_t i = 0; i < HG_COUNT(forms); i++) {
        snprintf(query, sizeof(query), forms[i], a, b);
        assert_int_equal(query_read(&q, query), 0);
        assert_int_equal(q.wish.start, HG_START_CURSOR);
        assert_int_equal(q.wish.cursor.n, 2);
        assert_int_equal(hg_cursor_get(&q.wish.cursor, 1, 0)->offset, 10);
        assert_int_equal(hg_cursor_get(&q.wish.cursor, 2, 0)->offset, 20);
    }
    snprintf(query, sizeof(query), "?position=%s&position=%s", a, older);
    assert_int_equal(query_read(&q, query), 0);
    assert_int_equal(q.wish.cursor.n, 1);
    assert_int_equal(hg_cursor_get(&q.wish.cursor, 1, 0)->offset, 10); /* the later one */
    query_close(&q);
}

static void a_position_wins_over_since_and_last_event_id_over_both(void **state) {
    struct query q;
    char a[HG_POSITION_TEXT_LEN + 1], b[HG_POSITION_TEXT_LEN + 1], query[256];
    (void)state;
    query_open(&q, "");
    make_token(a, 1, 10);
    make_token(b, 2, 20);
    snprintf(query, sizeof(query), "?position=%s&since=earliest", a);
    assert_int_equal(query_read(&q, query), 0);
    assert_int_equal(q.wish.start, HG_START_CURSOR);
    snprintf(query, sizeof(query), "?since=earliest&position=%s", a);
    assert_int_equal(query_read_from(&q, query, b), 0);
    assert_int_equal(q.wish.start, HG_START_CURSOR);
    assert_int_equal(q.wish.cursor.n, 1);
    assert_non_null(hg_cursor_get(&q.wish.cursor, 2, 0));
    assert_int_equal(query_read_from(&q, query, ""), 0); /* an empty one says nothing */
    assert_non_null(hg_cursor_get(&q.wish.cursor, 1, 0));
    query_close(&q);
}

static void what_is_no_position_is_refused(void **state) {
    struct query q;
    char a[HG_POSITION_TEXT_LEN + 1], query[256];
    const char *const forms[] = {"?position=",       "?position",       "?position=x",
                                 "?position=%s.",    "?position=.%s",   "?position=%sA",
                                 "?position=%s..%s", "?position=%s%%20"};
    (void)state;
    query_open(&q, "");
    make_token(a, 1, 10);
    for (size_t i = 0; i < HG_COUNT(forms); i++) {
        snprintf(query, sizeof(query), forms[i], a, a);
        assert_int_equal(query_read(&q, query), HG_EINVAL);
        assert_int_equal(q.problem.status, 400);
        assert_string_equal(q.problem.type, "position-invalid");
    }
    a[20] = a[20] == 'A' ? 'B' : 'A';
    snprintf(query, sizeof(query), "?position=%s", a);
    assert_int_equal(query_read(&q, query), HG_EINVAL);
    assert_int_equal(query_read_from(&q, "", a), HG_EINVAL);
    assert_string_equal(q.problem.type, "position-invalid");
    query_close(&q);
}

static void positions_are_bounded(void **state) {
    struct query q;
    char cursor[257 * (HG_POSITION_TEXT_LEN + 1)];
    (void)state;
    query_open(&q, "");
    for (size_t i = 0; i < 257; i++) {
        char *at = cursor + i * (HG_POSITION_TEXT_LEN + 1);
        make_token(at, i, 1);
        at[HG_POSITION_TEXT_LEN] = '.';
    }
    cursor[sizeof(cursor) - 1] = 0;
    /* Longer than any target may be; a field may be as long. */
    assert_int_equal(query_read_from(&q, "", cursor), HG_EINVAL);
    assert_string_equal(q.problem.type, "position-invalid");
    assert_string_equal(q.problem.detail, "There are more positions to go on from than are taken.");
    query_close(&q);
}

static void without_memory_it_is_503_and_no_fault_of_the_caller(void **state) {
    struct query q;
    char token[HG_POSITION_TEXT_LEN + 1], query[256];
    (void)state;
    query_open(&q, "");
    make_token(token, 1, 1);
    snprintf(query, sizeof(query), "?type=x&position=%s", token);
    int failures = 0;
    for (;;) {
        hg_wish_fini(&q.wish);
        hg_arena_fini(&q.visit.arena);
        q.wish = (struct hg_wish){0};
        q.problem = (struct hg_problem){.index = -1};
        fake_request_init(&q.request, "GET", q.target, NULL);
        snprintf(q.target, sizeof(q.target), "/s%s", query);
        q.request.head.target = hg_slice_of(q.target);
        assert_int_equal(hg_request_init(&q.visit.request, &q.request.head, &q.visit.arena), 0);
        hg_alloc_fail_after(failures);
        int err = hg_wish_read(&q.visit, &q.wish, &q.problem);
        hg_alloc_fail_after(-1);
        if (err == 0) {
            break;
        }
        assert_int_equal(q.problem.status, 503);
        failures++;
    }
    assert_in_range(failures, 3, 10);
    query_close(&q);
}

static void the_link_keeps_what_was_asked_for_but_the_start(void **state) {
    struct query q;
    struct hg_buf out = {0};
    (void)state;
    query_open(&q, "");
    assert_int_equal(query_read(&q, "?since=earliest&type=t.*&subject=a+b%26%22%3E%C3%A9&limit=5"
                                    "&ext.a=/x:y&wait=3"),
                     0);
    hg_wish_print_next(&q.visit, HG_SLICE("TOKEN"), &out);
    unit_assert_slice(hg_buf_slice(&out),
                      "<?position=TOKEN&type=t.*&subject=a%20b%26%22%3E%C3%A9&limit=5&ext.a=/x:y"
                      "&wait=3>; rel=\"next\"");
    hg_buf_fini(&out);
    query_close(&q);
}

int test_query(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_query_everything_new_is_meant),
        cmocka_unit_test(a_filter_is_exact_or_a_prefix),
        cmocka_unit_test(several_filters_must_all_hold_and_one_name_again_is_an_alternative),
        cmocka_unit_test(names_and_values_are_decoded),
        cmocka_unit_test(what_is_not_known_is_refused_by_name),
        cmocka_unit_test(a_long_name_is_cut_between_characters),
        cmocka_unit_test(a_filter_has_a_value_and_a_name_that_can_be),
        cmocka_unit_test(filters_are_bounded),
        cmocka_unit_test(since_is_a_word_or_a_time),
        cmocka_unit_test(what_can_be_meant_once_stands_once),
        cmocka_unit_test(a_number_is_digits_and_never_above_the_location_s),
        cmocka_unit_test(positions_are_merged_however_they_are_written),
        cmocka_unit_test(a_position_wins_over_since_and_last_event_id_over_both),
        cmocka_unit_test(what_is_no_position_is_refused),
        cmocka_unit_test(positions_are_bounded),
        cmocka_unit_test(without_memory_it_is_503_and_no_fault_of_the_caller),
        cmocka_unit_test(the_link_keeps_what_was_asked_for_but_the_start),
    };
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
