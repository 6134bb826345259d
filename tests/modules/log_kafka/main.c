/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the driver of Apache Kafka: what needs no broker, then what does.
 * KAFKA_BOOTSTRAP names one; without it these tests are skipped. */
#include "modules/log_kafka/rig.h"
#include "modules/log_kafka/tests.h"

int main(void) {
    int failed = test_conf();
    failed += test_record();
    failed += test_plain();
    failed += test_decode();
    failed += test_cache();
    failed += test_promise();
    failed += test_wish();
    failed += test_lane();
    if (kafka_rig_bootstrap() == NULL) {
        print_message("SKIP: KAFKA_BOOTSTRAP is not set: nothing was tried on a broker\n");
        return failed != 0;
    }
    failed += test_log_kafka();
    failed += test_ready();
    failed += test_topics();
    failed += test_admin();
    failed += test_alter();
    failed += test_check();
    failed += test_line();
    failed += test_produce();
    failed += test_fatal();
    failed += test_take();
    failed += test_fetch();
    failed += test_read();
    failed += test_seek();
    failed += test_trim();
    failed += test_view();
    failed += test_tail();
    failed += kafka_contract();
    failed += test_care();
    return failed != 0;
}
