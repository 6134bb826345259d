# Sources of this room.
libheadgate_a_SOURCES += \
    src/log/batch.c src/log/batch.h \
    src/log/cursor.c \
    src/log/entry.h \
    src/log/log.h \
    src/log/position.c src/log/position.h \
    src/log/topic.c src/log/topic.h
