/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs every group of tests of src/server. */
#include "unit/server/rig.h"

#include <fcntl.h>

#include "base/logfile.h"

int main(void) {
    int failed = 0;
    signal(SIGPIPE, SIG_IGN);
    hg_logfile_set(open("/dev/null", O_WRONLY | O_CLOEXEC));
    failed += test_wire();
    failed += test_bundle();
    failed += test_settings();
    failed += test_descriptors();
    failed += test_directory();
    failed += test_detach();
    failed += test_command();
    failed += test_metrics();
    failed += test_certificates();
    failed += test_generation();
    failed += test_plan();
    failed += test_places();
    failed += test_oneshot();
    failed += test_reference();
    failed += test_sockets();
    failed += test_logs();
    failed += test_named();
    failed += test_offer();
    failed += test_reload();
    failed += test_lane();
    failed += test_crew();
    failed += test_service();
    failed += test_admin();
    failed += test_ask();
    failed += test_dlq();
    failed += test_dlq_letter();
    failed += test_dlq_list();
    failed += test_dlq_purge();
    failed += test_dlq_replay();
    failed += test_dlq_show();
    failed += test_worker();
    failed += test_spawn();
    failed += test_death();
    failed += test_child();
    failed += test_keeper();
    failed += test_master();
    return failed != 0;
}
