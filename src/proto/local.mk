# Sources of this room.
libheadgate_a_SOURCES +=
# WebSocket and event-stream engines.
libheadgate_a_SOURCES += src/proto/ws/ws.c src/proto/ws/ws.h src/proto/ws/frame.c \
    src/proto/ws/accept.c src/proto/sse/sse.c src/proto/sse/sse.h
