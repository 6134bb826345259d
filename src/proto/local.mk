# Sources of this room.
libheadgate_a_SOURCES +=
# WebSocket and event-stream engines.
libheadgate_a_SOURCES += src/proto/ws/ws.c src/proto/ws/ws.h src/proto/ws/frame.c \
    src/proto/ws/accept.c src/proto/sse/sse.c src/proto/sse/sse.h
# HTTP/1.1 and HTTP/2.
libheadgate_a_SOURCES += src/proto/http/http.c src/proto/http/http.h src/proto/http/door.h \
    src/proto/http/pace.h src/proto/http/chars.c src/proto/http/chars.h \
    src/proto/http/authority.c src/proto/http/authority.h \
    src/proto/http/request.c src/proto/http/request.h \
    src/proto/http/answer.c src/proto/http/answer.h src/proto/http/pieces.c \
    src/proto/http/pieces.h src/proto/http/counters.c src/proto/http/counters.h
libheadgate_a_SOURCES += src/proto/h1/verdict.h src/proto/h1/parser.c src/proto/h1/parser.h \
    src/proto/h1/framing.c src/proto/h1/framing.h src/proto/h1/body.c src/proto/h1/body.h \
    src/proto/h1/h1.c src/proto/h1/h1.h src/proto/h1/h1_answer.c src/proto/h1/h1_impl.h
libheadgate_a_SOURCES += src/proto/h2/h2.c src/proto/h2/h2.h src/proto/h2/h2_impl.h \
    src/proto/h2/h2_session.c src/proto/h2/h2_stream.c src/proto/h2/h2_head.c \
    src/proto/h2/h2_head.h src/proto/h2/h2_guard.c src/proto/h2/h2_guard.h
