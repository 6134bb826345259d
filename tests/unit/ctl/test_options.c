/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/options.h"

#include "unit/ctl/rig.h"

struct sample {
    bool flag, other;
    const char *text;
    struct hg_ctl_texts texts;
    int64_t number, time_ms;
    int choice;
};

static const char *const words[] = {"one", "two", NULL};

#define AT(field) offsetof(struct sample, field)

static const struct hg_ctl_option rows[] = {
    {.name = "flag", .letter = 'f', .kind = HG_CTL_FLAG, .at = AT(flag), .help = "A flag."},
    {.name = "no-flag", .kind = HG_CTL_NO_FLAG, .at = AT(flag), .help = "Not."},
    {.name = "other", .letter = 'o', .kind = HG_CTL_FLAG, .at = AT(other), .help = "Other."},
    {.name = "text",
     .letter = 't',
     .kind = HG_CTL_TEXT,
     .value = "T",
     .at = AT(text),
     .help = "A text."},
    {.name = "texts",
     .kind = HG_CTL_TEXTS,
     .value = "A-LONG-NAME-OF-IT",
     .at = AT(texts),
     .help = "Texts."},
    {.name = "number",
     .letter = 'n',
     .kind = HG_CTL_NUMBER,
     .value = "N",
     .at = AT(number),
     .min = 1,
     .max = 9,
     .help = "A number."},
    {.name = "time",
     .kind = HG_CTL_DURATION,
     .value = "TIME",
     .at = AT(time_ms),
     .min = 1,
     .max = 3600000,
     .help = "A time."},
    {.name = "choice",
     .kind = HG_CTL_CHOICE,
     .value = "WORD",
     .at = AT(choice),
     .choices = words,
     .help = "A word."},
    HG_CTL_OPTIONS_END,
};

struct read {
    struct sample s;
    struct hg_ctl_operands operands;
    char fault[256];
};

static int read_words(struct read *r, char **argv) {
    int argc = 0;
    *r = (struct read){.s = {.choice = -1}};
    while (argv[argc] != NULL) {
        argc++;
    }
    return hg_ctl_options_read(rows, argc, argv, &r->s, &r->operands, r->fault);
}

#define READ(r, ...) read_words((r), (char *[]){__VA_ARGS__, NULL})

static void every_kind_is_read(void **state) {
    (void)state;
    struct read r;
    assert_int_equal(READ(&r, "--flag", "--text", "x", "URL", "--texts=a", "--texts", "b=c",
                          "--number=7", "--time", "1m30s", "--choice", "two"),
                     0);
    assert_true(r.s.flag);
    assert_string_equal(r.s.text, "x");
    assert_int_equal(r.s.texts.n, 2);
    assert_string_equal(r.s.texts.items[1], "b=c");
    assert_int_equal(r.s.number, 7);
    assert_int_equal(r.s.time_ms, 90000);
    assert_int_equal(r.s.choice, 1);
    assert_int_equal(r.operands.n, 1);
    assert_string_equal(r.operands.items[0], "URL");
}

static void letters_stand_alone_joined_and_with_a_value(void **state) {
    (void)state;
    struct read r;
    assert_int_equal(READ(&r, "-fo", "-tx", "-n", "3"), 0);
    assert_true(r.s.flag && r.s.other);
    assert_string_equal(r.s.text, "x");
    assert_int_equal(r.s.number, 3);
    assert_int_equal(READ(&r, "-ot", "-f"), 0);
    assert_string_equal(r.s.text, "-f");
    assert_false(r.s.flag);
}

static void the_last_of_two_wins(void **state) {
    (void)state;
    struct read r;
    assert_int_equal(READ(&r, "--flag", "--no-flag", "--text=a", "--text="), 0);
    assert_false(r.s.flag);
    assert_string_equal(r.s.text, "");
}

static void a_dash_is_an_operand_and_two_end_options(void **state) {
    (void)state;
    struct read r;
    assert_int_equal(READ(&r, "-", "--", "--flag"), 0);
    assert_int_equal(r.operands.n, 2);
    assert_string_equal(r.operands.items[0], "-");
    assert_string_equal(r.operands.items[1], "--flag");
    assert_false(r.s.flag);
}

