/* SPDX-License-Identifier: Apache-2.0 */
/* log_thread.c - the one writer: takes publishes in the order they came, has
 * them judged, gives what is new to the driver, and flushes when nothing more
 * waits or the group is large. While a flush waits for the disk the next group
 * gathers in the inbox; what is there is never delayed to make a group larger
 * (crossing.h says what loops do before).
 *
 *   inbox -> on_publish -> line -> judge_line -> driver append -> flush
 *                           ^          |                            |
 *                           |          └── answer                   v
 *                           └── who waited  <──  on_complete -> answer */
#include <semaphore.h>

#include "base/clock.h"
#include "headgate/logline.h"
#include "headgate/thread.h"
#include "log/counters.h"
#include "log/expect.h"
#include "log/inner.h"

/* A flush at the latest after this much. */
enum { GROUP_ITEMS_MAX = 4096, GROUP_BYTES_MAX = 4 << 20 };
/* More than this is not asked for before the log counts as writable again. */
enum { ROOM_MAX = 4 << 20 };
/* Topics are declared one after the other; the index is built once for all. */
enum { INDEX_WAIT_MS = 20 };

/* On the loop, where the plan was made: memory that changes threads at each
 * request is dear. */
static void run_done(struct hg_task *task) {
    struct hg_publish *p = HG_CONTAINER(task, struct hg_publish, task);
    hg_plan_free(&p->plan);
    p->done(p, p->err, p->at);
}

void hg_log_thread__hand_back(struct hg_log *log, struct hg_publish *p) {
    p->task.run = run_done;
    hg_crossings_answer(&log->crossings, p->loop, &p->task);
}

void hg_log_thread__answer(struct hg_log *log, struct hg_publish *p) {
    hg_admit_leave(&log->admit, p);
    hg_log_thread__hand_back(log, p);
}

static void on_complete(struct hg_task *task);

static void append(struct hg_log *log, struct hg_publish *p) {
    struct hg_log_thread *t = &log->thread;
    struct hg_sending *s = &p->plan->sending;
    s->append.up = &log->up;
    s->task.run = on_complete;
    t->group_items += s->append.n_items;
    t->group_bytes += p->bytes;
    t->group_appends++;
    t->in_flight++;
    hg_late_begin(log, p);
    log->ops->append(log->driver, &s->append);
}

void hg_log_thread__flush(struct hg_log *log) {
    struct hg_log_thread *t = &log->thread;
    t->has_held = false;
    if (t->group_appends > 0) {
        hg_crossings_send(&log->crossings); /* who is answered need not wait for the others */
        t->group_items = t->group_bytes = t->group_appends = 0;
        log->ops->flush(log->driver);
        hg_log_upkeep__wrote(log);
        hg_counter_add(&hg_log_commits, 1);
    } else if (t->has_answers) {
        log->ops->flush(log->driver);
    }
    t->has_answers = false;
}

static bool is_large(const struct hg_log_thread *t) {
    return t->group_items >= GROUP_ITEMS_MAX || t->group_bytes >= GROUP_BYTES_MAX;
}

static bool can_judge(const struct hg_log_thread *t) {
    return t->line.first != NULL && !is_large(t);
}

/* What waited for it is judged next. */
static void end(struct hg_log *log, struct hg_publish *p, struct hg_publish *waiters) {
    hg_line_back(&log->thread.line, waiters);
    hg_log_thread__answer(log, p);
}

/* p and its verdict; its place in the line is settled first, as it may be
 * another's before this returns. */
static void carry_out(struct hg_log *log, struct hg_publish *p, enum hg_verdict verdict) {
    struct hg_log_thread *t = &log->thread;
    switch (verdict) {
    case HG_VERDICT_APPEND:
        if (hg_expect_is_replaced(log, p)) {
            end(log, p, hg_judge_refuse(&t->judge, p, HG_ECONFLICT, t->now_s));
        } else {
            append(log, p);
        }
        break;
    case HG_VERDICT_ANSWER:
        hg_log_thread__answer(log, p);
        break;
    case HG_VERDICT_WAIT:
        break;
    case HG_VERDICT_HOLD:
        t->has_held = true;
        break;
    }
}

/* What dedup has to know first may have to be read. */
static enum hg_verdict judge(struct hg_log *log, struct hg_publish *p) {
    struct hg_log_thread *t = &log->thread;
    bool is_read_back = t->judge.is_read_back && t->judge.dedup != NULL;
    switch (is_read_back ? hg_recall_ask(log, p) : HG_RECALL_KNOWN) {
    case HG_RECALL_WAITS:
        return HG_VERDICT_HOLD;
    case HG_RECALL_REFUSED:
        hg_judge_turn_away(p, HG_EAGAIN);
        return HG_VERDICT_ANSWER;
    case HG_RECALL_KNOWN:
        break;
    }
    return hg_judge(&t->judge, p, t->now_s);
}

