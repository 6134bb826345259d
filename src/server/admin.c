/* SPDX-License-Identifier: Apache-2.0 */
/* admin.c - health, readiness, metrics, status; and the paths of what has files
 * of its own. */
#include "server/admin.h"

#include "base/clock.h"
#include "base/counters.h"
#include "server/dlq.h"

static const char *const get_only[] = {"GET", NULL};

/* Alive: the loop that answers turns. Says nothing of what is around. */
static int handle_healthz(const void *conf, const struct hg_request *r, struct hg_slice body,
                          struct hg_answer *answer, struct hg_problem *problem) {
    (void)conf, (void)r, (void)body, (void)problem;
    HG_BUF_LIT(&answer->body, "ok\n");
    return 0;
}

/* Ready: an event sent now would be stored. */
static int handle_readyz(const void *conf, const struct hg_request *r, struct hg_slice body,
                         struct hg_answer *answer, struct hg_problem *problem) {
    const struct hg_admin *admin = conf;
    (void)r, (void)body, (void)problem;
    enum hg_phase phase = admin->phase;
    if (phase != HG_PHASE_SERVING) {
        answer->status = 503;
        hg_buf_printf(&answer->body, "%s\n", phase == HG_PHASE_STARTING ? "starting" : "draining");
    } else if (!hg_log_is_writable(admin->log)) {
        answer->status = 503;
        HG_BUF_LIT(&answer->body, "the event log takes no events\n");
    } else {
        HG_BUF_LIT(&answer->body, "ready\n");
    }
    return 0;
}

static int handle_metrics(const void *conf, const struct hg_request *r, struct hg_slice body,
                          struct hg_answer *answer, struct hg_problem *problem) {
    const struct hg_admin *admin = conf;
    (void)r, (void)body, (void)problem;
    answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    hg_counters_print(&answer->body);
    hg_buf_put_slice(&answer->body, hg_buf_slice(&admin->certificates));
    return 0;
}

static void put_topic(struct hg_log *log, uint32_t id, struct hg_buf *out) {
    struct hg_log_range range = {0};
    hg_log_topic_range(log, id, 0, &range);
    HG_BUF_LIT(out, "{\"name\":");
    hg_buf_put_json(out, hg_log_topic_name(log, id));
    hg_buf_printf(out, ",\"epoch\":%u,\"first\":%llu,\"next\":%llu,\"bytes\":%llu}", range.epoch,
                  (unsigned long long)range.first, (unsigned long long)range.next,
                  (unsigned long long)range.bytes);
}

static int handle_status(const void *conf, const struct hg_request *r, struct hg_slice body,
                         struct hg_answer *answer, struct hg_problem *problem) {
    const struct hg_admin *admin = conf;
    struct hg_buf *out = &answer->body;
    (void)r, (void)body, (void)problem;
    answer->content_type = "application/json";
    hg_buf_printf(out, "{\"generation\":%u,\"uptime_s\":%lld,\"draining\":%s,\"writable\":%s,",
                  admin->generation,
                  (long long)((hg_clock_wall_ms() - admin->started_wall_ms) / 1000),
                  admin->phase == HG_PHASE_DRAINING ? "true" : "false",
                  hg_log_is_writable(admin->log) ? "true" : "false");
    HG_BUF_LIT(out, "\"topics\":[");
    for (uint32_t id = 0; id < hg_log_topic_count(admin->log); id++) {
        if (id > 0) {
            HG_BUF_LIT(out, ",");
        }
        put_topic(admin->log, id, out);
    }
    HG_BUF_LIT(out, "]}\n");
    return 0;
}

#define HANDLER(fn)                                                                                \
    {                                                                                              \
        .size = sizeof(struct hg_handler_ops), .name = #fn, .directive = "", .methods = get_only,  \
        .handle = handle_##fn                                                                      \
    }

static const struct hg_handler_ops healthz = HANDLER(healthz);
static const struct hg_handler_ops readyz = HANDLER(readyz);
static const struct hg_handler_ops metrics = HANDLER(metrics);
static const struct hg_handler_ops status = HANDLER(status);

int hg_admin_site(struct hg_admin *admin, struct hg_conf *conf, struct hg_slice address,
                  struct hg_site **ret, struct hg_why *why) {
    const struct hg_site_path paths[] = {
        {"/healthz", &healthz, admin},
        {"/readyz", &readyz, admin},
        {"/metrics", &metrics, admin},
        {"/status", &status, admin},
        {"/dlq", &hg_dlq_list, admin},
        {"/dlq/{topic}", &hg_dlq_show, admin},
        {"/dlq/{topic}/replay", &hg_dlq_replay, admin},
        {"/dlq/{topic}/purge", &hg_dlq_purge, admin},
    };
    return hg_site_new_fixed(conf, address, paths, HG_COUNT(paths), ret, why);
}
