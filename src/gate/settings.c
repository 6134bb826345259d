/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - the gate's rows, and a location compiled from them. */
#include "gate/settings.h"

#include "gate/gate.h"
#include "log/topic.h"

#define AT(field) offsetof(struct hg_gate__conf, field)

/* clang-format off */
static const struct hg_directive rows[] = {
    {.name = "accept", .in = "location", .args = "SOURCE [ARGUMENT ...]", .type = HG_SLOT_STRINGS,
     .at = AT(accept), .min_args = 1, .max_args = 8, .is_local = true,
     .help = "What a POST to this location carries: the name of a source, such as cloudevents."},
    {.name = "publish", .in = "location", .args = "TOPIC [allow=PATTERN ...]",
     .type = HG_SLOT_STRINGS, .at = AT(publish), .min_args = 1, .max_args = 16, .is_local = true,
     .help = "The topic that accepted events go to. $topic is what the location captured; the "
             "topics it may name are listed by allow=."},
    {.name = "authenticate", .in = "main server location", .args = "[any | all] NAME ... | none",
     .type = HG_SLOT_STRINGS, .at = AT(authenticate), .min_args = 1, .max_args = 8,
     .help = "Which authenticators prove who is calling; none makes everybody anonymous."},
    {.name = "client_max_body_size", .in = "main server location", .args = "SIZE",
     .type = HG_SLOT_SIZE, .at = AT(body_bytes_max), .def = "4m", .min = 1024,
     .max = (int64_t)1 << 30, .help = "The largest request body that is read."},
    {.name = "client_max_events", .in = "main server location", .args = "NUMBER",
     .type = HG_SLOT_INT, .at = AT(events_max), .def = "1000", .min = 1, .max = 100000,
     .help = "How many events one batch may hold."},
    {.name = "atomic_batch", .in = "main server location", .args = "on | off",
     .type = HG_SLOT_FLAG, .at = AT(is_atomic), .def = "off",
     .help = "A batch is stored whole or not at all, and its readers see all of it or nothing. "
             "The embedded log always does so; Kafka in a transaction, which takes "
             "kafka_transactional_id."},
    {.name = "dead_letter", .in = "main server location", .args = "on | off",
     .type = HG_SLOT_FLAG, .at = AT(is_dead_letter), .def = "off",
     .help = "Keep what is refused after authentication, with its reason, in <topic>.dlq."},
    HG_DIRECTIVES_END,
};
/* clang-format on */

static bool has_capture(struct hg_slice text) {
    return text.len > 0 && memmem(text.ptr, text.len, "$topic", 6) != NULL;
}

/* What the template gives for a capture that is a legal segment. A name that is
 * not legal even then would answer every request with 404. */
static bool can_name(struct hg_slice template) {
    char name[HG_TOPIC_NAME_MAX + 8];
    const char *at = memmem(template.ptr, template.len, "$topic", 6);
    size_t before = (size_t)(at - template.ptr), after = template.len - before - 6;
    if (template.len > HG_TOPIC_NAME_MAX) {
        return false;
    }
    memcpy(name, template.ptr, before);
    name[before] = 'x';
    memcpy(name + before + 1, at + 6, after);
    return hg_topic_name_is_valid((struct hg_slice){name, before + 1 + after});
}

static void check_publish(struct hg_conf_load *load, const struct hg_strings *publish) {
    struct hg_slice name = publish->items[0];
    if (has_capture(name) ? !can_name(name) : !hg_topic_name_is_valid(name)) {
        hg_conf_fail(load, NULL, "publish: \"%.*s\" is no topic name", HG_FMT(name));
    }
    if (has_capture(name) && publish->n < 2) {
        hg_conf_fail(load, NULL,
                     "publish: a topic made from $topic needs the topics it may name; "
                     "expected allow=PATTERN");
    }
    for (size_t i = 1; i < publish->n; i++) {
        struct hg_slice arg = publish->items[i];
        if (!hg_slice_starts(arg, HG_SLICE("allow="))) {
            hg_conf_fail(load, NULL, "publish: \"%.*s\" is not known; expected allow=PATTERN",
                         HG_FMT(arg));
        } else if (!hg_topic_pattern_is_valid((struct hg_slice){arg.ptr + 6, arg.len - 6})) {
            hg_conf_fail(load, NULL, "publish: \"%.*s\" is no topic pattern", HG_FMT(arg));
        }
    }
}

