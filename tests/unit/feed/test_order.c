/* SPDX-License-Identifier: Apache-2.0 */
/* test_order.c - any order of publishing, stalling, closing and resuming:
 * every client gets exactly what it asked for. The clients check each event
 * and each cursor as it comes; here only the schedule is made up. The seed is
 * fixed, or FEED_SEED. */
#include "unit/feed/client.h"
#include "unit/feed/tests.h"

#include <stdio.h>
#include <stdlib.h>

enum { CLIENTS = 14, TOPICS = 3, STEPS = 3000 };

static const char *const types[] = {"a", "b", "c"};
static const char *const subjects[] = {"s1", "s2", "x1", "x2"};

static unsigned draw(unsigned *seed, unsigned n) {
    *seed = *seed * 1103515245 + 12345;
    return (*seed >> 16) % n;
}

static struct client_wish draw_wish(unsigned *seed) {
    static const struct hg_sink_ops *const sinks[] = {&client_raw, &client_cut, &client_message};
    struct client_wish w = {.sink = sinks[draw(seed, 3)]};
    switch (draw(seed, 5)) {
    case 0:
        w.type = types[draw(seed, 3)];
        break;
    case 1:
        w.subject = subjects[draw(seed, 4)];
        break;
    case 2:
        w.prefix = "s";
        break;
    case 3:
        w.type = types[draw(seed, 3)];
        w.subject = subjects[draw(seed, 4)];
        break;
    default:
        break;
    }
    for (uint32_t t = draw(seed, TOPICS); t < TOPICS; t += 1 + draw(seed, 2)) {
        w.topics[w.n_topics++] = t;
    }
    w.start = draw(seed, 2) ? HG_START_LATEST : HG_START_EARLIEST;
    w.has_no_room = draw(seed, 4) == 0;
    w.room = draw(seed, 3) == 0 ? CLIENT_ROOM_ALL : 1 + draw(seed, 2000);
    w.heartbeat_ms = draw(seed, 2) ? 120 : 0;
    return w;
}

/* Comes back with the last cursor that it was told, if any. */
static void resume(struct rig *rig, struct client **pc, unsigned *seed) {
    struct client *before = *pc;
    struct client_wish w = before->wish;
    w.has_no_room = false;
    w.room = 1 + draw(seed, 2000);
    w.cursor = before->cursor[0] ? before->cursor : NULL;
    struct client *c = client_open(rig, &w);
    c->wish.cursor = NULL;
    client_close(&before);
    *pc = c;
}

static void reselect(struct client *c, unsigned *seed) {
    uint32_t topics[TOPICS];
    size_t n = 0;
    for (uint32_t t = 0; t < TOPICS; t++) {
        if (draw(seed, 3) > 0) {
            topics[n++] = t;
        }
    }
    if (n == 0) { /* one that has had topics is never left without */
        topics[n++] = draw(seed, TOPICS);
    }
    client_set_topics(c, topics, n);
    c->cursor[0] = '\0'; /* of other topics */
}

/* What only a log on another machine does. */
static void cut(struct rig *rig, struct client **clients, unsigned *seed) {
    uint32_t topic = draw(seed, TOPICS);
    uint64_t end = rig->truth[topic][0].n;
    end -= end > 0 ? draw(seed, end < 40 ? (unsigned)end : 40) : 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        client_owe(clients[i], topic);
    }
    rig_cut(rig, topic, 0, end);
    rig_turn(rig); /* a loss is in the order of the tail: whoever comes now comes after it */
}

static void step_remote(struct rig *rig, struct client **clients, unsigned *seed, bool has_cuts) {
    switch (draw(seed, 8)) {
    case 4:
        if (has_cuts && draw(seed, 12) == 0) {
            cut(rig, clients, seed);
        }
        break;
    case 0:
        atomic_store(&rig->remote.follow_err, draw(seed, 2) ? HG_EAGAIN : 0);
        break;
    case 1:
        remote_log_hold(&rig->remote, draw(seed, 2));
        break;
    case 2:
    case 3:
        for (unsigned i = draw(seed, 20); i > 0; i--) {
            uint32_t topic = draw(seed, TOPICS);
            uint32_t partition = draw(seed, hg_log_topic_partitions(rig->log, topic));
            rig_write(rig, topic, partition, types[draw(seed, 3)], subjects[draw(seed, 4)]);
        }
        break;
    default:
        remote_log_pump(&rig->remote);
        break;
    }
}

