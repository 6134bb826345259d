/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/loop/tests.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "headgate/counter.h"
#include "loop/loop.h"
#include "unit/unit.h"

/* Writes down in which order tasks ran. */
struct noted {
    struct hg_task task;
    int number;
    void (*then)(struct noted *self);
};

static int notes[64], n_notes;
static struct hg_loop *loop;
static struct noted tasks[64];

static void on_task(struct hg_task *task) {
    struct noted *n = HG_CONTAINER(task, struct noted, task);
    assert_true(n_notes < (int)HG_COUNT(notes));
    notes[n_notes++] = n->number;
    if (n->then != NULL) {
        n->then(n);
    }
}

static struct hg_task *noted_task(int number, void (*then)(struct noted *self)) {
    tasks[number] = (struct noted){.task.run = on_task, .number = number, .then = then};
    return &tasks[number].task;
}

static void assert_notes(const int *want, int n) {
    assert_int_equal(n_notes, n);
    assert_memory_equal(notes, want, sizeof(int) * (size_t)n);
    n_notes = 0;
}

#define ASSERT_NOTES(...)                                                                          \
    assert_notes((const int[]){__VA_ARGS__}, (int)HG_COUNT(((const int[]){__VA_ARGS__})))

static int open_loop(void **state) {
    (void)state;
    n_notes = 0;
    if (hg_loop_new(3, &loop) != 0) {
        return -1;
    }
    hg_loop_adopt(loop);
    return 0;
}

static int close_loop(void **state) {
    (void)state;
    hg_loop_free(&loop);
    return loop == NULL ? 0 : -1;
}

static void loop_knows_its_thread_index_and_user(void **state) {
    (void)state;
    int user;
    assert_ptr_equal(hg_loop_current(), loop);
    assert_int_equal(hg_loop_index(loop), 3);
    assert_int_equal(hg_counter_shard, 3);
    assert_null(hg_loop_user(loop));
    hg_loop_set_user(loop, &user);
    assert_ptr_equal(hg_loop_user(loop), &user);
    memset(hg_loop_scratch(loop), 1, HG_LOOP_SCRATCH_BYTES);
    hg_loop_free(&loop);
    assert_null(hg_loop_current());
    hg_loop_free(&loop);
}

static void posts_of_the_owner_run_in_the_next_mailbox_pass(void **state) {
    (void)state;
    hg_loop_post(loop, noted_task(1, NULL));
    hg_loop_post(loop, noted_task(2, NULL));
    assert_int_equal(n_notes, 0);
    hg_loop_turn(loop, true); /* does not sleep */
    ASSERT_NOTES(1, 2);
    hg_loop_turn(loop, false);
    assert_int_equal(n_notes, 0);
}

static void defer_one_more(struct noted *self) {
    hg_loop_defer(loop, noted_task(self->number + 1, NULL));
}

static void post_one_more(struct noted *self) {
    hg_loop_post(loop, noted_task(self->number + 1, NULL));
}

static void deferred_work_runs_after_the_mailbox_until_none_is_left(void **state) {
    (void)state;
    hg_loop_defer(loop, noted_task(10, defer_one_more));
    hg_loop_defer(loop, noted_task(20, NULL));
    hg_loop_post(loop, noted_task(1, defer_one_more));
    hg_loop_turn(loop, true);
    ASSERT_NOTES(1, 10, 20, 2, 11);
}

static void post_by_deferred_work_is_not_slept_over(void **state) {
    (void)state;
    hg_loop_defer(loop, noted_task(1, post_one_more));
    hg_loop_turn(loop, true);
    ASSERT_NOTES(1);
    hg_loop_turn(loop, true);
    ASSERT_NOTES(2);
    hg_loop_post(loop, noted_task(5, post_one_more));
    hg_loop_turn(loop, true);
    ASSERT_NOTES(5);
    hg_loop_turn(loop, true);
    ASSERT_NOTES(6);
}

static int rounds;
static bool is_over;

