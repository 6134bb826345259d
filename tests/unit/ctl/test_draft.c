/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/draft.h"

#include "unit/ctl/tests.h"

static void expect(const struct hg_ctl_draft *d, const char *want) {
    struct hg_buf out = {0};
    char fault[256] = "";
    int err = hg_ctl_draft_write(d, &out, fault);
    if (err != 0) {
        fail_msg("%d: %s", err, fault);
    }
    unit_assert_slice(hg_buf_slice(&out), want);
    hg_buf_fini(&out);
}

static void expect_fault(const struct hg_ctl_draft *d, const char *part) {
    struct hg_buf out = {0};
    char fault[256] = "";
    if (hg_ctl_draft_write(d, &out, fault) != HG_EINVAL) {
        fail_msg("taken, not \"%s\": %.*s", part, HG_FMT(hg_buf_slice(&out)));
    }
    if (strstr(fault, part) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", part, fault);
    }
    hg_buf_fini(&out);
}

static void an_event_is_made_of_words(void **state) {
    (void)state;
    struct hg_ctl_draft d = {.type = "a.b", .id = "1"};
    expect(&d,
           "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/headgatectl\",\"type\":\"a.b\"}");
    d = (struct hg_ctl_draft){.type = "a",
                              .source = "/s",
                              .id = "\"",
                              .subject = "me",
                              .extensions = {{"one=1", "two=a=b"}, 2}};
    expect(&d, "{\"specversion\":\"1.0\",\"id\":\"\\\"\",\"source\":\"/s\",\"type\":\"a\","
               "\"subject\":\"me\",\"one\":\"1\",\"two\":\"a=b\"}");
}

#define HEAD                                                                                       \
    "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"a\",\"datacontenttype\":"

static void data_is_kept_as_what_it_is(void **state) {
    (void)state;
    struct hg_ctl_draft d = {.type = "a",
                             .source = "/s",
                             .id = "1",
                             .has_data = true,
                             .data = HG_SLICE(" {\"n\": 1e400}\n")};
    expect(&d, HEAD "\"application/json\",\"data\": {\"n\": 1e400}\n}");
    d.data = HG_SLICE("5");
    d.content_type = "application/vnd.x+json";
    expect(&d, HEAD "\"application/vnd.x+json\",\"data\":5}");
    d.data = HG_SLICE("a\"\n\xc3\xa9");
    d.content_type = "text/plain";
    expect(&d, HEAD "\"text/plain\",\"data\":\"a\\\"\\n\xc3\xa9\"}");
    d.data = HG_SLICE("\xff\x00");
    d.content_type = "application/octet-stream";
    expect(&d, HEAD "\"application/octet-stream\",\"data_base64\":\"/wA=\"}");
    d.data = HG_SLICE("abc");
    d.content_type = "text/plain; charset=iso-8859-1";
    expect(&d, HEAD "\"text/plain; charset=iso-8859-1\",\"data_base64\":\"YWJj\"}");
    d.data = HG_SLICE("");
    d.content_type = "text/plain";
    expect(&d, HEAD "\"text/plain\",\"data\":\"\"}");
}

static void a_word_that_cannot_be_is_named(void **state) {
    (void)state;
    struct hg_ctl_draft d = {.type = ""};
    expect_fault(&d, "--type: type must not be empty");
    d = (struct hg_ctl_draft){.type = "a", .id = ""};
    expect_fault(&d, "--id: id must not be empty");
    d = (struct hg_ctl_draft){.type = "a", .subject = "a\nb"};
    expect_fault(&d, "--subject: subject");
    d = (struct hg_ctl_draft){.type = "a", .extensions = {{"noequals"}, 1}};
    expect_fault(&d, "--ext: \"noequals\" does not fit; expected NAME=VALUE");
    d = (struct hg_ctl_draft){.type = "a", .extensions = {{"Upper=1"}, 1}};
    expect_fault(&d, "--ext: \"Upper=1\"");
    d = (struct hg_ctl_draft){.type = "a", .extensions = {{"id=1"}, 1}};
    expect_fault(&d, "--ext: \"id=1\"");
    d = (struct hg_ctl_draft){.type = "a", .extensions = {{"data=1"}, 1}};
    expect_fault(&d, "--ext: \"data=1\"");
    d = (struct hg_ctl_draft){.type = "a", .extensions = {{"a=1", "a=2"}, 2}};
    expect_fault(&d, "--ext: a is given twice");
    d = (struct hg_ctl_draft){.type = "a", .has_data = true, .data = HG_SLICE("{\"a\":x}")};
    expect_fault(&d, "the data is not JSON at byte 5; --content-type");
    d = (struct hg_ctl_draft){.type = "a", .has_data = true, .data = {NULL, 0}};
    expect_fault(&d, "the data is not JSON at byte 0");
}

static void ids_are_random_uuids(void **state) {
    (void)state;
    char a[HG_CTL_UUID_MAX], b[HG_CTL_UUID_MAX];
    hg_ctl_uuid(a);
    hg_ctl_uuid(b);
    assert_int_equal(strlen(a), 36);
    assert_string_not_equal(a, b);
    for (int i = 0; i < 36; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        assert_true(is_dash ? a[i] == '-' : strchr("0123456789abcdef", a[i]) != NULL);
    }
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
}

int test_draft(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_made_of_words),
        cmocka_unit_test(data_is_kept_as_what_it_is),
        cmocka_unit_test(a_word_that_cannot_be_is_named),
        cmocka_unit_test(ids_are_random_uuids),
    };
    return cmocka_run_group_tests_name("draft", tests, NULL, NULL);
}
