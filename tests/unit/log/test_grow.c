/* SPDX-License-Identifier: Apache-2.0 */
/* test_grow.c - what others make of the topics is found while loops run. */
#include <stdio.h>
#include <string.h>

#include "log/inner.h"
#include "support/log_rig.h"
#include "support/remote_log.h"
#include "unit/log/tests.h"

struct fixture {
    struct remote_log remote;
    struct hg_log_ops ops;
    struct log_rig rig;
    uint32_t topic;
    struct hg_log_follower *wish;
    bool is_followed;
    size_t n_lost;
    uint64_t lost_next;
};

static void on_tail(struct hg_loop *loop, struct hg_batch *batch, void *arg) {
    struct fixture *f = arg;
    (void)loop;
    if (batch->is_lost) {
        f->n_lost++;
        f->lost_next = batch->next;
    }
}

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    remote_log_init(&f->remote);
    f->ops = remote_log_ops();
    struct hg_log_setup setup = {.driver = &f->ops,
                                 .open = fake_log_open(&f->remote.fake),
                                 .on_tail = on_tail,
                                 .arg = f,
                                 .look_ms = 1};
    rig_start(&f->rig, &setup);
    f->topic = rig_topic(&f->rig, "t");
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    hg_log_unfollow(&f->wish);
    rig_stop(&f->rig);
    remote_log_fini(&f->remote);
    hg_free(f);
    return 0;
}

static void on_followed(void *arg, int err) {
    struct fixture *f = arg;
    assert_int_equal(err, 0);
    f->is_followed = true;
}

static bool is_followed(void *arg) {
    return ((struct fixture *)arg)->is_followed;
}

static void follow(struct fixture *f) {
    assert_int_equal(hg_log_follow(f->rig.log, f->topic, on_followed, f, &f->wish), 0);
    rig_until(&f->rig, is_followed, f);
}

static bool has_three(void *arg) {
    struct fixture *f = arg;
    return hg_log_topic_partitions(f->rig.log, f->topic) == 3;
}

static bool has_seen(void *arg) {
    struct fixture *f = arg;
    return f->rig.n_seen == 3;
}

static void write_to(struct fixture *f, uint32_t partition, const char *id) {
    remote_log_write(&f->remote, f->topic, partition, rig_event("/other", id, "x"));
}

static void new_partitions_come_with_the_tail_from_their_first_record(void **state) {
    struct fixture *f = *state;
    write_to(f, 0, "before");
    follow(f);
    write_to(f, 0, "old");
    remote_log_grow(&f->remote, f->topic, 3);
    write_to(f, 2, "new"); /* before anybody here knows of it */
    rig_until(&f->rig, has_three, f);
    write_to(f, 1, "later");
    remote_log_pump(&f->remote);
    while (!remote_log_is_followed(&f->remote, f->topic) || f->rig.n_seen < 3) {
        remote_log_pump(&f->remote); /* the tail of the new ones begins a moment later */
        hg_loop_turn(f->rig.loop, false);
    }
    rig_until(&f->rig, has_seen, f);
    unsigned by_partition[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        by_partition[f->rig.seen[i].partition]++;
        assert_int_equal(f->rig.seen[i].offset, f->rig.seen[i].partition == 0 ? 1 : 0);
    }
    assert_int_equal(by_partition[0], 1);
    assert_int_equal(by_partition[1], 1);
    assert_int_equal(by_partition[2], 1);
    assert_int_equal(f->n_lost, 0);
}

static void what_is_published_goes_to_the_new_partitions_too(void **state) {
    struct fixture *f = *state;
    remote_log_grow(&f->remote, f->topic, 3);
    rig_until(&f->rig, has_three, f);
    bool has_other = false;
    for (unsigned i = 0; i < 16; i++) {
        struct rig_publish p;
        char id[8];
        (void)snprintf(id, sizeof id, "%u", i);
        assert_int_equal(rig_publish_one(&f->rig, &p, f->topic, id, "x"), 0);
        has_other |= p.items[0].position.partition > 0;
        rig_end(&p);
    }
    assert_true(has_other);
}

static void want(struct fixture *f, const char *pattern) {
    struct hg_slice item = hg_slice_of(pattern);
    assert_int_equal(hg_log_want(f->rig.log, &(struct hg_log_patterns){&item, 1}), 0);
}

static bool has_found(void *arg) {
    struct fixture *f = arg;
    uint32_t id;
    return hg_log_topic_find(f->rig.log, HG_SLICE("made.elsewhere"), &id);
}

