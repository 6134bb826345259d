/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - records to and from Kafka messages.
 *
 * What the binding has no place for goes into headers of our own, beginning
 * with hg_: who published (hg_owner) and what exactly (hg_digest), which
 * attributes were no strings (hg_types) and what the data is where the media
 * type does not say it (hg_data). Any other client may ignore them all. */
#include "record.h"

#include "headgate/codec.h"

enum { OWNER_DIGITS = 16, DIGEST_DIGITS = 32 };

/* [KB 3.2.3]; datacontenttype is the one without prefix. */
static const struct hg_slice core_headers[HG_CORE_ATTRS] = {
    [HG_ATTR_SPECVERSION] = {"ce_specversion", 14},
    [HG_ATTR_ID] = {"ce_id", 5},
    [HG_ATTR_SOURCE] = {"ce_source", 9},
    [HG_ATTR_TYPE] = {"ce_type", 7},
    [HG_ATTR_SUBJECT] = {"ce_subject", 10},
    [HG_ATTR_TIME] = {"ce_time", 7},
    [HG_ATTR_DATACONTENTTYPE] = {"content-type", 12},
    [HG_ATTR_DATASCHEMA] = {"ce_dataschema", 13},
};

static const struct hg_slice own_headers[] = {
    {"hg_owner", 8}, {"hg_digest", 9}, {"hg_types", 8}, {"hg_data", 7}};

static const struct hg_slice event_json = {"application/cloudevents+json", 28};
static const struct hg_slice event_types = {"application/cloudevents", 23};

static struct hg_slice tail_of(struct hg_slice s, size_t from) {
    return (struct hg_slice){s.ptr + from, s.len - from};
}

static bool starts_as(struct hg_slice s, struct hg_slice prefix) {
    return s.len >= prefix.len && hg_slice_ieq((struct hg_slice){s.ptr, prefix.len}, prefix);
}

static bool is_own(struct hg_slice name) {
    for (size_t i = 0; i < HG_COUNT(own_headers); i++) {
        if (hg_slice_eq(name, own_headers[i])) {
            return true;
        }
    }
    return false;
}

/* Writing. */

static void add(struct kafka_draft *d, struct hg_slice name, struct hg_slice value) {
    d->headers[d->n_headers++] = (struct hg_record_header){name, value};
}

/* Into text, where room is reserved: slices into it stay. */
static struct hg_slice keep(struct kafka_draft *d, struct hg_slice prefix, struct hg_slice s) {
    size_t from = d->text.len;
    hg_buf_put_slice(&d->text, prefix);
    hg_buf_put_slice(&d->text, s);
    return tail_of(hg_buf_slice(&d->text), from);
}

/* Hexadecimal: what kcat and a console show can be compared and searched as it
 * is, for ten bytes more than base64 takes. */
static struct hg_slice keep_hex(struct kafka_draft *d, const uint8_t *bytes, size_t n) {
    static const char digits[] = "0123456789abcdef";
    size_t from = d->text.len;
    for (size_t i = 0; i < n; i++) {
        char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        hg_buf_put(&d->text, pair, sizeof(pair));
    }
    return tail_of(hg_buf_slice(&d->text), from);
}

static size_t text_bytes(const struct hg_record *r) {
    size_t bytes = OWNER_DIGITS + DIGEST_DIGITS;
    for (size_t i = 0; r->event != NULL && i < hg_event_extensions(r->event); i++) {
        bytes += 2 * (hg_event_extension(r->event, i)->name.len + 3);
    }
    for (size_t i = 0; i < r->n_headers; i++) {
        bytes += r->headers[i].name.len + 3;
    }
    return bytes;
}

/* "n:i flag:b": which extensions are an integer or a boolean. */
static void add_types(struct kafka_draft *d, const struct hg_event *e) {
    size_t from = d->text.len;
    for (size_t i = 0; i < hg_event_extensions(e); i++) {
        const struct hg_attr *a = hg_event_extension(e, i);
        if (a->type != HG_ATTR_STRING) {
            keep(d, d->text.len > from ? HG_SLICE(" ") : HG_SLICE(""), a->name);
            keep(d, HG_SLICE(":"), a->type == HG_ATTR_INTEGER ? HG_SLICE("i") : HG_SLICE("b"));
        }
    }
    if (d->text.len > from) {
        add(d, HG_SLICE("hg_types"), tail_of(hg_buf_slice(&d->text), from));
    }
}

/* Roughly: a needless hg_data does no harm. */
static bool is_like_json(struct hg_slice media_type) {
    struct hg_slice json = HG_SLICE("json");
    return media_type.len >= json.len &&
           hg_slice_ieq(tail_of(media_type, media_type.len - json.len), json);
}

