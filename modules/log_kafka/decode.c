/* SPDX-License-Identifier: Apache-2.0 */
/* decode.c - a record out of a Kafka message, whoever wrote it.
 *
 * Other producers write into the topics, too, and a record that is there stays
 * there: to refuse one would stop every stream behind it. So each becomes an
 * event, at worst with what is legal in it and a name made of its place. */
#include "headgate/codec.h"
#include "record.h"

struct kafka_reader {
    struct hg_event_builder *builder;
    struct hg_buf text;
    struct hg_record_header headers[KAFKA_RECORD_HEADERS_MAX];
};

/* What the headers say, gathered in one walk. */
struct found {
    bool is_event;                /* any ce_ header */
    bool is_broken;               /* one of them is not to be kept */
    unsigned n_required;          /* of the four attributes that an event must have */
    struct hg_slice content_type; /* without prefix; else ce_datacontenttype */
    struct hg_slice types;        /* hg_types */
    struct hg_slice data;         /* hg_data */
};

struct kafka_reader *kafka_reader_new(void) {
    struct kafka_reader *r = hg_try_alloc(sizeof(*r));
    if (r != NULL) {
        r->builder = hg_event_builder_new();
        if (r->builder == NULL) {
            kafka_reader_free(&r);
        }
    }
    return r;
}

void kafka_reader_free(struct kafka_reader **pr) {
    struct kafka_reader *r = *pr;
    if (r != NULL) {
        hg_event_builder_free(&r->builder);
        hg_buf_fini(&r->text);
        hg_free(r);
    }
    *pr = NULL;
}

static struct hg_slice behind(struct hg_slice s, size_t n) {
    return (struct hg_slice){s.ptr + n, s.len - n};
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly n bytes; else out stays as it is. */
static void read_hex(struct hg_slice text, uint8_t *out, size_t n) {
    uint8_t bytes[16];
    HG_ASSERT(n <= sizeof(bytes));
    if (text.len != 2 * n) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text.ptr[2 * i]), low = hex_digit(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0) {
            return;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(out, bytes, n);
}

static void read_owner(struct hg_slice text, uint64_t *ret) {
    uint8_t bytes[8] = {0};
    read_hex(text, bytes, sizeof(bytes));
    *ret = 0;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        *ret = *ret << 8 | bytes[i];
    }
}

/* The headers that are not the event's: ours, and the record's own. */
static void read_own(struct kafka_reader *reader, const struct kafka_message *m,
                     struct found *found, struct hg_record *r) {
    r->headers = reader->headers;
    for (size_t i = 0; i < m->n_headers; i++) {
        const struct hg_record_header *h = &m->headers[i];
        if (hg_slice_starts(h->name, HG_SLICE("ce_"))) {
            found->is_event = true;
        } else if (hg_slice_ieq(h->name, HG_SLICE("content-type"))) {
            found->content_type = h->value;
        } else if (!hg_slice_starts(h->name, HG_SLICE("hg_"))) {
            continue;
        } else if (hg_slice_eq(h->name, HG_SLICE("hg_owner"))) {
            read_owner(h->value, &r->owner);
        } else if (hg_slice_eq(h->name, HG_SLICE("hg_digest"))) {
            read_hex(h->value, r->digest, sizeof(r->digest));
        } else if (hg_slice_eq(h->name, HG_SLICE("hg_types"))) {
            found->types = h->value;
        } else if (hg_slice_eq(h->name, HG_SLICE("hg_data"))) {
            found->data = h->value;
        } else if (r->n_headers < KAFKA_RECORD_HEADERS_MAX) {
            reader->headers[r->n_headers++] = *h;
        }
    }
}

/* "n:i flag:b" */
static enum hg_attr_type type_of(struct hg_slice types, struct hg_slice name) {
    for (size_t at = 0; at < types.len;) {
        struct hg_slice rest = behind(types, at);
        const char *end = memchr(rest.ptr, ' ', rest.len);
        size_t len = end != NULL ? (size_t)(end - rest.ptr) : rest.len;
        if (len == name.len + 2 && memcmp(rest.ptr, name.ptr, name.len) == 0 &&
            rest.ptr[name.len] == ':') {
            char c = rest.ptr[name.len + 1];
            return c == 'i' ? HG_ATTR_INTEGER : c == 'b' ? HG_ATTR_BOOLEAN : HG_ATTR_STRING;
        }
        at += len + 1;
    }
    return HG_ATTR_STRING;
}

static const struct hg_slice required[] = {
    {"specversion", 11}, {"id", 2}, {"source", 6}, {"type", 4}};

static void read_attr(struct hg_event_builder *b, const struct hg_record_header *h,
                      struct found *found) {
    struct hg_slice name = behind(h->name, 3);
    /* Not as the binding writes it, but as SDKs have. */
    if (hg_slice_eq(name, HG_SLICE("datacontenttype"))) {
        if (found->content_type.len == 0) {
            found->content_type = h->value;
        }
        return;
    }
    enum hg_attr_type type = type_of(found->types, name);
    if (hg_event_builder_set(b, name, h->value, type) != 0) {
        found->is_broken = true;
        return;
    }
    for (size_t i = 0; i < HG_COUNT(required); i++) {
        found->n_required += hg_slice_eq(name, required[i]);
    }
}

