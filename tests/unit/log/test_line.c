/* SPDX-License-Identifier: Apache-2.0 */
/* test_line.c - who goes on and who stands aside, without threads: by example,
 * and at random against a model of what the order has to be. */
#include "log/line.h"

#include <stdio.h>

#include "event/codec.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

enum { TOPICS = 4, IDS = 12, ITEMS = 3, PUBLISHES = 200 };

struct pub {
    struct hg_publish p; /* first */
    struct hg_publish_item items[ITEMS];
    int ids[ITEMS];
    bool is_in_flight, is_answered;
};

struct order {
    int ids[PUBLISHES * ITEMS];
    size_t n;
};

struct fixture {
    struct hg_judge judge;
    struct hg_line line;
    struct hg_topics *topics;
    struct pub pubs[PUBLISHES];
    size_t n_pubs;
    struct order appended[TOPICS]; /* in the order the driver got them */
    size_t stored[TOPICS][IDS];    /* how often */
    uint32_t random;
};

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    struct hg_log_range range = {.epoch = 1, .partitions = 1};
    f->topics = hg_topics_new();
    for (int i = 0; i < TOPICS; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "t%d", i);
        assert_int_equal(hg_topics_add(f->topics, hg_slice_of(name), 1, &range), 0);
    }
    f->judge.topics = f->topics;
    assert_int_equal(hg_dedup_new(1000, 60000, &f->judge.dedup), 0);
    hg_line_init(&f->line, f->topics);
    *state = f;
    return 0;
}

static void forget(struct fixture *f) {
    for (size_t i = 0; i < f->n_pubs; i++) {
        struct pub *pub = &f->pubs[i];
        hg_plan_free(&pub->p.plan);
        for (size_t k = 0; k < pub->p.n_items; k++) {
            hg_event_unref(&pub->items[k].event);
        }
    }
    f->n_pubs = 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    forget(f);
    hg_dedup_free(&f->judge.dedup);
    hg_topics_free(&f->topics);
    hg_free(f);
    return 0;
}

static void add(struct pub *pub, uint32_t topic, int id) {
    char text[8];
    (void)snprintf(text, sizeof text, "%d", id);
    pub->ids[pub->p.n_items] = id;
    struct hg_publish_item *item = &pub->items[pub->p.n_items++];
    item->topic = topic;
    item->event = rig_event("/line", text, "x");
}

static struct pub *begin(struct fixture *f) {
    struct pub *pub = &f->pubs[f->n_pubs++];
    memset(pub, 0, sizeof *pub);
    pub->p.items = pub->items;
    return pub;
}

static void put(struct fixture *f, struct pub *pub) {
    assert_int_equal(hg_plan_make(f->topics, &pub->p), 0);
    hg_line_put(&f->line, &pub->p);
}

static struct pub *put_one(struct fixture *f, uint32_t topic, int id) {
    struct pub *pub = begin(f);
    add(pub, topic, id);
    put(f, pub);
    return pub;
}

static struct pub *put_two(struct fixture *f, uint32_t topic, int id, uint32_t other,
                           int other_id) {
    struct pub *pub = begin(f);
    add(pub, topic, id);
    add(pub, other, other_id);
    put(f, pub);
    return pub;
}

static void note_appended(struct fixture *f, struct pub *pub) {
    for (size_t i = 0; i < pub->p.n_items; i++) {
        if (pub->p.plan->items[i].state == HG_PLAN_NEW) {
            struct order *order = &f->appended[pub->items[i].topic];
            order->ids[order->n++] = pub->ids[i];
        }
    }
    pub->is_in_flight = true;
}

/* As the log thread does, until nothing can go on. */
static void run(struct fixture *f) {
    struct hg_publish *p;
    while ((p = hg_line_next(&f->line)) != NULL) {
        struct pub *pub = (struct pub *)p;
        assert_false(pub->is_in_flight || pub->is_answered);
        enum hg_verdict verdict = hg_judge(&f->judge, p, 1);
        hg_line_judged(&f->line, p, verdict);
        if (verdict == HG_VERDICT_APPEND) {
            note_appended(f, pub);
        }
        pub->is_answered = verdict == HG_VERDICT_ANSWER;
    }
}

