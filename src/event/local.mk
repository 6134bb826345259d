# Sources of this room.
libheadgate_a_SOURCES += \
    src/event/attr.c src/event/attr.h \
    src/event/binary.c \
    src/event/builder.c src/event/builder.h \
    src/event/bytes16.h \
    src/event/codec.c src/event/codec.h \
    src/event/codepoint.h \
    src/event/data.c src/event/data.h \
    src/event/digest.c \
    src/event/encode.c \
    src/event/event.c src/event/object.h \
    src/event/events.c src/event/events.h \
    src/event/filter.c src/event/filter.h \
    src/event/json.c src/event/json.h \
    src/event/json_string.c \
    src/event/media.c src/event/media.h \
    src/event/pack.c \
    src/event/trace.c src/event/trace.h
