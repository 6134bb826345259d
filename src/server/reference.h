/* SPDX-License-Identifier: Apache-2.0 */
/* reference.h - the pages of docs/reference, printed from the tables that the
 * code itself uses. */
#ifndef HG_SERVER_REFERENCE_H
#define HG_SERVER_REFERENCE_H

#include "server/args.h"

/* "directives" (core and every module of args' configuration), "problems" or
 * "metrics", to standard output. The exit status. */
int hg_reference_print(const struct hg_server_args *args, const char *page);

#endif