static void step(struct rig *rig, struct client **clients, unsigned *seed, bool has_cuts) {
    struct client **pc = &clients[draw(seed, CLIENTS)];
    if (rig->is_remote && draw(seed, 3) == 0) {
        step_remote(rig, clients, seed, has_cuts);
        return;
    }
    unsigned kind = draw(seed, 16);
    if (has_cuts && kind >= 5 && kind <= 7) {
        return; /* the rig would hold a loss, but not what the log says after it */
    }
    switch (kind) {
    case 0:
        resume(rig, pc, seed);
        break;
    case 1:
        client_close(pc);
        *pc = client_open(rig, &(struct client_wish){0});
        client_close(pc);
        struct client_wish w = draw_wish(seed);
        *pc = client_open(rig, &w);
        break;
    case 2:
    case 3:
    case 4:
        client_set_room(*pc, draw(seed, 3) ? 1 + draw(seed, 3000) : CLIENT_ROOM_ALL);
        break;
    case 5:
        rig_hold_tail(rig);
        break;
    case 6:
        rig_let_tail(rig, draw(seed, 8), draw(seed, 2));
        break;
    case 7:
        rig_release_tail(rig);
        break;
    case 8:
        rig_hold_reads(rig, draw(seed, 2));
        break;
    case 9:
        if ((*pc)->n_opened > 0 && draw(seed, 4) == 0) {
            reselect(*pc, seed);
        }
        break;
    case 10:
        rig_turn(rig);
        break;
    default:
        for (unsigned i = draw(seed, 12); i > 0; i--) {
            rig_publish(rig, draw(seed, TOPICS), types[draw(seed, 3)], subjects[draw(seed, 4)]);
        }
        break;
    }
}

static void finish(struct rig *rig, struct client **clients, bool has_cuts) {
    rig_hold_reads(rig, false);
    rig_release_tail(rig);
    for (size_t i = 0; i < CLIENTS; i++) {
        client_set_room(clients[i], CLIENT_ROOM_ALL);
    }
    if (rig->is_remote) {
        remote_log_hold(&rig->remote, false);
        atomic_store(&rig->remote.follow_err, 0);
        rig_until_live(rig, 0);
        remote_log_pump(&rig->remote);
        rig_turn(rig);
    }
    rig_until_live(rig, 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        client_assert_whole(clients[i]);
        if (clients[i]->n_gaps > 0 && !has_cuts) {
            fail_msg("a gap: %s of %s from %s", clients[i]->reason, clients[i]->gap_topic,
                     clients[i]->gap_from);
        }
    }
}

static void run_with(const struct rig_options *options, unsigned seed, bool has_cuts) {
    const char *given = getenv("FEED_SEED");
    struct client *clients[CLIENTS];
    struct rig *rig = rig_new(options, TOPICS);
    seed = given ? (unsigned)strtoul(given, NULL, 10) : seed;
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client_wish w = draw_wish(&seed);
        clients[i] = client_open(rig, &w);
    }
    for (int i = 0; i < STEPS; i++) {
        step(rig, clients, &seed, has_cuts);
        if (i % 1000 == 999) {
            finish(rig, clients, has_cuts);
        }
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        client_close(&clients[i]);
    }
    rig_free(&rig);
}

static void run(const struct rig_options *options, unsigned seed) {
    run_with(options, seed, false);
}

static void everybody_gets_everything_in_order(void **state) {
    (void)state;
    run(&(struct rig_options){0}, 1);
}

static void small_window_makes_no_difference(void **state) {
    (void)state;
    run(&(struct rig_options){.window_bytes_max = 3000, .read_bytes_max = 2000, .reads_max = 1}, 2);
}

static void no_window_makes_no_difference(void **state) {
    (void)state;
    run(&(struct rig_options){.window_bytes_max = 1, .reads_max = 3}, 3);
}

static void partitions_make_no_difference(void **state) {
    (void)state;
    run(&(struct rig_options){.window_bytes_max = 6000, .partitions = 3}, 4);
}

static void a_tail_by_wish_makes_no_difference(void **state) {
    (void)state;
    run(&(struct rig_options){.is_remote = true}, 5);
}

static void a_tail_by_wish_with_partitions_and_small_windows_makes_none(void **state) {
    (void)state;
    run(
        &(struct rig_options){
            .is_remote = true, .partitions = 3, .window_bytes_max = 3000, .read_bytes_max = 2000},
        6);
}

static void who_is_told_that_a_topic_was_cut_back_has_all_from_there_on(void **state) {
    (void)state;
    run_with(&(struct rig_options){.is_remote = true, .window_bytes_max = 6000}, 7, true);
}

int test_order(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_gets_everything_in_order),
        cmocka_unit_test(small_window_makes_no_difference),
        cmocka_unit_test(no_window_makes_no_difference),
        cmocka_unit_test(partitions_make_no_difference),
        cmocka_unit_test(a_tail_by_wish_makes_no_difference),
        cmocka_unit_test(who_is_told_that_a_topic_was_cut_back_has_all_from_there_on),
        cmocka_unit_test(a_tail_by_wish_with_partitions_and_small_windows_makes_none),
    };
    return cmocka_run_group_tests_name("feed/order", tests, NULL, NULL);
}
