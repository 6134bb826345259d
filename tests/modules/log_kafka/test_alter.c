/* SPDX-License-Identifier: Apache-2.0 */
/* test_alter.c - what a reload changes of topics in the cluster, and what it does not. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "modules/log_kafka/rig.h"

/* A topic block of its own name, in front of what stands in the main block. */
struct subject {
    struct kafka_rig rig;
    char name[64], rows[256];
};

static const char *block(struct subject *s, const char *main_text, const char *topic_text) {
    (void)snprintf(s->rows, sizeof s->rows, "%s topic %s { %s }", main_text, s->name, topic_text);
    return s->rows;
}

static void begin(struct subject *s, const char *topic_text) {
    static unsigned count;
    (void)snprintf(s->name, sizeof s->name, "alter.%lld.%ld.%u", (long long)time(NULL),
                   (long)getpid(), count++);
    struct hg_why why = {""};
    kafka_rig_open(&s->rig, block(s, "", topic_text));
    if (kafka_rig_topic(&s->rig, 0, s->name, &why) != 0) {
        fail_msg("%s", why.text);
    }
}

static int reload(struct subject *s, const char *main_text, const char *topic_text,
                  struct hg_why *why) {
    kafka_rig_reload(&s->rig, block(s, main_text, topic_text));
    return kafka_rig_topic(&s->rig, 0, s->name, why);
}

static void assert_reload(struct subject *s, const char *topic_text) {
    struct hg_why why = {""};
    if (reload(s, "", topic_text, &why) != 0) {
        fail_msg("%s", why.text);
    }
}

static void assert_refused(struct subject *s, const char *topic_text, const char *part) {
    struct hg_why why = {""};
    assert_int_equal(reload(s, "", topic_text, &why), HG_EINVAL);
    if (strstr(why.text, part) == NULL || strstr(why.text, "(t.conf:1)") == NULL) {
        fail_msg("%s", why.text);
    }
}

/* As another client would be told. A broker hears of a change a moment later. */
static int64_t kept(struct subject *s, enum kafka_setting setting, int64_t wanted) {
    static const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    struct kafka_kept kept = {0};
    for (int i = 0; i < 250; i++) {
        assert_int_equal(kafka_admin_kept(s->rig.state, s->name, &kept), 0);
        if (kept.has[setting] == wanted) {
            return wanted;
        }
        (void)nanosleep(&pause, NULL);
    }
    return kept.has[setting];
}

static void a_topic_is_made_as_its_block_says(void **state) {
    struct subject s;
    (void)state;
    begin(&s, "kafka_partitions 3; kafka_replication 1; kafka_min_insync_replicas 1; "
              "retention 1h; retention_size 10m;");
    assert_int_equal(kafka_topic(s.rig.state, 0)->partitions, 3);
    assert_int_equal(kept(&s, KAFKA_RETENTION, 3600000), 3600000);
    assert_int_equal(kept(&s, KAFKA_RETENTION_SIZE, 10 << 20), 10 << 20);
    kafka_rig_close(&s.rig);
}

static void a_reload_changes_what_its_lines_changed_and_nothing_else(void **state) {
    struct subject s;
    struct hg_log_range range;
    struct hg_why why = {""};
    struct kafka_kept all = {0};
    const int64_t size[KAFKA_SETTINGS] = {[KAFKA_RETENTION_SIZE] = 123456789};
    (void)state;
    begin(&s, "kafka_partitions 2; retention 1h;");
    /* Somebody else's work, which is no line of ours. */
    if (kafka_admin_alter(s.rig.state, s.name, size, &why) != 0) {
        fail_msg("%s", why.text);
    }
    assert_int_equal(kept(&s, KAFKA_RETENTION_SIZE, 123456789), 123456789);
    assert_reload(&s, "kafka_partitions 3; retention 2h;");
    assert_int_equal(kafka_topic(s.rig.state, 0)->partitions, 3);
    assert_int_equal(s.rig.ops->describe(s.rig.state, 0, 2, &range), 0);
    assert_int_equal(kept(&s, KAFKA_RETENTION, 7200000), 7200000);
    assert_int_equal(kept(&s, KAFKA_RETENTION_SIZE, 123456789), 123456789);
    assert_int_equal(kafka_admin_kept(s.rig.state, s.name, &all), 0);
    assert_false(all.has_producer_time);                     /* as it was made */
    assert_reload(&s, "kafka_partitions 3; retention 30m;"); /* less, as it is written */
    assert_int_equal(kept(&s, KAFKA_RETENTION, 1800000), 1800000);
    kafka_rig_close(&s.rig);
}

static void what_it_cannot_change_is_refused_with_line_and_value(void **state) {
    struct subject s;
    (void)state;
    begin(&s, "kafka_partitions 2; retention 1h;");
    assert_refused(&s, "kafka_partitions 1; retention 2h;", "kafka_partitions 1 (t.conf:1): ");
    assert_int_equal(kept(&s, KAFKA_RETENTION, 3600000), 3600000); /* the whole topic's */
    assert_refused(&s, "kafka_partitions 2; kafka_replication 3;", "has copies 1 in the cluster");
    assert_refused(&s, "kafka_partitions 2; kafka_min_insync_replicas 2;", "not so many copies");
    assert_reload(&s, "kafka_partitions 2; kafka_replication 1; retention 1h;"); /* as it is */
    kafka_rig_close(&s.rig);
}

static void a_start_and_a_line_that_stays_change_nothing(void **state) {
    struct subject s;
    struct kafka_rig first;
    struct hg_why why = {""};
    (void)state;
    begin(&s, "kafka_partitions 2; retention 1h;");
    first = s.rig;
    kafka_rig_open(&s.rig, block(&s, "", "kafka_partitions 4; retention 1m;"));
    assert_int_equal(kafka_rig_topic(&s.rig, 0, s.name, &why), 0);
    assert_reload(&s, "kafka_partitions 4; retention 1m;");
    assert_int_equal(kafka_topic(s.rig.state, 0)->partitions, 2);
    assert_int_equal(kept(&s, KAFKA_RETENTION, 3600000), 3600000);
    kafka_rig_close(&s.rig);
    kafka_rig_close(&first);
}

static void a_line_that_goes_and_a_default_lower_nothing(void **state) {
    struct subject s;
    struct hg_why why = {""};
    (void)state;
    begin(&s, "kafka_partitions 2; retention 30d;");
    assert_reload(&s, "");
    assert_int_equal(reload(&s, "kafka_partitions 5; kafka_replication 1;", "", &why), 0);
    assert_int_equal(kafka_topic(s.rig.state, 0)->partitions, 2);
    assert_int_equal(kept(&s, KAFKA_RETENTION, 30 * 86400000LL), 30 * 86400000LL);
    assert_int_equal(reload(&s, "retention 2d;", "", &why), 0); /* which is for all topics */
    assert_int_equal(kept(&s, KAFKA_RETENTION, 2 * 86400000LL), 2 * 86400000LL);
    kafka_rig_close(&s.rig);
}

int test_alter(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_is_made_as_its_block_says),
        cmocka_unit_test(a_reload_changes_what_its_lines_changed_and_nothing_else),
        cmocka_unit_test(what_it_cannot_change_is_refused_with_line_and_value),
        cmocka_unit_test(a_start_and_a_line_that_stays_change_nothing),
        cmocka_unit_test(a_line_that_goes_and_a_default_lower_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
