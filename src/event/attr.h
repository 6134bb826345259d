/* SPDX-License-Identifier: Apache-2.0 */
/* attr.h - what may be the name and the value of an attribute [CE Naming
 * conventions, Type System, and the table of each core attribute]. */
#ifndef HG_EVENT_ATTR_H
#define HG_EVENT_ATTR_H

#include "headgate/event.h"

enum {
    HG_ATTR_NAME_MAX = 255, /* bytes; the specification advises 20 */
    HG_EXTENSIONS_MAX = 64, /* of one event */
};

/* The names of the core attributes, by enum hg_core_attr. */
extern const struct hg_slice hg_attr_core_names[HG_CORE_ATTRS];

/* Which core attribute the name is, or -1. */
int hg_attr_core(struct hg_slice name);
/* [a-z0-9]+, not too long, and not "data". */
bool hg_attr_name_is_legal(struct hg_slice name);
/* NULL, or a constant text that says what is wrong: "must not be empty". */
const char *hg_attr_fault(struct hg_slice name, struct hg_slice value, enum hg_attr_type type);

#endif
