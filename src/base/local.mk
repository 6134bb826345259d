# Sources of this room.
libheadgate_a_SOURCES += \
    src/base/alloc.c src/base/alloc.h \
    src/base/arena.c src/base/arena.h \
    src/base/base64.c src/base/base64.h \
    src/base/blob.c src/base/blob.h \
    src/base/buf.c \
    src/base/clock.c src/base/clock.h \
    src/base/compat/crc32c_cpu.c src/base/compat/crc32c_cpu.h \
    src/base/counters.c src/base/counters.h \
    src/base/crc32c.c src/base/crc32c.h \
    src/base/digits.h \
    src/base/err.c \
    src/base/hash.c src/base/hash.h \
    src/base/list.h \
    src/base/lock.h \
    src/base/logfile.c src/base/logfile.h \
    src/base/map.c src/base/map.h \
    src/base/pool.c \
    src/base/pool.h \
    src/base/problem.c \
    src/base/siphash.h \
    src/base/slice.c \
    src/base/thread.c \
    src/base/utf8.c src/base/utf8.h
