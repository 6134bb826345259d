/* SPDX-License-Identifier: Apache-2.0 */
/* cache.c - blocks of decoded records, so that many who read at near places
 * cost one fetch. What is here may be gone from the cluster, or another topic
 * of the same name may have taken its place: so nothing stays long. */
#include "headgate/record.h"
#include "read.h"

enum { BLOCKS_MAX = 256, AGE_MS_MAX = 10000 };

struct kafka_block *kafka_block_new(const struct kafka_topic *topic, uint32_t partition,
                                    uint64_t first) {
    struct kafka_block *b = hg_try_alloc(sizeof(*b));
    if (b != NULL) {
        b->topic = topic;
        b->partition = partition;
        b->first = b->next = first;
        b->made_ms = kafka_mono_ms();
    }
    return b;
}

/* A record's headers and key lie in one piece, which begins with the headers,
 * or is the key. */
static void free_details(struct hg_record *r) {
    hg_free(r->n_headers > 0 ? (void *)r->headers : (void *)r->key.ptr);
}

void kafka_block_free(struct kafka_block **pb) {
    struct kafka_block *b = *pb;
    *pb = NULL;
    if (b == NULL) {
        return;
    }
    for (size_t i = 0; i < b->n; i++) {
        hg_event_unref(&b->records[i].event);
        free_details(&b->records[i]);
    }
    hg_free(b->records);
    hg_free(b);
}

static struct hg_slice put(char **at, struct hg_slice s) {
    struct hg_slice copy = {*at, s.len};
    if (s.len > 0) {
        memcpy(*at, s.ptr, s.len);
    }
    *at += s.len;
    return copy;
}

static int copy_details(struct hg_record *r, size_t *ret_bytes) {
    size_t bytes = r->n_headers * sizeof(r->headers[0]) + r->key.len;
    for (size_t i = 0; i < r->n_headers; i++) {
        bytes += r->headers[i].name.len + r->headers[i].value.len;
    }
    struct hg_record_header *headers = bytes > 0 ? hg_try_alloc(bytes) : NULL;
    if (bytes > 0 && headers == NULL) {
        return HG_ENOMEM;
    }
    char *at = (char *)(headers + r->n_headers);
    for (size_t i = 0; i < r->n_headers; i++) {
        headers[i].name = put(&at, r->headers[i].name);
        headers[i].value = put(&at, r->headers[i].value);
    }
    r->key = bytes > 0 ? put(&at, r->key) : (struct hg_slice){NULL, 0};
    r->headers = headers;
    *ret_bytes = bytes;
    return 0;
}

static int make_room(struct kafka_block *b) {
    if (b->n < b->cap) {
        return 0;
    }
    size_t cap = b->cap > 0 ? 2 * b->cap : 64;
    struct hg_record *records = hg_try_realloc(b->records, cap * sizeof(*records));
    if (records == NULL) {
        return HG_ENOMEM;
    }
    b->records = records;
    b->cap = cap;
    return 0;
}

int kafka_block_add(struct kafka_block *b, struct hg_record *record, size_t bytes) {
    struct hg_record copy = *record;
    size_t details = 0;
    if (make_room(b) != 0 || copy_details(&copy, &details) != 0) {
        return HG_ENOMEM;
    }
    b->records[b->n++] = copy;
    b->next = copy.offset + 1;
    b->bytes += bytes + details;
    record->event = NULL;
    return 0;
}

static void take_out(struct kafka_cache *c, struct kafka_block *b) {
    *(b->newer != NULL ? &b->newer->older : &c->newest) = b->older;
    *(b->older != NULL ? &b->older->newer : &c->oldest) = b->newer;
    b->newer = b->older = NULL;
    c->n--;
    c->bytes -= b->bytes;
}

static void put_first(struct kafka_cache *c, struct kafka_block *b) {
    b->older = c->newest;
    *(b->older != NULL ? &b->older->newer : &c->oldest) = b;
    c->newest = b;
    c->n++;
    c->bytes += b->bytes;
}

void kafka_cache_put(struct kafka_cache *c, struct kafka_block **pb) {
    put_first(c, *pb);
    *pb = NULL;
    while (c->n > 1 && (c->n > BLOCKS_MAX || c->bytes > c->bytes_max)) {
        struct kafka_block *b = c->oldest;
        take_out(c, b);
        kafka_block_free(&b);
    }
}

/* The newest block that says what is at the place. */
static struct kafka_block *find(struct kafka_cache *c, const struct kafka_want *want) {
    int64_t now_ms = kafka_mono_ms();
    for (struct kafka_block *b = c->newest, *next; b != NULL; b = next) {
        next = b->older;
        if (now_ms - b->made_ms > AGE_MS_MAX) {
            take_out(c, b);
            kafka_block_free(&b);
        } else if (b->topic == want->topic && b->partition == want->partition &&
                   b->first <= want->from && want->from < b->next) {
            return b;
        }
    }
    return NULL;
}

/* The first record at or after the place. */
static size_t index_of(const struct kafka_block *b, uint64_t from) {
    size_t low = 0, high = b->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (b->records[middle].offset < from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has_room(const struct kafka_want *want, size_t bytes) {
    return want->n == 0 || (want->n < want->max_records && want->bytes + bytes <= want->max_bytes);
}

static int give_from(const struct kafka_block *b, struct kafka_want *want, struct hg_records *out) {
    for (size_t i = index_of(b, want->from); i < b->n; i++) {
        struct hg_record copy = b->records[i];
        size_t bytes = copy.event != NULL ? hg_event_packed_bytes(copy.event) : 0;
        if (!has_room(want, bytes)) {
            return 0;
        }
        copy.event = copy.event != NULL ? hg_event_ref(copy.event) : NULL;
        if (hg_records_add(out, &copy) != 0) {
            hg_event_unref(&copy.event);
            return HG_ENOMEM;
        }
        want->from = b->records[i].offset + 1;
        want->bytes += bytes;
        want->n++;
    }
    want->from = b->next;
    return 0;
}

int kafka_cache_give(struct kafka_cache *c, struct kafka_want *want, struct hg_records *out) {
    for (;;) {
        struct kafka_block *b = has_room(want, 0) ? find(c, want) : NULL;
        if (b == NULL) {
            return 0;
        }
        uint64_t before = want->from;
        int err = give_from(b, want, out);
        if (err != 0) {
            return err;
        }
        if (want->from == before || want->from < b->next) {
            return 0;
        }
    }
}

void kafka_cache_clear(struct kafka_cache *c) {
    while (c->newest != NULL) {
        struct kafka_block *b = c->newest;
        take_out(c, b);
        kafka_block_free(&b);
    }
}
