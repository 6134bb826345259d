/* SPDX-License-Identifier: Apache-2.0 */
/* draft.h - an event made from words on a command line. */
#ifndef HG_CTL_DRAFT_H
#define HG_CTL_DRAFT_H

#include "ctl/options.h"
#include "headgate/buf.h"

struct hg_ctl_draft {
    const char *type;
    const char *source;             /* NULL: /headgatectl */
    const char *id;                 /* NULL: a random UUID */
    const char *subject;            /* NULL: none */
    const char *content_type;       /* of the data; NULL: application/json */
    struct hg_ctl_texts extensions; /* NAME=VALUE */
    bool has_data;
    struct hg_slice data;
};

/* Append the event in the JSON event format. HG_EINVAL: ret_fault says which
 * word cannot be. HG_ENOMEM. */
int hg_ctl_draft_write(const struct hg_ctl_draft *d, struct hg_buf *out, char ret_fault[256]);

enum { HG_CTL_UUID_MAX = 37 };
/* Version 4 (RFC 9562 5.4). */
void hg_ctl_uuid(char out[HG_CTL_UUID_MAX]);

#endif
