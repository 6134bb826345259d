/* SPDX-License-Identifier: Apache-2.0 */
/* test_gather.c - what a crowd is shown while more is on its way. */
#include "unit/feed/client.h"
#include "unit/feed/tests.h"

enum { CROWD = 200, LONG_MS = 60000 };

static const struct rig_options remote = {.is_remote = true};

/* So many follow topic 0, and one the other; a publish to topic 0 is on its way. */
struct scene {
    struct rig *rig;
    struct client *clients[CROWD];
    struct client *other;
    size_t n, wanted;
};

static void set_up(struct scene *s, size_t n) {
    *s = (struct scene){.rig = rig_new(&remote, 2), .n = n};
    for (size_t i = 0; i < n; i++) {
        s->clients[i] = client_open(s->rig, &(struct client_wish){0});
    }
    s->other = client_open(s->rig, &(struct client_wish){.topics = {1}, .n_topics = 1});
    rig_until_live(s->rig, 0);
    s->rig->feed->gather_ms = LONG_MS;
    s->rig->fake.is_manual = true;
    rig_begin_publish(s->rig, 0, "a", "mine");
    while (atomic_load(&s->rig->fake.n_held) == 0) {
        rig_turn(s->rig);
    }
}

static bool is_answered(void *arg) {
    return ((struct rig *)arg)->n_pending == 0;
}

static void tear_down(struct scene *s) {
    if (s->rig->n_pending > 0) {
        fake_log_answer(&s->rig->fake, 1, 0);
        rig_until(s->rig, is_answered, s->rig);
    }
    for (size_t i = 0; i < s->n; i++) {
        client_close(&s->clients[i]);
    }
    client_close(&s->other);
    rig_free(&s->rig);
}

static void write_and_show(struct rig *rig, uint32_t topic) {
    rig_write(rig, topic, 0, "a", "s");
    remote_log_pump(&rig->remote);
    rig_turn(rig);
}

static bool have_all(void *arg) {
    struct scene *s = arg;
    size_t n = 0;
    while (n < s->n && s->clients[n]->n_events == s->wanted) {
        n++;
    }
    return n == s->n;
}

static void assert_have(struct scene *s, size_t n) {
    s->wanted = n;
    assert_true(have_all(s));
}

static void until_have(struct scene *s, size_t n) {
    s->wanted = n;
    rig_until(s->rig, have_all, s);
}

static void a_crowd_waits_for_what_is_on_its_way(void **state) {
    (void)state;
    struct scene s;
    set_up(&s, CROWD);
    write_and_show(s.rig, 0);
    write_and_show(s.rig, 0);
    assert_have(&s, 0);
    fake_log_answer(&s.rig->fake, 1, 0);
    until_have(&s, 2);
    write_and_show(s.rig, 0); /* with nothing on its way, at once: and what was stored */
    assert_have(&s, 4);
    for (size_t i = 0; i < s.n; i++) {
        client_assert_whole(s.clients[i]);
    }
    tear_down(&s);
}

static void it_does_not_wait_long(void **state) {
    (void)state;
    struct scene s;
    set_up(&s, CROWD);
    s.rig->feed->gather_ms = 3;
    write_and_show(s.rig, 0);
    until_have(&s, 1);
    assert_int_equal(s.rig->n_pending, 1);
    tear_down(&s);
}

static void a_few_do_not_wait(void **state) {
    (void)state;
    struct scene s;
    set_up(&s, CROWD - 1);
    write_and_show(s.rig, 0);
    assert_have(&s, 1);
    tear_down(&s);
}

static void other_topics_do_not_wait(void **state) {
    (void)state;
    struct scene s;
    set_up(&s, CROWD);
    write_and_show(s.rig, 0);
    write_and_show(s.rig, 1);
    assert_have(&s, 0);
    assert_int_equal(s.other->n_events, 1);
    tear_down(&s);
}

static bool are_told(void *arg) {
    struct scene *s = arg;
    size_t n = 0;
    while (n < s->n && s->clients[n]->n_gaps == 1) {
        n++;
    }
    return n == s->n;
}

static void a_loss_comes_behind_what_waits(void **state) {
    (void)state;
    struct scene s;
    set_up(&s, CROWD);
    write_and_show(s.rig, 0);
    write_and_show(s.rig, 0);
    rig_cut(s.rig, 0, 0, 1);
    for (size_t i = 0; i < s.n; i++) {
        client_owe(s.clients[i], 0);
    }
    rig_turn(s.rig);
    assert_have(&s, 0);
    fake_log_answer(&s.rig->fake, 1, 0);
    rig_until(s.rig, are_told, &s);
    assert_string_equal(s.clients[0]->reason, "reset");
    tear_down(&s);
}

static void those_who_leave_take_it_with_them(void **state) {
    (void)state;
    struct scene s;
    set_up(&s, CROWD);
    write_and_show(s.rig, 0);
    for (size_t i = 0; i < s.n; i++) {
        client_close(&s.clients[i]);
    }
    s.n = 0;
    tear_down(&s);
}

int test_gather(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_waits_for_what_is_on_its_way),
        cmocka_unit_test(it_does_not_wait_long),
        cmocka_unit_test(a_few_do_not_wait),
        cmocka_unit_test(other_topics_do_not_wait),
        cmocka_unit_test(a_loss_comes_behind_what_waits),
        cmocka_unit_test(those_who_leave_take_it_with_them),
    };
    return cmocka_run_group_tests_name("feed/gather", tests, NULL, NULL);
}
