/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/clock.h"
#include "net/tls_identity.h"
#include "unit/net/tls_peer.h"

/* Makes an identity of the two; returns the error, the reason in why. */
static int try_pair(struct hg_slice certificate, struct hg_slice key, struct hg_why *why) {
    struct hg_tls_setup setup = {.certificate_pem = certificate, .key_pem = key};
    struct hg_tls *tls = NULL;
    *why = (struct hg_why){0};
    int err = hg_tls_new(&setup, &tls, why);
    assert_int_equal(err == 0, tls != NULL);
    hg_tls_unref(&tls);
    return err;
}

static void expect_refusal(struct hg_slice certificate, struct hg_slice key, const char *reason) {
    struct hg_why why;
    assert_int_equal(try_pair(certificate, key, &why), HG_EINVAL);
    if (!strstr(why.text, reason)) {
        fail_msg("\"%s\" does not say \"%s\"", why.text, reason);
    }
}

static void certificate_and_key_make_an_identity(void **state) {
    (void)state;
    static const enum key_kind kinds[] = {KEY_P256, KEY_RSA2048};
    for (size_t i = 0; i < HG_COUNT(kinds); i++) {
        struct pem pem;
        struct hg_why why;
        make_pem(&pem, "a.example", kinds[i], 30);
        assert_int_equal(try_pair(hg_buf_slice(&pem.certificate), hg_buf_slice(&pem.key), &why), 0);
        pem_fini(&pem);
    }
}

static void end_of_the_certificate_is_told_and_an_expired_one_taken(void **state) {
    (void)state;
    struct pem pem;
    struct hg_why why;
    struct hg_tls *tls = NULL;
    make_pem(&pem, "a.example", KEY_P256, -2);
    struct hg_tls_setup setup = {.certificate_pem = hg_buf_slice(&pem.certificate),
                                 .key_pem = hg_buf_slice(&pem.key)};
    int64_t end_ms = 0;
    assert_int_equal(hg_tls_new(&setup, &tls, &why), 0);
    hg_tls_unref(&tls);
    assert_int_equal(hg_tls_certificate_end(setup.certificate_pem, &end_ms), 0);
    int64_t off_ms = end_ms - (hg_clock_wall_ms() - 2 * 86400000LL);
    assert_in_range(off_ms + 60000, 0, 120000);
    assert_int_equal(hg_tls_certificate_end(setup.key_pem, &end_ms), HG_EINVAL);
    assert_int_equal(hg_tls_certificate_end(HG_SLICE(""), &end_ms), HG_EINVAL);
    pem_fini(&pem);
}

static void unusable_pem_is_refused_with_its_reason(void **state) {
    (void)state;
    struct pem pem, other;
    make_pem(&pem, "a.example", KEY_P256, 30);
    make_pem(&other, "b.example", KEY_P256, 30);
    struct hg_slice certificate = hg_buf_slice(&pem.certificate), key = hg_buf_slice(&pem.key);
    struct hg_slice cut = {certificate.ptr, certificate.len / 2};
    struct hg_slice cut_key = {key.ptr, key.len / 2};
    expect_refusal(HG_SLICE(""), key, "no certificate");
    expect_refusal(HG_SLICE("not PEM at all\n"), key, "no certificate");
    expect_refusal(key, key, "no certificate");
    expect_refusal(cut, key, "certificate 1 cannot be read");
    expect_refusal(certificate, HG_SLICE(""), "private key cannot be read");
    expect_refusal(certificate, cut_key, "private key cannot be read");
    expect_refusal(certificate, certificate, "private key cannot be read");
    expect_refusal(certificate, hg_buf_slice(&other.key), "does not belong");

    struct hg_buf chain = {0};
    hg_buf_put_slice(&chain, certificate);
    hg_buf_put_slice(&chain, cut);
    expect_refusal(hg_buf_slice(&chain), key, "certificate 2 cannot be read");
    hg_buf_fini(&chain);
    pem_fini(&pem);
    pem_fini(&other);
}

