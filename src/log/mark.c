/* SPDX-License-Identifier: Apache-2.0 */
/* mark.c - from a record to its entry. A record from the future counts as
 * stored now, one from before the window as stored when it began. */
#include "log/mark.h"

#include "base/clock.h"
#include "log/position.h"

void hg_mark_clock_set(struct hg_mark_clock *clock, int64_t window_ms) {
    *clock = (struct hg_mark_clock){
        .wall_ms = hg_clock_wall_ms(), .window_ms = window_ms, .now_s = hg_dedup_now()};
}

static int64_t age_of(const struct hg_mark_clock *clock, int64_t log_time_ms) {
    int64_t age_ms = clock->wall_ms - log_time_ms;
    age_ms = age_ms < 0 ? 0 : age_ms;
    return age_ms > clock->window_ms ? clock->window_ms : age_ms;
}

bool hg_mark_entry(const struct hg_mark_clock *clock, struct hg_mark_place place,
                   const struct hg_log_mark *mark, struct hg_dedup_entry *ret) {
    static const uint8_t no_digest[16];
    if (memcmp(mark->digest, no_digest, sizeof no_digest) == 0) {
        return false;
    }
    int64_t age_s = age_of(clock, mark->log_time_ms) / 1000;
    *ret = (struct hg_dedup_entry){
        .digest = hg_dedup_digest(mark->digest),
        .offset = mark->offset,
        .topic = place.topic,
        .fingerprint = hg_position_fingerprint(mark->log_time_ms, mark->id),
        .seconds = (int32_t)((uint32_t)clock->now_s - (uint32_t)age_s),
        .partition = (uint16_t)place.partition,
    };
    hg_identity_make(place.topic, mark->owner, mark->source, mark->id, &ret->identity);
    return true;
}

struct hg_log_mark hg_mark_of(const struct hg_record *record) {
    return (struct hg_log_mark){
        .offset = record->offset,
        .log_time_ms = record->log_time_ms,
        .owner = record->owner,
        .digest = record->digest,
        .id = hg_event_core(record->event, HG_ATTR_ID),
        .source = hg_event_core(record->event, HG_ATTR_SOURCE),
    };
}
