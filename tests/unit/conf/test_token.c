/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/token.h"

#include <string.h>

#include "headgate/buf.h"
#include "unit/conf/fixture.h"

/* All tokens as text: words in brackets with escapes undone, ! after a fault. */
static void show(const char *text, size_t len, struct hg_buf *out) {
    struct hg_lexer lx;
    struct hg_token t;
    hg_lexer_init(&lx, (struct hg_slice){text, len});
    for (hg_lexer_next(&lx, &t); t.kind != HG_TOKEN_EOF; hg_lexer_next(&lx, &t)) {
        if (t.kind == HG_TOKEN_WORD) {
            char *word = hg_alloc(t.raw.len + 1);
            const size_t n = hg_token_decode(t.raw, word);
            hg_buf_printf(out, "[%.*s]%s", (int)n, word, t.fault ? "!" : "");
            hg_free(word);
        } else {
            hg_buf_printf(out, "%s",
                          t.kind == HG_TOKEN_OPEN    ? "{"
                          : t.kind == HG_TOKEN_CLOSE ? "}"
                                                     : ";");
        }
    }
    hg_buf_put(out, "", 1);
}

static void expect(const char *text, const char *tokens) {
    struct hg_buf out = {0};
    show(text, strlen(text), &out);
    assert_string_equal(out.ptr, tokens);
    hg_buf_fini(&out);
}

static void words_are_separated_by_blanks_of_any_kind(void **state) {
    (void)state;
    expect("", "");
    expect("listen 80;", "[listen][80];");
    expect("a\tb\r\nc\n\n d ;", "[a][b][c][d];");
    expect("server{listen 80;}", "[server]{[listen][80];}");
    expect("a;b{c}d", "[a];[b]{[c]}[d]");
}

static void a_mark_of_byte_order_is_a_blank(void **state) {
    (void)state;
    expect("\xef\xbb\xbflisten 80;\n\xef\xbb\xbfmode fast;", "[listen][80];[mode][fast];");
}

static void a_comment_ends_with_its_line(void **state) {
    (void)state;
    expect("# a; { \"\nb; # c", "[b];");
    expect("a#b c;", "[a#b][c];");
    expect("#", "");
}

static void quotes_keep_blanks_and_marks(void **state) {
    (void)state;
    expect("a \"b c;{}#'\" 'd \"e\"';", "[a][b c;{}#'][d \"e\"];");
    expect("a \"\" '';", "[a][][];");
    expect("a \"two\nlines\";", "[a][two\nlines];");
    expect("a\"b 'c'{", "[a\"b][c]{");
}

static void escapes_are_undone_and_others_stay(void **state) {
    (void)state;
    expect("a \"\\\"\\'\\\\\\n\\t\\r\";", "[a][\"'\\\n\t\r];");
    expect("a \"\\d+\\.\" \\w\\;x;", "[a][\\d+\\.][\\w\\;x];");
    expect("a b\\ c \\\\d;", "[a][b\\ c][\\d];");
    expect("a \"\\\\n\";", "[a][\\n];");
    expect("a\\", "[a\\]");
    expect("\"\\", "[\\]!");
}

static void a_variable_in_braces_is_part_of_its_word(void **state) {
    (void)state;
    expect("a x${b}c;", "[a][x${b}c];");
    expect("a $claim.sub/$b;", "[a][$claim.sub/$b];");
    expect("a {$b}", "[a]{[$b]}");
    expect("a ${b;", "[a][${b];");
}

static void a_capture_is_part_of_its_word_and_other_braces_are_not(void **state) {
    (void)state;
    expect("location /topics/{topic}/events {", "[location][/topics/{topic}/events]{");
    expect("server{listen 80;}", "[server]{[listen][80];}");
    expect("a{} {b}", "[a]{}{[b]}");
    expect("/x/{topic", "[/x/]{[topic]");
}

