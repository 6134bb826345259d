/* SPDX-License-Identifier: Apache-2.0 */
/* readers.h - threads that read the log for loops: a driver's read may wait
 * for a disk. The queue is bounded: who finds it full comes back later. */
#ifndef HG_LOG_READERS_H
#define HG_LOG_READERS_H

#include "log/log.h"

struct hg_readers;
struct hg_topics;

struct hg_copies;

struct hg_readers_setup {
    const struct hg_log_ops *ops;
    void *driver;
    struct hg_topics *topics;
    struct hg_copies *copies; /* NULL: the driver holds none */
    unsigned threads;
    size_t queue_max;
};

/* HG_ENOMEM, HG_EIO (no thread). */
int hg_readers_start(const struct hg_readers_setup *setup, struct hg_readers **ret);
/* Answers everything that waits, then joins. */
void hg_readers_stop(struct hg_readers **pr);
/* Any thread; f->loop is set. HG_EAGAIN. */
int hg_readers_put(struct hg_readers *r, struct hg_log_fetch *f);

#endif
