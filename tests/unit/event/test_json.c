/* SPDX-License-Identifier: Apache-2.0 */
#include "event/json.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "unit/event/fixture.h"
#include "unit/event/tests.h"

static int scan(const char *text, struct hg_json_tape *tape) {
    size_t at;
    return hg_json_scan(tape, hg_slice_of(text), NULL, &at);
}

/* The tape as text: one letter for each node, its bytes, and next. */
static char *describe(const struct hg_json_tape *t) {
    struct hg_buf out = {0};
    for (uint32_t i = 0; i < t->n; i++) {
        const struct hg_json_node *n = &t->nodes[i];
        hg_buf_printf(&out, "%c<%.*s>%u ", "0FTNSAO"[n->type], HG_FMT(hg_json_bytes(t, i)),
                      n -> next);
    }
    hg_buf_put(&out, "", 1);
    return out.ptr;
}

static void assert_tape(const char *text, const char *expected) {
    struct hg_json_tape tape = {0};
    assert_int_equal(scan(text, &tape), 0);
    char *actual = describe(&tape);
    assert_string_equal(actual, expected);
    hg_free(actual);
    hg_json_tape_fini(&tape);
}

static void a_tape_keeps_order_bytes_and_where_each_value_ends(void **state) {
    (void)state;
    assert_tape("null", "0<null>1 ");
    assert_tape(" [ ] ", "A<[ ]>1 ");
    assert_tape("{\"a\":[1,{}, \"x\"],\"b\":-0.5e+1}",
                "O<{\"a\":[1,{}, \"x\"],\"b\":-0.5e+1}>8 S<a>2 A<[1,{}, \"x\"]>6 N<1>4 O<{}>5 "
                "S<x>6 S<b>7 N<-0.5e+1>8 ");
    assert_tape("[[[]],[true,false]]",
                "A<[[[]],[true,false]]>6 A<[[]]>3 A<[]>3 A<[true,false]>6 T<true>5 F<false>6 ");
}

static void flags_tell_escapes_nul_and_integers(void **state) {
    (void)state;
    struct hg_json_tape t = {0};
    assert_int_equal(scan("[\"a\",\"\\n\",\"\\u0000\",1,-0,1.0,1e2,\"\\ud83d\\ude00\"]", &t), 0);
    const struct hg_json_node *n = t.nodes;
    assert_false(n[1].has_escapes);
    assert_true(n[2].has_escapes && !n[2].has_nul);
    assert_true(n[3].has_escapes && n[3].has_nul);
    assert_true(n[4].is_integer && n[5].is_integer);
    assert_false(n[6].is_integer || n[7].is_integer);
    assert_true(n[8].has_escapes && !n[8].has_nul);
    hg_json_tape_fini(&t);
}

static void a_fault_names_its_offset(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {
        {"", 0},
        {"  ", 2},
        {"[1,]", 3},
        {"{\"a\" 1}", 5},
        {"01", 1},
        {"[1 2]", 3},
        {"\"a\x01\"", 2},
        {"\"\\x\"", 1},
        {"tru", 0},
        {"[1]]", 3},
        {"{\"a\":1,}", 7},
        {"\"\xC3(\"", 1},
        {"-", 1},
        {"1.", 2},
        {"1e+", 3},
        {"{1:2}", 1},
        {"\"\\ud800\"", 1},
        {"\"\\u12g4\"", 1},
        {"\xEF\xBB\xBF{}", 0},
        {"[\"abcdefghijklmnopqrstuvw\x1f\"]", 25},
    };
    struct hg_json_tape t = {0};
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        size_t at = 999;
        struct hg_slice text = fixture_copy(cases[i].text, strlen(cases[i].text));
        assert_int_equal(hg_json_scan(&t, text, NULL, &at), HG_EINVAL);
        if (at != cases[i].at) {
            fail_msg("%s: fault at %zu", cases[i].text, at);
        }
        free((char *)text.ptr);
    }
    hg_json_tape_fini(&t);
}

static void nesting_is_limited(void **state) {
    (void)state;
    char text[2 * 80];
    struct hg_json_tape t = {0};
    const struct hg_json_limits three = {.depth_max = 3};
    size_t at;
    for (size_t depth = 1; depth <= 80; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct hg_slice s = {text, 2 * depth};
        assert_int_equal(hg_json_scan(&t, s, NULL, &at), depth <= 64 ? 0 : HG_E2BIG);
        assert_int_equal(hg_json_scan(&t, s, &three, &at), depth <= 3 ? 0 : HG_E2BIG);
    }
    /* Side by side is not nested. */
    assert_int_equal(hg_json_scan(&t, HG_SLICE("[[[]],[[]],{\"a\":{}}]"), &three, &at), 0);
    hg_json_tape_fini(&t);
}

