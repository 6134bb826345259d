# Sources of this room.
libheadgate_a_SOURCES += \
    src/edge/access.c \
    src/edge/access.h \
    src/edge/access_format.c \
    src/edge/cors.c \
    src/edge/edge.c \
    src/edge/edge.h \
    src/edge/intake.c \
    src/edge/location.c \
    src/edge/message.c \
    src/edge/query.c \
    src/edge/route.c \
    src/edge/settings.c \
    src/edge/settings.h \
    src/edge/site.c \
    src/edge/site.h \
    src/edge/site_fixed.c \
    src/edge/socket.c \
    src/edge/socket.h \
    src/edge/subscribe.c \
    src/edge/topics.c \
    src/edge/topics.h \
    src/edge/visit.c \
    src/edge/visit.h
