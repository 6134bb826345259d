/* SPDX-License-Identifier: Apache-2.0 */
/* topics.h - which topics a stream location means for one caller. Edge only. */
#ifndef HG_EDGE_TOPICS_H
#define HG_EDGE_TOPICS_H

#include "edge/visit.h"

/* Ids of the topics that the location's patterns match, $topic put in, and
 * that the principal may follow; the caller frees them: a stream lives through
 * many generations, its arena should not. There may be none yet, where a
 * pattern has stars and meets the rights. HG_EINVAL and the problem: none
 * exists (404), or none may be followed (403). */
int hg_topics__resolve(const struct hg_visit *v, uint32_t **ret_ids, size_t *ret_n,
                       struct hg_problem *problem);
/* Topics that were made since the last call: streams that want them get them
 * from their first record. Before the first batch of such a topic. */
void hg_topics__take_new(struct hg_edge *e);

#endif