static void on_endless(struct hg_task *task) {
    rounds++;
    if (!is_over) {
        hg_loop_defer(loop, task);
    }
}

static void endless_deferral_does_not_starve_the_loop(void **state) {
    (void)state;
    struct hg_task task = {.run = on_endless};
    rounds = 0;
    is_over = false;
    hg_loop_defer(loop, &task);
    hg_loop_turn(loop, true);
    int first = rounds;
    assert_true(first > 1);
    hg_loop_post(loop, noted_task(1, NULL));
    hg_loop_turn(loop, true);
    ASSERT_NOTES(1);
    assert_true(rounds > first);
    is_over = true;
    hg_loop_turn(loop, true);
    rounds = 0;
    hg_loop_turn(loop, false);
    assert_int_equal(rounds, 0);
}

static void run_again_by_itself(struct noted *self) {
    if (n_notes < 3) {
        hg_loop_post(loop, &self->task);
    }
}

static void task_may_be_posted_again_by_its_own_run(void **state) {
    (void)state;
    hg_loop_post(loop, noted_task(4, run_again_by_itself));
    for (int i = 0; i < 5; i++) {
        hg_loop_turn(loop, false);
    }
    ASSERT_NOTES(4, 4, 4);
}

static void stop_loop(struct noted *self) {
    (void)self;
    hg_loop_stop(loop);
    hg_loop_defer(loop, noted_task(9, NULL));
}

static void stop_finishes_the_turn(void **state) {
    (void)state;
    hg_loop_post(loop, noted_task(1, stop_loop));
    hg_loop_post(loop, noted_task(2, NULL));
    hg_loop_run(loop);
    ASSERT_NOTES(1, 2, 9);
    hg_loop_post(loop, noted_task(3, stop_loop)); /* and it can be run again */
    hg_loop_run(loop);
    ASSERT_NOTES(3, 9);
}

static void free_runs_what_was_given_to_the_loop(void **state) {
    (void)state;
    hg_loop_post(loop, noted_task(1, post_one_more));
    hg_loop_defer(loop, noted_task(11, defer_one_more));
    hg_loop_free(&loop);
    ASSERT_NOTES(1, 11, 12, 2);
}

static void clock_is_read_once_per_turn(void **state) {
    (void)state;
    hg_loop_turn(loop, false);
    int64_t now = hg_loop_now_ms(loop);
    assert_true(now <= hg_clock_mono_ms());
    while (hg_clock_mono_ms() < now + 3) {
    }
    assert_int_equal(hg_loop_now_ms(loop), now);
    hg_loop_turn(loop, false);
    assert_true(hg_loop_now_ms(loop) >= now + 3);
}

static void loop_without_memory_is_not_made(void **state) {
    (void)state;
    int n = 0;
    for (bool is_made = false; !is_made; n++) {
        struct hg_loop *other = NULL;
        hg_alloc_fail_after(n);
        int err = hg_loop_new(0, &other);
        is_made = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        assert_int_equal(other != NULL, err == 0);
        assert_true(err == 0 || err == HG_ENOMEM);
        hg_loop_free(&other);
    }
    assert_true(n > 3);
}

/* Two posters and one loop that sleeps when it has nothing to do. */
enum { POSTERS = 2, POSTS = 100000 };

struct numbered {
    struct hg_task task;
    int poster, number;
};

static int next_number[POSTERS];
static int n_out_of_order; /* owner */

static void on_numbered(struct hg_task *task) {
    struct numbered *n = HG_CONTAINER(task, struct numbered, task);
    n_out_of_order += n->number != next_number[n->poster];
    next_number[n->poster] = n->number + 1;
    if (next_number[0] == POSTS && next_number[1] == POSTS) {
        hg_loop_stop(hg_loop_current());
    }
}

static void *post_all(void *arg) {
    struct numbered *mine = arg;
    for (int i = 0; i < POSTS; i++) {
        hg_loop_post(loop, &mine[i].task);
        if (i % 1000 == 0) {
            /* Now and then the loop gets to sleep. */
            sched_yield();
        }
    }
    return NULL;
}

