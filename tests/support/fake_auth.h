/* SPDX-License-Identifier: Apache-2.0 */
/* fake_auth.h - authenticators and a source for the tests of gate and edge.
 *
 * An authenticator looks at the field of its own name: "NAME:ROLE" proves,
 * "bad" is a wrong proof. */
#ifndef TESTS_SUPPORT_FAKE_AUTH_H
#define TESTS_SUPPORT_FAKE_AUTH_H

#include "gate/gate.h"

extern const struct hg_authenticator_ops fake_auth_key;   /* field x-key; has a challenge */
extern const struct hg_authenticator_ops fake_auth_badge; /* field x-badge; has none */

/* Finds the two as `key` and `badge`, and `cloudevents` as the real source. */
extern const struct hg_gate_finder fake_auth_finder;
/* What its event log lacks to store a batch whole. NULL: nothing. */
extern const char *fake_auth_lacks;
/* For hg_conf_setup.load_module: any name gives the rows of the source. The
 * table of core rows must have load_module. */
int fake_auth_load(void *arg, struct hg_conf_load *load, const struct hg_conf_line *line,
                   const struct hg_conf_owner **ret_owner);

#endif
