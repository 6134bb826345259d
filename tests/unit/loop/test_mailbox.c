/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/loop/tests.h"

#include <pthread.h>
#include <sched.h>

#include "loop/mailbox.h"
#include "unit/unit.h"

static void tasks_come_out_in_the_order_of_posts(void **state) {
    (void)state;
    struct hg_mailbox m = {0};
    struct hg_task tasks[3];
    assert_true(hg_mailbox_is_empty(&m));
    assert_null(hg_mailbox_take(&m));
    assert_true(hg_mailbox_post(&m, &tasks[0]));
    assert_false(hg_mailbox_post(&m, &tasks[1]));
    assert_false(hg_mailbox_post(&m, &tasks[2]));
    assert_false(hg_mailbox_is_empty(&m));
    struct hg_task *got = hg_mailbox_take(&m);
    for (int i = 0; i < 3; i++, got = got->next) {
        assert_ptr_equal(got, &tasks[i]);
    }
    assert_null(got);
    assert_true(hg_mailbox_is_empty(&m));
    assert_true(hg_mailbox_post(&m, &tasks[0]));
}

static void a_chain_comes_out_whole_behind_what_was_there(void **state) {
    (void)state;
    struct hg_mailbox m = {0};
    struct hg_chain chain = {0};
    struct hg_task tasks[5];
    assert_true(hg_chain_is_empty(&chain));
    hg_chain_add(&chain, &tasks[0]);
    assert_false(hg_chain_is_empty(&chain));
    assert_true(hg_mailbox_post_all(&m, &chain));
    assert_true(hg_chain_is_empty(&chain));
    assert_false(hg_mailbox_post(&m, &tasks[1]));
    for (int i = 2; i < 5; i++) {
        hg_chain_add(&chain, &tasks[i]);
    }
    assert_false(hg_mailbox_post_all(&m, &chain));
    struct hg_task *got = hg_mailbox_take(&m);
    for (int i = 0; i < 5; i++, got = got->next) {
        assert_ptr_equal(got, &tasks[i]);
    }
    assert_null(got);
}

enum { POSTERS = 2, POSTS = 100000 };

struct numbered {
    struct hg_task task;
    int poster, number;
};

struct poster {
    struct hg_mailbox *mailbox;
    struct numbered *tasks;
    int wakes;
};

static void *post_all(void *arg) {
    struct poster *p = arg;
    for (int i = 0; i < POSTS; i++) {
        p->wakes += hg_mailbox_post(p->mailbox, &p->tasks[i].task);
    }
    return NULL;
}

static void posters_race_and_keep_their_order(void **state) {
    (void)state;
    struct hg_mailbox m = {0};
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    int next[POSTERS] = {0}, batches = 0, taken = 0, wakes = 0;
    for (int p = 0; p < POSTERS; p++) {
        posters[p] = (struct poster){&m, hg_alloc(sizeof(struct numbered) * POSTS), 0};
        for (int i = 0; i < POSTS; i++) {
            posters[p].tasks[i] = (struct numbered){.poster = p, .number = i};
        }
        assert_int_equal(pthread_create(&threads[p], NULL, post_all, &posters[p]), 0);
    }
    while (taken < POSTERS * POSTS) {
        struct hg_task *task = hg_mailbox_take(&m);
        if (task == NULL) {
            sched_yield();
            continue;
        }
        batches++;
        for (; task != NULL; task = task->next, taken++) {
            struct numbered *n = HG_CONTAINER(task, struct numbered, task);
            assert_int_equal(n->number, next[n->poster]);
            next[n->poster]++;
        }
    }
    for (int p = 0; p < POSTERS; p++) {
        pthread_join(threads[p], NULL);
        wakes += posters[p].wakes;
        hg_free(posters[p].tasks);
    }
    /* One wake-up a batch, no more and no fewer. */
    assert_int_equal(wakes, batches);
}

int test_mailbox(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_come_out_in_the_order_of_posts),
        cmocka_unit_test(a_chain_comes_out_whole_behind_what_was_there),
        cmocka_unit_test(posters_race_and_keep_their_order),
    };
    return cmocka_run_group_tests_name("loop/mailbox", tests, NULL, NULL);
}
