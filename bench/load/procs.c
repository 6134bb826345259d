/* SPDX-License-Identifier: Apache-2.0 */
/* procs.c - CPU seconds and memory of processes and their descendants, from
 * /proc, for the load tools. */
#include "conn.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int parse_pids(const char *s, int *pids, int max) {
    int n = 0;
    while (*s && n < max) {
        char *e;
        long v = strtol(s, &e, 10);
        if (e == s) {
            break;
        }
        if (v > 0) {
            pids[n++] = (int)v;
        }
        s = *e ? e + 1 : e;
    }
    return n;
}

static bool read_stat(int pid, int *ppid, double *cpu) {
    char path[64], b[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t n = read(fd, b, sizeof b - 1);
    close(fd);
    if (n <= 0) {
        return false;
    }
    b[n] = 0;
    char *p = strrchr(b, ')'), st;
    unsigned long ut, stt;
    if (!p || sscanf(p + 2, "%c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &st, ppid, &ut,
                     &stt) != 4) {
        return false;
    }
    *cpu = (double)(ut + stt) / (double)sysconf(_SC_CLK_TCK);
    return true;
}

static int tree(const int *roots, int n, int *out, int max) {
    static int all[65536], par[65536];
    int na = 0, no = 0;
    DIR *d = opendir("/proc");
    if (!d) {
        return 0;
    }
    for (struct dirent *e; (e = readdir(d)) && na < 65536;) {
        double cpu;
        int pid = (int)strtol(e->d_name, NULL, 10), pp;
        if (pid > 0 && read_stat(pid, &pp, &cpu)) {
            all[na] = pid;
            par[na++] = pp;
        }
    }
    closedir(d);
    for (int i = 0; i < n && no < max; i++) {
        out[no++] = roots[i];
    }
    for (int k = 0; k < no; k++) {
        for (int i = 0; i < na && no < max; i++) {
            if (par[i] == out[k]) {
                bool seen = false;
                for (int j = 0; j < no; j++) {
                    seen |= out[j] == all[i];
                }
                if (!seen) {
                    out[no++] = all[i];
                }
            }
        }
    }
    return no;
}

double procs_cpu(const int *pids, int n) {
    int t[256], nt = tree(pids, n, t, 256), pp;
    double sum = 0, c;
    for (int i = 0; i < nt; i++) {
        if (read_stat(t[i], &pp, &c)) {
            sum += c;
        }
    }
    return sum;
}

void procs_mem(const int *pids, int n, struct mem_sum *m) {
    int t[256], nt = tree(pids, n, t, 256);
    memset(m, 0, sizeof *m);
    for (int i = 0; i < nt; i++) {
        char path[64], line[256];
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", t[i]);
        FILE *f = fopen(path, "r");
        if (!f) {
            continue;
        }
        long v;
        m->procs++;
        while (fgets(line, sizeof line, f)) {
            if (sscanf(line, "Rss: %ld", &v) == 1) {
                m->rss_kb += v;
            } else if (sscanf(line, "Pss: %ld", &v) == 1) {
                m->pss_kb += v;
            } else if (sscanf(line, "Private_Clean: %ld", &v) == 1 ||
                       sscanf(line, "Private_Dirty: %ld", &v) == 1) {
                m->private_kb += v;
            }
        }
        fclose(f);
    }
}
