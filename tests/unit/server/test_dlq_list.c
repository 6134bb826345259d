/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "unit/server/dlq_rig.h"

static void each_topic_says_how_many_and_from_when_to_when(void **state) {
    struct dlq_rig r;
    char part[128];
    (void)state;
    dlq_open(&r);
    assert_int_equal(dlq_ask(&r, "/dlq", NULL), 200);
    assert_string_equal(r.answer, "{\"topics\":[{\"topic\":\"demo.events.dlq\",\"letters\":0,"
                                  "\"bytes\":0,\"first\":null,\"last\":null}]}\n");
    dlq_put_event(&r, "1");
    dlq_put_event(&r, "2");
    assert_int_equal(dlq_ask(&r, "/dlq", NULL), 200);
    assert_said(&r, "\"letters\":2,");
    snprintf(part, sizeof(part), "\"first\":{\"position\":\"%s\",\"time\":\"2", r.positions[0]);
    assert_said(&r, part);
    snprintf(part, sizeof(part), "\"last\":{\"position\":\"%s\",\"time\":\"2", r.positions[1]);
    assert_said(&r, part);
    dlq_close(&r);
}

static void several_partitions_are_summed_up(void **state) {
    struct dlq_rig r;
    char part[128];
    (void)state;
    dlq_open_parts(&r, 3);
    for (int i = 0; i < 12; i++) {
        r.log.fake.log_time_ms = 1700000000000 + i;
        dlq_put_event(&r, "x");
    }
    assert_int_equal(dlq_ask(&r, "/dlq", NULL), 200);
    assert_said(&r, "\"letters\":12,");
    snprintf(part, sizeof(part), "\"first\":{\"position\":\"%s\",", r.positions[0]);
    assert_said(&r, part);
    snprintf(part, sizeof(part), "\"last\":{\"position\":\"%s\",", r.positions[11]);
    assert_said(&r, part);
    dlq_close(&r);
}

/* Others' transactions end with a record that nobody reads. */
static void holes_at_the_end_are_looked_behind(void **state) {
    struct dlq_rig r;
    char part[128];
    struct hg_append_item hole = {.topic = 0};
    (void)state;
    dlq_open(&r);
    dlq_put_event(&r, "1");
    dlq_put_event(&r, "2");
    hole.topic = r.topic;
    fake_log_store(&r.log.fake, &hole);
    dlq_put_event(&r, "3");
    hg_event_unref(&r.log.fake.topics[r.log.fake.ids[r.topic]].parts[0].records[3].event);
    assert_int_equal(dlq_ask(&r, "/dlq", NULL), 200);
    snprintf(part, sizeof(part), "\"last\":{\"position\":\"%s\",", r.positions[1]);
    assert_said(&r, part);
    dlq_close(&r);
}

int test_dlq_list(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holes_at_the_end_are_looked_behind),
        cmocka_unit_test(several_partitions_are_summed_up),
        cmocka_unit_test(each_topic_says_how_many_and_from_when_to_when),
    };
    return cmocka_run_group_tests_name("dlq_list", tests, NULL, NULL);
}
