/* SPDX-License-Identifier: Apache-2.0 */
/* test_settings.c - the rows about the log and its topics. */
#include "log/settings.h"

#include <string.h>

#include "unit/log/tests.h"

struct load {
    struct hg_conf_files *files;
    struct hg_conf *conf;
    struct hg_buf errors;
    int err;
};

static void load(struct load *l, const char *text) {
    static const struct hg_conf_owner *const owners[] = {&hg_log_owner, NULL};
    *l = (struct load){.files = hg_conf_files_new(false)};
    assert_int_equal(hg_conf_files_put(l->files, HG_SLICE("t.conf"), hg_slice_of(text)), 0);
    struct hg_conf_setup setup = {.files = l->files, .path = HG_SLICE("t.conf"), .owners = owners};
    l->err = hg_conf_load(&setup, &l->conf, &l->errors);
    hg_buf_put(&l->errors, "", 1);
}

static void unload(struct load *l) {
    hg_conf_unref(&l->conf);
    hg_conf_files_free(&l->files);
    hg_buf_fini(&l->errors);
}

static void what_is_not_said_has_its_default(void **state) {
    (void)state;
    struct load l;
    load(&l, "event_log embedded data;");
    assert_int_equal(l.err, 0);
    const struct hg_log_settings *s = hg_log_settings(l.conf);
    assert_int_equal(s->event_log.n, 2);
    assert_true(hg_slice_eq(s->event_log.items[1], HG_SLICE("data")));
    assert_int_equal(s->dedup_window_ms, 86400000);
    assert_int_equal(s->dedup_max, 1000000);
    assert_int_equal(s->hide_ms, 600000);
    assert_int_equal(s->hide_max, 100000);
    assert_int_equal(s->retention_ms, 7 * 86400000);
    assert_int_equal(s->queue_bytes, 64 << 20);
    assert_int_equal(s->topic_queue_bytes, 0);
    struct hg_log_topic topic;
    enum hg_topic_key key;
    assert_null(hg_log_settings_topic(l.conf, NULL, &topic, &key));
    unload(&l);
}

static void a_driver_gets_what_follows_its_name(void **state) {
    (void)state;
    struct load l;
    load(&l, "event_log somewhere one two;");
    struct hg_log_open open = hg_log_settings_open(l.conf, NULL);
    assert_int_equal(open.n_args, 2);
    assert_true(hg_slice_eq(open.args[0], HG_SLICE("one")));
    assert_true(hg_slice_eq(open.args[1], HG_SLICE("two")));
    assert_null(open.conf);
    open = hg_log_settings_open(l.conf, hg_log_owner.directives);
    assert_ptr_equal(open.conf, hg_log_settings(l.conf));
    unload(&l);
}

static void an_event_s_key_is_the_attribute_that_the_topic_names(void **state) {
    (void)state;
    static const char *const attrs[] = {"specversion", "1.0",  "id",           "i",
                                        "source",      "src",  "type",         "t",
                                        "subject",     "subj", "partitionkey", "pk"};
    struct hg_event_builder *b = hg_event_builder_new();
    struct hg_event *e = NULL;
    const char *missing;
    for (size_t i = 0; i < HG_COUNT(attrs); i += 2) {
        (void)hg_event_builder_set(b, hg_slice_of(attrs[i]), hg_slice_of(attrs[i + 1]),
                                   HG_ATTR_STRING);
    }
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    hg_event_builder_free(&b);
    assert_int_equal(hg_topic_key_of(HG_KEY_NONE, e).len, 0);
    assert_true(hg_slice_eq(hg_topic_key_of(HG_KEY_SUBJECT, e), HG_SLICE("subj")));
    assert_true(hg_slice_eq(hg_topic_key_of(HG_KEY_SOURCE, e), HG_SLICE("src")));
    assert_true(hg_slice_eq(hg_topic_key_of(HG_KEY_PARTITIONKEY, e), HG_SLICE("pk")));
    hg_event_unref(&e);
}

static void topics_are_given_in_order_with_what_they_inherit(void **state) {
    (void)state;
    struct load l;
    struct hg_log_topic topic;
    enum hg_topic_key key;
    load(&l, "event_log embedded data; dedup_window 1h max=5000; dedup_hide 1m max=2000;\n"
             "retention 2d;\n"
             "topic a.b { key subject; retention_size 10m; }\n"
             "topic c { compact on; key source; retention 1h; }\n");
    assert_string_equal(l.errors.ptr, "");
    const struct hg_log_settings *s = hg_log_settings(l.conf);
    assert_int_equal(s->dedup_window_ms, 3600000);
    assert_int_equal(s->dedup_max, 5000);
    assert_int_equal(s->hide_ms, 60000);
    assert_int_equal(s->hide_max, 2000);
    const struct hg_conf_block *b = hg_log_settings_topic(l.conf, NULL, &topic, &key);
    assert_non_null(b);
    assert_true(hg_slice_eq(topic.name, HG_SLICE("a.b")));
    assert_int_equal(key, HG_KEY_SUBJECT);
    assert_int_equal(topic.retention_ms, 2 * 86400000);
    assert_int_equal(topic.retention_bytes, 10 << 20);
    assert_false(topic.is_compacted);
    assert_int_equal(topic.partitions, 1);
    assert_ptr_equal(topic.conf, b);
    b = hg_log_settings_topic(l.conf, b, &topic, &key);
    assert_non_null(b);
    assert_true(topic.is_compacted);
    assert_int_equal(topic.retention_ms, 3600000);
    assert_null(hg_log_settings_topic(l.conf, b, &topic, &key));
    unload(&l);
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "event_log embedded d; topic a..b { }",
        "event_log embedded d; topic a.* { }",
        "event_log embedded d; topic a { compact on; }",
        "event_log embedded d; dedup_window 1h max=10;",
        "event_log embedded d; dedup_window 1h max=1001m;",
        "event_log embedded d; dedup_window 1h most=10000;",
        "event_log embedded d; dedup_window soon;",
        "event_log embedded d; dedup_hide 1h max=10;",
        "event_log embedded d; log_readers 0;",
        "event_log;",
    };
    for (size_t i = 0; i < HG_COUNT(texts); i++) {
        struct load l;
        load(&l, texts[i]);
        assert_int_equal(l.err, HG_EINVAL);
        assert_non_null(strstr(l.errors.ptr, "t.conf:1:"));
        unload(&l);
    }
}

static void what_the_message_allows_is_allowed(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t max;
    } cases[] = {{"event_log embedded d; dedup_window 1h max=1000;", 1000},
                 {"event_log embedded d; dedup_window 1h max=1000m;", (int64_t)1000 << 20}};
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        struct load l;
        load(&l, cases[i].text);
        assert_string_equal(l.errors.ptr, "");
        assert_true(hg_log_settings(l.conf)->dedup_max == cases[i].max);
        unload(&l);
    }
}

static void a_topic_is_declared_once(void **state) {
    (void)state;
    struct load l;
    load(&l, "event_log embedded d;\ntopic a { }\ntopic b { }\ntopic a { retention 1d; }\n"
             "topic a.b { }\n");
    assert_int_equal(l.err, HG_EINVAL);
    assert_string_equal(l.errors.ptr, "t.conf:4: topic: a is declared in t.conf:2 already\n");
    unload(&l);
}

int test_settings(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(a_driver_gets_what_follows_its_name),
        cmocka_unit_test(an_event_s_key_is_the_attribute_that_the_topic_names),
        cmocka_unit_test(topics_are_given_in_order_with_what_they_inherit),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(what_the_message_allows_is_allowed),
        cmocka_unit_test(a_topic_is_declared_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
