/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/copy.h"

#include <stdio.h>
#include <sys/eventfd.h>

#include "log/murmur2.h"
#include "log/position.h"
#include "support/fake_log.h"
#include "unit/ctl/tests.h"

#define NAME "demo.events"

/* Two logs in memory, and a copy from one to the other. */
struct pair {
    struct fake_log old, new;
    struct hg_ctl_store from, to;
    struct hg_ctl_copy copy;
    struct hg_why why;
};

static void open_pair(struct pair *p, uint32_t partitions) {
    *p = (struct pair){.why = {""}};
    fake_log_init(&p->old);
    fake_log_init(&p->new);
    assert_int_equal(
        hg_ctl_store_open_driver(&p->from, &fake_log_ops, fake_log_open(&p->old), &p->why), 0);
    assert_int_equal(
        hg_ctl_store_open_driver(&p->to, &fake_log_parts_ops, fake_log_open(&p->new), &p->why), 0);
    p->copy = (struct hg_ctl_copy){.from = &p->from,
                                   .to = &p->to,
                                   .source = {.name = HG_SLICE(NAME), .partitions = 1},
                                   .target = {.name = HG_SLICE(NAME), .partitions = partitions},
                                   .key = HG_KEY_SUBJECT,
                                   .stop_fd = -1};
    assert_int_equal(p->from.ops->topic_open(p->from.state, &p->copy.source, &p->why), 0);
    assert_int_equal(p->to.ops->topic_open(p->to.state, &p->copy.target, &p->why), 0);
    p->old.log_time_ms = 1700000000000;
    p->new.log_time_ms = 1800000000000;
}

static void close_pair(struct pair *p) {
    hg_ctl_store_close(&p->from);
    hg_ctl_store_close(&p->to);
    fake_log_fini(&p->old);
    fake_log_fini(&p->new);
}

static struct hg_event *make_event(unsigned n) {
    struct hg_event_builder *b = hg_event_builder_new();
    struct hg_event *e = NULL;
    const char *missing;
    char id[16], subject[16];
    snprintf(id, sizeof(id), "%u", n);
    snprintf(subject, sizeof(subject), "s%u", n % 5);
    const char *const attrs[][2] = {
        {"specversion", "1.0"}, {"id", id}, {"source", "/s"}, {"type", "t"}, {"subject", subject}};
    for (size_t i = 0; i < HG_COUNT(attrs); i++) {
        assert_int_equal(hg_event_builder_set(b, hg_slice_of(attrs[i][0]), hg_slice_of(attrs[i][1]),
                                              HG_ATTR_STRING),
                         0);
    }
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    hg_event_builder_free(&b);
    return e;
}

static const struct hg_record_header noted[] = {{HG_SLICE("hg_reason"), HG_SLICE("why")}};

static void store(struct fake_log *log, unsigned n, const struct hg_record_header *headers) {
    struct hg_append_item item = {.record = {.event = make_event(n),
                                             .owner = n + 7,
                                             .digest = "123456789012345",
                                             .headers = headers,
                                             .n_headers = 1}};
    fake_log_store(log, &item);
    hg_event_unref(&item.record.event);
}

static void fill(struct pair *p, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        store(&p->old, i, noted);
    }
}

static int copy(struct pair *p) {
    p->why.text[0] = 0;
    return hg_ctl_copy_topic(&p->copy, &p->why);
}

static void assert_counts(const struct pair *p, unsigned events, unsigned copied, unsigned there) {
    assert_int_equal(p->copy.n_events, events);
    assert_int_equal(p->copy.n_copied, copied);
    assert_int_equal(p->copy.n_there, there);
}

static const struct fake_part *part(const struct pair *p, uint32_t partition) {
    return &p->new.topics[0].parts[partition];
}

static unsigned number(const struct hg_record *r) {
    unsigned n = 0;
    struct hg_slice id = hg_event_core(r->event, HG_ATTR_ID);
    for (size_t i = 0; i < id.len; i++) {
        n = 10 * n + (unsigned)(id.ptr[i] - '0');
    }
    return n;
}

