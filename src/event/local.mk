# Sources of this room.
libheadgate_a_SOURCES += \
    src/event/attr.c src/event/attr.h \
    src/event/builder.c src/event/builder.h \
    src/event/bytes16.h \
    src/event/codec.h \
    src/event/codepoint.h \
    src/event/digest.c \
    src/event/encode.c \
    src/event/event.c src/event/object.h \
    src/event/events.c src/event/events.h \
    src/event/filter.h \
    src/event/json.c src/event/json.h \
    src/event/json_string.c \
    src/event/pack.c
