/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.h - two owners with a row of each kind, and loads from texts that
 * are on no disk. For the tests of src/conf. */
#ifndef HG_TESTS_CONF_FIXTURE_H
#define HG_TESTS_CONF_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/conf.h"

/* A list to whose end the setter of `allow` adds: were it shared between
 * blocks, an inner line would change the outer list. */
struct fx_allow {
    struct fx_allow *next;
    struct hg_slice who;
};

struct fx_core {
    struct hg_conf_head head;
    struct hg_strings modules;
    int64_t workers;
    int64_t keepalive_ms;
    int64_t heartbeat_ms;
    int64_t body_bytes;
    int64_t offset;
    bool sendfile;
    int mode;
    struct hg_slice root;
    struct hg_slice key;
    struct hg_slice cert;
    struct hg_strings listen;
    struct hg_strings names;
    struct fx_allow *allow;
    int64_t limit_bytes;
};

struct fx_topic {
    struct hg_conf_head head;
    int64_t retention_ms;
    bool compact;
};

extern const struct hg_conf_owner fx_core_owner;
extern const struct hg_conf_owner fx_topic_owner;
extern const struct hg_conf_owner fx_module_owner; /* given by load_module extra; */
extern unsigned fx_checks;                         /* calls of fx_core_owner's check */

/* The groups, one for each file of the room. */
int test_token(void);
int test_unit(void);
int test_files(void);
int test_parse(void);
int test_fail(void);
int test_table(void);
int test_slot(void);
int test_bind(void);
int test_inherit(void);
int test_dump(void);
int test_restart(void);
int test_reference(void);
int test_conf(void);

/* One load; close with fx_close. */
struct fx {
    struct hg_conf_files *files;
    struct hg_conf_setup setup;
    struct hg_conf *conf;
    struct hg_buf errors; /* ends with a 0 */
    int err;
};

void fx_open(struct fx *fx);
void fx_file(struct fx *fx, const char *path, const char *text);
/* Loads the main file, t.conf. */
void fx_load(struct fx *fx);
/* All in one: the main file's text, then the load. */
void fx_text(struct fx *fx, const char *text);
void fx_close(struct fx *fx);

/* The struct of the n-th block of a name inside in. */
struct hg_conf_block *fx_block(const struct hg_conf_block *in, const char *name, unsigned n);
struct fx_core *fx_core(const struct hg_conf_block *b);

/* The load fails, and this line is all it says. */
void fx_expect_error(const char *text, const char *error);
/* The load fails, and says this among other things. */
void fx_expect_error_with(const char *text, const char *part);
void fx_assert_good(const struct fx *fx);

#endif
