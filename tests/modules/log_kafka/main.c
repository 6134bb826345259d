/* SPDX-License-Identifier: Apache-2.0 */
/* main.c [writes|reads] - the driver of Apache Kafka: what needs no broker, what is
 * written, what is read; one part of it, for those who run them beside each other.
 * KAFKA_BOOTSTRAP names a broker; without it only the first part is run. */
#include "modules/log_kafka/rig.h"
#include "modules/log_kafka/tests.h"

static int without_broker(void) {
    int failed = test_conf();
    failed += test_record();
    failed += test_message();
    failed += test_plain();
    failed += test_decode();
    failed += test_cache();
    failed += test_promise();
    failed += test_wish();
    failed += test_lane();
    failed += test_leader();
    failed += test_hung();
    failed += test_ask();
    failed += test_doubt();
    failed += test_fault();
    failed += test_handle();
    return failed;
}

static int writes(void) {
    int failed = test_log_kafka();
    failed += test_ready();
    failed += test_topics();
    failed += test_admin();
    failed += test_alter();
    failed += test_check();
    failed += test_line();
    failed += test_produce();
    failed += test_fatal();
    failed += test_parcel();
    failed += test_transact();
    failed += test_whole();
    return failed;
}

static int reads(void) {
    int failed = test_take();
    failed += test_end();
    failed += test_fetch();
    failed += test_read();
    failed += test_seek();
    failed += test_trim();
    failed += test_view();
    failed += test_tail();
    failed += test_own();
    failed += kafka_contract();
    failed += test_care();
    return failed;
}

int main(int argc, char **argv) {
    const char *part = argc > 1 ? argv[1] : "";
    bool is_all = part[0] == '\0';
    int failed = is_all || strcmp(part, "writes") == 0 ? without_broker() : 0;
    if (kafka_rig_bootstrap() == NULL) {
        print_message("SKIP: KAFKA_BOOTSTRAP is not set: nothing was tried on a broker\n");
        return failed != 0;
    }
    failed += is_all || strcmp(part, "writes") == 0 ? writes() : 0;
    failed += is_all || strcmp(part, "reads") == 0 ? reads() : 0;
    return failed != 0;
}