static int kind_of(const struct found *found, struct hg_slice value, enum hg_data_kind *ret) {
    struct hg_slice media_type = found->content_type;
    if (hg_slice_eq(found->data, HG_SLICE("binary"))) {
        *ret = HG_DATA_BINARY;
        return 0;
    }
    if (hg_slice_eq(found->data, HG_SLICE("text"))) {
        media_type = HG_SLICE("text/plain");
    } else if (hg_slice_eq(found->data, HG_SLICE("json"))) {
        media_type = HG_SLICE("application/json");
    }
    return hg_codec_data_kind(media_type, value, ret);
}

/* Media type and data. What should be JSON and is not stays as bytes. */
static int read_data(struct hg_event_builder *b, const struct kafka_message *m,
                     struct found *found) {
    enum hg_data_kind kind = HG_DATA_NONE;
    if (!found->is_event && m->has_value && found->content_type.len == 0 &&
        kafka_plain_media_type(m->value, &found->content_type) == HG_ENOMEM) {
        return HG_ENOMEM;
    }
    /* The media type is what the binding asks for, not the event's. */
    bool is_untyped = found->is_event && hg_slice_eq(found->data, HG_SLICE("untyped"));
    if (found->content_type.len > 0 && !is_untyped &&
        hg_event_builder_set(b, HG_SLICE("datacontenttype"), found->content_type, HG_ATTR_STRING) !=
            0) {
        found->is_broken = true;
        found->content_type.len = 0;
    }
    int err = m->has_value ? kind_of(found, m->value, &kind) : 0;
    if (err == HG_EINVAL) {
        kind = HG_DATA_BINARY;
        found->is_broken = true;
        err = 0;
    }
    if (err == 0 && kind != HG_DATA_NONE) {
        hg_event_builder_data(b, kind, m->value);
    }
    return err;
}

static int read_fields(struct kafka_reader *reader, const struct kafka_message *m,
                       struct found *found, struct hg_event **ret) {
    struct hg_event_builder *b = reader->builder;
    hg_event_builder_clear(b);
    for (size_t i = 0; found->is_event && i < m->n_headers; i++) {
        if (hg_slice_starts(m->headers[i].name, HG_SLICE("ce_"))) {
            read_attr(b, &m->headers[i], found);
        }
    }
    int err = read_data(b, m, found);
    if (err != 0) {
        return err;
    }
    if (found->n_required < HG_COUNT(required)) {
        found->is_broken = found->is_broken || found->is_event;
        hg_buf_clear(&reader->text);
        if (hg_buf_reserve(&reader->text, kafka_plain_bytes(m)) != 0) {
            return HG_ENOMEM;
        }
        kafka_plain_identity(b, m, &reader->text);
        if (!found->is_event) {
            kafka_plain_extras(b, m, &reader->text);
        }
    }
    const char *missing;
    return hg_event_builder_seal(b, ret, &missing);
}

/* [KB 3]: by the content type alone, its case ignored. */
static bool is_structured(const struct found *found) {
    static const struct hg_slice prefix = {"application/cloudevents", 23};
    return found->content_type.len >= prefix.len &&
           hg_slice_ieq((struct hg_slice){found->content_type.ptr, prefix.len}, prefix);
}

/* The JSON format without the header that should say so: from clients older
 * than headers, the SDK for Python (its first API) and Debezium's converter. */
static bool may_be_structured(const struct found *found, struct hg_slice value) {
    struct hg_slice json = HG_SLICE("application/json"), mark = HG_SLICE("\"specversion\"");
    bool is_json = found->content_type.len == 0 ||
                   (found->content_type.len >= json.len &&
                    hg_slice_ieq((struct hg_slice){found->content_type.ptr, json.len}, json));
    return is_json && !found->is_event && value.len > 0 &&
           memmem(value.ptr, value.len, mark.ptr, mark.len) != NULL;
}

static int read_event(struct kafka_reader *reader, const struct kafka_message *m,
                      struct found *found, struct hg_event **ret) {
    static const struct hg_codec_opts lax = {0};
    struct hg_problem ignored = {0};
    bool is_json = false;
    if (is_structured(found)) {
        found->is_event = true;
        if (hg_codec_mode(found->content_type, &is_json) == HG_CE_STRUCTURED && is_json) {
            int err = hg_codec_structured(m->value, &lax, ret, &ignored);
            if (err != HG_EINVAL) {
                return err;
            }
        }
        found->is_broken = true;
    } else if (may_be_structured(found, m->value)) {
        int err = hg_codec_structured(m->value, &lax, ret, &ignored);
        if (err != HG_EINVAL) {
            found->is_event = true;
            return err;
        }
    }
    return read_fields(reader, m, found, ret);
}

int kafka_record_read(struct kafka_reader *reader, const struct kafka_message *m,
                      struct hg_record *ret, enum kafka_reading *ret_reading) {
    struct found found = {0};
    struct hg_record r = {.offset = m->offset, .log_time_ms = m->timestamp_ms};
    if (m->has_key) {
        r.key = m->key;
    }
    read_own(reader, m, &found, &r);
    enum kafka_reading reading = KAFKA_TOMBSTONE;
    if (m->has_value || found.is_event) {
        int err = read_event(reader, m, &found, &r.event);
        if (err != 0) {
            return err;
        }
        reading = found.is_broken ? KAFKA_BROKEN : found.is_event ? KAFKA_EVENT : KAFKA_PLAIN;
    }
    *ret = r;
    *ret_reading = reading;
    return 0;
}
