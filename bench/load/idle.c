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

int main(int argc, char **argv) {
    int o, pids[64], n_pids = 0, n_urls = 0;
    static struct url urls[16];
    double settle = 3, hold = 0;
    while ((o = getopt(argc, argv, "s:n:k:H:w:t:c:")) != -1) {
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
        case 'H': {
            size_t l = strlen(headers);
            snprintf(headers + l, sizeof headers - l, "%s\r\n", optarg);
            break;
        }
        case 'w':
            settle = strtod(optarg, NULL);
            break;
        case 't':
            hold = strtod(optarg, NULL);
            break;
        case 'c':
            burst = (int)strtol(optarg, NULL, 10);
            break;
        default:
            n_urls = 0;
            goto usage;
        }
    }
usage:
    if (!n_urls || n_conns < 1) {
        fputs("usage: idle -s URL -n N -k SERVER_PIDS [-H header] [-w settle seconds (3)] [-t hold "
              "seconds (0)] [-c handshakes at a time (200)]\n"
              "  URL: ws:// wss:// (WebSocket) or http:// https:// (SSE); source addresses "
              "127.0.0.1, .2, ... per 20000\n",
              stderr);
        return 2;
    }
    raise_nofile();
    int epfd = epoll_create1(EPOLL_CLOEXEC);
    conn_global(epfd, on_conn, urls[0].tls);
    conn_set_headers(headers);
    if (!(conns = calloc((size_t)n_conns, sizeof *conns))) {
        die("no memory");
    }

    struct mem_sum a, b;
    long slab0 = meminfo("/proc/meminfo", "Slab:"), tcp0 = meminfo("/proc/net/sockstat", " mem");
    procs_mem(pids, n_pids, &a);
    double cpu0 = procs_cpu(pids, n_pids);
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
    double open_s = (double)(now_ns() - t0) / 1e9, open_cpu = procs_cpu(pids, n_pids) - cpu0;
    for (uint64_t end = now_ns() + (uint64_t)(settle * 1e9); now_ns() < end;) {
        turn(epfd, 100);
    }
    procs_mem(pids, n_pids, &b);
    long slab1 = meminfo("/proc/meminfo", "Slab:"), tcp1 = meminfo("/proc/net/sockstat", " mem");
    double cpu1 = procs_cpu(pids, n_pids);
    uint64_t h0 = now_ns();
    for (uint64_t end = h0 + (uint64_t)(hold * 1e9); now_ns() < end;) {
        turn(epfd, 100);
    }
    double cpu2 = procs_cpu(pids, n_pids);
    double k = opened ? opened : 1;
    printf("{\"kind\":\"%s\",\"tls\":%s,\"connections\":%d,\"asked\":%d,\"failed\":%d,\"dropped\":%"
           "d,\"open_s\":%.3f,\"open_per_s\":%.0f,"
           "\"server_cpu_s_to_open\":%.3f,\"opens_per_server_cpu_s\":%.0f,\"server_processes\":%d,"
           "\"rss_kb_before\":%ld,\"rss_kb_after\":%ld,\"pss_kb_before\":%ld,\"pss_kb_after\":%ld,"
           "\"private_kb_before\":%ld,\"private_kb_after\":%ld,"
           "\"rss_kib_per_conn\":%.3f,\"pss_kib_per_conn\":%.3f,\"slab_kib_per_conn_both_ends\":%."
           "3f,\"tcp_mem_kib_per_conn_both_ends\":%.3f,"
           "\"idle_hold_s\":%.1f,\"server_cpu_s_idle\":%.3f,\"error\":\"%s\"}\n",
           urls[0].ws ? "ws" : "sse", urls[0].tls ? "true" : "false", opened, n_conns, failed,
           dropped, open_s, opened / open_s, open_cpu, open_cpu > 0 ? opened / open_cpu : 0,
           b.procs, a.rss_kb, b.rss_kb, a.pss_kb, b.pss_kb, a.private_kb, b.private_kb,
           (double)(b.rss_kb - a.rss_kb) / k, (double)(b.pss_kb - a.pss_kb) / k,
           (double)(slab1 - slab0) / k, (double)(tcp1 - tcp0) * 4 / k, hold, cpu2 - cpu1,
           first_error);
    return opened == n_conns ? 0 : 1;
}
