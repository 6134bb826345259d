# Sources of this room.
libheadgate_a_SOURCES += src/conf/conf.c src/conf/conf.h src/conf/tree.h \
    src/conf/token.c src/conf/token.h \
    src/conf/unit.c src/conf/unit.h \
    src/conf/files.c src/conf/parse.c src/conf/fail.c src/conf/table.c src/conf/slot.c \
    src/conf/bind.c src/conf/inherit.c src/conf/dump.c src/conf/restart.c src/conf/reference.c
