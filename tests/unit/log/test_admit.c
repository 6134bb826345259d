/* SPDX-License-Identifier: Apache-2.0 */
/* test_admit.c - what may be on its way: the bounds and the guesses by
 * themselves, then a whole log with one topic that never answers. */
#include "log/admit.h"

#include <stdio.h>

#include "support/fake_log.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

enum { ITEMS = 3, BYTES = 100 };

struct fixture {
    struct hg_topics *topics;
    struct hg_admit admit;
};

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    struct hg_log_range range = {.epoch = 1, .partitions = 1};
    f->topics = hg_topics_new();
    assert_int_equal(hg_topics_add(f->topics, HG_SLICE("a"), 1, &range), 0);
    assert_int_equal(hg_topics_add(f->topics, HG_SLICE("b"), 1, &range), 0);
    f->admit = (struct hg_admit){
        .topics = f->topics, .bytes_max = (size_t)10 * BYTES, .topic_bytes_max = (size_t)2 * BYTES};
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    hg_topics_free(&f->topics);
    hg_free(f);
    return 0;
}

/* A publish whose items, each of 100 bytes, go to these topics. */
struct pub {
    struct hg_publish p;
    struct hg_publish_item items[ITEMS];
};

static struct pub *make(const uint32_t *topics, size_t n) {
    struct pub *pub = hg_alloc(sizeof *pub);
    pub->p.items = pub->items;
    pub->p.n_items = n;
    pub->p.bytes = n * BYTES;
    pub->p.plan = hg_alloc(sizeof *pub->p.plan + n * sizeof pub->p.plan->items[0]);
    for (size_t i = 0; i < n; i++) {
        pub->items[i].topic = topics[i];
        pub->p.plan->items[i].bytes = BYTES;
    }
    return pub;
}

static void end(struct pub **pub) {
    hg_free((*pub)->p.plan);
    hg_free(*pub);
    *pub = NULL;
}

static struct pub *to(uint32_t topic) {
    return make(&topic, 1);
}

static size_t queued(const struct fixture *f, uint32_t topic) {
    return atomic_load(&hg_topics_get(f->topics, topic)->queued_bytes);
}

static unsigned retry_of(const struct fixture *f, uint32_t topic) {
    return atomic_load(&hg_topics_get(f->topics, topic)->retry_after);
}

static void leave(struct fixture *f, struct pub *pub, enum hg_stored stored) {
    for (size_t i = 0; i < pub->p.n_items; i++) {
        pub->items[i].stored = stored;
    }
    hg_admit_leave(&f->admit, &pub->p);
}

static void a_topic_that_is_full_refuses_itself_alone(void **state) {
    struct fixture *f = *state;
    struct pub *a = to(0), *b = to(1);
    assert_true(hg_admit_enter(&f->admit, &a->p));
    assert_true(hg_admit_enter(&f->admit, &a->p));
    assert_false(hg_admit_enter(&f->admit, &a->p));
    assert_true(hg_admit_enter(&f->admit, &b->p));
    assert_int_equal(queued(f, 0), 2 * BYTES); /* who was refused left nothing behind */
    assert_int_equal(atomic_load(&f->admit.bytes), 3 * BYTES);
    leave(f, a, HG_STORED_NEW);
    assert_true(hg_admit_enter(&f->admit, &a->p));
    leave(f, a, HG_STORED_NEW);
    leave(f, a, HG_STORED_NEW);
    leave(f, b, HG_STORED_NEW);
    assert_int_equal(queued(f, 0) + queued(f, 1) + atomic_load(&f->admit.bytes), 0);
    end(&a);
    end(&b);
}

