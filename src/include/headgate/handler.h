/* SPDX-License-Identifier: Apache-2.0 */
/* handler.h - answers a request itself. A handler's module has one directive
 * that may stand in a location; where it stands, the location is the
 * handler's. */
#ifndef HEADGATE_HANDLER_H
#define HEADGATE_HANDLER_H

#include "headgate/buf.h"
#include "headgate/request.h"

struct hg_answer {
    int status;               /* 200 unless set */
    const char *content_type; /* static; "text/plain; charset=utf-8" unless set */
    struct hg_buf body;
};

struct hg_reply; /* a request whose answer comes later */

struct hg_handler_ops {
    size_t size;
    const char *name;
    const char *directive; /* the row that claims a location */
    /* NULL-terminated list for Allow; GET implies HEAD. */
    const char *const *methods;
    /* The whole body is there. Fill the answer; return 0, or HG_EINVAL with a
     * problem. Owner loop; must not block. */
    int (*handle)(const void *conf, const struct hg_request *r, struct hg_slice body,
                  struct hg_answer *answer, struct hg_problem *problem);
    /* For what must wait for something, in place of handle: hg_reply_send ends
     * it, now or later. Body and conf live until then, r until start returns. */
    void (*start)(const void *conf, const struct hg_request *r, struct hg_slice body,
                  struct hg_reply *reply);
};

/* Once, on the loop that called start. The answer's body is taken and emptied;
 * problem, or NULL, stands in its place when it has a status. Whoever asked may
 * be gone by then: nobody is told. */
HG_API void hg_reply_send(struct hg_reply *reply, struct hg_answer *answer,
                          const struct hg_problem *problem);

#endif
