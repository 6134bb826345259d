/* SPDX-License-Identifier: Apache-2.0 */
/* test_line.c - a producer from its making to its end. */
#include "modules/log_kafka/rig.h"

static void a_close_gives_up_what_is_under_way(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct kafka_try t;
    kafka_rig_open(&rig, "kafka_property linger.ms 20000;");
    (void)kafka_rig_new_topic(&rig, 0);
    kafka_try_begin(&rig, &t);
    (void)kafka_try_add(&t, 0, "", kafka_rig_event("1", "a", 1));
    kafka_try_send(&rig, &t);
    assert_false(atomic_load(&t.is_done));
    kafka_rig_close(&rig);
    assert_true(atomic_load(&t.is_done));
    assert_int_equal(kafka_try_wait(&t), HG_EAGAIN); /* it never left */
}

static void a_full_queue_answers_at_once(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct kafka_try t;
    kafka_rig_open(&rig, "kafka_property queue.buffering.max.messages 2;"
                         "kafka_property linger.ms 500;");
    (void)kafka_rig_new_topic(&rig, 0);
    kafka_try_begin(&rig, &t);
    for (int i = 0; i < 5; i++) {
        (void)kafka_try_add(&t, 0, "", kafka_rig_event("1", "a", 1));
    }
    kafka_try_send(&rig, &t);
    assert_int_equal(t.items[2].err, HG_EAGAIN); /* before anything came back */
    assert_int_equal(kafka_try_wait(&t), HG_EAGAIN);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(t.items[i].err, i < 2 ? 0 : HG_EAGAIN);
    }
    kafka_rig_close(&rig);
}

static void a_topic_with_the_usual_limit_needs_no_other_producer(void **state) {
    (void)state;
    struct kafka_rig rig;
    kafka_rig_open(&rig, "");
    const struct kafka_line *line = ((struct kafka *)rig.state)->line;
    (void)kafka_rig_new_topic(&rig, 0);
    assert_int_equal(kafka_rig_append(&rig, 0, "", kafka_rig_event("1", "a", 1), NULL), 0);
    assert_ptr_equal(((struct kafka *)rig.state)->line, line);
    assert_null(((struct kafka *)rig.state)->retired);
    kafka_rig_close(&rig);
}

static void an_append_without_items_asks_whether_anybody_answers(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct kafka_try t;
    kafka_rig_open(&rig, "");
    kafka_try_begin(&rig, &t);
    kafka_try_send(&rig, &t);
    assert_int_equal(kafka_try_wait(&t), 0);
    kafka_rig_close(&rig);
}

static void the_client_tries_for_longer_than_publishers_wait(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct kafka_try t;
    kafka_rig_open(&rig, "kafka_property message.timeout.ms 1000;"
                         "kafka_property linger.ms 900;");
    struct kafka *k = rig.state;
    assert_int_equal(rig.ops->answer_ms(rig.state), 1000);
    assert_int_equal(kafka_conf_number(rd_kafka_conf(k->line->rk), "message.timeout.ms"), 300000);
    assert_int_equal(kafka_conf_number(rd_kafka_conf(k->line->rk), "socket.timeout.ms"), 1000);
    (void)kafka_rig_new_topic(&rig, 0);
    kafka_try_begin(&rig, &t);
    (void)kafka_try_add(&t, 0, "", kafka_rig_event("1", "a", 1));
    kafka_try_send(&rig, &t);
    assert_false(atomic_load(&t.items[0].is_told));
    assert_int_equal(kafka_try_wait(&t), 0);
    assert_true(atomic_load(&t.items[0].is_told));
    kafka_rig_close(&rig);
    kafka_rig_open(&rig, "kafka_property delivery.timeout.ms 400000;");
    k = rig.state;
    assert_int_equal(rig.ops->answer_ms(rig.state), 400000);
    assert_int_equal(kafka_conf_number(rd_kafka_conf(k->line->rk), "message.timeout.ms"), 400000);
    assert_int_equal(kafka_conf_number(rd_kafka_conf(k->line->rk), "socket.timeout.ms"), 10000);
    kafka_rig_close(&rig);
}

int test_line(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_close_gives_up_what_is_under_way),
        cmocka_unit_test(the_client_tries_for_longer_than_publishers_wait),
        cmocka_unit_test(a_full_queue_answers_at_once),
        cmocka_unit_test(a_topic_with_the_usual_limit_needs_no_other_producer),
        cmocka_unit_test(an_append_without_items_asks_whether_anybody_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
