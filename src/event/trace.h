/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h - the fields of W3C Trace Context (level 2), as far as a gateway
 * that passes them on has to judge them. */
#ifndef HG_EVENT_TRACE_H
#define HG_EVENT_TRACE_H

#include "headgate/buf.h"

bool hg_trace_parent_is_valid(struct hg_slice traceparent);

/* A tracestate that comes in one field or several. Begin zeroed. */
struct hg_trace_state {
    struct hg_buf *out; /* the members, joined by commas; room is reserved already */
    unsigned n;
};
/* False: the field is broken, and with it the whole tracestate. Appends
 * never more than the field's length and a comma. */
bool hg_trace_state_add(struct hg_trace_state *state, struct hg_slice field);

#endif