static void all_topics_together_have_a_bound_too(void **state) {
    struct fixture *f = *state;
    struct pub *a = to(0), *b = to(1);
    f->admit.bytes_max = BYTES;
    assert_true(hg_admit_enter(&f->admit, &a->p));
    assert_false(hg_admit_enter(&f->admit, &b->p));
    assert_int_equal(queued(f, 1), 0);
    leave(f, a, HG_STORED_NEW);
    assert_true(hg_admit_enter(&f->admit, &b->p));
    leave(f, b, HG_STORED_NEW);
    end(&a);
    end(&b);
}

/* Refused for its second topic, it takes nothing of the first. */
static void a_publish_of_two_topics_is_let_in_whole_or_not(void **state) {
    struct fixture *f = *state;
    struct pub *b = make((const uint32_t[]){1, 1, 1}, 3), *both = make((const uint32_t[]){0, 1}, 2);
    assert_true(hg_admit_enter(&f->admit, &b->p));
    assert_false(hg_admit_enter(&f->admit, &both->p));
    assert_int_equal(queued(f, 0), 0);
    assert_int_equal(queued(f, 1), 3 * BYTES);
    assert_int_equal(atomic_load(&f->admit.bytes), 3 * BYTES);
    leave(f, b, HG_STORED_NOT);
    assert_true(hg_admit_enter(&f->admit, &both->p));
    leave(f, both, HG_STORED_NOT);
    assert_int_equal(queued(f, 0) + queued(f, 1), 0);
    end(&b);
    end(&both);
}

static void what_is_larger_than_the_bound_goes_when_nothing_else_waits(void **state) {
    struct fixture *f = *state;
    struct pub *large = make((const uint32_t[]){0, 0, 0}, 3), *a = to(0);
    assert_true(hg_admit_enter(&f->admit, &large->p));
    assert_false(hg_admit_enter(&f->admit, &a->p));
    leave(f, large, HG_STORED_NEW);
    assert_true(hg_admit_enter(&f->admit, &a->p));
    assert_false(hg_admit_enter(&f->admit, &large->p));
    leave(f, a, HG_STORED_NEW);
    assert_int_equal(queued(f, 0), 0);
    end(&large);
    end(&a);
}

static void how_long_to_wait_follows_what_the_topic_stores(void **state) {
    struct fixture *f = *state;
    struct pub *a = to(0), *b = to(1);
    assert_true(hg_admit_enter(&f->admit, &a->p));
    assert_true(hg_admit_enter(&f->admit, &a->p));
    assert_true(hg_admit_enter(&f->admit, &b->p));
    hg_admit_guess(&f->admit, 1000); /* nothing was stored at all */
    assert_int_equal(retry_of(f, 0), 10);
    leave(f, b, HG_STORED_NEW);
    leave(f, a, HG_STORED_NEW);
    hg_admit_guess(&f->admit, 4000); /* 25 bytes a second, 100 are waiting */
    assert_int_equal(retry_of(f, 0), 5);
    assert_int_equal(retry_of(f, 1), 1);
    leave(f, a, HG_STORED_NOT);
    hg_admit_guess(&f->admit, 1000); /* quiet: the rate is remembered */
    assert_int_equal(retry_of(f, 0), 1);
    assert_true(hg_admit_enter(&f->admit, &a->p));
    hg_admit_guess(&f->admit, 1000); /* 18 a second */
    assert_int_equal(retry_of(f, 0), 6);
    for (int i = 0; i < 10; i++) {
        hg_admit_guess(&f->admit, 1000);
    }
    assert_in_range(retry_of(f, 0), 10, 60);
    leave(f, a, HG_STORED_NOT);
    end(&a);
    end(&b);
}

static void without_a_bound_topics_are_not_counted(void **state) {
    struct fixture *f = *state;
    struct pub *a = to(0);
    f->admit.topic_bytes_max = 0;
    for (int i = 0; i < 5; i++) {
        assert_true(hg_admit_enter(&f->admit, &a->p));
    }
    assert_int_equal(queued(f, 0), 0);
    for (int i = 0; i < 5; i++) {
        leave(f, a, HG_STORED_NEW);
    }
    end(&a);
}

