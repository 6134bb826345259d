# Sources of this room.
libheadgate_a_SOURCES += \
    src/gate/answer.c \
    src/gate/append.c \
    src/gate/body.c \
    src/gate/dead_letter.c \
    src/gate/exchange.c \
    src/gate/fields.c \
    src/gate/gate.h \
    src/gate/problems.c \
    src/gate/problems.h \
    src/gate/settings.c \
    src/gate/settings.h \
    src/gate/stage.h