static void help_is_asked_for_only_as_an_option(void **state) {
    (void)state;
    struct read r;
    assert_int_equal(READ(&r, "--help", "--nonsense"), 0);
    assert_true(r.operands.wants_help);
    assert_int_equal(READ(&r, "-h"), 0);
    assert_true(r.operands.wants_help);
    assert_int_equal(READ(&r, "--text", "--help"), 0);
    assert_false(r.operands.wants_help);
    assert_int_equal(READ(&r, "--", "-h"), 0);
    assert_false(r.operands.wants_help);
}

static void faults_name_the_option_and_what_was_expected(void **state) {
    (void)state;
    struct read r;
    assert_int_equal(READ(&r, "--nonsense"), HG_EINVAL);
    assert_string_equal(r.fault, "--nonsense is not known");
    assert_int_equal(READ(&r, "--fla"), HG_EINVAL);
    assert_int_equal(READ(&r, "-x"), HG_EINVAL);
    assert_string_equal(r.fault, "-x is not known");
    assert_int_equal(READ(&r, "--text"), HG_EINVAL);
    assert_string_equal(r.fault, "--text needs a value: T");
    assert_int_equal(READ(&r, "-t"), HG_EINVAL);
    assert_int_equal(READ(&r, "--flag=1"), HG_EINVAL);
    assert_string_equal(r.fault, "--flag takes no value");
    assert_int_equal(READ(&r, "--number", "10"), HG_EINVAL);
    assert_string_equal(r.fault, "--number: \"10\" does not fit; expected a number from 1 to 9");
    assert_int_equal(READ(&r, "--number", "0x1"), HG_EINVAL);
    assert_int_equal(READ(&r, "--number", ""), HG_EINVAL);
    assert_int_equal(READ(&r, "--number", "99999999999999999999"), HG_EINVAL);
    assert_int_equal(READ(&r, "--time", "2h"), HG_EINVAL);
    assert_string_equal(r.fault, "--time: \"2h\" does not fit; expected a time from 1ms to 1h");
    assert_int_equal(READ(&r, "--choice", "three"), HG_EINVAL);
    assert_string_equal(r.fault, "--choice: \"three\" is not known; expected one of one, two");
#define TEN "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"
    assert_int_equal(READ(&r, TEN, TEN, TEN, "a", "b", "c", "d", "e"), HG_EINVAL);
    assert_string_equal(r.fault, "\"e\" is one argument too many");
}

static void a_list_has_an_end(void **state) {
    (void)state;
    struct read r;
    char *argv[HG_CTL_TEXTS_MAX + 2];
    for (size_t i = 0; i <= HG_CTL_TEXTS_MAX; i++) {
        argv[i] = "--texts=x";
    }
    argv[HG_CTL_TEXTS_MAX + 1] = NULL;
    assert_int_equal(read_words(&r, argv), HG_EINVAL);
    assert_int_equal(r.s.texts.n, HG_CTL_TEXTS_MAX);
    argv[HG_CTL_TEXTS_MAX] = NULL;
    assert_int_equal(read_words(&r, argv), 0);
}

static void help_is_printed_from_the_rows(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    hg_ctl_options_print(rows, r.ctl.out);
    rig_read(&r);
    assert_has(r.out, "  -f, --flag                A flag.\n");
    assert_has(r.out, "  -n, --number N            A number.\n");
    assert_has(r.out, "      --texts A-LONG-NAME-OF-IT\n                            Texts.\n");
    rig_close(&r);
}

int test_options(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read),
        cmocka_unit_test(letters_stand_alone_joined_and_with_a_value),
        cmocka_unit_test(the_last_of_two_wins),
        cmocka_unit_test(a_dash_is_an_operand_and_two_end_options),
        cmocka_unit_test(help_is_asked_for_only_as_an_option),
        cmocka_unit_test(faults_name_the_option_and_what_was_expected),
        cmocka_unit_test(a_list_has_an_end),
        cmocka_unit_test(help_is_printed_from_the_rows),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
