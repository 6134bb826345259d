/* SPDX-License-Identifier: Apache-2.0 */
/* test_promise.c - what of a topic's keeping weakens a 2xx is said, and nothing else. */
#include "modules/log_kafka/rig.h"

struct heard {
    unsigned n;
    char text[512];
};

static void on_remark(void *arg, const struct hg_conf_line *line, const char *text) {
    struct heard *h = arg;
    (void)line;
    size_t len = strlen(text);
    assert_true(len < sizeof h->text);
    memcpy(h->text, text, len + 1);
    h->n++;
}

static struct kafka_kept safe(void) {
    struct kafka_kept kept = {.has = {[KAFKA_REPLICATION] = 3, [KAFKA_MIN_INSYNC] = 2}};
    return kept;
}

/* part NULL: nothing is said. */
static void expect(const struct kafka_kept *kept, bool is_compacted, const char *part) {
    struct heard h = {0};
    kafka_promise_judge(kept, is_compacted, on_remark, &h);
    assert_int_equal(h.n, part != NULL);
    if (part != NULL && strstr(h.text, part) == NULL) {
        fail_msg("%s", h.text);
    }
}

static void two_of_three_copies_are_a_promise(void **state) {
    struct kafka_kept kept = safe();
    (void)state;
    expect(&kept, false, NULL);
}

static void copies_that_are_too_few_are_said(void **state) {
    struct kafka_kept kept = safe();
    (void)state;
    kept.has[KAFKA_MIN_INSYNC] = 1;
    expect(&kept, false, "min.insync.replicas is 1");
    kept.has[KAFKA_MIN_INSYNC] = 3;
    expect(&kept, false, "as high as the number of copies");
    kept.has[KAFKA_MIN_INSYNC] = 1;
    kept.has[KAFKA_REPLICATION] = 1;
    expect(&kept, false, "one copy");
    kept.has[KAFKA_REPLICATION] = 0; /* nobody was told */
    expect(&kept, false, NULL);
}

static void leaders_clocks_and_compaction_are_said(void **state) {
    struct kafka_kept kept = safe();
    (void)state;
    kept.is_unclean = true;
    expect(&kept, false, "unclean.leader.election.enable");
    kept.is_unclean = false;
    kept.has_producer_time = true;
    expect(&kept, false, "message.timestamp.type");
    kept.has_producer_time = false;
    kept.is_compacted = true;
    expect(&kept, false, "compacts");
    expect(&kept, true, NULL); /* as it is wished */
}

static void bodies_that_hold_larger_events_are_said(void **state) {
    struct kafka_kept kept = {.max_message_bytes = 1048588};
    static const int64_t bodies[] = {0, 1048588 - 4096, 1048588 - 4095, 4 << 20};
    (void)state;
    for (size_t i = 0; i < HG_COUNT(bodies); i++) {
        struct heard h = {0};
        kafka_promise_room(&kept, bodies[i], on_remark, &h);
        assert_int_equal(h.n, i >= 2);
        assert_true(i < 2 || strstr(h.text, "max.message.bytes is 1048588") != NULL);
    }
}

int test_promise(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_of_three_copies_are_a_promise),
        cmocka_unit_test(copies_that_are_too_few_are_said),
        cmocka_unit_test(bodies_that_hold_larger_events_are_said),
        cmocka_unit_test(leaders_clocks_and_compaction_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
