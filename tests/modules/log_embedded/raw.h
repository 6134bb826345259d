/* SPDX-License-Identifier: Apache-2.0 */
/* raw.h - a closed store, changed behind the driver's back. */
#ifndef TESTS_MODULES_LOG_EMBEDDED_RAW_H
#define TESTS_MODULES_LOG_EMBEDDED_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Flip one bit of the record's bytes; false: there is no such record. */
bool raw_flip(const char *dir, uint32_t sid, uint64_t offset, size_t bit);
void raw_remove(const char *dir, uint32_t sid, uint64_t offset);
/* A row of meta; 4 bytes, big-endian. */
void raw_set_meta(const char *dir, const char *key, uint32_t value);
/* Rows of a table; 0 when there is none. */
size_t raw_count(const char *dir, const char *table);

#endif
