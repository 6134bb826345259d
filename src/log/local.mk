# Sources of this room.
libheadgate_a_SOURCES += \
    src/log/batch.c \
    src/log/batch.h \
    src/log/counters.c \
    src/log/counters.h \
    src/log/cursor.c \
    src/log/dedup.c \
    src/log/dedup.h \
    src/log/entry.h \
    src/log/inbox.c \
    src/log/inbox.h \
    src/log/index.c \
    src/log/inner.h \
    src/log/judge.c \
    src/log/judge.h \
    src/log/log.c \
    src/log/log.h \
    src/log/log_thread.c \
    src/log/pending.c \
    src/log/pending.h \
    src/log/plan.c \
    src/log/plan.h \
    src/log/position.c \
    src/log/position.h \
    src/log/readers.c \
    src/log/readers.h \
    src/log/records.c \
    src/log/records.h \
    src/log/tail.c \
    src/log/topic.c \
    src/log/topic.h \
    src/log/topics.c \
    src/log/topics.h \
    src/log/up.c \
    src/log/up.h \
    src/log/upkeep.c
