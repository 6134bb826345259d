/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idle - what an idle subscriber costs the server in memory.
 *
 * Opens N WebSocket or SSE connections, lets them settle, and compares the
 * RSS/PSS of the server's processes (and their descendants) before and after,
 * and the kernel's slab and TCP memory (both ends of the loopback).
 */
#include "conn.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static int opening, opened, dropped, failed, next_i, n_conns = 1000, burst = 200;
static char headers[4096], first_error[128];
static struct conn *conns;
static struct url urls[16];
static int n_urls, pids[64], n_pids;
static double settle_s = 3, hold_s;

struct sample {
    struct mem_sum mem;
    long slab_kb, tcp_pages;
};

static void on_conn(struct conn *c, enum conn_event ev, const uint8_t *p, size_t n) {
    (void)p;
    (void)n;
    if (ev == EV_OPEN) {
        opening--;
        opened++;
    }
    if (ev == EV_CLOSED) {
        if (c->was_open) {
            opened--;
            dropped++;
        } else {
            opening--;
            failed++;
        }
        if (!first_error[0]) {
            snprintf(first_error, sizeof first_error, "%.100s", c->err);
        }
    }
}

static long meminfo(const char *file, const char *key) {
    FILE *f = fopen(file, "r");
    char line[512];
    long v = 0;
    if (!f) {
        return 0;
    }
    while (fgets(line, sizeof line, f)) {
        char *k = strstr(line, key);
        if (k && sscanf(k + strlen(key), " %ld", &v) == 1) {
            break;
        }
    }
    fclose(f);
    return v;
}

static void turn(int epfd, int ms) {
    struct epoll_event ev[128];
    int n = epoll_wait(epfd, ev, 128, ms);
    for (int i = 0; i < n; i++) {
        conn_on_event(ev[i].data.ptr, ev[i].events);
    }
}

static void usage(void) {
    fputs("usage: idle -s URL -n N -k SERVER_PIDS [-H header] [-w settle seconds (3)] "
          "[-t hold seconds (0)] [-c handshakes at a time (200)]\n"
          "  URL: ws:// wss:// (WebSocket) or http:// https:// (SSE); source addresses "
          "127.0.0.1, .2, ... per 20000\n",
          stderr);
    exit(2);
}

static void read_options(int argc, char **argv) {
    int o;
    while ((o = getopt(argc, argv, "s:n:k:H:w:t:c:")) != -1) {
        size_t used = strlen(headers);
        switch (o) {
        case 's':
            if (n_urls == 16 || !url_parse(optarg, &urls[n_urls++])) {
                die("bad URL %s", optarg);
            }
            break;
        case 'n':
            n_conns = (int)strtol(optarg, NULL, 10);
            break;
        case 'k':
            n_pids = parse_pids(optarg, pids, 64);
            break;
        case 'H':
            snprintf(headers + used, sizeof headers - used, "%s\r\n", optarg);
            break;
        case 'w':
            settle_s = strtod(optarg, NULL);
            break;
        case 't':
            hold_s = strtod(optarg, NULL);
            break;
        case 'c':
            burst = (int)strtol(optarg, NULL, 10);
            break;
        default:
            usage();
        }
    }
    if (!n_urls || n_conns < 1) {
        usage();
    }
}

static struct sample take_sample(void) {
    struct sample s = {
        .slab_kb = meminfo("/proc/meminfo", "Slab:"),
        .tcp_pages = meminfo("/proc/net/sockstat", " mem"),
    };
    procs_mem(pids, n_pids, &s.mem);
    return s;
}

static void open_all(int epfd) {
    uint64_t t0 = now_ns();
    while ((next_i < n_conns || opening > 0) && now_ns() - t0 < 120ull * 1000000000ull) {
        while (next_i < n_conns && opening < burst) {
            opening++;
            if (!conn_start(&conns[next_i], &urls[next_i % n_urls], urls[0].ws ? CONN_WS : CONN_SSE,
                            next_i / 20000, NULL)) {
                opening--;
                failed++;
            }
            next_i++;
        }
        turn(epfd, 100);
    }
}

static void stay(int epfd, double seconds) {
    for (uint64_t end = now_ns() + (uint64_t)(seconds * 1e9); now_ns() < end;) {
        turn(epfd, 100);
    }
}

static void report(const struct sample *before, const struct sample *after, double open_s,
                   double open_cpu, double hold_cpu) {
    const struct mem_sum *a = &before->mem, *b = &after->mem;
    double k = opened ? opened : 1;
    printf("{\"kind\":\"%s\",\"tls\":%s,\"connections\":%d,\"asked\":%d,\"failed\":%d,"
           "\"dropped\":%d,\"open_s\":%.3f,\"open_per_s\":%.0f,"
           "\"server_cpu_s_to_open\":%.3f,\"opens_per_server_cpu_s\":%.0f,",
           urls[0].ws ? "ws" : "sse", urls[0].tls ? "true" : "false", opened, n_conns, failed,
           dropped, open_s, opened / open_s, open_cpu, open_cpu > 0 ? opened / open_cpu : 0);
    printf("\"server_processes\":%d,\"rss_kb_before\":%ld,\"rss_kb_after\":%ld,"
           "\"pss_kb_before\":%ld,\"pss_kb_after\":%ld,"
           "\"private_kb_before\":%ld,\"private_kb_after\":%ld,",
           b->procs, a->rss_kb, b->rss_kb, a->pss_kb, b->pss_kb, a->private_kb, b->private_kb);
    printf("\"rss_kib_per_conn\":%.3f,\"pss_kib_per_conn\":%.3f,"
           "\"slab_kib_per_conn_both_ends\":%.3f,\"tcp_mem_kib_per_conn_both_ends\":%.3f,",
           (double)(b->rss_kb - a->rss_kb) / k, (double)(b->pss_kb - a->pss_kb) / k,
           (double)(after->slab_kb - before->slab_kb) / k,
           (double)(after->tcp_pages - before->tcp_pages) * 4 / k);
    printf("\"idle_hold_s\":%.1f,\"server_cpu_s_idle\":%.3f,\"error\":\"%s\"}\n", hold_s, hold_cpu,
           first_error);
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    raise_nofile();
    int epfd = epoll_create1(EPOLL_CLOEXEC);
    conn_global(epfd, on_conn, urls[0].tls);
    conn_set_headers(headers);
    if (!(conns = calloc((size_t)n_conns, sizeof *conns))) {
        die("no memory");
    }
    struct sample before = take_sample();
    double cpu = procs_cpu(pids, n_pids);
    uint64_t t0 = now_ns();
    open_all(epfd);
    double open_s = (double)(now_ns() - t0) / 1e9, open_cpu = procs_cpu(pids, n_pids) - cpu;
    stay(epfd, settle_s);
    struct sample after = take_sample();
    cpu = procs_cpu(pids, n_pids);
    stay(epfd, hold_s);
    report(&before, &after, open_s, open_cpu, procs_cpu(pids, n_pids) - cpu);
    return opened == n_conns ? 0 : 1;
}