/* What the copy of event n says of itself. */
static void position_of(unsigned n, int64_t log_time_ms, char out[HG_POSITION_TEXT_LEN + 1]) {
    char id[16];
    snprintf(id, sizeof(id), "%u", n);
    const struct hg_position p = {.topic_tag = hg_topic_tag(HG_SLICE(NAME)),
                                  .epoch = 1,
                                  .offset = n,
                                  .fingerprint =
                                      hg_position_fingerprint(log_time_ms, hg_slice_of(id))};
    hg_position_format(&p, out);
}

static void all_that_is_said_of_an_event_goes_with_it(void **state) {
    struct pair p;
    char was[HG_POSITION_TEXT_LEN + 1];
    (void)state;
    open_pair(&p, 1);
    fill(&p, 3000);
    assert_int_equal(copy(&p), 0);
    assert_counts(&p, 3000, 3000, 0);
    assert_int_equal(part(&p, 0)->n, 3000);
    for (unsigned i = 0; i < 3000; i++) {
        const struct hg_record *r = &part(&p, 0)->records[i];
        assert_int_equal(number(r), i);
        assert_int_equal(r->owner, i + 7);
        assert_memory_equal(r->digest, "123456789012345", 16);
        assert_int_equal(r->n_headers, 2);
        assert_true(hg_slice_eq(fake_log_header(r, "hg_reason"), HG_SLICE("why")));
        position_of(i, 1700000000000, was);
        assert_true(hg_slice_eq(fake_log_header(r, "hg_copied"), hg_slice_of(was)));
    }
    assert_int_equal(copy(&p), 0);
    assert_counts(&p, 3000, 0, 3000);
    store(&p.old, 3000, noted);
    assert_int_equal(copy(&p), 0);
    assert_counts(&p, 3001, 1, 3000);
    close_pair(&p);
}

static void a_key_stays_in_its_partition_and_order(void **state) {
    struct pair p;
    (void)state;
    open_pair(&p, 3);
    fill(&p, 2500);
    assert_int_equal(copy(&p), 0);
    size_t n = 0;
    for (uint32_t partition = 0; partition < 3; partition++) {
        unsigned last[5] = {0};
        for (size_t i = 0; i < part(&p, partition)->n; i++) {
            const struct hg_record *r = &part(&p, partition)->records[i];
            struct hg_slice key = hg_event_core(r->event, HG_ATTR_SUBJECT);
            unsigned k = number(r);
            assert_int_equal(hg_murmur2_partition(key, 3), partition);
            assert_true(last[k % 5] <= k);
            last[k % 5] = k;
            n++;
        }
    }
    assert_int_equal(n, 2500);
    assert_int_equal(copy(&p), 0);
    assert_counts(&p, 2500, 0, 2500);
    close_pair(&p);
}

/* Puts copies of these into the target, as a copy that was cut off left them. */
static void leave(struct pair *p, const unsigned *which, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char was[HG_POSITION_TEXT_LEN + 1];
        position_of(which[i], 1700000000000, was);
        const struct hg_record_header header = {HG_SLICE("hg_copied"), hg_slice_of(was)};
        store(&p->new, which[i], &header);
    }
}

static void holes_of_the_last_piece_are_filled(void **state) {
    struct pair p;
    (void)state;
    open_pair(&p, 1);
    fill(&p, 10);
    leave(&p, (const unsigned[]){0, 1, 3, 7}, 4);
    assert_int_equal(copy(&p), 0);
    assert_counts(&p, 10, 6, 4);
    static const unsigned now[] = {0, 1, 3, 7, 2, 4, 5, 6, 8, 9};
    for (size_t i = 0; i < HG_COUNT(now); i++) {
        assert_int_equal(number(&part(&p, 0)->records[i]), now[i]);
    }
    close_pair(&p);
}

