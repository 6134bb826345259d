/* SPDX-License-Identifier: Apache-2.0 */
/* alloc.h - the seam through which a test makes an allocation fail. */
#ifndef HG_BASE_ALLOC_H
#define HG_BASE_ALLOC_H

#include "headgate/base.h"

/* The next n calls of hg_try_alloc and hg_try_realloc, of any thread, go
 * through; the one after them returns NULL; later ones go through again.
 * Negative: none fails. */
void hg_alloc_fail_after(int64_t n);
/* The failure that was asked for has not happened yet: the work under test
 * was over before. */
bool hg_alloc_fail_is_pending(void);

#endif
