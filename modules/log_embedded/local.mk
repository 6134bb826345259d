# Module log_embedded.
modules_LTLIBRARIES += log_embedded.la
log_embedded_sources = \
    modules/log_embedded/append.c \
    modules/log_embedded/ends.c \
    modules/log_embedded/groups.c \
    modules/log_embedded/log_embedded.c \
    modules/log_embedded/read.c \
    modules/log_embedded/record.c modules/log_embedded/record.h \
    modules/log_embedded/reserve.c \
    modules/log_embedded/retention.c \
    modules/log_embedded/store.c modules/log_embedded/store.h \
    modules/log_embedded/topics.c
log_embedded_la_SOURCES = $(log_embedded_sources)
log_embedded_la_LDFLAGS = $(hg_module_ldflags)
log_embedded_la_LIBADD = $(LMDB_LIBS)
