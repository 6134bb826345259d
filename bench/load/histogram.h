/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.h - times of one run: 64 steps per power of two, error under 1.6 %. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

void histogram_add(uint64_t ns);
/* The time that this part of them took at most; 1: the longest. 0 of none. */
double histogram_ms(double part);

#endif
