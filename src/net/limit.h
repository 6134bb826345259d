/* SPDX-License-Identifier: Apache-2.0 */
/* limit.h - how many client connections the process may hold, over all its
 * loops and listeners. Any thread. */
#ifndef HG_NET_LIMIT_H
#define HG_NET_LIMIT_H

#include "headgate/base.h"

/* 0, the value at start: no limit. Lowering it closes nothing. */
void hg_net_limit_set(uint32_t connections_max);
uint32_t hg_net_limit_max(void);
/* Connections that count against the limit now. */
uint32_t hg_net_limit_used(void);

/* A listener takes a place for each connection, which gives it back at its
 * end. False: there is none left. */
bool hg_net_limit_take(void);
void hg_net_limit_give(void);

#endif
