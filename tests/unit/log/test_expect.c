/* SPDX-License-Identifier: Apache-2.0 */
/* test_expect.c - expected positions whose record is another one by now. */
#include "log/expect.h"

#include "support/fake_log.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

struct fixture {
    struct fake_log fake;
    struct log_rig rig;
    uint32_t topic;
    struct hg_position last;
};

static void open_log(struct fixture *f) {
    struct hg_log_setup setup = {.dedup_window_ms = 60000, .dedup_max = 1000};
    setup.driver = &fake_log_ops;
    setup.open = fake_log_open(&f->fake);
    rig_start(&f->rig, &setup);
    f->topic = rig_topic(&f->rig, "a.b");
}

static void store(struct fixture *f, const char *id) {
    struct rig_publish p;
    assert_int_equal(rig_publish_one(&f->rig, &p, f->topic, id, "x"), 0);
    f->last = p.items[0].position;
    rig_end(&p);
}

/* Two records; f->last is the second's position. */
static void start(struct fixture *f) {
    fake_log_init(&f->fake);
    f->fake.log_time_ms = 1000;
    open_log(f);
    store(f, "1");
    store(f, "2");
}

static void reopen(struct fixture *f) {
    rig_stop(&f->rig);
    open_log(f);
}

static void stop(struct fixture *f) {
    rig_stop(&f->rig);
    fake_log_fini(&f->fake);
}

static void expect(struct hg_publish_item *item, const struct hg_position *p) {
    item->has_expected = true;
    item->expected_next = p->offset + 1;
    item->expected_fingerprint = p->fingerprint;
}

/* An event behind a position: 0, or the error. */
static int store_behind(struct fixture *f, const char *id, const struct hg_position *p) {
    struct rig_publish one;
    rig_begin(&f->rig, &one);
    expect(rig_add(&one, f->topic, id, "x"), p);
    assert_int_equal(rig_send(&one), 0);
    rig_wait(&one);
    int err = one.err;
    if (err == 0) {
        f->last = one.items[0].position;
    } else {
        assert_int_equal(one.items[0].stored, HG_STORED_NOT);
        assert_int_equal(one.at, 0);
    }
    rig_end(&one);
    return err;
}

static void a_position_of_another_record_is_a_conflict(void **state) {
    (void)state;
    struct fixture f;
    start(&f);
    struct hg_position gone = f.last;
    gone.fingerprint++;
    assert_int_equal(store_behind(&f, "3", &gone), HG_ECONFLICT);
    assert_int_equal(store_behind(&f, "3", &f.last), 0); /* its id was not taken */
    assert_int_equal(store_behind(&f, "4", &f.last), 0);
    stop(&f);
}

/* The first who expects something after a start has its record read. */
static void a_record_that_was_replaced_while_the_log_was_closed_is_a_conflict(void **state) {
    (void)state;
    struct fixture f;
    start(&f);
    rig_stop(&f.rig);
    f.fake.topics[0].parts[0].records[1].log_time_ms = 2000;
    open_log(&f);
    assert_int_equal(store_behind(&f, "3", &f.last), HG_ECONFLICT);
    f.last.fingerprint = hg_position_fingerprint(2000, HG_SLICE("2"));
    assert_int_equal(store_behind(&f, "3", &f.last), 0);
    stop(&f);
}

static void the_same_record_is_known_after_a_start(void **state) {
    (void)state;
    struct fixture f;
    start(&f);
    for (int i = 0; i < 2; i++) {
        char id[2] = {(char)('3' + i), 0};
        reopen(&f);
        assert_int_equal(store_behind(&f, id, &f.last), 0);
    }
    stop(&f);
}

/* Of what is in the driver's hands nobody can know the position. */
static void what_was_appended_in_between_is_a_conflict(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish before, behind;
    start(&f);
    reopen(&f);
    rig_begin(&f.rig, &before);
    rig_add(&before, f.topic, "3", "x");
    rig_begin(&f.rig, &behind);
    struct hg_position guess = f.last;
    guess.offset++;
    expect(rig_add(&behind, f.topic, "4", "x"), &guess);
    assert_int_equal(rig_send(&before), 0);
    assert_int_equal(rig_send(&behind), 0);
    rig_wait(&before);
    rig_wait(&behind);
    assert_int_equal(before.err, 0);
    assert_int_equal(behind.err, HG_ECONFLICT);
    rig_end(&before);
    rig_end(&behind);
    stop(&f);
}

/* Retention took the last record: its offset has to do. */
static void a_record_that_is_gone_is_not_compared(void **state) {
    (void)state;
    struct fixture f;
    start(&f);
    rig_stop(&f.rig);
    f.fake.topics[0].parts[0].first = 2;
    open_log(&f);
    assert_int_equal(store_behind(&f, "3", &f.last), 0);
    stop(&f);
}

static void a_position_without_a_record_is_not_compared(void **state) {
    (void)state;
    struct fixture f;
    start(&f);
    f.last.fingerprint = 0;
    assert_int_equal(store_behind(&f, "3", &f.last), 0);
    stop(&f);
}

int test_expect(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_position_of_another_record_is_a_conflict),
        cmocka_unit_test(a_record_that_was_replaced_while_the_log_was_closed_is_a_conflict),
        cmocka_unit_test(the_same_record_is_known_after_a_start),
        cmocka_unit_test(what_was_appended_in_between_is_a_conflict),
        cmocka_unit_test(a_record_that_is_gone_is_not_compared),
        cmocka_unit_test(a_position_without_a_record_is_not_compared),
    };
    return cmocka_run_group_tests_name("expect", tests, NULL, NULL);
}
