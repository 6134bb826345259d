# Sources of this room.
libheadgate_a_SOURCES += \
    src/server/admin.c \
    src/server/admin.h \
    src/server/bundle.c \
    src/server/bundle.h \
    src/server/command.c \
    src/server/command.h \
    src/server/detach.c \
    src/server/detach.h \
    src/server/generation.c \
    src/server/generation.h \
    src/server/lane.c \
    src/server/lane.h \
    src/server/master.c \
    src/server/master.h \
    src/server/metrics.c \
    src/server/metrics.h \
    src/server/offer.c \
    src/server/offer.h \
    src/server/plan.c \
    src/server/plan.h \
    src/server/reference.c \
    src/server/reference.h \
    src/server/settings.c \
    src/server/settings.h \
    src/server/sockets.c \
    src/server/sockets.h \
    src/server/spawn.c \
    src/server/spawn.h \
    src/server/wire.c \
    src/server/wire.h \
    src/server/worker.c \
    src/server/worker.h
