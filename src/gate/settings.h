/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - the struct that the gate's rows fill. Gate only. */
#ifndef HG_GATE_SETTINGS_H
#define HG_GATE_SETTINGS_H

#include "headgate/conf.h"

struct hg_gate__conf {
    struct hg_conf_head head;
    struct hg_strings accept;       /* source's name, then its arguments */
    struct hg_strings publish;      /* template, then allow=PATTERN ... */
    struct hg_strings authenticate; /* [any | all] NAME ... */
    int64_t body_bytes_max;
    int64_t events_max;
    bool is_dead_letter;
    bool is_atomic;
};

#endif
