/* SPDX-License-Identifier: Apache-2.0 */
/* named.h - the topics that a configuration names, as it wants them. */
#ifndef HG_SERVER_NAMED_H
#define HG_SERVER_NAMED_H

#include "edge/edge.h"
#include "log/settings.h"

/* 0, or an error that ends the walk. The topic lives for one call. */
typedef int (*hg_named_fn)(void *arg, const struct hg_log_topic *topic);

/* Those that a topic block declares first, so that what it says holds; then those
 * that locations publish to, with their dead letters; a name may come twice. */
int hg_named_each(const struct hg_conf *conf, const struct hg_site *site, hg_named_fn fn,
                  void *arg);

bool hg_named_is_declared(const struct hg_conf *conf, struct hg_slice name);
/* As the main block says of topics that no block declares. */
void hg_named_fill(const struct hg_conf *conf, struct hg_log_topic *topic);

#endif
