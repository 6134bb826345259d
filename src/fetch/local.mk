# Sources of this room.
libheadgate_a_SOURCES += \
    src/fetch/client.c \
    src/fetch/client.h \
    src/fetch/fetch.c \
    src/fetch/fetch.h \
    src/fetch/link.c \
    src/fetch/link.h \
    src/fetch/retry_after.c \
    src/fetch/retry_after.h \
    src/fetch/transfer.c \
    src/fetch/transfer.h \
    src/fetch/url.c \
    src/fetch/url.h
