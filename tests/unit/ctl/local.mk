# Unit tests of src/ctl.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/ctl/test_ctl
TESTS += tests/unit/ctl/test_ctl
tests_unit_ctl_test_ctl_SOURCES = \
    tests/support/fake_log.c tests/support/fake_log.h \
    tests/support/http_peer.c tests/support/http_peer.h \
    tests/unit/unit.h \
    tests/unit/ctl/main.c tests/unit/ctl/tests.h \
    tests/unit/ctl/rig.c tests/unit/ctl/rig.h \
    tests/unit/ctl/test_console.c \
    tests/unit/ctl/test_copy.c \
    tests/unit/ctl/test_ctl.c \
    tests/unit/ctl/test_dlq.c \
    tests/unit/ctl/test_dlq_print.c \
    tests/unit/ctl/test_draft.c \
    tests/unit/ctl/test_follow.c \
    tests/unit/ctl/test_input.c \
    tests/unit/ctl/test_items.c \
    tests/unit/ctl/test_log.c \
    tests/unit/ctl/test_metrics.c \
    tests/unit/ctl/test_options.c \
    tests/unit/ctl/test_print.c \
    tests/unit/ctl/test_publish.c \
    tests/unit/ctl/test_pull.c \
    tests/unit/ctl/test_reach.c \
    tests/unit/ctl/test_retry.c \
    tests/unit/ctl/test_send.c \
    tests/unit/ctl/test_status.c \
    tests/unit/ctl/test_stop.c \
    tests/unit/ctl/test_store.c \
    tests/unit/ctl/test_tail.c \
    tests/unit/ctl/test_trouble.c
tests_unit_ctl_test_ctl_CPPFLAGS = $(hg_test_cppflags)
tests_unit_ctl_test_ctl_LDADD = $(hg_test_libs)
endif
