/* SPDX-License-Identifier: Apache-2.0 */
/* test_inbox.c - tasks to a thread that sleeps. */
#include "log/inbox.h"

#include <pthread.h>

#include "base/clock.h"
#include "unit/log/tests.h"

enum { POSTERS = 3, TASKS = 20000 };

struct numbered {
    struct hg_task task;
    int poster, number;
};

struct poster {
    struct hg_inbox *in;
    struct numbered *tasks;
};

static void *post_all(void *arg) {
    struct poster *p = arg;
    for (int i = 0; i < TASKS; i++) {
        hg_inbox_put(p->in, &p->tasks[i].task);
    }
    return NULL;
}

/* No task is lost and no sleeper forgotten; each poster's order is kept. */
static void tasks_of_many_posters_all_arrive_in_order(void **state) {
    (void)state;
    struct hg_inbox in;
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    int next[POSTERS] = {0}, total = 0;
    assert_int_equal(hg_inbox_init(&in), 0);
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){&in, hg_alloc(TASKS * sizeof(struct numbered))};
        for (int k = 0; k < TASKS; k++) {
            posters[i].tasks[k].poster = i;
            posters[i].tasks[k].number = k;
        }
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    int64_t deadline = hg_clock_mono_ms() + 20000;
    while (total < POSTERS * TASKS && hg_clock_mono_ms() < deadline) {
        for (struct hg_task *t = hg_inbox_take(&in, 10000); t != NULL; t = t->next) {
            struct numbered *n = HG_CONTAINER(t, struct numbered, task);
            assert_int_equal(n->number, next[n->poster]++);
            total++;
        }
    }
    assert_int_equal(total, POSTERS * TASKS);
    for (int i = 0; i < POSTERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        hg_free(posters[i].tasks);
    }
    hg_inbox_fini(&in);
}

static void an_empty_inbox_gives_up_after_its_time(void **state) {
    (void)state;
    struct hg_inbox in;
    assert_int_equal(hg_inbox_init(&in), 0);
    int64_t began = hg_clock_mono_ms();
    assert_null(hg_inbox_take(&in, 0));
    assert_null(hg_inbox_take(&in, 30));
    assert_true(hg_clock_mono_ms() - began >= 29);
    hg_inbox_fini(&in);
}

static void what_is_there_is_given_without_sleep(void **state) {
    (void)state;
    struct hg_inbox in;
    struct hg_task a = {0}, b = {0};
    assert_int_equal(hg_inbox_init(&in), 0);
    hg_inbox_put(&in, &a);
    hg_inbox_put(&in, &b);
    int64_t began = hg_clock_mono_ms();
    assert_ptr_equal(hg_inbox_take(&in, 10000), &a);
    assert_ptr_equal(a.next, &b);
    assert_null(b.next);
    assert_true(hg_clock_mono_ms() - began < 5000);
    hg_inbox_fini(&in);
}

int test_inbox(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_of_many_posters_all_arrive_in_order),
        cmocka_unit_test(an_empty_inbox_gives_up_after_its_time),
        cmocka_unit_test(what_is_there_is_given_without_sleep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
