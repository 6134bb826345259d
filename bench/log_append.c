/* SPDX-License-Identifier: Apache-2.0 */
/* log_append.c - what the log room costs an event, over a driver that keeps
 * nothing and over the embedded one.
 *
 *     cc -O2 -D_GNU_SOURCE -Isrc -Isrc/include bench/log_append.c modules/log_embedded/[a-z]*.c \
 *        libheadgate.a -levent_core -llmdb -lpthread -o log_append
 *     ./log_append DIR [IN_FLIGHT [EVENTS_PER_PUBLISH]]
 *
 * DIR is an empty directory on the disk to measure. One loop publishes 1 KiB
 * events and keeps IN_FLIGHT publishes waiting. CPU is that of the process:
 * loop, log thread and this program's own part, which is small. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "event/codec.h"
#include "headgate/module.h"
#include "log/log.h"
#include "loop/loop.h"

enum { EVENTS = 100000, DATA_BYTES = 850, FLIGHT_MAX = 4096, BATCH_MAX = 100 };

extern const struct hg_module hg_module_log_embedded;

struct flight {
    struct hg_publish p;
    struct hg_publish_item items[BATCH_MAX];
};

static struct hg_event *events[EVENTS];
static uint8_t digests[EVENTS][16];
static struct flight flights[FLIGHT_MAX];
static size_t next_event, n_done, batch = 1;
static uint32_t topic;
static struct hg_log *the_log;

static double clock_s(clockid_t which) {
    struct timespec ts;
    clock_gettime(which, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A driver that keeps nothing. */
static struct hg_append *group, **group_end = &group;
static struct hg_log_up *up;
static uint64_t next_offset;

static int null_open(const struct hg_log_open *open, void **ret, struct hg_why *why) {
    (void)why;
    up = open->up;
    *ret = &group;
    return 0;
}
static void null_close(void *state) {
    (void)state;
}
static int null_topic(void *state, const struct hg_log_topic *t, struct hg_why *why) {
    (void)state, (void)t, (void)why;
    return 0;
}
static int null_describe(void *state, uint32_t t, uint32_t p, struct hg_log_range *ret) {
    (void)state, (void)t, (void)p;
    *ret = (struct hg_log_range){.epoch = 1, .partitions = 1};
    return 0;
}
static void null_append(void *state, struct hg_append *a) {
    (void)state;
    a->next = NULL;
    *group_end = a;
    group_end = &a->next;
}
static void null_flush(void *state) {
    static struct hg_record shown[1 << 16];
    struct hg_append *a = group;
    size_t n = 0;
    (void)state;
    group = NULL;
    group_end = &group;
    for (struct hg_append *it = a; it != NULL; it = it->next) {
        for (size_t i = 0; i < it->n_items; i++) {
            it->items[i].record.offset = next_offset++;
            shown[n++] = it->items[i].record;
        }
    }
    hg_log_tail(up, 0, 0, shown, n);
    while (a != NULL) {
        struct hg_append *next = a->next;
        hg_append_complete(a, 0);
        a = next;
    }
}
static const struct hg_log_ops null_ops = {
    .size = sizeof null_ops,
    .name = "null",
    .open = null_open,
    .close = null_close,
    .topic_open = null_topic,
    .describe = null_describe,
    .append = null_append,
    .flush = null_flush,
};

static void make_events(void) {
    static char data[DATA_BYTES];
    memset(data, 'd', sizeof data);
    struct hg_event_builder *b = hg_event_builder_new();
    for (size_t i = 0; i < EVENTS; i++) {
        const char *missing;
        char id[32];
        snprintf(id, sizeof id, "event-%zu", i);
        hg_event_builder_set(b, HG_SLICE("specversion"), HG_SLICE("1.0"), HG_ATTR_STRING);
        hg_event_builder_set(b, HG_SLICE("id"), hg_slice_of(id), HG_ATTR_STRING);
        hg_event_builder_set(b, HG_SLICE("source"), HG_SLICE("/bench/a/source"), HG_ATTR_STRING);
        hg_event_builder_set(b, HG_SLICE("type"), HG_SLICE("com.example.order"), HG_ATTR_STRING);
        hg_event_builder_data(b, HG_DATA_TEXT, (struct hg_slice){data, sizeof data});
        if (hg_event_builder_seal(b, &events[i], &missing) != 0) {
            exit(1);
        }
        hg_event_digest(events[i], hg_log_digest_key(), digests[i]);
    }
    hg_event_builder_free(&b);
}

