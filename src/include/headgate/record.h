/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - what a store needs to keep events as bytes: their flat form and
 * a checksum. */
#ifndef HEADGATE_RECORD_H
#define HEADGATE_RECORD_H

#include "headgate/base.h"
#include "headgate/event.h"

/* The flat form of an event. It is kept for years: what one version packs,
 * every later one unpacks. */
HG_API size_t hg_event_packed_bytes(const struct hg_event *e);
/* Writes exactly that many bytes. */
HG_API void hg_event_pack(const struct hg_event *e, char *out);
/* Copies; every length is checked. HG_EINVAL: not a packed event. HG_ENOMEM. */
HG_API int hg_event_unpack(struct hg_slice packed, struct hg_event **ret_event);
/* Only id and source, from the first bytes: packed may be cut behind them. */
HG_API int hg_event_packed_identity(struct hg_slice packed, struct hg_slice *ret_id,
                                    struct hg_slice *ret_source);

/* CRC32C (Castagnoli). Start with crc 0; feed the result to go on. */
HG_API uint32_t hg_crc32c(uint32_t crc, const void *bytes, size_t len);

#endif
