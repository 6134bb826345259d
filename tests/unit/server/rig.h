/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h - a directory with a configuration in it, the modules of this build,
 * and somebody to ask what is served. For the tests of src/server. */
#ifndef TESTS_UNIT_SERVER_RIG_H
#define TESTS_UNIT_SERVER_RIG_H

#include "headgate/buf.h"
#include "module/registry.h"
#include "server/args.h"
#include "server/bundle.h"
#include "server/crew.h"
#include "server/plan.h"
#include "support/fake_log.h"
#include "unit/unit.h"

struct rig {
    char dir[64];
    char conf_path[96];
    struct hg_server_args args;
    struct hg_registry *registry;
    unsigned port, admin;
};

void rig_open(struct rig *rig);
void rig_close(struct rig *rig);
/* A whole configuration; main_text and server_text stand in their blocks. */
void rig_write(const struct rig *rig, const char *main_text, const char *server_text);
void rig_write_raw(const struct rig *rig, const char *text);
/* The path of a file of the rig's directory, good until the next call. */
const char *rig_path(const struct rig *rig, const char *name);
void rig_put_file(const struct rig *rig, const char *name, const char *text);
/* Its bytes, ended by a 0; the caller frees them with free. */
char *rig_read_file(const char *path);

/* A plan of what was written; the test fails when it has faults. */
void rig_plan(const struct rig *rig, struct hg_plan *ret);

/* A log in memory under the loops, closed when they pass nothing to it any
 * more and are still there. */
struct rig_log {
    struct fake_log fake;
    struct hg_log *log;
};
void rig_log_open(struct rig_log *l, struct hg_loop **loops, unsigned n);
void rig_log_open_crew(struct rig_log *l, const struct hg_crew *crew);
void rig_log_close(struct rig_log *l);

/* The status of GET path on 127.0.0.1; 0: nobody answers. body may be NULL. */
int rig_get(unsigned port, const char *path, char body[4096]);
bool rig_connects(unsigned port);
unsigned rig_free_port(void);

/* How many descriptors this process has open. */
size_t rig_descriptors(void);

typedef bool (*rig_condition)(void *arg);
/* Fails the test after 10 seconds. */
void rig_until(rig_condition is_met, void *arg);

/* fn(arg) in a process of its own: the exit status, or -1 when it died. */
int rig_in_child(int (*fn)(void *arg), void *arg);
/* The same with its standard output and error in a text of the caller's. */
int rig_capture(int (*fn)(void *arg), void *arg, char **ret_text);

/* The groups, one for each file of the room. */
int test_admin(void);
int test_ask(void);
int test_bundle(void);
int test_certificates(void);
int test_child(void);
int test_command(void);
int test_crew(void);
int test_death(void);
int test_descriptors(void);
int test_detach(void);
int test_directory(void);
int test_dlq(void);
int test_dlq_letter(void);
int test_dlq_list(void);
int test_dlq_purge(void);
int test_dlq_replay(void);
int test_dlq_show(void);
int test_generation(void);
int test_keeper(void);
int test_lane(void);
int test_logs(void);
int test_master(void);
int test_metrics(void);
int test_named(void);
int test_offer(void);
int test_oneshot(void);
int test_places(void);
int test_plan(void);
int test_reference(void);
int test_reload(void);
int test_service(void);
int test_settings(void);
int test_sockets(void);
int test_spawn(void);
int test_wire(void);
int test_worker(void);

#endif
