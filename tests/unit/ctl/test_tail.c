/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/command.h"

#include "base/clock.h"
#include "ctl/stream.h"
#include "unit/ctl/rig.h"

static void every_pattern_becomes_a_parameter(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{ANSWER("404", ""), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, 1);
    assert_int_equal(rig_run(&r, "tail", http_peer_url(r.peer, "/s"), "--type", "a", "--source",
                             "/b c", "--subject", "d&e", "--ext", "tenant=x*", "--ext=n=a=b", NULL),
                     1);
    assert_has(http_peer_request(r.peer, 0),
               "GET /s?type=a&source=%2Fb%20c&subject=d%26e&ext.tenant=x%2A&ext.n=a%3Db HTTP/1.1");
    rig_close(&r);
}

static void how_long_ago_becomes_a_time(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{ANSWER("404", ""), HTTP_PEER_CLOSE}};
    struct rig r;
    int64_t since_ms = 0, now_ms = hg_clock_wall_ms();
    rig_open(&r, "");
    rig_serve(&r, steps, 1);
    assert_int_equal(rig_run(&r, "tail", http_peer_url(r.peer, "/"), "--since", "1h30m", NULL), 1);
    struct hg_buf time = {0};
    const char *line = strstr(http_peer_request(r.peer, 0), "since=") + 6;
    for (; *line != ' '; line++) {
        bool is_colon = strncmp(line, "%3A", 3) == 0;
        hg_buf_put(&time, is_colon ? ":" : line, 1);
        line += is_colon ? 2 : 0;
    }
    assert_int_equal(hg_clock_parse(hg_buf_slice(&time), &since_ms), 0);
    assert_in_range(since_ms - (now_ms - 5400000), 0, 60000);
    hg_buf_fini(&time);
    rig_close(&r);
}

static void what_cannot_be_is_misuse(void **state) {
    (void)state;
    static const struct {
        const char *words[6];
        const char *told;
    } cases[] = {
        {{"localhost:80/x"}, "URL: expected http://"},
        {{"http://a/", "b"}, "\"b\" is one argument too many"},
        {{"http://a/", "--since", "yesterday"}, "--since: expected earliest"},
        {{"http://a/", "--since", ""}, "--since: expected earliest"},
        {{"http://a/", "--since", "90000w"}, "--since: expected earliest"},
        {{"http://a/", "--since", "latest", "--position", "x"}, "both say where"},
        {{"http://a/", "--ext", "x"}, "--ext: expected NAME=PATTERN"},
        {{"http://a/", "--ext", "x="}, "--ext: expected NAME=PATTERN"},
        {{"http://a/", "--ext", "A=1"}, "--ext: expected NAME=PATTERN"},
        {{"http://a/", "--count", "0"}, "--count: \"0\" does not fit"},
        {{"http://a/", "--format", "xml"}, "expected one of json, pretty, data"},
        {{NULL}, "expected URL"},
    };
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        struct rig r;
        const char *const *w = cases[i].words;
        rig_open(&r, "");
        assert_int_equal(rig_run(&r, "tail", w[0], w[1], w[2], w[3], w[4], NULL), 2);
        assert_has(r.err, cases[i].told);
        rig_close(&r);
    }
}

static void the_position_goes_before_the_time(void **state) {
    (void)state;
    struct hg_ctl_stream s = {.url = HG_SLICE("http://a/x")};
    struct hg_buf out = {0};
    hg_ctl_stream_url(&s, NULL, HG_SLICE(""), &out);
    assert_string_equal(out.ptr, "http://a/x");
    hg_buf_clear(&out);
    hg_ctl_stream_url(&s, "earliest", HG_SLICE("p"), &out);
    assert_string_equal(out.ptr, "http://a/x?position=p");
    hg_buf_fini(&out);
}

int test_tail(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pattern_becomes_a_parameter),
        cmocka_unit_test(how_long_ago_becomes_a_time),
        cmocka_unit_test(what_cannot_be_is_misuse),
        cmocka_unit_test(the_position_goes_before_the_time),
    };
    return cmocka_run_group_tests_name("tail", tests, NULL, NULL);
}
