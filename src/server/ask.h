/* SPDX-License-Identifier: Apache-2.0 */
/* ask.h - -t: who keeps the topics is asked how, where that is another machine. */
#ifndef HG_SERVER_ASK_H
#define HG_SERVER_ASK_H

#include "server/plan.h"

/* Appends what is to be said, as warnings, to ret_said. HG_EINVAL: the driver can do
 * nothing with such a configuration, which is no warning. Waits some seconds. */
int hg_ask_log(const struct hg_plan *p, const struct hg_log_ops *driver,
               const struct hg_directive *rows, struct hg_buf *ret_said);

#endif
