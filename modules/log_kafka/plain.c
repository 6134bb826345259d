/* SPDX-License-Identifier: Apache-2.0 */
/* plain.c - an event out of a record that is none: docs/kafka.md has the
 * table. The identity is made of the record's place, which no other has: the
 * same record is the same event to every reader. */
#include <time.h>

#include "headgate/codec.h"
#include "record.h"

enum { NUMBER_BYTES = 20, TIME_BYTES = 32, PLACES = 2 };

static const struct hg_slice header_prefix = {"kafkaheader", 11};

size_t kafka_plain_bytes(const struct kafka_message *m) {
    size_t bytes = 2 * (m->topic.len + PLACES * (NUMBER_BYTES + 1) + TIME_BYTES);
    for (size_t i = 0; i < m->n_headers; i++) {
        bytes += header_prefix.len + m->headers[i].name.len;
    }
    return bytes;
}

static struct hg_slice since(const struct hg_buf *text, size_t from) {
    return (struct hg_slice){text->ptr + from, text->len - from};
}

/* What is set already, or not legal as an attribute, is left out. */
static void set(struct hg_event_builder *b, struct hg_slice name, struct hg_slice value) {
    if (value.len > 0) {
        (void)hg_event_builder_set(b, name, value, HG_ATTR_STRING);
    }
}

static void set_time(struct hg_event_builder *b, int64_t ms, struct hg_buf *text) {
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char day[TIME_BYTES];
    if (ms < 0 || gmtime_r(&seconds, &tm) == NULL ||
        strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) != 19) {
        return; /* no timestamp, or one that RFC 3339 cannot say */
    }
    size_t from = text->len;
    hg_buf_printf(text, "%s.%03dZ", day, (int)(ms % 1000));
    set(b, HG_SLICE("time"), since(text, from));
}

void kafka_plain_identity(struct hg_event_builder *b, const struct kafka_message *m,
                          struct hg_buf *text) {
    size_t from = text->len;
    set(b, HG_SLICE("specversion"), HG_SLICE("1.0"));
    hg_buf_put_slice(text, m->topic);
    HG_BUF_LIT(text, "-");
    hg_buf_put_u64(text, m->partition);
    HG_BUF_LIT(text, "-");
    hg_buf_put_u64(text, m->offset);
    set(b, HG_SLICE("id"), since(text, from));
    from = text->len;
    HG_BUF_LIT(text, "/kafka/");
    hg_buf_put_slice(text, m->topic);
    set(b, HG_SLICE("source"), since(text, from));
    set(b, HG_SLICE("type"), HG_SLICE("kafka.record"));
    set_time(b, m->timestamp_ms, text);
}

/* "My-Header" is kafkaheadermyheader. */
static void set_header(struct hg_event_builder *b, const struct hg_record_header *h,
                       struct hg_buf *text) {
    size_t from = text->len;
    hg_buf_put_slice(text, header_prefix);
    for (size_t i = 0; i < h->name.len; i++) {
        char c = h->name.ptr[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            hg_buf_put(text, &c, 1);
        }
    }
    if (text->len > from + header_prefix.len) {
        set(b, since(text, from), h->value);
    }
}

void kafka_plain_extras(struct hg_event_builder *b, const struct kafka_message *m,
                        struct hg_buf *text) {
    if (m->has_key) {
        set(b, HG_SLICE("partitionkey"), m->key);
    }
    for (size_t i = 0; i < m->n_headers; i++) {
        bool is_known = hg_slice_ieq(m->headers[i].name, HG_SLICE("content-type")) ||
                        hg_slice_starts(m->headers[i].name, HG_SLICE("hg_"));
        if (!is_known) {
            set_header(b, &m->headers[i], text);
        }
    }
}

/* Numbers as serialisers write them are UTF-8 as well: 0 0 0 5. */
static bool has_control(struct hg_slice s) {
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
            return true;
        }
    }
    return false;
}

static bool begins_json(struct hg_slice s) {
    size_t i = 0;
    while (i < s.len && strchr(" \t\r\n", s.ptr[i]) != NULL && s.ptr[i] != '\0') {
        i++;
    }
    return i < s.len && (s.ptr[i] == '{' || s.ptr[i] == '[');
}

int kafka_plain_media_type(struct hg_slice value, struct hg_slice *ret) {
    enum hg_data_kind kind;
    struct hg_slice media_type = HG_SLICE("application/octet-stream");
    int err = HG_EINVAL;
    if (begins_json(value)) {
        media_type = HG_SLICE("application/json");
        err = hg_codec_data_kind(media_type, value, &kind);
    }
    if (err == HG_EINVAL && !has_control(value)) {
        media_type = HG_SLICE("text/plain");
        err = hg_codec_data_kind(media_type, value, &kind);
        err = err == 0 && kind != HG_DATA_TEXT ? HG_EINVAL : err;
    }
    if (err == HG_ENOMEM) {
        return HG_ENOMEM;
    }
    *ret = err == 0 ? media_type : HG_SLICE("application/octet-stream");
    return 0;
}
