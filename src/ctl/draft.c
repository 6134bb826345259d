/* SPDX-License-Identifier: Apache-2.0 */
/* draft.c - words to attributes, bytes to data of the kind that they are. */
#include "ctl/draft.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/utf8.h"
#include "event/attr.h"
#include "event/json.h"
#include "event/media.h"

enum { FAULT_MAX = 256 };

void hg_ctl_uuid(char out[HG_CTL_UUID_MAX]) {
    uint8_t b[16];
    size_t at = 0;
    ssize_t got = getrandom(b, sizeof(b), 0);
    HG_ASSERT(got == (ssize_t)sizeof(b));
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    for (size_t i = 0; i < sizeof(b); i++) {
        const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        at += (size_t)snprintf(out + at, HG_CTL_UUID_MAX - at, "%s%02x", dash, b[i]);
    }
}

static int set(struct hg_event_builder *b, const char *option, struct hg_slice name,
               struct hg_slice value, char *fault) {
    const char *why = hg_attr_fault(name, value, HG_ATTR_STRING);
    int err = why == NULL ? hg_event_builder_set(b, name, value, HG_ATTR_STRING) : HG_EINVAL;
    if (err != 0) {
        snprintf(fault, FAULT_MAX, "--%s: %.*s %s", option, HG_FMT(name),
                 why != NULL ? why : "is given twice, or is one too many");
    }
    return err;
}

static int set_extensions(struct hg_event_builder *b, const struct hg_ctl_texts *texts,
                          char *fault) {
    int err = 0;
    for (size_t i = 0; err == 0 && i < texts->n; i++) {
        const char *equals = strchr(texts->items[i], '=');
        struct hg_slice name = {texts->items[i],
                                equals != NULL ? (size_t)(equals - texts->items[i]) : 0};
        if (!hg_attr_name_is_legal(name) || hg_attr_core(name) >= 0) {
            snprintf(fault, FAULT_MAX,
                     "--ext: \"%s\" does not fit; expected NAME=VALUE, NAME of "
                     "a-z and 0-9 and none of the core attributes",
                     texts->items[i]);
            return HG_EINVAL;
        }
        err = set(b, "ext", name, hg_slice_of(equals + 1), fault);
    }
    return err;
}

static int set_data(struct hg_event_builder *b, const struct hg_ctl_draft *d, char *fault) {
    struct hg_slice media = hg_slice_of(d->content_type);
    if (media.len == 0) {
        media = HG_SLICE("application/json");
    }
    if (set(b, "content-type", HG_SLICE("datacontenttype"), media, fault) != 0) {
        return HG_EINVAL;
    }
    if (hg_media_is_json(media)) {
        struct hg_json_tape tape = {.n = 0};
        size_t at = 0;
        int err = HG_EINVAL;
        if (d->data.len > 0) {
            err = hg_json_scan(&tape, d->data, NULL, &at);
        }
        hg_json_tape_fini(&tape);
        if (err != 0) {
            snprintf(fault, FAULT_MAX,
                     "the data is not JSON at byte %zu; --content-type names "
                     "another kind",
                     at);
            return HG_EINVAL;
        }
        hg_event_builder_data(b, HG_DATA_JSON, d->data);
    } else {
        bool is_text = hg_utf8_is_valid(d->data.ptr, d->data.len) && hg_media_is_utf8(media);
        hg_event_builder_data(b, is_text ? HG_DATA_TEXT : HG_DATA_BINARY, d->data);
    }
    return 0;
}

static int fill(struct hg_event_builder *b, const struct hg_ctl_draft *d, const char *uuid,
                char *fault) {
    const struct {
        const char *option, *name, *value;
    } words[] = {
        {"type", "specversion", "1.0"},
        {"type", "type", d->type},
        {"source", "source", d->source != NULL ? d->source : "/headgatectl"},
        {"id", "id", d->id != NULL ? d->id : uuid},
        {"subject", "subject", d->subject},
    };
    int err = 0;
    for (size_t i = 0; err == 0 && i < HG_COUNT(words); i++) {
        if (words[i].value != NULL) {
            err = set(b, words[i].option, hg_slice_of(words[i].name), hg_slice_of(words[i].value),
                      fault);
        }
    }
    if (err == 0) {
        err = set_extensions(b, &d->extensions, fault);
    }
    return err == 0 && d->has_data ? set_data(b, d, fault) : err;
}

int hg_ctl_draft_write(const struct hg_ctl_draft *d, struct hg_buf *out, char ret_fault[256]) {
    struct hg_event_builder *b = hg_event_builder_new();
    struct hg_event *event = NULL;
    const char *missing;
    char uuid[HG_CTL_UUID_MAX];
    if (b == NULL) {
        return HG_ENOMEM;
    }
    hg_ctl_uuid(uuid);
    int err = fill(b, d, uuid, ret_fault);
    if (err == 0) {
        err = hg_event_builder_seal(b, &event, &missing);
    }
    if (err == 0) {
        hg_event_to_json(event, HG_SLICE(""), out);
        err = out->is_failed ? HG_ENOMEM : 0;
    }
    hg_event_unref(&event);
    hg_event_builder_free(&b);
    return err;
}