static void *run_loop(void *arg) {
    hg_loop_run(arg);
    return NULL;
}

static void two_threads_post_to_a_sleeping_loop(void **state) {
    (void)state;
    pthread_t owner, threads[POSTERS];
    struct numbered *all[POSTERS];
    memset(next_number, 0, sizeof(next_number));
    n_out_of_order = 0;
    assert_int_equal(pthread_create(&owner, NULL, run_loop, loop), 0);
    for (int p = 0; p < POSTERS; p++) {
        all[p] = hg_alloc(sizeof(struct numbered) * POSTS);
        for (int i = 0; i < POSTS; i++) {
            all[p][i] = (struct numbered){{.run = on_numbered}, p, i};
        }
        assert_int_equal(pthread_create(&threads[p], NULL, post_all, all[p]), 0);
    }
    for (int p = 0; p < POSTERS; p++) {
        pthread_join(threads[p], NULL);
    }
    pthread_join(owner, NULL);
    assert_int_equal(n_out_of_order, 0);
    for (int p = 0; p < POSTERS; p++) {
        assert_int_equal(next_number[p], POSTS);
        hg_free(all[p]);
    }
}

static void note_number(struct hg_task *task) {
    HG_CONTAINER(task, struct numbered, task)->number = 1;
}

static void stop_current(struct hg_task *task) {
    (void)task;
    hg_loop_stop(hg_loop_current());
}

static void idle_work_waits_while_there_is_other_work(void **state) {
    (void)state;
    hg_loop_when_idle(loop, noted_task(9, NULL));
    hg_loop_post(loop, noted_task(1, post_one_more));
    hg_loop_turn(loop, true);
    ASSERT_NOTES(1);
    hg_loop_turn(loop, true);
    ASSERT_NOTES(2);
    hg_loop_turn(loop, true); /* does not sleep */
    ASSERT_NOTES(9);
}

static void post_self(struct noted *self) {
    n_notes = 0;
    hg_loop_post(loop, &self->task);
}

static void idle_work_is_put_off_for_a_while_only(void **state) {
    (void)state;
    bool has_run = false;
    int64_t until_ms = hg_clock_mono_ms() + 10000;
    hg_loop_post(loop, noted_task(1, post_self));
    int64_t from_us = hg_clock_mono_us();
    hg_loop_when_idle(loop, noted_task(9, NULL));
    while (!has_run && hg_clock_mono_ms() < until_ms) {
        hg_loop_turn(loop, true);
        has_run = n_notes == 1 && notes[0] == 9;
    }
    tasks[1].then = NULL; /* or the loop would never be free of it */
    assert_true(has_run);
    assert_true(hg_clock_mono_us() - from_us >= HG_LOOP_IDLE_MAX_US);
}

static void idle_work_can_be_done_at_once(void **state) {
    (void)state;
    hg_loop_post(loop, noted_task(1, NULL));
    hg_loop_when_idle(loop, noted_task(9, NULL));
    hg_loop_run_idle(loop);
    ASSERT_NOTES(9);
    hg_loop_run_idle(loop);
    hg_loop_turn(loop, true);
    ASSERT_NOTES(1);
}

static void a_chain_of_posts_wakes_a_sleeping_loop(void **state) {
    (void)state;
    pthread_t thread;
    struct hg_chain chain = {0};
    struct numbered first = {{.run = note_number}, 0, 0}, last = {{.run = stop_current}, 0, 0};
    assert_int_equal(pthread_create(&thread, NULL, run_loop, loop), 0);
    hg_chain_add(&chain, &first.task);
    hg_chain_add(&chain, &last.task);
    hg_loop_post_all(loop, &chain);
    pthread_join(thread, NULL);
    assert_int_equal(first.number, 1);
}

/* Two loops that throw a task to each other: every throw has to wake. */
enum { THROWS = 20000 };

