# Sources of this room.
libheadgate_a_SOURCES += \
    src/ctl/command.h \
    src/ctl/console.c \
    src/ctl/console.h \
    src/ctl/copy.c \
    src/ctl/copy.h \
    src/ctl/ctl.c \
    src/ctl/ctl.h \
    src/ctl/dlq.c \
    src/ctl/dlq_print.c \
    src/ctl/dlq_print.h \
    src/ctl/draft.c \
    src/ctl/draft.h \
    src/ctl/follow.c \
    src/ctl/input.c \
    src/ctl/input.h \
    src/ctl/items.c \
    src/ctl/items.h \
    src/ctl/log.c \
    src/ctl/metrics.c \
    src/ctl/metrics.h \
    src/ctl/options.c \
    src/ctl/options.h \
    src/ctl/print.c \
    src/ctl/print.h \
    src/ctl/publish.c \
    src/ctl/pull.c \
    src/ctl/reach.c \
    src/ctl/reach.h \
    src/ctl/retry.c \
    src/ctl/retry.h \
    src/ctl/send.c \
    src/ctl/send.h \
    src/ctl/status.c \
    src/ctl/stop.c \
    src/ctl/stop.h \
    src/ctl/store.c \
    src/ctl/store.h \
    src/ctl/stream.h \
    src/ctl/tail.c \
    src/ctl/trouble.c \
    src/ctl/trouble.h

# headgatectl is the same binary under another name.
install-exec-hook:
	cd $(DESTDIR)$(bindir) && rm -f headgatectl$(EXEEXT) && \
	    $(LN_S) headgate$(EXEEXT) headgatectl$(EXEEXT)

uninstall-hook:
	rm -f $(DESTDIR)$(bindir)/headgatectl$(EXEEXT)
