/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c_cpu.h - CRC32C by an instruction of the processor. */
#ifndef HG_BASE_COMPAT_CRC32C_CPU_H
#define HG_BASE_COMPAT_CRC32C_CPU_H

#include "headgate/base.h"

/* Whether this processor has the instruction. Cheap: asked on each call. */
bool hg_crc32c_cpu_is_there(void);
/* Only where it is there. */
uint32_t hg_crc32c_cpu(uint32_t crc, const void *bytes, size_t len);

#endif
