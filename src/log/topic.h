/* SPDX-License-Identifier: Apache-2.0 */
/* topic.h - topic names and patterns. `*` is one segment, `**` any number;
 * neither matches *.dlq, audit.** or headgate.**, which must be named. */
#ifndef HG_LOG_TOPIC_H
#define HG_LOG_TOPIC_H

#include "headgate/base.h"

enum { HG_TOPIC_NAME_MAX = 200 };

/* Segments of [A-Za-z0-9_-]+ joined by dots. */
bool hg_topic_name_is_valid(struct hg_slice name);
bool hg_topic_pattern_is_valid(struct hg_slice pattern);
bool hg_topic_pattern_is_literal(struct hg_slice pattern);
bool hg_topic_matches(struct hg_slice pattern, struct hg_slice name);
/* Is there a name that both patterns match, whether such a topic exists or not? */
bool hg_topic_patterns_meet(struct hg_slice a, struct hg_slice b);

#endif
