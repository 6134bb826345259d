/* SPDX-License-Identifier: Apache-2.0 */
/* media.h - what a media type says about the data [RFC 9110 8.3; CE JSON
 * format 3.1]. Names compare without regard to case. */
#ifndef HG_EVENT_MEDIA_H
#define HG_EVENT_MEDIA_H

#include "headgate/base.h"

/* type/subtype, without parameters and white space around. */
struct hg_slice hg_media_essence(struct hg_slice media_type);
bool hg_media_is_json(struct hg_slice media_type); /* any/json, any/any+json */
bool hg_media_is_text(struct hg_slice media_type); /* text/any */
/* No charset, or one whose bytes are UTF-8. */
bool hg_media_is_utf8(struct hg_slice media_type);

#endif