static void the_number_of_values_is_limited(void **state) {
    (void)state;
    struct hg_json_tape t = {0};
    const struct hg_json_limits five = {.nodes_max = 5};
    size_t at;
    assert_int_equal(hg_json_scan(&t, HG_SLICE("[1,2,3,4]"), &five, &at), 0);
    assert_int_equal(hg_json_scan(&t, HG_SLICE("[1,2,3,4,5]"), &five, &at), HG_E2BIG);
    /* A tape that is larger from before does not lift the limit. */
    assert_int_equal(hg_json_scan(&t, HG_SLICE("[1,2,3,4,5]"), NULL, &at), 0);
    assert_int_equal(hg_json_scan(&t, HG_SLICE("[1,2,3,4,5]"), &five, &at), HG_E2BIG);

    struct hg_buf bomb = {0};
    HG_BUF_LIT(&bomb, "[");
    for (int i = 0; i < 1000000; i++) {
        HG_BUF_LIT(&bomb, "[],");
    }
    HG_BUF_LIT(&bomb, "1]");
    assert_int_equal(hg_json_scan(&t, hg_buf_slice(&bomb), NULL, &at), HG_E2BIG);
    assert_true(t.cap * sizeof(t.nodes[0]) < 10 * bomb.len);
    hg_buf_fini(&bomb);
    hg_json_tape_fini(&t);
}

static void a_tape_is_used_again(void **state) {
    (void)state;
    struct hg_json_tape t = {0};
    assert_int_equal(scan("[1,2,3]", &t), 0);
    struct hg_json_node *nodes = t.nodes;
    assert_int_equal(scan("{\"a\":", &t), HG_EINVAL);
    assert_int_equal(scan("{\"a\":null}", &t), 0);
    assert_int_equal(t.n, 3);
    assert_ptr_equal(t.nodes, nodes);
    hg_json_tape_fini(&t);
}

static void a_lent_tape_grows_into_one_of_its_own(void **state) {
    (void)state;
    struct hg_json_node lent[3];
    struct hg_json_tape t = hg_json_tape_over(lent, 3);
    size_t at = 0;
    assert_int_equal(hg_json_scan(&t, HG_SLICE("[1,2]"), NULL, &at), 0);
    assert_ptr_equal(t.nodes, lent);
    hg_alloc_fail_after(0);
    assert_int_equal(hg_json_scan(&t, HG_SLICE("[1,2,3]"), NULL, &at), HG_ENOMEM);
    assert_int_equal(hg_json_scan(&t, HG_SLICE("[1,2,[33]]"), NULL, &at), 0);
    assert_true(t.nodes != lent);
    assert_int_equal(t.n, 5);
    assert_int_equal(t.nodes[2].start, 3);
    assert_int_equal(t.nodes[4].len, 2);
    hg_json_tape_fini(&t);
    t = hg_json_tape_over(lent, 3);
    hg_json_tape_fini(&t); /* frees nothing of ours */
}

static void no_memory_is_told(void **state) {
    (void)state;
    struct hg_json_tape t = {0};
    size_t at;
    struct hg_buf many = {0};
    HG_BUF_LIT(&many, "[0");
    for (int i = 0; i < 5000; i++) {
        HG_BUF_LIT(&many, ",1");
    }
    HG_BUF_LIT(&many, "]");
    for (int64_t n = 0;; n++) {
        hg_alloc_fail_after(n);
        int err = hg_json_scan(&t, hg_buf_slice(&many), NULL, &at);
        if (hg_alloc_fail_is_pending()) {
            assert_int_equal(err, 0);
            break;
        }
        assert_int_equal(err, HG_ENOMEM);
        hg_json_tape_fini(&t);
    }
    hg_alloc_fail_after(-1);
    hg_json_tape_fini(&t);
    hg_buf_fini(&many);
}

static void values_of_a_list_are_scanned_one_by_one(void **state) {
    (void)state;
    struct hg_json_tape t = {0};
    struct hg_slice text = HG_SLICE("[ {\"a\":1} ,\"x\", 12]");
    size_t end, at;
    assert_int_equal(hg_json_scan_at(&t, text, 1, NULL, &end, &at), 0);
    assert_int_equal(end, 9);
    assert_slice_equal(hg_json_bytes(&t, 0), "{\"a\":1}");
    assert_int_equal(hg_json_scan_at(&t, text, 11, NULL, &end, &at), 0);
    assert_slice_equal(hg_json_bytes(&t, 0), "x");
    assert_int_equal(end, 14);
    assert_int_equal(hg_json_scan_at(&t, text, 15, NULL, &end, &at), 0);
    assert_slice_equal(hg_json_bytes(&t, 0), "12");
    assert_int_equal(end, 18);
    assert_int_equal(hg_json_scan_at(&t, text, 18, NULL, &end, &at), HG_EINVAL);
    assert_int_equal(at, 18);
    hg_json_tape_fini(&t);
}