/* Publishes to it are never answered until the test lets them. */
struct dead {
    struct fake_log fake;
    struct log_rig rig;
    struct rig_publish publishes[64];
    size_t n;
    uint32_t topic;
    int n_held;
};

static bool is_held(void *arg) {
    struct dead *d = arg;
    return atomic_load(&d->fake.n_held) == d->n_held;
}

static bool is_told_to_wait(void *arg) {
    struct dead *d = arg;
    return hg_log_topic_retry_after(d->rig.log, d->topic) >= 10;
}

static int send(struct dead *d, struct rig_publish *p, uint32_t topic, int id) {
    char text[16];
    (void)snprintf(text, sizeof text, "%d", id);
    rig_begin(&d->rig, p);
    rig_add(p, topic, text, "x");
    return rig_send(p);
}

static void fill(struct dead *d) {
    int err = 0;
    while (err == 0) {
        assert_true(d->n < HG_COUNT(d->publishes));
        err = send(d, &d->publishes[d->n], d->topic, (int)d->n);
        if (err == 0) {
            d->n++;
        } else {
            rig_end(&d->publishes[d->n]);
        }
    }
    assert_int_equal(err, HG_EAGAIN);
    d->n_held = (int)d->n;
    rig_until(&d->rig, is_held, d);
}

static void one_dead_topic_leaves_the_others_untouched(void **state) {
    (void)state;
    struct dead *d = hg_alloc(sizeof *d);
    struct rig_publish p;
    fake_log_init(&d->fake);
    d->fake.is_manual = true;
    rig_start(&d->rig, &(struct hg_log_setup){.driver = &fake_log_parts_ops,
                                              .open = fake_log_open(&d->fake),
                                              .dedup_window_ms = 60000,
                                              .dedup_max = 1000,
                                              .topic_bytes_max = 4096});
    d->topic = rig_topic(&d->rig, "dead");
    uint32_t live = rig_topic(&d->rig, "live");
    fill(d);
    assert_in_range(d->n, 2, 40);
    for (int i = 0; i < 100; i++) { /* far more than one topic's share */
        assert_int_equal(send(d, &p, live, i), 0);
        d->n_held = (int)d->n + 1;
        rig_until(&d->rig, is_held, d);
        fake_log_answer_items(&d->fake, d->n, (const int[]){0}, 1); /* the newest */
        rig_wait(&p);
        assert_int_equal(p.err, 0);
        rig_end(&p);
    }
    rig_until(&d->rig, is_told_to_wait, d);
    assert_int_equal(hg_log_topic_retry_after(d->rig.log, live), 1);
    assert_int_equal(send(d, &p, d->topic, 1000), HG_EAGAIN);
    rig_end(&p);
    fake_log_answer(&d->fake, d->n, 0); /* it is back */
    for (size_t i = 0; i < d->n; i++) {
        rig_wait(&d->publishes[i]);
        assert_int_equal(d->publishes[i].err, 0);
        rig_end(&d->publishes[i]);
    }
    d->fake.is_manual = false;
    assert_int_equal(rig_publish_one(&d->rig, &p, d->topic, "after", "x"), 0);
    rig_end(&p);
    rig_stop(&d->rig);
    fake_log_fini(&d->fake);
    hg_free(d);
}

#define ADMIT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int test_admit(void) {
    const struct CMUnitTest tests[] = {
        ADMIT(a_topic_that_is_full_refuses_itself_alone),
        ADMIT(all_topics_together_have_a_bound_too),
        ADMIT(a_publish_of_two_topics_is_let_in_whole_or_not),
        ADMIT(what_is_larger_than_the_bound_goes_when_nothing_else_waits),
        ADMIT(how_long_to_wait_follows_what_the_topic_stores),
        ADMIT(without_a_bound_topics_are_not_counted),
        cmocka_unit_test(one_dead_topic_leaves_the_others_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
