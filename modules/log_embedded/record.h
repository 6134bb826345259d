/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - one record as bytes. Numbers are big-endian.
 *
 *    0  u8   format version, 1
 *    1  u8   1: a tombstone, without event
 *    2  u16  number of headers
 *    4  u32  length of the key
 *    8  i64  log time, milliseconds
 *   16  u64  owner
 *   24  16   content digest
 *   40       key
 *            for each header: u16 length of the name, u32 length of the value,
 *            name, value
 *            the event, packed (headgate/record.h)
 *            u32  CRC32C of topic id, offset and everything above
 *
 * The checksum covers the place where the store keeps the record: a page that
 * ended up in another's place gives no record of another topic or offset. */
#ifndef LOG_EMBEDDED_RECORD_H
#define LOG_EMBEDDED_RECORD_H

#include "headgate/log.h"

enum {
    RECORD_KEY_BYTES = 12, /* topic id 4, offset 8 */
    RECORD_HEADERS_MAX = 64,
    RECORD_BYTES_MAX = 1 << 30,
};

void embedded_put_be(uint8_t *out, uint64_t value, int bytes);
uint64_t embedded_get_be(const uint8_t *in, int bytes);

void embedded_record_key(uint32_t sid, uint64_t offset, uint8_t ret[RECORD_KEY_BYTES]);

/* 0 when the record cannot be kept: too many headers, too long. */
size_t embedded_record_bytes(const struct hg_record *r);
/* Writes exactly that many. log_time_ms is the record's. */
void embedded_record_write(const struct hg_record *r, const uint8_t key[RECORD_KEY_BYTES],
                           uint8_t *out, size_t bytes);

/* Checks and unpacks. Key and headers point into bytes and into
 * ret_headers; the event is the caller's. HG_EINVAL: damaged. HG_ENOMEM. */
int embedded_record_read(const uint8_t key[RECORD_KEY_BYTES], struct hg_slice bytes,
                         struct hg_record_header ret_headers[RECORD_HEADERS_MAX],
                         struct hg_record *ret);
/* What dedup remembers, without making an event; slices point into bytes.
 * HG_EINVAL: damaged. HG_ENOENT: a tombstone. */
int embedded_record_mark(const uint8_t key[RECORD_KEY_BYTES], struct hg_slice bytes,
                         struct hg_log_mark *ret);
/* Only the log time, unchecked. False: too short to have one. */
bool embedded_record_time(struct hg_slice bytes, int64_t *ret_ms);
bool embedded_record_is_sound(const uint8_t key[RECORD_KEY_BYTES], struct hg_slice bytes);
/* The key in a record of a compacted topic, unchecked but inside bytes. */
struct hg_slice embedded_record_own_key(struct hg_slice bytes);

#endif