static void send_next(struct flight *f) {
    if (next_event + batch > EVENTS) {
        return;
    }
    f->p.items = f->items;
    f->p.n_items = batch;
    for (size_t i = 0; i < batch; i++, next_event++) {
        f->items[i] = (struct hg_publish_item){.topic = topic, .event = events[next_event]};
        memcpy(f->items[i].digest, digests[next_event], 16);
    }
    if (hg_log_append(the_log, &f->p) != 0) {
        exit(1);
    }
}

static void on_done(struct hg_publish *p, int err, size_t at) {
    (void)at;
    if (err != 0) {
        fprintf(stderr, "%s\n", hg_err_text(err));
        exit(1);
    }
    n_done += p->n_items;
    send_next(HG_CONTAINER(p, struct flight, p));
}

static void on_tail(struct hg_loop *loop, struct hg_batch *b, void *arg) {
    (void)loop, (void)b, (void)arg;
}

static void run(const char *name, const struct hg_log_ops *ops, const char *dir, size_t in_flight,
                int64_t window_ms) {
    struct hg_loop *loop;
    struct hg_why why;
    if (hg_loop_new(0, &loop) != 0) {
        exit(1);
    }
    hg_loop_adopt(loop);
    struct hg_log_setup setup = {.driver = ops,
                                 .loops = &loop,
                                 .n_loops = 1,
                                 .on_tail = on_tail,
                                 .dedup_window_ms = window_ms,
                                 .dedup_max = 1000000,
                                 .queue_bytes_max = (size_t)1 << 30,
                                 .readers = 1};
    setup.open.args[0] = hg_slice_of(dir);
    setup.open.n_args = 1;
    struct hg_log_topic t = {.name = hg_slice_of(name), .partitions = 1};
    if (hg_log_start(&setup, &the_log, &why) != 0 || hg_log_topic(the_log, &t, &topic, &why) != 0) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
    next_event = n_done = 0;
    double wall = clock_s(CLOCK_MONOTONIC), cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    double mine = clock_s(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < in_flight; i++) {
        flights[i].p.done = on_done;
        send_next(&flights[i]);
    }
    while (n_done < EVENTS / batch * batch) {
        hg_loop_turn(loop, true);
    }
    wall = clock_s(CLOCK_MONOTONIC) - wall;
    cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    mine = clock_s(CLOCK_THREAD_CPUTIME_ID) - mine;
    printf("%-10s dedup %-3s in flight %4zu x %3zu: %8.0f events/s  %5.2f us CPU/event "
           "(loop %.2f, log thread %.2f)\n",
           name, window_ms > 0 ? "on" : "off", in_flight, batch, (double)n_done / wall,
           cpu / (double)n_done * 1e6, mine / (double)n_done * 1e6,
           (cpu - mine) / (double)n_done * 1e6);
    hg_log_stop(&the_log);
    hg_loop_turn(loop, false);
    hg_loop_free(&loop);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        return 2;
    }
    size_t in_flight = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 256;
    batch = argc > 3 ? (size_t)strtoul(argv[3], NULL, 10) : 1;
    make_events();
    run("null", &null_ops, argv[1], in_flight, 0);
    run("null", &null_ops, argv[1], in_flight, 86400000);
    run("embedded.a", hg_module_log_embedded.log, argv[1], in_flight, 0);
    run("embedded.b", hg_module_log_embedded.log, argv[1], in_flight, 86400000);
    return 0;
}
