/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.c - CRC32C (polynomial 0x1EDC6F41, reflected), by the processor's own
 * instruction or by eight tables that take eight bytes a step. */
#include "base/crc32c.h"

#include <pthread.h>

#include "base/compat/crc32c_cpu.h"

static uint32_t tables[8][256]; /* constant once made */
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void make_tables(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
        }
        tables[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++) {
        for (int t = 1; t < 8; t++) {
            tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 0xff];
        }
    }
}

uint32_t hg_crc32c_by_table(uint32_t crc, const void *bytes, size_t len) {
    const unsigned char *p = bytes;
    int rc = pthread_once(&tables_once, make_tables);
    HG_ASSERT(rc == 0);
    crc = ~crc;
    for (; len >= 8; p += 8, len -= 8) {
        crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        crc = tables[7][crc & 0xff] ^ tables[6][crc >> 8 & 0xff] ^ tables[5][crc >> 16 & 0xff] ^
              tables[4][crc >> 24] ^ tables[3][p[4]] ^ tables[2][p[5]] ^ tables[1][p[6]] ^
              tables[0][p[7]];
    }
    for (; len > 0; p++, len--) {
        crc = crc >> 8 ^ tables[0][(crc ^ *p) & 0xff];
    }
    return ~crc;
}

uint32_t hg_crc32c(uint32_t crc, const void *bytes, size_t len) {
    return hg_crc32c_cpu_is_there() ? hg_crc32c_cpu(crc, bytes, len)
                                    : hg_crc32c_by_table(crc, bytes, len);
}