static void add_data(struct kafka_draft *d, const struct hg_event *e) {
    enum hg_data_kind kind;
    struct hg_slice media_type = hg_event_core(e, HG_ATTR_DATACONTENTTYPE);
    bool is_text = starts_as(media_type, HG_SLICE("text/"));
    d->value = hg_event_data(e, &kind);
    d->has_value = kind != HG_DATA_NONE;
    /* JSON data of an event that names no media type [CE JSON format 3.1]: other
     * readers need one, ours gives the event as it was. */
    if (kind == HG_DATA_JSON && media_type.len == 0) {
        add(d, HG_SLICE("content-type"), HG_SLICE("application/json"));
        add(d, HG_SLICE("hg_data"), HG_SLICE("untyped"));
    } else if (kind == HG_DATA_JSON && !is_like_json(media_type)) {
        add(d, HG_SLICE("hg_data"), HG_SLICE("json"));
    } else if (kind == HG_DATA_TEXT && !is_text) {
        add(d, HG_SLICE("hg_data"), HG_SLICE("text"));
    } else if (kind == HG_DATA_BINARY &&
               (d->value.len == 0 || is_text ||
                starts_as(media_type, HG_SLICE("application/json")) || is_like_json(media_type))) {
        add(d, HG_SLICE("hg_data"), HG_SLICE("binary"));
    }
}

static void add_event(struct kafka_draft *d, const struct hg_event *e) {
    for (int i = 0; i < HG_CORE_ATTRS; i++) {
        struct hg_slice value = hg_event_core(e, (enum hg_core_attr)i);
        if (value.len > 0) {
            add(d, core_headers[i], value);
        }
    }
    for (size_t i = 0; i < hg_event_extensions(e); i++) {
        const struct hg_attr *a = hg_event_extension(e, i);
        add(d, keep(d, HG_SLICE("ce_"), a->name), a->value);
    }
    add_types(d, e);
    add_data(d, e);
}

static void add_own(struct kafka_draft *d, const struct hg_record *r) {
    uint8_t owner[OWNER_DIGITS / 2];
    for (size_t i = 0; i < sizeof(owner); i++) {
        owner[i] = (uint8_t)(r->owner >> 8 * (sizeof(owner) - 1 - i));
    }
    add(d, HG_SLICE("hg_owner"), keep_hex(d, owner, sizeof(owner)));
    add(d, HG_SLICE("hg_digest"), keep_hex(d, r->digest, sizeof(r->digest)));
    for (size_t i = 0; i < r->n_headers; i++) {
        const struct hg_record_header *h = &r->headers[i];
        bool has_prefix = hg_slice_starts(h->name, HG_SLICE("hg_"));
        add(d, keep(d, has_prefix ? HG_SLICE("") : HG_SLICE("hg_"), h->name), h->value);
    }
}

enum kafka_mode kafka_record_mode(const struct hg_record *r, enum kafka_mode mode) {
    if (r->event == NULL) {
        return KAFKA_BINARY;
    }
    return starts_as(hg_event_core(r->event, HG_ATTR_DATACONTENTTYPE), event_types)
               ? KAFKA_STRUCTURED
               : mode;
}

int kafka_record_write(const struct hg_record *r, enum kafka_mode mode, struct kafka_draft *ret) {
    if (r->n_headers > KAFKA_RECORD_HEADERS_MAX) {
        return HG_E2BIG;
    }
    for (size_t i = 0; i < r->n_headers; i++) {
        if (is_own(r->headers[i].name)) {
            return HG_EINVAL;
        }
    }
    bool is_structured = kafka_record_mode(r, mode) == KAFKA_STRUCTURED;
    ret->is_structured = is_structured;
    ret->n_headers = 0;
    ret->key = r->key;
    ret->has_value = is_structured;
    ret->value = (struct hg_slice){NULL, 0};
    hg_buf_clear(&ret->text);
    if (is_structured) {
        hg_event_to_json(r->event, (struct hg_slice){NULL, 0}, &ret->text);
    }
    if (ret->text.is_failed || hg_buf_reserve(&ret->text, text_bytes(r)) != 0) {
        return HG_ENOMEM;
    }
    if (is_structured) {
        ret->value = hg_buf_slice(&ret->text);
        add(ret, HG_SLICE("content-type"), event_json);
    } else if (r->event != NULL) {
        add_event(ret, r->event);
    }
    add_own(ret, r);
    return 0;
}

/* A length as records have it: signed, seven bits a byte. */
static size_t length_bytes(size_t length) {
    size_t bytes = 1;
    for (size_t rest = 2 * length; rest > 127; rest >>= 7) {
        bytes++;
    }
    return bytes;
}

static size_t part_bytes(struct hg_slice part) {
    return length_bytes(part.len) + part.len;
}

/* [Kafka's message format, version 2]: a record is its length, a byte of flags, its
 * distance in time and offset from the batch (one byte each in a batch of one),
 * key, value, the number of headers and these. Null takes no more than empty. */
size_t kafka_draft_bytes(const struct kafka_draft *d) {
    enum { BATCH_BYTES = 61, FIXED_BYTES = 3 };
    size_t bytes =
        FIXED_BYTES + part_bytes(d->key) + part_bytes(d->value) + length_bytes(d->n_headers);
    for (size_t i = 0; i < d->n_headers; i++) {
        bytes += part_bytes(d->headers[i].name) + part_bytes(d->headers[i].value);
    }
    return BATCH_BYTES + length_bytes(bytes) + bytes;
}

void kafka_draft_fini(struct kafka_draft *d) {
    hg_buf_fini(&d->text);
}
