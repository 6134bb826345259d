/* SPDX-License-Identifier: Apache-2.0 */
/* tls_memory.h - where OpenSSL has its memory from. Its buffers, one for a
 * handshake and two for records, 16 to 22 KiB, come and go all the time; among
 * the small objects of the heap they would leave holes that stay. */
#ifndef HG_NET_TLS_MEMORY_H
#define HG_NET_TLS_MEMORY_H

#include "headgate/base.h"

/* To be called before OpenSSL's first allocation: later it keeps its own. */
void hg_tls_memory_init(void);

/* What OpenSSL calls. Any thread may free what another took. */
void *hg_tls_memory_take(size_t bytes);
void *hg_tls_memory_change(void *ptr, size_t bytes);
void hg_tls_memory_give(void *ptr);
/* Whether it lies in the place for records. */
bool hg_tls_memory_is_record(const void *ptr);

#endif