/* What the files with i_ come to: numbers are kept whatever their size; text
 * that is not whole UTF-8 or Unicode is refused, and so is deep nesting. */
static bool is_accepted(const char *name) {
    return name[0] == 'y' || strncmp(name, "i_number_", 9) == 0;
}

static void try_file(const char *dir, const char *name, struct hg_json_tape *t) {
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    struct hg_slice text = fixture_read(path);
    size_t at = SIZE_MAX;
    int err = hg_json_scan(t, text, NULL, &at);
    if ((err == 0) != is_accepted(name)) {
        fail_msg("%s: %d", name, err);
    }
    if (err == HG_EINVAL && at > text.len) {
        fail_msg("%s: fault at %zu", name, at);
    }
    /* Cut anywhere it must not read beyond. */
    for (size_t len = 0; len < text.len && len < 300; len++) {
        struct hg_slice part = fixture_copy(text.ptr, len);
        (void)hg_json_scan(t, part, NULL, &at);
        free((char *)part.ptr);
    }
    free((char *)text.ptr);
}

static void the_parsing_suite_is_judged_file_by_file(void **state) {
    (void)state;
    char dir[512];
    if (!fixture_path("json-parsing/test_parsing", dir, sizeof(dir))) {
        skip();
    }
    DIR *d = opendir(dir);
    assert_non_null(d);
    struct hg_json_tape t = {0};
    int n = 0;
    for (struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d)) {
        if (entry->d_name[0] != '.') {
            try_file(dir, entry->d_name, &t);
            n++;
        }
    }
    closedir(d);
    hg_json_tape_fini(&t);
    assert_true(n > 250);
}

static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Two readers that know nothing of each other agree on every mutant, except
 * where jansson gives a verdict on the value: numbers that are too large. */
static void mutants_are_judged_as_jansson_judges_them(void **state) {
    (void)state;
    static const char seed_text[] =
        "{\"id\":\"8c2b\\u00e9\\ud83d\\ude00\\n\",\"n\":[-1.5e+3,0,12,true,false,null,{}],"
        "\"long text of more than sixteen bytes\":\"h\xC3\xA9llo \xE2\x82\xAC \xF0\x9F\x98\x80 "
        "and then some more\",\"e\":[],\"o\":{\"a\":{\"b\":[[1],[2,3]]}}}";
    static const char alphabet[] = "{}[]\",:\\u0e+-. \n\x7f\xC3\xA9\x80\x1f/tfn1";
    struct hg_json_tape t = {0};
    uint32_t seed = 20261122;
    int accepted = 0;
    for (int round = 0; round < 20000; round++) {
        char text[sizeof(seed_text)];
        size_t len = sizeof(seed_text) - 1, at;
        memcpy(text, seed_text, len);
        for (uint32_t i = next_random(&seed) % 3; i < 3; i++) {
            text[next_random(&seed) % len] = alphabet[next_random(&seed) % (sizeof(alphabet) - 1)];
        }
        struct hg_slice s = fixture_copy(text, len);
        int err = hg_json_scan(&t, s, NULL, &at);
        json_error_t error;
        json_t *root = json_loadb(s.ptr, s.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        bool is_value = root == NULL && json_error_code(&error) == json_error_numeric_overflow;
        if ((err == 0) != (root != NULL) && !is_value) {
            fail_msg("%.*s: %d at %zu, jansson: %s", HG_FMT(s), err, at, error.text);
        }
        accepted += err == 0;
        json_decref(root);
        free((char *)s.ptr);
    }
    assert_true(accepted > 500);
    hg_json_tape_fini(&t);
}

int test_json(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tape_keeps_order_bytes_and_where_each_value_ends),
        cmocka_unit_test(flags_tell_escapes_nul_and_integers),
        cmocka_unit_test(a_fault_names_its_offset),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(the_number_of_values_is_limited),
        cmocka_unit_test(a_tape_is_used_again),
        cmocka_unit_test(a_lent_tape_grows_into_one_of_its_own),
        cmocka_unit_test(no_memory_is_told),
        cmocka_unit_test(values_of_a_list_are_scanned_one_by_one),
        cmocka_unit_test(the_parsing_suite_is_judged_file_by_file),
        cmocka_unit_test(mutants_are_judged_as_jansson_judges_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
