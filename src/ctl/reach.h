/* SPDX-License-Identifier: Apache-2.0 */
/* reach.h - how a command reaches a gateway: certificates, fields, patience.
 * The same options for every command. */
#ifndef HG_CTL_REACH_H
#define HG_CTL_REACH_H

#include "ctl/options.h"
#include "fetch/client.h"

struct hg_ctl_reach {
    const char *ca_path;
    bool is_insecure;
    struct hg_ctl_texts headers;
    int64_t timeout_ms;
};

enum { HG_CTL_TIMEOUT_MS = 60000, HG_CTL_CONNECT_MS = 10000 };
/* clang-format off */
#define HG_CTL_REACH_DEFAULTS {.timeout_ms = HG_CTL_TIMEOUT_MS}

/* Rows for a struct that has a struct hg_ctl_reach at the offset. */
#define HG_CTL_REACH_ROWS(offset)                                                                  \
    {.name = "header", .letter = 'H', .kind = HG_CTL_TEXTS, .value = "'K: V'",                     \
     .at = (offset) + offsetof(struct hg_ctl_reach, headers),                                      \
     .help = "Send this header field too; @FILE: one from each line of a file."},                  \
    {.name = "cacert", .kind = HG_CTL_TEXT, .value = "FILE",                                       \
     .at = (offset) + offsetof(struct hg_ctl_reach, ca_path),                                      \
     .help = "Trust the certificates in this PEM file, not the system's."},                        \
    {.name = "insecure", .letter = 'k', .kind = HG_CTL_FLAG,                                       \
     .at = (offset) + offsetof(struct hg_ctl_reach, is_insecure),                                  \
     .help = "Trust any certificate."},                                                            \
    {.name = "timeout", .kind = HG_CTL_DURATION, .value = "TIME",                                  \
     .at = (offset) + offsetof(struct hg_ctl_reach, timeout_ms), .min = 1, .max = 86400000,        \
     .help = "A silence this long is a lost connection (60s)."}
/* clang-format on */

enum { HG_CTL_FIELDS_MAX = 64 };

/* A way to one gateway. */
struct hg_ctl_peer {
    struct hg_fetch_client *client;
    struct hg_buf text; /* what the fields point into */
    struct hg_field fields[HG_CTL_FIELDS_MAX];
    size_t n_fields; /* the user's; a request adds its own behind them */
    int64_t timeout_ms;
    struct hg_fetch_answer answer; /* of the last request */
};

/* What is wrong is told. HG_EINVAL: to be called otherwise; HG_EIO, HG_ENOMEM.
 * On failure there is nothing to close. */
int hg_ctl_peer_open(struct hg_ctl *ctl, const struct hg_ctl_reach *reach, bool is_direct,
                     struct hg_ctl_peer *ret);
void hg_ctl_peer_close(struct hg_ctl_peer *p);

/* Ask, with the user's fields and those of the request. */
void hg_ctl_peer_ask(struct hg_ctl_peer *p, const struct hg_fetch_request *request);

/* The URL of an admin listener, without a path: from HOST:PORT as the admin
 * directive has it, a port alone, or a URL. False: it is none of these. */
bool hg_ctl_admin_url(const char *admin, struct hg_buf *url);

#endif