static void judge_line(struct hg_log *log) {
    struct hg_log_thread *t = &log->thread;
    struct hg_publish *p;
    while (can_judge(t) && (p = hg_line_next(&t->line)) != NULL) {
        enum hg_verdict verdict = judge(log, p);
        hg_line_judged(&t->line, p, verdict);
        carry_out(log, p, verdict);
    }
}

void hg_log_thread__on_publish(struct hg_task *task) {
    struct hg_publish *p = HG_CONTAINER(task, struct hg_publish, task);
    hg_late_come(p->log, p);
    hg_line_put(&p->log->thread.line, p);
}

/* Readiness follows what appends meet; each change is logged once. On a disk
 * that is nearly full small appends go on where a large one was refused: only
 * one as large, or a probe that asks for as much, says that there is room. */
static void note_writable(struct hg_log *log, int err, size_t bytes) {
    struct hg_log_thread *t = &log->thread;
    bool is_writable = err != HG_EFULL && err != HG_EIO && err != HG_EDOUBT;
    if (err == HG_EFULL && bytes > t->refused_bytes) {
        t->refused_bytes = bytes < ROOM_MAX ? bytes : ROOM_MAX;
    }
    if (is_writable && (err != 0 || bytes < t->refused_bytes)) {
        return; /* that it was refused for another reason says nothing */
    }
    if (is_writable) {
        t->refused_bytes = 0;
    }
    if (atomic_exchange(&log->is_writable, is_writable) == is_writable) {
        return;
    }
    if (is_writable) {
        HG_LOG(HG_NOTICE, "log_writable", "driver=%s", log->ops->name);
    } else {
        HG_LOG(HG_ERROR, "log_not_writable", "driver=%s reason=\"%s\"", log->ops->name,
               hg_err_text(err));
    }
}

/* What one partition on other machines meets says nothing of the others; what
 * is stored does. When nothing was, upkeep asks the driver. */
static void note_items(struct hg_log *log, const struct hg_publish *p) {
    struct hg_log_thread *t = &log->thread;
    bool has_stored = false;
    const struct hg_append *a = &p->plan->sending.append;
    for (size_t i = 0; i < a->n_items; i++) {
        has_stored |= a->items[i].err == 0;
    }
    if (has_stored) {
        t->has_stored = true;
        note_writable(log, 0, p->bytes);
    } else if (p->err == HG_EFULL || p->err == HG_EIO || p->err == HG_EDOUBT) {
        t->has_failed = true;
    }
}

/* Who cannot take anything now is not writable, where that may last. */
void hg_log_thread__on_probed(struct hg_task *task) {
    struct hg_log *log = HG_CONTAINER(task, struct hg_log, thread.probe.task);
    struct hg_log_thread *t = &log->thread;
    int err = t->probe.err;
    bool is_away = t->judge.is_by_item && err == HG_EAGAIN;
    t->in_flight--;
    t->is_probing = false;
    note_writable(log, is_away ? HG_EIO : err, t->probe.append.room);
}

/* An append stands before what was acknowledged earlier. */
static void forget_cut(struct hg_log *log, const struct hg_publish *p) {
    log->thread.judge.has_cut = false;
    const struct hg_append *a = &p->plan->sending.append;
    for (size_t i = 0; i < a->n_items; i++) {
        const struct hg_append_item *item = &a->items[i];
        struct hg_topic *topic = hg_topics_get(log->topics, item->topic);
        if (hg_topic_part(topic, item->partition)->is_cut) {
            hg_log__index_forget(log, topic, item->partition);
        }
    }
}

static void on_complete(struct hg_task *task) {
    struct hg_publish *p = HG_CONTAINER(task, struct hg_plan, sending.task)->owner;
    struct hg_log *log = p->log;
    struct hg_log_thread *t = &log->thread;
    t->has_answers = (log->ops->caps & HG_LOG_REMOTE) != 0;
    t->in_flight -= !p->plan->is_overdue;
    p->err = p->plan->sending.err;
    if (t->judge.is_by_item) {
        note_items(log, p);
    } else {
        note_writable(log, p->err, p->bytes);
    }
    t->settled_bytes += p->err == 0 ? (int64_t)p->bytes : 0;
    struct hg_publish *waiters = hg_judge_settle(&t->judge, p, p->err, t->now_s);
    if (t->judge.has_cut) {
        forget_cut(log, p);
    }
    if (hg_late_end(log, p)) {
        hg_line_back(&t->line, waiters);
    } else {
        end(log, p, waiters);
    }
}

