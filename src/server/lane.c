/* SPDX-License-Identifier: Apache-2.0 */
/* lane.c - a loop, its thread, and calls into it from the control thread. */
#include "server/lane.h"

#include <stdio.h>

enum { READS_MAX = 8, READ_BYTES_MAX = 256 * 1024 };

int hg_lane_init(struct hg_lane *lane, unsigned index, struct hg_registry *registry) {
    lane->registry = registry;
    int err = hg_loop_new(index, &lane->loop);
    if (err == 0) {
        hg_loop_set_user(lane->loop, lane);
    }
    return err;
}

int hg_lane_start_modules(struct hg_lane *lane, struct hg_why *why) {
    const struct hg_module *m;
    while ((m = hg_registry_next(lane->registry, lane->started)) != NULL) {
        struct hg_why inner = {""};
        int err = m->loop_start != NULL ? m->loop_start(lane->loop, &inner) : 0;
        if (err != 0) {
            hg_why_set(why, "module %s: %s", m->name, inner.text);
            return err;
        }
        lane->started = m;
    }
    return 0;
}

static void stop_modules(struct hg_lane *lane) {
    const struct hg_module *m = NULL;
    while (lane->started != NULL && m != lane->started) {
        m = hg_registry_next(lane->registry, m);
        if (m->loop_stop != NULL) {
            m->loop_stop(lane->loop);
        }
    }
    lane->started = NULL;
}

static void *run(void *arg) {
    struct hg_lane *lane = arg;
    hg_loop_adopt(lane->loop);
    hg_loop_run(lane->loop);
    stop_modules(lane);
    return NULL;
}

int hg_lane_start(struct hg_lane *lane, struct hg_log *log, size_t window_bytes) {
    char name[16];
    struct hg_feed_setup setup = {
        .loop = lane->loop,
        .log = log,
        .window_bytes_max = window_bytes,
        .reads_max = READS_MAX,
        .read_bytes_max = READ_BYTES_MAX,
    };
    int err = hg_feed_new(&setup, &lane->feed);
    if (err == 0) {
        err = hg_edge_new(lane->loop, log, lane->feed, &lane->edge);
    }
    if (err != 0) {
        return err;
    }
    if (pthread_create(&lane->thread, NULL, run, lane) != 0) {
        return HG_EIO;
    }
    snprintf(name, sizeof(name), "loop-%u", hg_loop_index(lane->loop));
    pthread_setname_np(lane->thread, name);
    lane->is_running = true;
    return 0;
}

struct call {
    struct hg_task task;
    struct hg_lane *lane;
    void (*fn)(struct hg_lane *lane, void *arg);
    void *arg;
    pthread_mutex_t mutex;
    pthread_cond_t done;
    bool is_done;
};

static void on_call(struct hg_task *task) {
    struct call *c = HG_CONTAINER(task, struct call, task);
    c->fn(c->lane, c->arg);
    pthread_mutex_lock(&c->mutex);
    c->is_done = true;
    pthread_cond_signal(&c->done);
    pthread_mutex_unlock(&c->mutex);
}

void hg_lane_call(struct hg_lane *lane, void (*fn)(struct hg_lane *lane, void *arg), void *arg) {
    struct call c = {.task = {.run = on_call}, .lane = lane, .fn = fn, .arg = arg};
    pthread_mutex_init(&c.mutex, NULL);
    pthread_cond_init(&c.done, NULL);
    hg_loop_post(lane->loop, &c.task);
    pthread_mutex_lock(&c.mutex);
    while (!c.is_done) {
        pthread_cond_wait(&c.done, &c.mutex);
    }
    pthread_mutex_unlock(&c.mutex);
    pthread_cond_destroy(&c.done);
    pthread_mutex_destroy(&c.mutex);
}

static void stop_loop(struct hg_lane *lane, void *arg) {
    (void)arg;
    hg_loop_stop(lane->loop);
}

void hg_lane_stop(struct hg_lane *lane) {
    if (lane->is_running) {
        hg_lane_call(lane, stop_loop, NULL);
        pthread_join(lane->thread, NULL);
        lane->is_running = false;
    }
}

void hg_lane_fini(struct hg_lane *lane) {
    if (lane->loop != NULL) {
        hg_loop_adopt(lane->loop);
        hg_edge_free(&lane->edge);
        hg_feed_free(&lane->feed);
        hg_loop_free(&lane->loop);
    }
}

void hg_lane_on_tail(struct hg_loop *loop, struct hg_batch *batch, void *arg) {
    struct hg_lane *lane = hg_loop_user(loop);
    (void)arg;
    if (lane->edge != NULL) {
        hg_edge_tail(lane->edge);
        hg_feed_tail(lane->feed, batch);
    }
}
