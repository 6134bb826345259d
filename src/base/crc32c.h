/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.h - the CRC32C that runs everywhere, for crc32c.c and its test.
 * Everybody else calls hg_crc32c of hash.h. */
#ifndef HG_BASE_CRC32C_H
#define HG_BASE_CRC32C_H

#include "base/hash.h"

uint32_t hg_crc32c_by_table(uint32_t crc, const void *bytes, size_t len);

#endif
