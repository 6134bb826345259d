/* SPDX-License-Identifier: Apache-2.0 */
/* descriptors.h - how many a process may have open. */
#ifndef HG_SERVER_DESCRIPTORS_H
#define HG_SERVER_DESCRIPTORS_H

#include <stddef.h>

/* Raise the limit to need, or as far as it goes: root may raise the hard limit
 * too. Never lowers it. How many there may be now. */
size_t hg_descriptors_raise(size_t need);

#endif
