/* SPDX-License-Identifier: Apache-2.0 */
/* builder.h - the builder's fields, so that the files of this room can keep
 * one on the stack. Begin with hg_event_builder_clear: nothing needs zeroes. */
#ifndef HG_EVENT_BUILDER_H
#define HG_EVENT_BUILDER_H

#include "event/attr.h"
#include "headgate/event.h"

struct hg_event_builder {
    struct hg_slice core[HG_CORE_ATTRS]; /* empty: not set */
    struct hg_attr extensions[HG_EXTENSIONS_MAX];
    size_t n_extensions;
    enum hg_data_kind kind;
    struct hg_slice data;
};

/* After hg_event_builder_set said HG_EINVAL: a constant text that says why. */
const char *hg_event_builder_fault(const struct hg_event_builder *b, struct hg_slice name,
                                   struct hg_slice value, enum hg_attr_type type);

#endif
