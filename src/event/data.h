/* SPDX-License-Identifier: Apache-2.0 */
/* data.h - judging the JSON text of an event's data, the same in every mode. */
#ifndef HG_EVENT_DATA_H
#define HG_EVENT_DATA_H

#include "event/json.h"
#include "headgate/request.h"

enum { HG_DATA_DEPTH_MAX = 64 };

/* What I-JSON readers do not agree upon below node: a member that occurs
 * twice, an escaped U+0000, a number that no 64 bits hold. NULL, or a constant
 * text that says what was found. */
const char *hg_data_strict_fault(const struct hg_json_tape *t, uint32_t node);

/* What hg_json_scan answered, in words. err is not HG_ENOMEM. */
void hg_data_json_problem(struct hg_problem *problem, struct hg_slice text, int err, size_t at);

#endif
