/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.c - one histogram for the process. */
#include "histogram.h"

enum { STEPS = 64 };

static uint64_t counts[64 * STEPS], total, longest;

void histogram_add(uint64_t ns) {
    unsigned e = ns < STEPS ? 0 : 63u - (unsigned)__builtin_clzll(ns) - 5u;
    counts[e == 0 ? (unsigned)ns : e * STEPS + (unsigned)((ns >> (e - 1)) & (STEPS - 1))]++;
    total++;
    if (ns > longest) {
        longest = ns;
    }
}

/* The middle of a step. */
static uint64_t value_of(unsigned i) {
    unsigned e = i / STEPS;
    return e == 0 ? i : ((uint64_t)(STEPS + i % STEPS) << (e - 1)) + ((1ull << (e - 1)) >> 1);
}

double histogram_ms(double part) {
    uint64_t want = (uint64_t)(part * (double)total + 0.5), seen = 0;
    uint64_t value = longest;
    want = want == 0 ? 1 : want;
    for (unsigned i = 0; part < 1 && i < 64 * STEPS; i++) {
        seen += counts[i];
        if (seen >= want) {
            value = value_of(i) < longest ? value_of(i) : longest;
            break;
        }
    }
    return (double)value / 1e6;
}
