# Sources of this room.
libheadgate_a_SOURCES += \
    src/module/loader.c \
    src/module/loader.h \
    src/module/registry.c \
    src/module/registry.h
