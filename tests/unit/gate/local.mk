# Unit tests of src/gate.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/gate/test_gate
TESTS += tests/unit/gate/test_gate
hg_fakes = \
    modules/source_cloudevents/source_cloudevents.c \
    tests/support/conf_text.c tests/support/conf_text.h \
    tests/support/fake_auth.c tests/support/fake_auth.h \
    tests/support/fake_log.c tests/support/fake_log.h \
    tests/support/fake_request.c tests/support/fake_request.h \
    tests/support/fake_stream.c tests/support/fake_stream.h
tests_unit_gate_test_gate_SOURCES = $(hg_fakes) \
    tests/support/log_rig.c tests/support/log_rig.h \
    tests/unit/gate/main.c \
    tests/unit/gate/rig.c \
    tests/unit/gate/rig.h \
    tests/unit/gate/test_answer.c \
    tests/unit/gate/test_append.c \
    tests/unit/gate/test_body.c \
    tests/unit/gate/test_dead_letter.c \
    tests/unit/gate/test_exchange.c \
    tests/unit/gate/test_fields.c \
    tests/unit/gate/test_problems.c \
    tests/unit/gate/test_settings.c
tests_unit_gate_test_gate_CPPFLAGS = $(hg_test_cppflags)
tests_unit_gate_test_gate_LDADD = $(hg_test_libs)
endif
