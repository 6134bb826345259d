/* SPDX-License-Identifier: Apache-2.0 */
/* produce - librdkafka alone at a rate, with the settings of our driver: what a
 * gateway's time and CPU are compared with. Times run from when an event was due
 * to its delivery report; with -C to when a consumer in the same process has it.
 * With -P it makes the topic first; with -d 0 only that. Prints one line of JSON. */
#include "histogram.h"

#include <getopt.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct property {
    const char *name, *value;
};

static const struct property writes[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"compression.codec", "lz4"},
    {"linger.ms", "1"},
    {NULL, NULL},
};

static const struct property reads[] = {
    {"isolation.level", "read_committed"},
    {"check.crcs", "true"},
    {"fetch.wait.max.ms", "100"},
    {NULL, NULL},
};

static struct {
    const char *bootstrap, *topic;
    double rate, seconds, warm_s;
    int bytes, partitions, group; /* events that are due together */
    bool is_consumed;
} opt = {.topic = "bench", .rate = 1000, .seconds = 3, .warm_s = 1, .bytes = 1024, .group = 1};

static uint64_t n_acked, n_failed, warm_ns;
static _Atomic uint64_t n_read;
static atomic_bool is_over;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what, const char *why) {
    fprintf(stderr, "produce: %s: %s\n", what, why);
    exit(1);
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    uint64_t due = (uint64_t)(uintptr_t)m->_private;
    (void)rk, (void)opaque;
    n_acked += m->err == 0;
    n_failed += m->err != 0;
    if (m->err == 0 && due >= warm_ns && !opt.is_consumed) {
        histogram_add(now_ns() - due);
    }
}

static rd_kafka_t *handle(rd_kafka_type_t type, const struct property *properties) {
    char why[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", opt.bootstrap, why, sizeof(why));
    for (const struct property *p = properties; p->name != NULL; p++) {
        if (rd_kafka_conf_set(conf, p->name, p->value, why, sizeof(why)) != 0) {
            die(p->name, why);
        }
    }
    if (type == RD_KAFKA_PRODUCER) {
        rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    }
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
    if (rk == NULL) {
        die("librdkafka", why);
    }
    return rk;
}

/* ---- with -C: all partitions from their beginning, in a thread ---- */

static void *consume(void *arg) {
    rd_kafka_t *rk = arg;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, opt.topic, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    for (int32_t p = 0; p < opt.partitions; p++) {
        if (rd_kafka_consume_start_queue(topic, p, RD_KAFKA_OFFSET_BEGINNING, queue) != 0) {
            die("consumer", rd_kafka_err2str(rd_kafka_last_error()));
        }
    }
    while (!atomic_load(&is_over)) {
        rd_kafka_message_t *m = rd_kafka_consume_queue(queue, 100);
        if (m != NULL && m->err == 0) {
            uint64_t due = 0;
            memcpy(&due, (const char *)m->payload + m->len - sizeof(due), sizeof(due));
            if (due >= warm_ns) {
                histogram_add(now_ns() - due);
            }
            atomic_fetch_add(&n_read, 1);
        }
        if (m != NULL) {
            rd_kafka_message_destroy(m);
        }
    }
    for (int32_t p = 0; p < opt.partitions; p++) {
        rd_kafka_consume_stop(topic, p);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(rk);
    return NULL;
}

/* What was acknowledged comes, or this does not end well. */
static void wait_for_reader(pthread_t reader) {
    static const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 30000 && atomic_load(&n_read) < n_acked; i++) {
        nanosleep(&pause, NULL);
    }
    n_failed += n_acked - atomic_load(&n_read);
    atomic_store(&is_over, true);
    pthread_join(reader, NULL);
}

static void make_topic(rd_kafka_t *rk) {
    char why[512];
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(opt.topic, opt.partitions, 1, why, sizeof(why));
    if (topic == NULL) {
        die(opt.topic, why);
    }
    rd_kafka_CreateTopics(rk, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 30000);
    if (event == NULL || rd_kafka_event_error(event) != 0) {
        die(opt.topic, event == NULL ? "no answer" : rd_kafka_event_error_string(event));
    }
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
}

static void send_one(rd_kafka_topic_t *topic, char *body, uint64_t n, uint64_t due) {
    char key[24];
    int key_len = snprintf(key, sizeof(key), "s%llu", (unsigned long long)n % 1000);
    int head = snprintf(body, 32, "{\"seq\":%llu,\"text\":\"", (unsigned long long)n);
    body[head] = 'x'; /* where snprintf put its end */
    memcpy(body + opt.bytes - sizeof(due), &due, sizeof(due));
    if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, body, (size_t)opt.bytes,
                         key, (size_t)key_len, (void *)(uintptr_t)due) != 0) {
        n_failed++;
    }
}

