# Sources of this room.
libheadgate_a_SOURCES += \
    src/right/principal.c \
    src/right/right.h \
    src/right/rules.c
