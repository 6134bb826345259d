# Module log_kafka; left out where librdkafka is not installed.
log_kafka_sources = \
    modules/log_kafka/admin.c \
    modules/log_kafka/admin.h \
    modules/log_kafka/alter.c \
    modules/log_kafka/ask.c \
    modules/log_kafka/cache.c \
    modules/log_kafka/care.c \
    modules/log_kafka/check.c \
    modules/log_kafka/conf.c \
    modules/log_kafka/decode.c \
    modules/log_kafka/end.c \
    modules/log_kafka/fatal.c \
    modules/log_kafka/fault.c \
    modules/log_kafka/fetch.c \
    modules/log_kafka/handle.c \
    modules/log_kafka/kafka.h \
    modules/log_kafka/lane.c \
    modules/log_kafka/lane.h \
    modules/log_kafka/leader.c \
    modules/log_kafka/line.c \
    modules/log_kafka/log_kafka.c \
    modules/log_kafka/message.c \
    modules/log_kafka/own.c \
    modules/log_kafka/own.h \
    modules/log_kafka/parcel.c \
    modules/log_kafka/parcel.h \
    modules/log_kafka/plain.c \
    modules/log_kafka/produce.c \
    modules/log_kafka/promise.c \
    modules/log_kafka/read.c \
    modules/log_kafka/read.h \
    modules/log_kafka/ready.c \
    modules/log_kafka/record.c \
    modules/log_kafka/record.h \
    modules/log_kafka/seek.c \
    modules/log_kafka/tail.c \
    modules/log_kafka/tail.h \
    modules/log_kafka/take.c \
    modules/log_kafka/topics.c \
    modules/log_kafka/transact.c \
    modules/log_kafka/transact.h \
    modules/log_kafka/trim.c \
    modules/log_kafka/view.c \
    modules/log_kafka/whole.c \
    modules/log_kafka/wish.c
if HAVE_KAFKA
modules_LTLIBRARIES += log_kafka.la
log_kafka_la_SOURCES = $(log_kafka_sources)
log_kafka_la_CPPFLAGS = $(AM_CPPFLAGS) $(RDKAFKA_CFLAGS)
log_kafka_la_LDFLAGS = $(hg_module_ldflags)
log_kafka_la_LIBADD = $(RDKAFKA_LIBS)
endif
