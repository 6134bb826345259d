# Sources of this room.
libheadgate_a_SOURCES += \
    src/net/addr.c src/net/addr.h \
    src/net/conn.c src/net/conn.h src/net/conn_impl.h \
    src/net/conn_out.c \
    src/net/conn_tls.c src/net/conn_tls.h \
    src/net/counters.c src/net/counters.h \
    src/net/limit.c src/net/limit.h \
    src/net/listener.c src/net/listener.h \
    src/net/out.c src/net/out.h \
    src/net/tls.c src/net/tls.h src/net/tls_identity.h \
    src/net/tls_bio.c src/net/tls_bio.h \
    src/net/tls_memory.c src/net/tls_memory.h \
    src/net/tls_name.c src/net/tls_name.h \
    src/net/tls_ticket.c src/net/tls_ticket.h
