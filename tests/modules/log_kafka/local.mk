# Tests of module log_kafka, linked in directly.
if HAVE_CMOCKA
if HAVE_KAFKA
check_PROGRAMS += tests/modules/log_kafka/test_log_kafka
TESTS += tests/modules/log_kafka/writes.sh tests/modules/log_kafka/reads.sh
EXTRA_DIST += tests/modules/log_kafka/writes.sh tests/modules/log_kafka/reads.sh
tests_modules_log_kafka_test_log_kafka_SOURCES = \
    tests/modules/log_contract.c tests/modules/log_contract.h \
    tests/modules/log_contract_rig.c tests/modules/log_contract_rig.h \
    tests/modules/log_contract_topics.c \
    tests/modules/log_kafka/brokers.c tests/modules/log_kafka/brokers.h \
    tests/modules/log_kafka/contract.c \
    tests/modules/log_kafka/main.c \
    tests/modules/log_kafka/other.c tests/modules/log_kafka/other.h \
    tests/modules/log_kafka/rig.c \
    tests/modules/log_kafka/rig.h \
    tests/modules/log_kafka/seen.c \
    tests/modules/log_kafka/seen.h \
    tests/modules/log_kafka/test_admin.c \
    tests/modules/log_kafka/test_alter.c \
    tests/modules/log_kafka/test_ask.c \
    tests/modules/log_kafka/test_cache.c \
    tests/modules/log_kafka/test_care.c \
    tests/modules/log_kafka/test_check.c \
    tests/modules/log_kafka/test_conf.c \
    tests/modules/log_kafka/test_decode.c \
    tests/modules/log_kafka/test_doubt.c \
    tests/modules/log_kafka/test_end.c \
    tests/modules/log_kafka/test_fatal.c \
    tests/modules/log_kafka/test_fault.c \
    tests/modules/log_kafka/test_fetch.c \
    tests/modules/log_kafka/test_hung.c \
    tests/modules/log_kafka/test_handle.c \
    tests/modules/log_kafka/test_lane.c \
    tests/modules/log_kafka/test_leader.c \
    tests/modules/log_kafka/test_line.c \
    tests/modules/log_kafka/test_log_kafka.c \
    tests/modules/log_kafka/test_message.c \
    tests/modules/log_kafka/test_own.c \
    tests/modules/log_kafka/test_parcel.c \
    tests/modules/log_kafka/test_plain.c \
    tests/modules/log_kafka/test_produce.c \
    tests/modules/log_kafka/test_promise.c \
    tests/modules/log_kafka/test_read.c \
    tests/modules/log_kafka/test_ready.c \
    tests/modules/log_kafka/test_record.c \
    tests/modules/log_kafka/test_seek.c \
    tests/modules/log_kafka/test_tail.c \
    tests/modules/log_kafka/test_take.c \
    tests/modules/log_kafka/test_topics.c \
    tests/modules/log_kafka/test_transact.c \
    tests/modules/log_kafka/test_trim.c \
    tests/modules/log_kafka/test_view.c \
    tests/modules/log_kafka/test_whole.c \
    tests/modules/log_kafka/test_wish.c \
    tests/modules/log_kafka/tests.h \
    tests/support/conf_text.c tests/support/conf_text.h \
    $(log_kafka_sources)
tests_modules_log_kafka_test_log_kafka_CPPFLAGS = $(hg_test_cppflags) $(RDKAFKA_CFLAGS) \
    -I$(srcdir)/modules/log_kafka
tests_modules_log_kafka_test_log_kafka_LDADD = $(hg_test_libs) $(RDKAFKA_LIBS)
endif
endif