static void an_unclosed_quote_costs_its_own_line_only(void **state) {
    (void)state;
    expect("a \"b c;\nd e;", "[a][b c]!;[d][e];");
    expect("a 'b {\nd e; }", "[a][b]!{[d][e];}");
    expect("a \"b", "[a][b]!");
    expect("\"", "[]!");
    expect("\";", "[]!;");
}

static void what_follows_a_closing_quote_is_a_fault_and_a_word(void **state) {
    (void)state;
    expect("a \"b\"c d;", "[a][b]![c][d];");
    expect("a \"b\";\"c\"{'d'}", "[a][b];[c]{[d]}");
}

static void lines_and_columns_point_at_the_token(void **state) {
    (void)state;
    const struct hg_slice text = HG_SLICE("a \"x\ny\"\n  \xc3\xa4\xc3\xb6 \"never");
    struct hg_lexer lx;
    struct hg_token t;
    hg_lexer_init(&lx, text);
    hg_lexer_next(&lx, &t);
    assert_int_equal(t.line, 1);
    hg_lexer_next(&lx, &t);
    assert_int_equal(t.line, 1);
    assert_int_equal(hg_token_column(text, &t), 3);
    hg_lexer_next(&lx, &t);
    assert_int_equal(t.line, 3);
    assert_int_equal(hg_token_column(text, &t), 3);
    hg_lexer_next(&lx, &t);
    assert_int_equal(t.line, 3);
    assert_int_equal(hg_token_column(text, &t), 6); /* two letters of two bytes before it */
    assert_non_null(t.fault);
    hg_lexer_next(&lx, &t);
    assert_int_equal(t.kind, HG_TOKEN_EOF);
    hg_lexer_next(&lx, &t);
    assert_int_equal(t.kind, HG_TOKEN_EOF);
}

static void an_encoded_word_reads_back_as_itself(void **state) {
    (void)state;
    static const struct hg_slice words[] = {
        {"", 0},       {"plain", 5},         {"a b", 3},      {"a;{}#", 5}, {"\"'\\", 3},
        {"\\d\\n", 4}, {"\n\t\r", 3},        {"#x", 2},       {"${x}", 4},  {"x\\", 2},
        {"'", 1},      {"\xef\xbb\xbfx", 4}, {"\xc3\xa4", 2},
    };
    for (size_t i = 0; i < HG_COUNT(words); i++) {
        struct hg_buf text = {0};
        struct hg_lexer lx;
        struct hg_token t;
        char word[32];
        hg_token_encode(words[i], &text);
        HG_BUF_LIT(&text, ";");
        hg_lexer_init(&lx, hg_buf_slice(&text));
        hg_lexer_next(&lx, &t);
        assert_int_equal(t.kind, HG_TOKEN_WORD);
        assert_null(t.fault);
        const size_t n = hg_token_decode(t.raw, word);
        assert_true(hg_slice_eq((struct hg_slice){word, n}, words[i]));
        hg_lexer_next(&lx, &t);
        assert_int_equal(t.kind, HG_TOKEN_END_LINE);
        hg_buf_fini(&text);
    }
}

int test_token(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_separated_by_blanks_of_any_kind),
        cmocka_unit_test(a_mark_of_byte_order_is_a_blank),
        cmocka_unit_test(a_comment_ends_with_its_line),
        cmocka_unit_test(quotes_keep_blanks_and_marks),
        cmocka_unit_test(escapes_are_undone_and_others_stay),
        cmocka_unit_test(a_variable_in_braces_is_part_of_its_word),
        cmocka_unit_test(a_capture_is_part_of_its_word_and_other_braces_are_not),
        cmocka_unit_test(an_unclosed_quote_costs_its_own_line_only),
        cmocka_unit_test(what_follows_a_closing_quote_is_a_fault_and_a_word),
        cmocka_unit_test(lines_and_columns_point_at_the_token),
        cmocka_unit_test(an_encoded_word_reads_back_as_itself),
    };
    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