static void settle(struct fixture *f, struct pub *pub, int err) {
    assert_true(pub->is_in_flight);
    pub->is_in_flight = false;
    pub->is_answered = true;
    hg_line_back(&f->line, hg_judge_settle(&f->judge, &pub->p, err, 1));
    for (size_t i = 0; i < pub->p.n_items; i++) {
        f->stored[pub->items[i].topic][pub->ids[i]] += pub->items[i].stored == HG_STORED_NEW;
    }
}

static void a_held_publish_keeps_back_its_own_topic_alone(void **state) {
    struct fixture *f = *state;
    struct pub *first = put_one(f, 0, 1);
    struct pub *held = put_two(f, 0, 2, 0, 1);
    struct pub *behind = put_one(f, 0, 3);
    struct pub *elsewhere = put_one(f, 1, 3);
    run(f);
    assert_true(first->is_in_flight && elsewhere->is_in_flight);
    assert_false(held->is_in_flight || behind->is_in_flight);
    settle(f, elsewhere, 0); /* says nothing of topic 0 */
    run(f);
    assert_false(held->is_in_flight || behind->is_in_flight);
    settle(f, first, 0);
    run(f);
    assert_true(held->is_in_flight && behind->is_in_flight);
    assert_int_equal(f->appended[0].ids[1], 2);
    assert_int_equal(f->appended[0].ids[2], 3);
    assert_int_equal(f->line.n_aside, 0);
    settle(f, held, 0);
    settle(f, behind, 0);
}

/* It is behind two; each of them alone does not let it go. */
static void a_publish_of_two_topics_waits_for_both(void **state) {
    struct fixture *f = *state;
    struct pub *a = put_one(f, 0, 1), *b = put_one(f, 1, 1);
    struct pub *held_a = put_two(f, 0, 2, 0, 1), *held_b = put_two(f, 1, 2, 1, 1);
    struct pub *both = put_two(f, 0, 3, 1, 3);
    struct pub *last = put_one(f, 1, 4);
    run(f);
    assert_int_equal(f->line.n_aside, 4);
    settle(f, b, 0);
    run(f);
    assert_true(held_b->is_in_flight);
    assert_false(both->is_in_flight || last->is_in_flight || held_a->is_in_flight);
    settle(f, a, 0);
    run(f);
    assert_true(held_a->is_in_flight && both->is_in_flight && last->is_in_flight);
    static const int order[] = {1, 2, 3, 4};
    assert_memory_equal(f->appended[1].ids, order, sizeof order);
    assert_int_equal(f->line.n_aside, 0);
    settle(f, held_a, 0);
    settle(f, held_b, 0);
    settle(f, both, 0);
    settle(f, last, 0);
}

/* It was a mere copy; when its original fails it is older than who was held. */
static void who_comes_back_keeps_the_place_it_had(void **state) {
    struct fixture *f = *state;
    struct pub *a = put_one(f, 0, 1), *b = put_one(f, 0, 2);
    struct pub *copy = put_two(f, 0, 1, 0, 2);
    struct pub *held = put_two(f, 0, 3, 0, 2);
    run(f);
    assert_int_equal(f->line.n_aside, 1);
    settle(f, b, 0);
    settle(f, a, HG_EIO);
    run(f);
    (void)held;
    assert_true(copy->is_in_flight);
    settle(f, copy, 0);
    run(f);
    assert_int_equal(f->line.n_aside, 0);
    assert_true(held->is_in_flight);
    settle(f, held, 0);
}

static uint32_t random_below(struct fixture *f, uint32_t n) {
    f->random = f->random * 1664525 + 1013904223;
    return (f->random >> 8) % n;
}

static void put_random(struct fixture *f) {
    struct pub *pub = begin(f);
    uint32_t n = 1 + random_below(f, ITEMS), topic = random_below(f, TOPICS);
    for (uint32_t i = 0; i < n; i++) {
        topic = random_below(f, 3) == 0 ? random_below(f, TOPICS) : topic;
        add(pub, topic, (int)random_below(f, IDS));
    }
    put(f, pub);
}

