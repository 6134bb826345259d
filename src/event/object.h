/* SPDX-License-Identifier: Apache-2.0 */
/* object.h - the layout of an event's block, for the files of this room only.
 *
 *   | head | extensions: struct hg_attr each | core values | names and values | data |
 *
 * Core values stand without gaps in the order of enum hg_core_attr, then name
 * and value of each extension, then the data. A packed event keeps these bytes
 * in the same order. */
#ifndef HG_EVENT_OBJECT_H
#define HG_EVENT_OBJECT_H

#include <stdatomic.h>

#include "headgate/event.h"

struct hg_event {
    _Atomic uint32_t refs;
    uint8_t kind;                     /* enum hg_data_kind */
    uint8_t n_extensions;             /* at most HG_EXTENSIONS_MAX */
    uint32_t core_end[HG_CORE_ATTRS]; /* in bytes; specversion is always 1.0 and takes none */
    uint32_t data_at;                 /* in bytes */
    uint32_t data_len;
    struct hg_attr extensions[];
};

/* A block with room for so many bytes, one reference; NULL: no memory. */
struct hg_event *hg_event__new(size_t n_extensions, size_t bytes);

static inline char *hg_event__bytes(const struct hg_event *e) {
    return (char *)(e->extensions + e->n_extensions);
}

#endif
