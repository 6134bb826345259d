/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.h - events to test with, and files of the conformance data. */
#ifndef TESTS_UNIT_EVENT_FIXTURE_H
#define TESTS_UNIT_EVENT_FIXTURE_H

#include "headgate/codec.h"
#include "headgate/event.h"

/* A path below CONFORMANCE_DIR, or false after a loud SKIP. */
bool fixture_path(const char *below, char *ret_path, size_t size);
/* The whole file in exactly as much memory as it has bytes, so that a
 * sanitizer sees a read beyond it. Freed by the caller with free. */
struct hg_slice fixture_read(const char *path);
/* The same for any bytes. */
struct hg_slice fixture_copy(const void *bytes, size_t len);

/* An event with id "1", source "/s", type "t" and more attributes: name,
 * value, ..., NULL. */
struct hg_event *fixture_event(enum hg_data_kind kind, const char *data, ...);
/* Decoded from structured mode; fails the test when it is refused. */
struct hg_event *fixture_structured(const char *json);
/* The text of hg_event_to_json, to be freed with free. */
char *fixture_json(const struct hg_event *e);
struct hg_slice fixture_attr(const struct hg_event *e, const char *name);

#define assert_slice_equal(slice, text)                                                            \
    do {                                                                                           \
        struct hg_slice actual_ = (slice);                                                         \
        struct hg_slice expected_ = hg_slice_of(text);                                             \
        assert_int_equal(actual_.len, expected_.len);                                              \
        if (expected_.len > 0) {                                                                   \
            assert_memory_equal(actual_.ptr, expected_.ptr, expected_.len);                        \
        }                                                                                          \
    } while (0)

#endif
