/* SPDX-License-Identifier: Apache-2.0 */
/* directory.h - a directory that the master makes for the worker's user, while
 * it has the rights. */
#ifndef HG_SERVER_DIRECTORY_H
#define HG_SERVER_DIRECTORY_H

#include <pwd.h>

#include "headgate/base.h"

/* The directory and what of its way is not there; user NULL: as we are. What
 * is made is the user's, so is the directory itself, and so is what root left
 * in it as plain files, from a time when there was no user. HG_EIO and why. */
int hg_directory_make(struct hg_slice path, const struct passwd *user, struct hg_why *why);
/* Whether it is there and can be written, or can be made; without a trace. What
 * is there may be another user's, which we need not be able to write: is_given.
 * HG_EIO and why. */
int hg_directory_check(struct hg_slice path, bool is_given, struct hg_why *why);

#endif
