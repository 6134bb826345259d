/* SPDX-License-Identifier: Apache-2.0 */
/* dlq_print.h - what the admin listener says of dead letters, for people. What
 * was sent cannot steer their terminal. */
#ifndef HG_CTL_DLQ_PRINT_H
#define HG_CTL_DLQ_PRINT_H

#include <jansson.h>

#include "ctl/console.h"
#include "headgate/buf.h"

/* The answer of /dlq: a table. */
void hg_ctl_dlq_print_list(FILE *out, const json_t *answer);
/* One letter of /dlq/TOPIC: a block of lines. */
void hg_ctl_dlq_print_letter(FILE *out, const json_t *letter);
/* One result of a replay: a line. */
void hg_ctl_dlq_print_result(FILE *out, const json_t *result);
/* Append the bytes that were refused. HG_EINVAL: it holds none. */
int hg_ctl_dlq_bytes(const json_t *letter, struct hg_buf *out);

#endif
