/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/hash.h"
#include "base/siphash.h"
#include "unit/unit.h"

/* The key 00 01 .. 0f and the inputs 00 01 .. of the published vectors. */
static const struct hg_hash_key vector_key = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

static void fill_input(uint8_t *input, size_t len) {
    for (size_t i = 0; i < len; i++) {
        input[i] = (uint8_t)i;
    }
}

static void the_construction_meets_the_published_2_4_vectors(void **state) {
    (void)state;
    uint8_t input[15], got[16];
    fill_input(input, sizeof(input));
    struct hg_hash h;
    hg_siphash__begin(&h, &vector_key, false);
    hg_siphash__feed(&h, input, sizeof(input), 2);
    assert_true(hg_siphash__end64(&h, 2, 4) == 0xa129ca6149be45e5u);

    static const uint8_t empty_128[16] = {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
                                          0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93};
    hg_siphash__begin(&h, &vector_key, true);
    hg_siphash__end128(&h, 2, 4, got);
    assert_memory_equal(got, empty_128, 16);
}

/* SipHash with c and d rounds by a library that is not ours. */
static void reference(unsigned c, unsigned d, const uint8_t *input, size_t len, uint8_t *out,
                      size_t size) {
    uint8_t key[16];
    fill_input(key, sizeof(key));
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
        OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_C_ROUNDS, &c),
        OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_D_ROUNDS, &d),
        OSSL_PARAM_construct_end(),
    };
    size_t got = 0;
    assert_int_equal(EVP_MAC_init(ctx, key, sizeof(key), params), 1);
    assert_int_equal(EVP_MAC_update(ctx, input, len), 1);
    assert_int_equal(EVP_MAC_final(ctx, out, &got, size), 1);
    assert_int_equal(got, size);
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
}

static void hashes_are_siphash_1_3_at_every_length(void **state) {
    (void)state;
    uint8_t input[300], want[16], got[16];
    fill_input(input, sizeof(input));
    for (size_t len = 0; len <= sizeof(input); len++) {
        reference(1, 3, input, len, want, 8);
        hg_siphash__store(got, hg_hash64(&vector_key, input, len));
        assert_memory_equal(got, want, 8);
        reference(1, 3, input, len, want, 16);
        hg_hash128(&vector_key, input, len, got);
        assert_memory_equal(got, want, 16);
    }
}

static void pieces_hash_as_the_whole(void **state) {
    (void)state;
    uint8_t input[40], want[16], got[16];
    fill_input(input, sizeof(input));
    for (size_t a = 0; a <= sizeof(input); a++) {
        for (size_t b = a; b <= sizeof(input); b++) {
            struct hg_hash h;
            hg_hash128(&vector_key, input, sizeof(input), want);
            hg_hash_begin(&h, &vector_key);
            hg_hash_feed(&h, input, a);
            hg_hash_feed(&h, input + a, b - a);
            hg_hash_feed(&h, NULL, 0);
            hg_hash_feed(&h, input + b, sizeof(input) - b);
            hg_hash_end128(&h, got);
            assert_memory_equal(got, want, 16);
        }
    }
}

static void process_key_stays_and_is_not_zero(void **state) {
    (void)state;
    const struct hg_hash_key *key = hg_hash_process_key();
    struct hg_hash_key copy = *key;
    assert_true(copy.k0 != 0 && copy.k1 != 0 && copy.k0 != copy.k1);
    assert_ptr_equal(key, hg_hash_process_key());
    assert_memory_equal(key, &copy, sizeof(copy));
}

int test_hash(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_construction_meets_the_published_2_4_vectors),
        cmocka_unit_test(hashes_are_siphash_1_3_at_every_length),
        cmocka_unit_test(pieces_hash_as_the_whole),
        cmocka_unit_test(process_key_stays_and_is_not_zero),
    };
    return cmocka_run_group_tests_name("base/hash", tests, NULL, NULL);
}
