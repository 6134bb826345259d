/* SPDX-License-Identifier: Apache-2.0 */
/* args.h - what every run of headgate is told on its command line. */
#ifndef HG_SERVER_ARGS_H
#define HG_SERVER_ARGS_H

struct hg_server_args {
    const char *conf_path;
    const char *module_dir;
};

#endif