/* Newer copies may have taken the place of those that are not there. */
static void a_compacted_topic_gets_its_last_piece_again_in_order(void **state) {
    struct pair p;
    (void)state;
    open_pair(&p, 1);
    p.copy.target.is_compacted = true;
    fill(&p, 5);
    leave(&p, (const unsigned[]){3}, 1);
    assert_int_equal(copy(&p), 0);
    assert_counts(&p, 5, 5, 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(number(&part(&p, 0)->records[i + 1]), i);
    }
    close_pair(&p);
}

static void what_is_no_copy_is_left_alone(void **state) {
    struct pair p;
    (void)state;
    open_pair(&p, 1);
    fill(&p, 5);
    leave(&p, (const unsigned[]){0, 1}, 2);
    store(&p.new, 77, noted); /* published there since */
    assert_int_equal(copy(&p), HG_EEXIST);
    assert_non_null(strstr(p.why.text, NAME " has events that are no copies"));
    assert_non_null(strstr(p.why.text, "offset 2"));
    assert_int_equal(part(&p, 0)->n, 3);
    assert_false(p.copy.is_hopeless);
    close_pair(&p);
}

static void copies_of_another_log_are_left_alone(void **state) {
    struct pair p;
    (void)state;
    open_pair(&p, 1);
    p.old.log_time_ms++;
    fill(&p, 5);
    leave(&p, (const unsigned[]){0, 1}, 2);
    assert_int_equal(copy(&p), HG_EEXIST);
    assert_non_null(strstr(p.why.text, "copies of another log"));
    assert_int_equal(part(&p, 0)->n, 2);
    leave(&p, (const unsigned[]){9}, 1); /* it was longer, too */
    assert_int_equal(copy(&p), HG_EEXIST);
    close_pair(&p);
}

static void an_event_that_does_not_fit_is_named(void **state) {
    struct pair p;
    char was[HG_POSITION_TEXT_LEN + 1];
    (void)state;
    open_pair(&p, 1);
    fill(&p, 5);
    atomic_store(&p.new.fail_next, HG_E2BIG);
    atomic_store(&p.new.refused_next, 2);
    assert_int_equal(copy(&p), HG_E2BIG);
    position_of(2, 1700000000000, was);
    assert_non_null(strstr(p.why.text, was));
    assert_false(p.copy.is_hopeless);
    atomic_store(&p.new.fail_next, HG_EAGAIN);
    assert_int_equal(copy(&p), HG_EAGAIN);
    assert_counts(&p, 5, 0, 0);
    assert_true(p.copy.is_hopeless);
    atomic_store(&p.new.fail_next, 0);
    assert_int_equal(copy(&p), 0);
    assert_counts(&p, 5, 5, 0);
    close_pair(&p);
}

static void the_word_to_stop_is_heard(void **state) {
    struct pair p;
    (void)state;
    open_pair(&p, 1);
    fill(&p, 5);
    p.copy.stop_fd = eventfd(1, EFD_CLOEXEC);
    assert_int_equal(copy(&p), HG_ECLOSED);
    assert_int_equal(part(&p, 0)->n, 0);
    close(p.copy.stop_fd);
    close_pair(&p);
}

static void a_source_of_several_partitions_is_refused(void **state) {
    struct pair p;
    (void)state;
    open_pair(&p, 1);
    p.old.topics[0].partitions = 2;
    assert_int_equal(copy(&p), HG_ENOTSUP);
    assert_non_null(strstr(p.why.text, "2 partitions"));
    close_pair(&p);
}

int test_copy(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_said_of_an_event_goes_with_it),
        cmocka_unit_test(a_key_stays_in_its_partition_and_order),
        cmocka_unit_test(holes_of_the_last_piece_are_filled),
        cmocka_unit_test(a_compacted_topic_gets_its_last_piece_again_in_order),
        cmocka_unit_test(what_is_no_copy_is_left_alone),
        cmocka_unit_test(copies_of_another_log_are_left_alone),
        cmocka_unit_test(an_event_that_does_not_fit_is_named),
        cmocka_unit_test(the_word_to_stop_is_heard),
        cmocka_unit_test(a_source_of_several_partitions_is_refused),
    };
    return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
