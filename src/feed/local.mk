# Sources of this room.
libheadgate_a_SOURCES += src/feed/answer.c src/feed/answer.h src/feed/beat.c src/feed/beat.h \
    src/feed/counters.c src/feed/counters.h src/feed/encode.c src/feed/encode.h \
    src/feed/feed.c src/feed/feed.h src/feed/follow.c src/feed/follow.h \
    src/feed/gather.c src/feed/gather.h src/feed/index.c src/feed/index.h src/feed/internal.h src/feed/lost.c src/feed/lost.h \
    src/feed/page.c src/feed/page.h src/feed/part.c src/feed/part.h src/feed/read.c src/feed/read.h src/feed/refill.c \
    src/feed/refill.h src/feed/rest.c src/feed/rest.h src/feed/set.c src/feed/set.h src/feed/start.c src/feed/start.h \
    src/feed/state.c src/feed/state.h src/feed/subscriber.c src/feed/subscriber.h \
    src/feed/wheel.c src/feed/wheel.h src/feed/write.c src/feed/write.h
