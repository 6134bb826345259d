/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include "base/base64.h"
#include "unit/unit.h"

static void rfc_vectors_go_both_ways(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *padded, *plain;
    } vectors[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/", "-_-_"},
    };
    for (size_t i = 0; i < HG_COUNT(vectors); i++) {
        struct hg_buf b = {0};
        char out[16];
        size_t len = 99, n = strlen(vectors[i].bytes);
        hg_base64_put(&b, vectors[i].bytes, n);
        unit_assert_slice(hg_buf_slice(&b), vectors[i].padded);
        hg_buf_clear(&b);
        hg_base64url_put(&b, vectors[i].bytes, n);
        unit_assert_slice(hg_buf_slice(&b), vectors[i].plain);
        hg_buf_fini(&b);
        assert_int_equal(hg_base64_decode(hg_slice_of(vectors[i].padded), out, &len), 0);
        assert_int_equal(len, n);
        assert_memory_equal(out, vectors[i].bytes, n);
        assert_int_equal(hg_base64url_decode(hg_slice_of(vectors[i].plain), out, &len), 0);
        assert_int_equal(len, n);
        assert_memory_equal(out, vectors[i].bytes, n);
    }
}

static void all_bytes_come_back(void **state) {
    (void)state;
    unsigned char bytes[300], out[304];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(i * 7);
    }
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        struct hg_buf b = {0};
        size_t got = 0;
        hg_base64_put(&b, bytes, len);
        assert_int_equal(hg_base64_decode(hg_buf_slice(&b), out, &got), 0);
        assert_int_equal(got, len);
        assert_memory_equal(out, bytes, len);
        hg_buf_clear(&b);
        hg_base64url_put(&b, bytes, len);
        assert_int_equal(hg_base64url_decode(hg_buf_slice(&b), out, &got), 0);
        assert_int_equal(got, len);
        assert_memory_equal(out, bytes, len);
        hg_buf_fini(&b);
    }
}

static void assert_refused(int (*decode)(struct hg_slice, void *, size_t *), struct hg_slice s) {
    char out[32];
    size_t len = 77;
    assert_int_equal(decode(s, out, &len), HG_EINVAL);
    assert_int_equal(len, 77);
}

static void loose_forms_are_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "Zg",   "Zg=",  "Zm9",  "Z===",     "====",     "=",        "Zg==\n", " Zg=", "Zm9v\n",
        "Zh==", "Zm9=", "Zg=g", "Zg==Zg==", "Zm9vYmE-", "Zm9vYmE_", "A",      "ZgA",  "Zm9v====",
    };
    for (size_t i = 0; i < HG_COUNT(wrong); i++) {
        assert_refused(hg_base64_decode, hg_slice_of(wrong[i]));
    }
    static const char *const wrong_url[] = {"Zg==", "Zm8=",  "Z",    "Zh",
                                            "Zm9",  "Zm9v+", "/+/+", "Zg "};
    for (size_t i = 0; i < HG_COUNT(wrong_url); i++) {
        assert_refused(hg_base64url_decode, hg_slice_of(wrong_url[i]));
    }
    assert_refused(hg_base64_decode, (struct hg_slice){"Zm\0v", 4});
    assert_refused(hg_base64url_decode, (struct hg_slice){"Zm\0v", 4});
}

static void exactly_64_letters_are_known(void **state) {
    (void)state;
    int known = 0, known_url = 0;
    for (int c = 0; c < 256; c++) {
        char text[4] = {'A', 'A', 'A', (char)c};
        char out[3];
        size_t len;
        known += hg_base64_decode((struct hg_slice){text, 4}, out, &len) == 0;
        known_url += hg_base64url_decode((struct hg_slice){text, 4}, out, &len) == 0;
    }
    assert_int_equal(known, 65); /* and the padding */
    assert_int_equal(known_url, 64);
}

static void wrong_letter_is_found_at_every_place(void **state) {
    (void)state;
    static const char wrong[] = {' ', '\n', '=', '.', '\0', '\x7f', '\x80', '\xff'};
    for (size_t len = 1; len < 12; len++) {
        for (size_t at = 0; at < len; at++) {
            for (size_t i = 0; i < sizeof(wrong); i++) {
                char text[12];
                memset(text, 'A', sizeof(text));
                text[at] = wrong[i];
                assert_refused(hg_base64url_decode, (struct hg_slice){text, len});
                if (len % 4 == 0 && !(wrong[i] == '=' && at == len - 1)) {
                    assert_refused(hg_base64_decode, (struct hg_slice){text, len});
                }
            }
        }
    }
}

static void full_buffer_fails(void **state) {
    (void)state;
    struct hg_buf b = {.max = 7};
    hg_base64_put(&b, "foob", 4);
    assert_true(b.is_failed);
    assert_int_equal(b.len, 0);
    hg_buf_clear(&b);
    hg_base64url_put(&b, "fooba", 5);
    assert_false(b.is_failed);
    unit_assert_slice(hg_buf_slice(&b), "Zm9vYmE");
    hg_buf_fini(&b);
}

int test_base64(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_vectors_go_both_ways),
        cmocka_unit_test(all_bytes_come_back),
        cmocka_unit_test(loose_forms_are_refused),
        cmocka_unit_test(exactly_64_letters_are_known),
        cmocka_unit_test(wrong_letter_is_found_at_every_place),
        cmocka_unit_test(full_buffer_fails),
    };
    return cmocka_run_group_tests_name("base/base64", tests, NULL, NULL);
}
