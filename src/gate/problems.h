/* SPDX-License-Identifier: Apache-2.0 */
/* problems.h - the problem types that the gateway answers with, each with its
 * prose; docs/reference/problems.md is printed from them. */
#ifndef HG_GATE_PROBLEMS_H
#define HG_GATE_PROBLEMS_H

#include "headgate/buf.h"

/* The prefix of every type URI: a name, not an address. */
#define HG_PROBLEM_URI "urn:headgate:problem:"

/* The title of a slug; the slug itself for one that a module brought. */
const char *hg_problem_title(const char *slug);
void hg_problems_reference(struct hg_buf *out);

#endif
