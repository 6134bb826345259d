/* SPDX-License-Identifier: Apache-2.0 */
/* murmur2.h - the hash by which Kafka's own clients choose a partition: a key
 * that another producer writes lands where ours does. Anybody can find keys
 * that meet, so nothing else may rest on it. */
#ifndef HG_LOG_MURMUR2_H
#define HG_LOG_MURMUR2_H

#include "headgate/base.h"

/* With the seed of Kafka's default partitioner. */
uint32_t hg_murmur2(struct hg_slice bytes);
/* The default partitioner: of n partitions, the one for a key. */
uint32_t hg_murmur2_partition(struct hg_slice key, uint32_t n);

#endif