/* One of those in flight, if there are any. */
static bool settle_random(struct fixture *f, uint32_t fails_of_10) {
    size_t n = 0, nth;
    for (size_t i = 0; i < f->n_pubs; i++) {
        n += f->pubs[i].is_in_flight;
    }
    if (n == 0) {
        return false;
    }
    nth = random_below(f, (uint32_t)n);
    struct pub *pub = f->pubs;
    while (!pub->is_in_flight || nth-- > 0) {
        pub++;
    }
    settle(f, pub, random_below(f, 10) < fails_of_10 ? HG_EIO : 0);
    return true;
}

static bool share_a_topic(const struct pub *a, const struct pub *b) {
    for (size_t i = 0; i < a->p.n_items * b->p.n_items; i++) {
        if (a->items[i % a->p.n_items].topic == b->items[i / a->p.n_items].topic) {
            return true;
        }
    }
    return false;
}

static bool is_aside(const struct pub *pub) {
    return pub->p.plan->place == HG_PLACE_ASIDE || pub->p.plan->place == HG_PLACE_DUE;
}

/* Nobody stands aside but for somebody older of the same topic. */
static void assert_none_waits_for_nothing(const struct fixture *f) {
    for (size_t i = 0; i < f->n_pubs; i++) {
        bool has_cause = f->pubs[i].p.plan->place != HG_PLACE_ASIDE;
        for (size_t k = 0; !has_cause && k < i; k++) {
            has_cause = is_aside(&f->pubs[k]) && share_a_topic(&f->pubs[k], &f->pubs[i]);
        }
        assert_true(has_cause);
    }
}

static void run_random(struct fixture *f, uint32_t fails_of_10) {
    while (f->n_pubs < PUBLISHES) {
        switch (random_below(f, 4)) {
        case 0:
            (void)settle_random(f, fails_of_10);
            break;
        case 1:
            run(f);
            assert_none_waits_for_nothing(f);
            break;
        default:
            put_random(f);
            break;
        }
    }
    do {
        run(f);
    } while (settle_random(f, fails_of_10));
    for (size_t i = 0; i < f->n_pubs; i++) {
        assert_true(f->pubs[i].is_answered);
    }
    assert_int_equal(f->line.n_aside, 0);
    for (uint32_t t = 0; t < TOPICS; t++) {
        assert_null(hg_topics_get(f->topics, t)->aside_first);
        assert_null(hg_topics_get(f->topics, t)->aside_last);
    }
}

/* The model: of each topic every id where it was first sent. */
static void assert_order_of_sending(const struct fixture *f) {
    for (uint32_t t = 0; t < TOPICS; t++) {
        bool is_sent[IDS] = {0};
        size_t n = 0;
        for (size_t i = 0; i < f->n_pubs; i++) {
            const struct pub *pub = &f->pubs[i];
            for (size_t k = 0; k < pub->p.n_items; k++) {
                if (pub->items[k].topic == t && !is_sent[pub->ids[k]]) {
                    is_sent[pub->ids[k]] = true;
                    assert_int_equal(f->appended[t].ids[n++], pub->ids[k]);
                }
            }
        }
        assert_int_equal(f->appended[t].n, n);
    }
}

enum { ROUNDS = 100 };

static void at_random_each_topic_keeps_the_order_of_sending(void **state) {
    for (uint32_t seed = 1; seed <= ROUNDS; seed++) {
        struct fixture *f = *state;
        f->random = seed;
        run_random(f, 0);
        assert_order_of_sending(f);
        (void)tear_down(state);
        (void)set_up(state);
    }
}

static void at_random_with_failures_all_are_answered_and_none_is_stored_twice(void **state) {
    for (uint32_t seed = 1; seed <= ROUNDS; seed++) {
        struct fixture *f = *state;
        f->random = seed;
        run_random(f, 1 + seed % 8);
        for (size_t i = 0; i < (size_t)TOPICS * IDS; i++) {
            assert_true(f->stored[i / IDS][i % IDS] <= 1);
        }
        (void)tear_down(state);
        (void)set_up(state);
    }
}

#define LINE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int test_line(void) {
    const struct CMUnitTest tests[] = {
        LINE(a_held_publish_keeps_back_its_own_topic_alone),
        LINE(a_publish_of_two_topics_waits_for_both),
        LINE(who_comes_back_keeps_the_place_it_had),
        LINE(at_random_each_topic_keeps_the_order_of_sending),
        LINE(at_random_with_failures_all_are_answered_and_none_is_stored_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
