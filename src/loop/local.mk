# Sources of this room.
libheadgate_a_SOURCES += \
    src/loop/handle.c src/loop/handle.h \
    src/loop/loop.c src/loop/loop.h \
    src/loop/loop_impl.h \
    src/loop/mailbox.c src/loop/mailbox.h \
    src/loop/signals.c \
    src/loop/timer.c \
    src/loop/watch.c
