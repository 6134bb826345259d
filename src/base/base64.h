/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h - RFC 4648: section 4 with padding, section 5 without. Strict: no
 * white space, unused bits zero. */
#ifndef HG_BASE_BASE64_H
#define HG_BASE_BASE64_H

#include "headgate/buf.h"

void hg_base64_put(struct hg_buf *out, const void *bytes, size_t len);
void hg_base64url_put(struct hg_buf *out, const void *bytes, size_t len);
/* out needs 3 bytes for each 4 of text. HG_EINVAL. */
int hg_base64_decode(struct hg_slice text, void *out, size_t *ret_len);
int hg_base64url_decode(struct hg_slice text, void *out, size_t *ret_len);

#endif