static bool is_nudged(void *arg) {
    return ((struct fixture *)arg)->rig.n_nudges >= 2; /* of "t", and of the new one */
}

static void make_elsewhere(struct fixture *f) {
    pthread_mutex_lock(&f->remote.fake.lock);
    struct fake_topic *t = &f->remote.fake.topics[1];
    (void)snprintf(t->name, sizeof t->name, "made.elsewhere");
    t->epoch = 1;
    t->partitions = 2;
    pthread_mutex_unlock(&f->remote.fake.lock);
}

static bool has_looked(void *arg) {
    struct fixture *f = arg;
    return hg_topics_get(f->rig.log->topics, f->topic)->seen_round >= 3;
}

static void of_topics_that_nobody_wants_none_is_opened(void **state) {
    struct fixture *f = *state;
    struct hg_log_kept *kept = NULL;
    struct hg_slice item = HG_SLICE("made.**");
    const struct hg_log_patterns wanted = {&item, 1};
    size_t n = 0;
    f->remote.n_foreign = 2000;
    make_elsewhere(f);
    rig_until(&f->rig, has_looked, f); /* before anybody said what is wanted */
    assert_int_equal(atomic_load(&f->remote.n_opens), 1);
    assert_int_equal(hg_log_kept(f->rig.log, &wanted, &kept, &n), 0);
    assert_int_equal(n, 2); /* "t", which is open, and the one that fits */
    hg_free(kept);
    want(f, "made.**");
    rig_until(&f->rig, has_found, f);
    assert_int_equal(atomic_load(&f->remote.n_opens), 2);
    assert_int_equal(hg_log_topic_count(f->rig.log), 2);
}

static void a_topic_that_others_make_is_found_and_shown_to_loops(void **state) {
    struct fixture *f = *state;
    want(f, "made.**");
    make_elsewhere(f);
    rig_until(&f->rig, has_found, f);
    rig_until(&f->rig, is_nudged, f);
    uint32_t id = 0;
    assert_true(hg_log_topic_find(f->rig.log, HG_SLICE("made.elsewhere"), &id));
    assert_int_equal(hg_log_topic_partitions(f->rig.log, id), 2);
}

/* A reload declares each topic again, as the conf has it. */
static void a_topic_with_more_partitions_than_the_conf_says_is_declared_again(void **state) {
    struct fixture *f = *state;
    remote_log_grow(&f->remote, f->topic, 3);
    assert_int_equal(rig_topic(&f->rig, "t"), f->topic);
    assert_int_equal(hg_log_topic_partitions(f->rig.log, f->topic), 3); /* at once */
    assert_int_equal(rig_topic(&f->rig, "t"), f->topic);
}

static bool is_lost(void *arg) {
    return ((struct fixture *)arg)->n_lost > 0;
}

static void rename_topic(struct fixture *f, const char *from, const char *to) {
    pthread_mutex_lock(&f->remote.fake.lock);
    for (size_t i = 0; i < FAKE_TOPICS; i++) {
        struct fake_topic *t = &f->remote.fake.topics[i];
        if (strcmp(t->name, from) == 0) {
            (void)snprintf(t->name, sizeof t->name, "%s", to);
        }
    }
    pthread_mutex_unlock(&f->remote.fake.lock);
}

static bool is_gone(void *arg) {
    struct fixture *f = arg;
    return hg_topics_get(f->rig.log->topics, f->topic)->is_gone;
}

static void a_topic_that_went_and_came_back_is_void(void **state) {
    struct fixture *f = *state;
    write_to(f, 0, "1");
    rename_topic(f, "t", "hidden");
    rig_until(&f->rig, is_gone, f);
    assert_int_equal(f->n_lost, 0);
    rename_topic(f, "hidden", "t");
    rig_until(&f->rig, is_lost, f);
    assert_int_equal(f->lost_next, 0);
    assert_false(is_gone(f));
}

#define GROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int test_grow(void) {
    const struct CMUnitTest tests[] = {
        GROW(new_partitions_come_with_the_tail_from_their_first_record),
        GROW(what_is_published_goes_to_the_new_partitions_too),
        GROW(a_topic_that_others_make_is_found_and_shown_to_loops),
        GROW(of_topics_that_nobody_wants_none_is_opened),
        GROW(a_topic_with_more_partitions_than_the_conf_says_is_declared_again),
        GROW(a_topic_that_went_and_came_back_is_void),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
