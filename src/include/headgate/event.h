/* SPDX-License-Identifier: Apache-2.0 */
/* event.h - a CloudEvent 1.0: built by one thread, sealed once, read by many.
 *
 * [CE n] names a section of the CloudEvents specification 1.0.2. */
#ifndef HEADGATE_EVENT_H
#define HEADGATE_EVENT_H

#include "headgate/base.h"
#include "headgate/buf.h"

struct hg_event; /* one reference-counted block, immutable */

/* What the data is. JSON data is kept as the JSON text that was received. */
enum hg_data_kind {
    HG_DATA_NONE,   /* no data at all; not the same as JSON null */
    HG_DATA_JSON,   /* JSON text */
    HG_DATA_TEXT,   /* UTF-8 text of another content type */
    HG_DATA_BINARY, /* bytes */
};

/* The type of an attribute's value as it was given [CE Type System]. */
enum hg_attr_type { HG_ATTR_STRING, HG_ATTR_INTEGER, HG_ATTR_BOOLEAN };

struct hg_attr {
    struct hg_slice name;  /* [a-z0-9]+ */
    struct hg_slice value; /* canonical string form, UTF-8 */
    enum hg_attr_type type;
};

/* Core attributes, in the order in which an event keeps and encodes them. */
enum hg_core_attr {
    HG_ATTR_SPECVERSION,
    HG_ATTR_ID,
    HG_ATTR_SOURCE,
    HG_ATTR_TYPE,
    HG_ATTR_SUBJECT,
    HG_ATTR_TIME,
    HG_ATTR_DATACONTENTTYPE,
    HG_ATTR_DATASCHEMA,
    HG_CORE_ATTRS,
};

/* Any thread. */
HG_API struct hg_event *hg_event_ref(struct hg_event *e);
HG_API void hg_event_unref(struct hg_event **pe);

/* A core attribute; an absent one is empty. Lives as long as the event. */
HG_API struct hg_slice hg_event_core(const struct hg_event *e, enum hg_core_attr which);
/* Extension attributes, in the order received. i < hg_event_extensions(e). */
HG_API size_t hg_event_extensions(const struct hg_event *e);
HG_API const struct hg_attr *hg_event_extension(const struct hg_event *e, size_t i);
/* Any attribute by name, or false. */
HG_API bool hg_event_attr(const struct hg_event *e, struct hg_slice name,
                          struct hg_slice *ret_value);
HG_API struct hg_slice hg_event_data(const struct hg_event *e, enum hg_data_kind *ret_kind);

/* Building. The builder copies nothing until it is sealed: names, values and
 * data given to it must live until then. Owner thread only. */
struct hg_event_builder;

HG_API struct hg_event_builder *hg_event_builder_new(void); /* NULL: no memory */
HG_API void hg_event_builder_free(struct hg_event_builder **pb);
HG_API void hg_event_builder_clear(struct hg_event_builder *b);

/* HG_EINVAL: name or value is not legal [CE Naming conventions, Type System]
 * or the attribute is set already. HG_E2BIG: more than 64 extensions. */
HG_API int hg_event_builder_set(struct hg_event_builder *b, struct hg_slice name,
                                struct hg_slice value, enum hg_attr_type type);
HG_API void hg_event_builder_data(struct hg_event_builder *b, enum hg_data_kind kind,
                                  struct hg_slice data);
/* All required attributes must be set: HG_EINVAL, and *ret_missing names the
 * first that is not. On success gives one reference; the builder is cleared. */
HG_API int hg_event_builder_seal(struct hg_event_builder *b, struct hg_event **ret_event,
                                 const char **ret_missing);

/* Append the event in the JSON event format [CE JSON format 3]. When position
 * is not empty it becomes the extension attribute hgposition. */
HG_API void hg_event_to_json(const struct hg_event *e, struct hg_slice position,
                             struct hg_buf *out);

#endif
