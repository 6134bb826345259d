/* SPDX-License-Identifier: Apache-2.0 */
/* json_scan.c - what the strict scan of one event costs, as a share of what
 * jansson's tree of the same text costs in the same run.
 *
 *     cc -O2 -Isrc -Isrc/include bench/json_scan.c libheadgate.a -ljansson -o json_scan
 *     ./json_scan event.json
 *
 * Rounds of both alternate, so that whatever else the machine does meets both;
 * the figures are medians. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "event/json.h"

enum { ROUNDS = 41, TIMES = 2000, TEXT_MAX = 1 << 20 };

static double now_us(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static double time_scan(struct hg_slice text) {
    struct hg_json_tape tape = {0};
    size_t at = 0;
    double start = now_us();
    for (int i = 0; i < TIMES; i++) {
        if (hg_json_scan(&tape, text, NULL, &at) != 0) {
            fprintf(stderr, "refused at byte %zu\n", at);
            exit(1);
        }
    }
    double us = (now_us() - start) / TIMES;
    hg_json_tape_fini(&tape);
    return us;
}

static double time_jansson(struct hg_slice text) {
    double start = now_us();
    for (int i = 0; i < TIMES; i++) {
        json_error_t error;
        json_t *root = json_loadb(text.ptr, text.len, 0, &error);
        if (root == NULL) {
            fprintf(stderr, "jansson: %s\n", error.text);
            exit(1);
        }
        json_decref(root);
    }
    return (now_us() - start) / TIMES;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    static char bytes[TEXT_MAX];
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: json_scan FILE\n");
        return 2;
    }
    struct hg_slice text = {bytes, fread(bytes, 1, sizeof(bytes), file)};
    fclose(file);

    double scan[ROUNDS], tree[ROUNDS], ratio[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        scan[i] = time_scan(text);
        tree[i] = time_jansson(text);
        ratio[i] = scan[i] / tree[i];
    }
    qsort(scan, ROUNDS, sizeof(double), by_size);
    qsort(tree, ROUNDS, sizeof(double), by_size);
    qsort(ratio, ROUNDS, sizeof(double), by_size);
    printf("bytes %zu  scan %.3f us  jansson %.3f us  ratio %.4f\n", text.len, scan[ROUNDS / 2],
           tree[ROUNDS / 2], ratio[ROUNDS / 2]);
    return 0;
}
