/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - records to and from Kafka messages, by the CloudEvents Kafka
 * protocol binding 1.0.2 ("[KB n]" names its sections). Knows no client
 * library, no connection and no driver: slices in, slices out. */
#ifndef LOG_KAFKA_RECORD_H
#define LOG_KAFKA_RECORD_H

#include "headgate/log.h"

enum kafka_mode { KAFKA_BINARY, KAFKA_STRUCTURED };

/* The attributes of an event, a record's own headers, and four of ours. */
enum { KAFKA_RECORD_HEADERS_MAX = 64, KAFKA_HEADERS_MAX = 64 + 8 + KAFKA_RECORD_HEADERS_MAX + 4 };

/* A message as it is in a topic; everything is borrowed. */
struct kafka_message {
    struct hg_slice topic;
    uint32_t partition;
    uint64_t offset;
    int64_t timestamp_ms;
    bool has_key, has_value; /* null is not the same as empty */
    struct hg_slice key;
    struct hg_slice value;
    const struct hg_record_header *headers;
    size_t n_headers;
};

/* A message that is to be written. Zeroed is empty; used again and again.
 * Its slices borrow from the record and from text. */
struct kafka_draft {
    bool has_value;     /* false: null */
    bool is_structured; /* the value lies in text; else in the event */
    struct hg_slice key;
    struct hg_slice value;
    struct hg_record_header headers[KAFKA_HEADERS_MAX];
    size_t n_headers;
    struct hg_buf text;
};

/* The mode that the record is written in, where mode is wished for. In binary
 * mode the data's media type is the message's, and by that alone a reader tells
 * structured mode: so an event whose data is an event, as a dead letter's may
 * be, is always structured. */
enum kafka_mode kafka_record_mode(const struct hg_record *r, enum kafka_mode mode);
/* HG_EINVAL: a record's header is named as one of ours. HG_E2BIG: more than
 * KAFKA_RECORD_HEADERS_MAX of them. HG_ENOMEM. */
int kafka_record_write(const struct hg_record *r, enum kafka_mode mode, struct kafka_draft *ret);
void kafka_draft_fini(struct kafka_draft *d);
/* What a broker holds against max.message.bytes: a batch with this message alone,
 * to the byte, before compression. */
size_t kafka_draft_bytes(const struct kafka_draft *d);

/* What a message turned out to be. */
enum kafka_reading {
    KAFKA_EVENT,     /* a CloudEvent */
    KAFKA_TOMBSTONE, /* a key without value */
    KAFKA_PLAIN,     /* somebody's record, mapped to an event */
    KAFKA_BROKEN,    /* meant as a CloudEvent; what is legal in it was kept */
};

/* Memory that one reading thread uses again and again. */
struct kafka_reader;
struct kafka_reader *kafka_reader_new(void); /* NULL: no memory */
void kafka_reader_free(struct kafka_reader **pr);

/* Gives a record with one reference of its event. Key and headers borrow from
 * the message and the reader. No message is refused: HG_ENOMEM alone. */
int kafka_record_read(struct kafka_reader *reader, const struct kafka_message *m,
                      struct hg_record *ret, enum kafka_reading *ret_reading);

/* plain.c: an event out of what is no CloudEvent, or is a broken one. Sets
 * what is not set yet: id, source, type, time, and of plain records what Knative's
 * Kafka source gives beside: partitionkey and kafkaheaderNAME. text is for
 * what it makes up and must have room for KAFKA_PLAIN_BYTES. */
struct hg_event_builder;
size_t kafka_plain_bytes(const struct kafka_message *m);
void kafka_plain_identity(struct hg_event_builder *b, const struct kafka_message *m,
                          struct hg_buf *text);
void kafka_plain_extras(struct hg_event_builder *b, const struct kafka_message *m,
                        struct hg_buf *text);
/* The media type of bytes that come without one: JSON for an object or an
 * array, text for UTF-8 without control characters, else bytes. */
int kafka_plain_media_type(struct hg_slice value, struct hg_slice *ret);

#endif