static void run(rd_kafka_t *rk) {
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, opt.topic, NULL);
    char *body = malloc((size_t)opt.bytes + 64);
    memset(body, 'x', (size_t)opt.bytes + 64);
    uint64_t step = (uint64_t)(1e9 / opt.rate * opt.group), due = now_ns(), n = 0;
    warm_ns = due + (uint64_t)(opt.warm_s * 1e9);
    uint64_t end = warm_ns + (uint64_t)(opt.seconds * 1e9);
    while (due < end) {
        for (uint64_t now = now_ns(); due <= now && due < end; due += step) {
            for (int i = 0; i < opt.group; i++) {
                send_one(topic, body, n++, due);
            }
        }
        rd_kafka_poll(rk, 0);
        struct timespec until = {(time_t)(due / 1000000000u), (long)(due % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
    rd_kafka_flush(rk, 30000);
    free(body);
    rd_kafka_topic_destroy(topic);
}

static double cpu_s(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void usage(void) {
    fprintf(stderr, "usage: produce -b BOOTSTRAP [-t TOPIC] [-P PARTITIONS] [-r EVENTS/S] "
                    "[-z BYTES] [-d SECONDS] [-w WARM-UP] [-g EVENTS-AT-ONCE] [-C]\n");
    exit(2);
}

static void read_options(int argc, char **argv) {
    int o;
    while ((o = getopt(argc, argv, "b:t:P:r:z:d:w:g:C")) != -1) {
        switch (o) {
        case 'b':
            opt.bootstrap = optarg;
            break;
        case 't':
            opt.topic = optarg;
            break;
        case 'P':
            opt.partitions = (int)strtol(optarg, NULL, 10);
            break;
        case 'r':
            opt.rate = strtod(optarg, NULL);
            break;
        case 'z':
            opt.bytes = (int)strtol(optarg, NULL, 10);
            break;
        case 'd':
            opt.seconds = strtod(optarg, NULL);
            break;
        case 'w':
            opt.warm_s = strtod(optarg, NULL);
            break;
        case 'g':
            opt.group = (int)strtol(optarg, NULL, 10);
            break;
        case 'C':
            opt.is_consumed = true;
            break;
        default:
            usage();
        }
    }
    if (opt.bootstrap == NULL || opt.rate <= 0 || opt.bytes < 64 || opt.group < 1 ||
        (opt.is_consumed && opt.partitions < 1)) {
        usage();
    }
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    rd_kafka_t *rk = handle(RD_KAFKA_PRODUCER, writes);
    if (opt.partitions > 0) {
        make_topic(rk);
    }
    pthread_t reader = 0;
    if (opt.is_consumed) {
        pthread_create(&reader, NULL, consume, handle(RD_KAFKA_CONSUMER, reads));
    }
    double before = cpu_s();
    if (opt.seconds > 0) {
        run(rk);
    }
    if (opt.is_consumed) {
        wait_for_reader(reader);
    }
    printf("{\"acked\":%llu,\"bad\":%llu,\"cpu_s\":%.3f,\"p50_ms\":%.3f,\"p95_ms\":%.3f,"
           "\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f}\n",
           (unsigned long long)n_acked, (unsigned long long)n_failed, cpu_s() - before,
           histogram_ms(0.5), histogram_ms(0.95), histogram_ms(0.99), histogram_ms(0.999),
           histogram_ms(1));
    rd_kafka_destroy(rk);
    return n_failed > 0;
}