static void encrypted_key_is_refused_without_asking_a_terminal(void **state) {
    (void)state;
    struct pem pem;
    make_pem(&pem, "a.example", KEY_P256, 30);
    BIO *in = BIO_new_mem_buf(pem.key.ptr, (int)pem.key.len), *out = BIO_new(BIO_s_mem());
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    char phrase[] = "secret", *text = NULL;
    PEM_write_bio_PrivateKey(out, key, EVP_aes_128_cbc(), NULL, 0, NULL, phrase);
    size_t n = (size_t)BIO_get_mem_data(out, &text);
    expect_refusal(hg_buf_slice(&pem.certificate), (struct hg_slice){text, n}, "encrypted");
    EVP_PKEY_free(key);
    BIO_free(in);
    BIO_free(out);
    pem_fini(&pem);
}

static void weak_key_is_refused(void **state) {
    (void)state;
    struct pem pem;
    make_pem(&pem, "a.example", KEY_RSA1024, 30);
    expect_refusal(hg_buf_slice(&pem.certificate), hg_buf_slice(&pem.key), "key too small");
    pem_fini(&pem);
}

static void chain_is_limited(void **state) {
    (void)state;
    struct pem pem;
    struct hg_buf chain = {0};
    make_pem(&pem, "a.example", KEY_P256, 30);
    for (int i = 0; i < 9; i++) {
        hg_buf_put_slice(&chain, hg_buf_slice(&pem.certificate));
        struct hg_why why;
        int err = try_pair(hg_buf_slice(&chain), hg_buf_slice(&pem.key), &why);
        assert_int_equal(err, i < 8 ? 0 : HG_EINVAL);
    }
    char *large = hg_alloc(200000);
    expect_refusal((struct hg_slice){large, 200000}, hg_buf_slice(&pem.key), "more than");
    hg_free(large);
    hg_buf_fini(&chain);
    pem_fini(&pem);
}

static void unknown_ciphers_are_refused(void **state) {
    (void)state;
    struct pem pem;
    struct hg_why why;
    struct hg_tls *tls = NULL;
    make_pem(&pem, "a.example", KEY_P256, 30);
    struct hg_tls_setup setup = {.certificate_pem = hg_buf_slice(&pem.certificate),
                                 .key_pem = hg_buf_slice(&pem.key),
                                 .ciphers = HG_SLICE("NO-SUCH-CIPHER")};
    assert_int_equal(hg_tls_new(&setup, &tls, &why), HG_EINVAL);
    assert_non_null(strstr(why.text, "NO-SUCH-CIPHER"));
    setup.ciphers = HG_SLICE("ECDHE-ECDSA-AES128-GCM-SHA256");
    assert_int_equal(hg_tls_new(&setup, &tls, &why), 0);
    hg_tls_unref(&tls);
    pem_fini(&pem);
}

static void last_reference_frees(void **state) {
    (void)state;
    struct hg_tls *tls = make_identity("a.example"), *again = hg_tls_ref(tls);
    hg_tls_unref(&tls);
    assert_null(tls);
    hg_tls_unref(&again);
    hg_tls_unref(&again);
}

static void context_has_the_settings_of_the_house(void **state) {
    (void)state;
    SSL_CTX *ctx = hg_tls__ctx_new();
    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_get_min_proto_version(ctx), TLS1_2_VERSION);
    assert_int_equal(SSL_CTX_get_session_cache_mode(ctx), SSL_SESS_CACHE_OFF);
    assert_int_equal(SSL_CTX_get_max_early_data(ctx), 0);
    assert_int_equal(SSL_CTX_get_read_ahead(ctx), 0);
    assert_int_equal(SSL_CTX_get_security_level(ctx), 2);
    assert_true(SSL_CTX_get_mode(ctx) & SSL_MODE_RELEASE_BUFFERS);
    assert_true(SSL_CTX_get_options(ctx) & SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_free(ctx);
}

int test_tls(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_and_key_make_an_identity),
        cmocka_unit_test(end_of_the_certificate_is_told_and_an_expired_one_taken),
        cmocka_unit_test(unusable_pem_is_refused_with_its_reason),
        cmocka_unit_test(encrypted_key_is_refused_without_asking_a_terminal),
        cmocka_unit_test(weak_key_is_refused),
        cmocka_unit_test(chain_is_limited),
        cmocka_unit_test(unknown_ciphers_are_refused),
        cmocka_unit_test(last_reference_frees),
        cmocka_unit_test(context_has_the_settings_of_the_house),
    };
    return cmocka_run_group_tests_name("net/tls", tests, NULL, NULL);
}
