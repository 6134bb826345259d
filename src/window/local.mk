# Sources of this room.
libheadgate_a_SOURCES += src/window/slot.c src/window/slot.h src/window/window.c \
    src/window/window.h
