/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - bytes that live as long as one request, freed together.
 *
 * Chunks double from 1 to 16 KiB, so that a small request costs one
 * allocation. What would waste a chunk gets one of its own, behind the newest,
 * which goes on being filled. */
#include "base/arena.h"

enum { CHUNK_MIN = 1024, CHUNK_MAX = 16384 };

struct hg_arena_chunk {
    struct hg_arena_chunk *next;
    size_t used, cap;
    _Alignas(max_align_t) char bytes[];
};

static struct hg_arena_chunk *new_chunk(size_t cap) {
    if (cap > SIZE_MAX - sizeof(struct hg_arena_chunk)) {
        return NULL;
    }
    struct hg_arena_chunk *c = hg_try_alloc(sizeof(*c) + cap);
    if (c != NULL) {
        c->cap = cap;
    }
    return c;
}

static void *take_from(struct hg_arena_chunk *c, size_t bytes, size_t align) {
    size_t at = (c->used + align - 1) & ~(align - 1);
    if (at > c->cap || bytes > c->cap - at) {
        return NULL;
    }
    c->used = at + bytes;
    return c->bytes + at;
}

static void *take_new(struct hg_arena *a, size_t bytes) {
    struct hg_arena_chunk *newest = a->chunks;
    size_t cap = newest == NULL ? CHUNK_MIN : newest->cap * 2;
    cap = cap > CHUNK_MAX ? CHUNK_MAX : cap;
    bool is_large = bytes > cap / 4 && newest != NULL;
    struct hg_arena_chunk *c = new_chunk(is_large || bytes > cap ? bytes : cap);
    if (c == NULL) {
        return NULL;
    }
    if (is_large) {
        c->next = newest->next;
        newest->next = c;
    } else {
        c->next = newest;
        a->chunks = c;
    }
    return take_from(c, bytes, 1);
}

static void *take(struct hg_arena *a, size_t bytes, size_t align) {
    if (bytes == 0) {
        bytes = 1;
    }
    if (a->max_bytes > 0 &&
        (a->used_bytes > a->max_bytes || bytes > a->max_bytes - a->used_bytes)) {
        return NULL;
    }
    void *ptr = a->chunks != NULL ? take_from(a->chunks, bytes, align) : NULL;
    if (ptr == NULL) {
        ptr = take_new(a, bytes);
    }
    if (ptr != NULL) {
        a->used_bytes += bytes;
    }
    return ptr;
}

void *hg_arena_alloc(struct hg_arena *a, size_t bytes) {
    return take(a, bytes, _Alignof(max_align_t));
}

struct hg_slice hg_arena_copy(struct hg_arena *a, struct hg_slice s) {
    char *ptr = s.len < SIZE_MAX ? take(a, s.len + 1, 1) : NULL;
    if (ptr == NULL) {
        return (struct hg_slice){NULL, 0};
    }
    if (s.len > 0) {
        memcpy(ptr, s.ptr, s.len);
    }
    ptr[s.len] = '\0';
    return (struct hg_slice){ptr, s.len};
}

void hg_arena_fini(struct hg_arena *a) {
    struct hg_arena_chunk *c = a->chunks;
    while (c != NULL) {
        struct hg_arena_chunk *next = c->next;
        hg_free(c);
        c = next;
    }
    a->chunks = NULL;
    a->used_bytes = 0;
}