static int check_location(struct hg_conf_load *load, struct hg_conf_block *block, void *conf) {
    (void)block;
    const struct hg_gate__conf *c = conf;
    if (c->accept.n > 0 && c->publish.n == 0) {
        hg_conf_fail(load, NULL, "accept without publish; expected publish TOPIC beside it");
    }
    if (c->publish.n > 0 && c->accept.n == 0) {
        hg_conf_fail(load, NULL, "publish without accept; expected accept SOURCE beside it");
    }
    if (c->publish.n > 0) {
        check_publish(load, &c->publish);
    }
    return 0;
}

const struct hg_conf_owner hg_gate_owner = {
    .name = "gate",
    .directives = rows,
    .conf_size = sizeof(struct hg_gate__conf),
    .check = check_location,
};

static int compile_proofs(const struct hg_strings *names, const struct hg_conf_block *location,
                          const struct hg_gate_finder *find, struct hg_proofs *ret,
                          struct hg_why *why) {
    size_t i = 0;
    if (names->n > 1 && hg_slice_eq(names->items[0], HG_SLICE("all"))) {
        ret->is_all = true;
        i = 1;
    } else if (names->n > 1 && hg_slice_eq(names->items[0], HG_SLICE("any"))) {
        i = 1;
    }
    for (; i < names->n; i++) {
        if (hg_slice_eq(names->items[i], HG_SLICE("none"))) {
            ret->is_none = true;
            continue;
        }
        const struct hg_directive *module_rows = NULL;
        ret->ops[ret->n] = find->authenticator(find->arg, names->items[i], &module_rows);
        if (ret->ops[ret->n] == NULL) {
            hg_why_set(why, "authenticate: there is no authenticator \"%.*s\"; load its module",
                       HG_FMT(names->items[i]));
            return HG_EINVAL;
        }
        ret->confs[ret->n++] = module_rows ? hg_conf_of_table(location, module_rows) : NULL;
    }
    if (ret->is_none && ret->n > 0) {
        hg_why_set(why, "authenticate: none stands beside no other");
        return HG_EINVAL;
    }
    return 0;
}

struct hg_slice hg_intake_literal_topic(const struct hg_intake *intake) {
    return has_capture(intake->topic_template) ? HG_SLICE("") : intake->topic_template;
}

/* What is said of topics stands in main and topic blocks: a location's is main's. */
static const struct hg_conf_block *main_of(const struct hg_conf_block *block) {
    while (hg_conf_parent(block) != NULL) {
        block = hg_conf_parent(block);
    }
    return block;
}

int hg_intake_compile(const struct hg_conf_block *location, const struct hg_gate_finder *find,
                      struct hg_intake *ret, struct hg_why *why) {
    const struct hg_gate__conf *c = hg_conf_of(location, &hg_gate_owner);
    const struct hg_log_settings *log = hg_conf_of(main_of(location), &hg_log_owner);
    ret->body_bytes_max = c->body_bytes_max;
    ret->events_max = c->events_max;
    ret->is_dead_letter = c->is_dead_letter;
    ret->is_atomic = c->is_atomic;
    if (c->accept.n > 0) {
        const struct hg_directive *module_rows = NULL;
        ret->source = find->source(find->arg, c->accept.items[0], &module_rows);
        if (ret->source == NULL) {
            hg_why_set(why, "accept: there is no source \"%.*s\"; load its module",
                       HG_FMT(c->accept.items[0]));
            return HG_EINVAL;
        }
        ret->source_conf = module_rows ? hg_conf_of_table(location, module_rows) : NULL;
        ret->topic_template = c->publish.items[0];
        ret->retention_ms = log->retention_ms;
        ret->retention_bytes = log->retention_bytes;
        ret->conf = main_of(location);
        ret->allowed = (struct hg_strings){c->publish.items + 1, c->publish.n - 1};
    }
    struct hg_why lacks = {""};
    if (c->accept.n > 0 && c->is_atomic && find->whole(find->arg, &lacks) != 0) {
        hg_why_set(why, "atomic_batch: %s", lacks.text);
        return HG_EINVAL;
    }
    return compile_proofs(&c->authenticate, location, find, &ret->proofs, why);
}