static void wait_for(sem_t *s) {
    while (sem_wait(s) != 0) { /* a signal came in between */
    }
}

struct stop_call {
    struct hg_task task;
    struct hg_log *log;
};

static void on_stop(struct hg_task *task) {
    HG_CONTAINER(task, struct stop_call, task)->log->thread.is_stopping = true;
}

static bool run_tasks(struct hg_task *task) {
    bool has_any = task != NULL;
    while (task != NULL) {
        struct hg_task *next = task->next; /* run may end the task's life */
        task->run(task);
        task = next;
    }
    return has_any;
}

static int wait_ms(const struct hg_log *log) {
    const struct hg_log_thread *t = &log->thread;
    if (t->group_appends > 0 || t->has_answers || can_judge(t)) {
        return 0;
    }
    int64_t upkeep_ms = hg_log_upkeep__due_ms(log), late_ms = hg_late_due_ms(log);
    int64_t left = (upkeep_ms < late_ms ? upkeep_ms : late_ms) - hg_clock_mono_ms();
    left = left < 1 ? 1 : left;
    return (int)(t->needs_index && left > INDEX_WAIT_MS ? INDEX_WAIT_MS : left);
}

static void turn(struct hg_log *log) {
    struct hg_log_thread *t = &log->thread;
    bool has_more = run_tasks(hg_inbox_take(&log->inbox, wait_ms(log)));
    t->now_s = hg_dedup_now();
    if (t->needs_index && (!has_more || t->line.first != NULL)) {
        hg_log_thread__flush(log);
        hg_log__index(log);
        t->needs_index = false;
    }
    hg_log_upkeep__show_ids(log);
    judge_line(log);
    if (!has_more || t->has_held || is_large(t)) {
        hg_log_thread__flush(log);
    }
    int64_t now_ms = hg_clock_mono_ms();
    hg_late_run(log, now_ms);
    if (now_ms >= hg_log_upkeep__due_ms(log)) {
        hg_log_thread__flush(log);
        hg_crossings_send(&log->crossings);
        hg_log_upkeep__run(log, now_ms);
    }
    if (hg_mailbox_is_empty(&log->inbox.box)) { /* else the answers to this group come first */
        hg_crossings_send(&log->crossings);
    }
}

struct start_call {
    struct hg_log *log;
    const struct hg_log_open *open;
    struct hg_why *why;
    int err;
    sem_t is_open;
};

static void *run_thread(void *arg) {
    struct start_call *start = arg;
    struct hg_log *log = start->log;
    struct hg_log_thread *t = &log->thread;
    struct hg_log_open open = *start->open;
    t->self = pthread_self();
    open.up = &log->up;
    int err = start->err = log->ops->open(&open, &log->driver, start->why);
    int rc = sem_post(&start->is_open); /* start is gone from here on */
    HG_ASSERT(rc == 0);
    if (err != 0) {
        return NULL;
    }
    hg_late_init(log);
    hg_log_upkeep__begin(log, hg_clock_mono_ms());
    while (!t->is_stopping || t->line.first != NULL || t->in_flight > 0) {
        turn(log);
    }
    hg_late_stop(log);
    log->ops->close(log->driver);
    (void)run_tasks(hg_inbox_take(&log->inbox, 0)); /* what the driver said last */
    hg_crossings_send(&log->crossings);
    return NULL;
}

int hg_log_thread__start(struct hg_log *log, const struct hg_log_open *open, struct hg_why *why) {
    struct hg_log_thread *t = &log->thread;
    hg_line_init(&t->line, log->topics);
    struct start_call start = {.log = log, .open = open, .why = why};
    int rc = sem_init(&start.is_open, 0, 0);
    HG_ASSERT(rc == 0);
    int err = hg_thread_start(&t->id, run_thread, &start);
    if (err != 0) {
        hg_why_set(why, "cannot start the log thread");
        return err;
    }
    wait_for(&start.is_open);
    (void)sem_destroy(&start.is_open);
    if (start.err != 0) {
        rc = pthread_join(t->id, NULL);
        HG_ASSERT(rc == 0);
    }
    return start.err;
}

void hg_log_thread__stop(struct hg_log *log) {
    struct stop_call stop = {.task.run = on_stop, .log = log};
    hg_inbox_put(&log->inbox, &stop.task);
    int rc = pthread_join(log->thread.id, NULL);
    HG_ASSERT(rc == 0);
}
