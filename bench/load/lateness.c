/* SPDX-License-Identifier: Apache-2.0 */
/* lateness SECONDS - how late the machine wakes somebody who sleeps for a
 * millisecond: what no latency that is measured on it can be free of, whoever is
 * measured. Prints one line of JSON. */
#include "histogram.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STEP_NS = 1000000 };

static uint64_t ns_of(const struct timespec *t) {
    return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

int main(int argc, char **argv) {
    struct timespec now;
    double seconds = argc == 2 ? strtod(argv[1], NULL) : 0;
    if (seconds <= 0) {
        fprintf(stderr, "usage: lateness SECONDS\n");
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t due = ns_of(&now), end = due + (uint64_t)(seconds * 1e9);
    while (due < end) {
        due += STEP_NS;
        struct timespec until = {(time_t)(due / 1000000000u), (long)(due % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
        histogram_add(ns_of(&now) - due);
    }
    printf("{\"p50_ms\":%.3f,\"p95_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f}\n",
           histogram_ms(0.5), histogram_ms(0.95), histogram_ms(0.99), histogram_ms(0.999),
           histogram_ms(1));
    return 0;
}