struct ball {
    struct hg_task task;
    struct hg_loop *loops[2];
    int throws;
    struct noted stop_other;
};

static void on_ball(struct hg_task *task) {
    struct ball *ball = HG_CONTAINER(task, struct ball, task);
    bool is_first = hg_loop_current() == ball->loops[0];
    struct hg_loop *other = ball->loops[is_first ? 1 : 0];
    if (++ball->throws < THROWS) {
        hg_loop_post(other, task);
        return;
    }
    hg_loop_stop(hg_loop_current());
    ball->stop_other.task.run = stop_current;
    hg_loop_post(other, &ball->stop_other.task);
}

static void no_wake_up_is_lost_between_two_loops(void **state) {
    (void)state;
    struct ball ball = {.task.run = on_ball};
    pthread_t threads[2];
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(hg_loop_new(i, &ball.loops[i]), 0);
    }
    hg_loop_post(ball.loops[0], &ball.task);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_loop, ball.loops[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(ball.throws, THROWS);
    for (int i = 0; i < 2; i++) {
        hg_loop_free(&ball.loops[i]);
    }
}

static void child_may_free_the_loop_it_inherited(void **state) {
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        hg_loop_free(&loop);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    pthread_t thread;
    struct numbered last = {{.run = stop_current}, 0, 0};
    assert_int_equal(pthread_create(&thread, NULL, run_loop, loop), 0);
    hg_loop_post(loop, &last.task); /* has to wake it */
    pthread_join(thread, NULL);
}

/* The thread that set a loop up posts while another takes it over: the moment
 * at which neither may think that the other wakes. */
static void loop_changes_hands_without_losing_a_post(void **state) {
    (void)state;
    for (int i = 0; i < 300; i++) {
        pthread_t thread;
        struct numbered last = {{.run = stop_current}, 0, 0};
        hg_loop_adopt(loop);
        assert_int_equal(pthread_create(&thread, NULL, run_loop, loop), 0);
        for (int spin = 0; spin < i * 40; spin++) {
            atomic_signal_fence(memory_order_seq_cst);
        }
        hg_loop_post(loop, &last.task);
        pthread_join(thread, NULL);
    }
}

static void stop_before_run_ends_it_at_once(void **state) {
    (void)state;
    hg_loop_stop(loop);
    hg_loop_run(loop);
}

int test_loop(void) {
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, open_loop, close_loop)
    const struct CMUnitTest tests[] = {
        WITH_LOOP(loop_knows_its_thread_index_and_user),
        WITH_LOOP(posts_of_the_owner_run_in_the_next_mailbox_pass),
        WITH_LOOP(deferred_work_runs_after_the_mailbox_until_none_is_left),
        WITH_LOOP(post_by_deferred_work_is_not_slept_over),
        WITH_LOOP(endless_deferral_does_not_starve_the_loop),
        WITH_LOOP(task_may_be_posted_again_by_its_own_run),
        WITH_LOOP(stop_finishes_the_turn),
        WITH_LOOP(idle_work_waits_while_there_is_other_work),
        WITH_LOOP(idle_work_is_put_off_for_a_while_only),
        WITH_LOOP(idle_work_can_be_done_at_once),
        WITH_LOOP(a_chain_of_posts_wakes_a_sleeping_loop),
        WITH_LOOP(free_runs_what_was_given_to_the_loop),
        WITH_LOOP(clock_is_read_once_per_turn),
        WITH_LOOP(loop_without_memory_is_not_made),
        WITH_LOOP(two_threads_post_to_a_sleeping_loop),
        WITH_LOOP(child_may_free_the_loop_it_inherited),
        WITH_LOOP(loop_changes_hands_without_losing_a_post),
        WITH_LOOP(stop_before_run_ends_it_at_once),
        cmocka_unit_test(no_wake_up_is_lost_between_two_loops),
    };
    return cmocka_run_group_tests_name("loop/loop", tests, NULL, NULL);
}
