/* SPDX-License-Identifier: Apache-2.0 */
/* ctl.c - the table of commands, help, and the process around one command. */
#include "ctl/ctl.h"

#include <errno.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/stop.h"

static const struct hg_ctl_command *const commands[] = {
    &hg_ctl_publish, &hg_ctl_tail, &hg_ctl_status, &hg_ctl_dlq, &hg_ctl_log,
};

static void print_usage(FILE *out) {
    fputs("headgatectl publishes to a Headgate gateway, follows it and asks how it is.\n\n"
          "usage: headgatectl COMMAND [ARGUMENT ...]\n\n",
          out);
    for (size_t i = 0; i < HG_COUNT(commands); i++) {
        fprintf(out, "  %-10s%s\n", commands[i]->name, commands[i]->summary);
    }
    fputs("  help      What a command does and takes: headgatectl help COMMAND\n"
          "  version   Print the version\n\n"
          "Exit status: 0 done, 1 not done, 2 called wrongly.\n",
          out);
}

void hg_ctl_command_help(const struct hg_ctl_command *command, FILE *out) {
    fprintf(out, "usage: headgatectl %s%s%s [OPTION ...]\n\n%s\n\n%s\n", command->name,
            command->operands[0] != 0 ? " " : "", command->operands, command->summary,
            command->text);
    hg_ctl_options_print(command->options, out);
}

static const struct hg_ctl_command *find(const char *name) {
    for (size_t i = 0; i < HG_COUNT(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static int refuse(struct hg_ctl *ctl, const struct hg_ctl_command *command, const char *fault) {
    hg_ctl_tell(ctl, "%s: %s", command->name, fault);
    hg_ctl_tell(ctl, "see: headgatectl help %s", command->name);
    return HG_CTL_MISUSED;
}

static int run_command(struct hg_ctl *ctl, const struct hg_ctl_command *command, int argc,
                       char **argv) {
    struct hg_ctl_operands operands = {.n = 0};
    char fault[256] = "";
    void *args = hg_alloc(command->args_size);
    memcpy(args, command->defaults, command->args_size);
    int err = hg_ctl_options_read(command->options, argc, argv, args, &operands, fault);
    if (operands.wants_help) {
        hg_ctl_command_help(command, ctl->out);
        hg_free(args);
        return HG_CTL_WELL;
    }
    if (err == 0 && operands.n < command->operands_min) {
        snprintf(fault, sizeof(fault), "expected %s", command->operands);
        err = HG_EINVAL;
    } else if (err == 0 && operands.n > command->operands_max) {
        snprintf(fault, sizeof(fault), "\"%s\" is one argument too many",
                 operands.items[command->operands_max]);
        err = HG_EINVAL;
    }
    int status = err == 0 ? command->run(ctl, &operands, args) : refuse(ctl, command, fault);
    hg_free(args);
    return status;
}

static int help(struct hg_ctl *ctl, const char *name) {
    const struct hg_ctl_command *command = name != NULL ? find(name) : NULL;
    if (command != NULL) {
        hg_ctl_command_help(command, ctl->out);
    } else if (name != NULL) {
        hg_ctl_tell(ctl, "there is no command \"%s\"", name);
        print_usage(ctl->err);
        return HG_CTL_MISUSED;
    } else {
        print_usage(ctl->out);
    }
    return HG_CTL_WELL;
}

int hg_ctl_run(struct hg_ctl *ctl, int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        return help(ctl, argc > 2 ? argv[2] : NULL);
    }
    if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0) {
        fprintf(ctl->out, "headgatectl %s\n", HG_VERSION);
        return HG_CTL_WELL;
    }
    if (argc < 2) {
        print_usage(ctl->err);
        return HG_CTL_MISUSED;
    }
    const struct hg_ctl_command *command = find(name);
    return command != NULL ? run_command(ctl, command, argc - 2, argv + 2) : help(ctl, name);
}

int hg_ctl_main(const struct hg_ctl_confs *confs, int argc, char **argv) {
    struct hg_ctl ctl = {.confs = confs, .in_fd = STDIN_FILENO, .out = stdout, .err = stderr};
    ctl.stop_fd = hg_ctl_stop_open();
    if (ctl.stop_fd < 0) {
        hg_ctl_tell(&ctl, "signals: %s", strerror(errno));
        return HG_CTL_NOT_DONE;
    }
    int status = hg_ctl_run(&ctl, argc, argv);
    int signo = hg_ctl_stop_take(ctl.stop_fd);
    if (!hg_ctl_flush(&ctl)) {
        if (ctl.out_errno == EPIPE) {
            hg_ctl_stop_die(SIGPIPE); /* whoever read has enough: no words about it */
        }
        hg_ctl_tell(&ctl, "standard output: %s", strerror(ctl.out_errno));
        status = HG_CTL_NOT_DONE;
    }
    if (signo != 0) {
        hg_ctl_stop_die(signo);
    }
    return status;
}
