/* SPDX-License-Identifier: Apache-2.0 */
/* expect.h - is the record at an expected position still the one that its
 * writer knows? That nothing stands behind it is for the driver to say. Log
 * thread only; knows nothing of requests. */
#ifndef HG_LOG_EXPECT_H
#define HG_LOG_EXPECT_H

#include "log/inner.h"

/* A judged publish whose append was not begun. True: another record stands
 * where one of its items expects its own; the append's refused says which. */
bool hg_expect_is_replaced(struct hg_log *log, struct hg_publish *p);

#endif
