/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - from the command line to server or ctl. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "headgate/base.h"
#include "net/tls_memory.h"
#include "server/generation.h"
#include "server/master.h"
#include "server/oneshot.h"
#include "server/reference.h"

static const char usage[] =
    "usage: headgate [-c FILE] [-m DIR] [-t | -T | -s stop|quit|reload|reopen |\n"
    "                -R PAGE | -v]\n"
    "  -c FILE    the configuration (conf/headgate.conf)\n"
    "  -m DIR     where load_module finds modules by name\n"
    "  -t, -T     test the configuration; -T also prints it, secrets hidden\n"
    "  -s WORD    tell the running gateway: stop, quit (drain), reload, reopen (logs)\n"
    "  -R PAGE    print a reference page: directives, problems, metrics\n"
    "  -v         print the version\n";

static const struct hg_ctl_confs confs = {.read = hg_generation_read, .module_dir = HG_MODULE_DIR};

int main(int argc, char **argv) {
    struct hg_server_args args = {.conf_path = "conf/headgate.conf", .module_dir = HG_MODULE_DIR};
    const char *signal_word = NULL, *page = NULL;
    bool is_test = false, is_dump = false;
    int c;
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    if (argc > 0 && strcmp(slash != NULL ? slash + 1 : argv[0], "headgatectl") == 0) {
        return hg_ctl_main(&confs, argc, argv);
    }
    hg_tls_memory_init();
    while ((c = getopt(argc, argv, "c:m:tTs:R:vh")) != -1) {
        switch (c) {
        case 'c':
            args.conf_path = optarg;
            break;
        case 'm':
            args.module_dir = optarg;
            break;
        case 't':
            is_test = true;
            break;
        case 'T':
            is_test = is_dump = true;
            break;
        case 's':
            signal_word = optarg;
            break;
        case 'R':
            page = optarg;
            break;
        case 'v':
            printf("headgate %s\n", HG_VERSION);
            return 0;
        default:
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
    }
    if (optind < argc) {
        fputs(usage, stderr);
        return 2;
    }
    if (page != NULL) {
        return hg_reference_print(&args, page);
    }
    if (signal_word != NULL) {
        return hg_oneshot_signal(&args, signal_word);
    }
    return is_test ? hg_oneshot_test(&args, is_dump) : hg_master_run(&args);
}
