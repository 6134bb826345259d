/* SPDX-License-Identifier: Apache-2.0 */
/* upkeep.c - once a second, between two groups: the driver's own upkeep, the
 * dedup window, what is known of topics, the guess for Retry-After, and whether
 * a log that refused can be written again. */
#include "base/clock.h"
#include "log/counters.h"
#include "log/inner.h"

enum { TICK_MS = 1000, BUSY_TICK_MS = 100, RETRY_MAX_S = 60, RETRY_UNWRITABLE_S = 10 };

void hg_log_upkeep__show_ids(struct hg_log *log) {
    const struct hg_dedup *dedup = log->thread.judge.dedup;
    int64_t count = dedup != NULL ? (int64_t)hg_dedup_count(dedup) : 0;
    if (count != log->thread.entries_shown) {
        hg_counter_add(&hg_dedup_entries, count - log->thread.entries_shown);
        log->thread.entries_shown = count;
    }
}

static void expire(struct hg_log *log) {
    struct hg_dedup *dedup = log->thread.judge.dedup;
    if (dedup != NULL) {
        hg_dedup_expire(dedup, log->thread.now_s);
        hg_log_upkeep__show_ids(log);
    }
}

static void nudge(struct hg_log *log) {
    uint32_t n = hg_topics_count(log->topics);
    for (uint32_t id = 0; id < n; id++) {
        struct hg_topic *topic = hg_topics_get(log->topics, id);
        for (uint32_t p = 0; p < hg_topic_partitions(topic); p++) {
            if (atomic_load(&hg_topic_part(topic, p)->is_tail_missed)) {
                hg_log__nudge(log, topic, p);
            }
        }
    }
}

static void guess_retry(struct hg_log *log, int64_t elapsed_ms) {
    struct hg_log_thread *t = &log->thread;
    int64_t now = t->settled_bytes * 1000 / elapsed_ms;
    t->settled_bytes = 0;
    t->rate = t->rate == 0 ? now : (3 * t->rate + now) / 4;
    int64_t guess = RETRY_UNWRITABLE_S;
    if (atomic_load(&log->is_writable)) {
        int64_t queued = (int64_t)atomic_load(&log->admit.bytes);
        guess = t->rate > 0 ? 1 + queued / t->rate : 1;
    }
    atomic_store(&log->retry_after, (unsigned)(guess < RETRY_MAX_S ? guess : RETRY_MAX_S));
}

/* Where each partition answers for itself, that nothing at all was stored may
 * mean one of them, or the whole cluster. */
static bool is_in_question(struct hg_log *log) {
    struct hg_log_thread *t = &log->thread;
    bool is_away = t->has_failed || t->in_flight > 0 || !hg_list_is_empty(&log->late.overdue);
    bool is_stuck = !t->has_stored && is_away;
    t->has_stored = t->has_failed = false;
    return is_stuck && t->judge.is_by_item;
}

/* Without this nobody would find out: while the log cannot be written the
 * gateway is not ready, and what is not ready is sent nothing. */
static void probe(struct hg_log *log) {
    struct hg_log_thread *t = &log->thread;
    bool is_wanted = is_in_question(log) || !atomic_load(&log->is_writable);
    if (!is_wanted || t->is_probing) {
        return;
    }
    t->is_probing = true;
    t->in_flight++;
    t->probe.task.run = hg_log_thread__on_probed;
    t->probe.append = (struct hg_append){.up = &log->up, .room = t->refused_bytes};
    log->ops->append(log->driver, &t->probe.append);
    log->ops->flush(log->driver);
}

/* While it is written to, the driver removes in smaller pieces more often:
 * publishers wait for the log thread meanwhile. */
static void drive(struct hg_log *log, int64_t now_ms) {
    struct hg_log_thread *t = &log->thread;
    t->drive_at_ms = now_ms + (t->has_written ? BUSY_TICK_MS : TICK_MS);
    t->has_written = false;
    if (log->ops->tick != NULL) {
        log->ops->tick(log->driver);
    }
}

static void tick(struct hg_log *log, int64_t now_ms) {
    struct hg_log_thread *t = &log->thread;
    int64_t elapsed_ms = TICK_MS + now_ms - t->tick_at_ms;
    t->tick_at_ms = now_ms + TICK_MS;
    expire(log);
    hg_log_refresh__run(log);
    hg_log_grow__run(log, now_ms);
    nudge(log);
    hg_recalls_tick(log, now_ms);
    hg_late_tick(log, now_ms);
    guess_retry(log, elapsed_ms);
    hg_admit_guess(&log->admit, elapsed_ms);
    probe(log);
}

void hg_log_upkeep__begin(struct hg_log *log, int64_t now_ms) {
    log->thread.tick_at_ms = log->thread.drive_at_ms = now_ms + TICK_MS;
}

/* What such a driver holds back waits for its tick, where nothing else comes. */
void hg_log_upkeep__wrote(struct hg_log *log) {
    struct hg_log_thread *t = &log->thread;
    if (!t->has_written && (log->ops->caps & HG_LOG_REMOTE) != 0) {
        int64_t soon_ms = hg_clock_mono_ms() + BUSY_TICK_MS;
        t->drive_at_ms = soon_ms < t->drive_at_ms ? soon_ms : t->drive_at_ms;
    }
    t->has_written = true;
}

int64_t hg_log_upkeep__due_ms(const struct hg_log *log) {
    const struct hg_log_thread *t = &log->thread;
    return t->tick_at_ms < t->drive_at_ms ? t->tick_at_ms : t->drive_at_ms;
}

void hg_log_upkeep__run(struct hg_log *log, int64_t now_ms) {
    if (now_ms >= log->thread.drive_at_ms) {
        drive(log, now_ms);
    }
    if (now_ms >= log->thread.tick_at_ms) {
        tick(log, now_ms);
    }
}
