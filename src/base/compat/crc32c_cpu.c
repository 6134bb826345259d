/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c_cpu.c - CRC32C by an instruction of the processor: SSE 4.2 on x86-64,
 * found out at run time; compiled for no more than this one function. */
#include "base/compat/crc32c_cpu.h"

#if defined(__x86_64__)

#include <nmmintrin.h>

bool hg_crc32c_cpu_is_there(void) {
    return __builtin_cpu_supports("sse4.2") != 0;
}

__attribute__((target("sse4.2"))) uint32_t hg_crc32c_cpu(uint32_t crc, const void *bytes,
                                                         size_t len) {
    const unsigned char *p = bytes;
    uint64_t wide = ~crc;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof(word));
        wide = _mm_crc32_u64(wide, word);
    }
    uint32_t narrow = (uint32_t)wide;
    for (; len > 0; p++, len--) {
        narrow = _mm_crc32_u8(narrow, *p);
    }
    return ~narrow;
}

#else

bool hg_crc32c_cpu_is_there(void) {
    return false;
}

uint32_t hg_crc32c_cpu(uint32_t crc, const void *bytes, size_t len) {
    (void)bytes;
    (void)len;
    HG_ASSERT(hg_crc32c_cpu_is_there());
    return crc;
}

#endif
