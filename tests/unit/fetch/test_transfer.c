/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/transfer.h"

#include "unit/fetch/tests.h"

static enum hg_fetch_outcome end_with(CURLcode code) {
    struct hg_fetch_request r = {.url = "http://127.0.0.1/"};
    struct hg_fetch_answer a = {0};
    struct hg_fetch__transfer t;
    CURL *easy = curl_easy_init();
    assert_true(hg_fetch__transfer_init(&t, easy, &r, &a));
    hg_fetch__transfer_end(&t, code);
    hg_fetch__transfer_fini(&t);
    curl_easy_cleanup(easy);
    assert_true((a.text[0] == 0) == (a.outcome == HG_FETCH_ANSWERED));
    hg_fetch_answer_fini(&a);
    return a.outcome;
}

/* What was perhaps sent must never pass for what was not. */
static void an_end_that_leaves_a_doubt_is_lost(void **state) {
    (void)state;
    assert_int_equal(end_with(CURLE_OK), HG_FETCH_ANSWERED);
    assert_int_equal(end_with(CURLE_COULDNT_CONNECT), HG_FETCH_UNREACHED);
    assert_int_equal(end_with(CURLE_COULDNT_RESOLVE_HOST), HG_FETCH_UNREACHED);
    assert_int_equal(end_with(CURLE_PEER_FAILED_VERIFICATION), HG_FETCH_UNTRUSTED);
    assert_int_equal(end_with(CURLE_SSL_CACERT_BADFILE), HG_FETCH_UNUSABLE);
    static const CURLcode lost[] = {
        CURLE_SEND_ERROR,         CURLE_RECV_ERROR,   CURLE_GOT_NOTHING,       CURLE_PARTIAL_FILE,
        CURLE_OPERATION_TIMEDOUT, CURLE_HTTP2_STREAM, CURLE_SSL_CONNECT_ERROR, CURLE_HTTP2,
        CURLE_WEIRD_SERVER_REPLY, CURLE_OUT_OF_MEMORY};
    for (size_t i = 0; i < HG_COUNT(lost); i++) {
        assert_int_equal(end_with(lost[i]), HG_FETCH_LOST);
    }
}

static void a_field_that_would_smuggle_another_is_not_sent(void **state) {
    (void)state;
    struct hg_field field = {HG_SLICE("x"), HG_SLICE("a\r\nAuthorization: b")};
    struct hg_fetch_request r = {.url = "http://127.0.0.1/", .fields = &field, .n_fields = 1};
    struct hg_fetch_answer a = {0};
    struct hg_fetch__transfer t;
    CURL *easy = curl_easy_init();
    assert_false(hg_fetch__transfer_init(&t, easy, &r, &a));
    assert_int_equal(a.outcome, HG_FETCH_UNUSABLE);
    assert_string_equal(a.text, "the header field \"x\" cannot be sent");
    hg_fetch__transfer_fini(&t);
    curl_easy_cleanup(easy);
    hg_fetch_answer_fini(&a);
}

int test_transfer(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_that_leaves_a_doubt_is_lost),
        cmocka_unit_test(a_field_that_would_smuggle_another_is_not_sent),
    };
    return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
