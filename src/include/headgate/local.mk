# The public headers: all that a module sees.
pkginclude_HEADERS = \
    src/include/headgate/authenticator.h \
    src/include/headgate/base.h \
    src/include/headgate/buf.h \
    src/include/headgate/codec.h \
    src/include/headgate/conf.h \
    src/include/headgate/counter.h \
    src/include/headgate/event.h \
    src/include/headgate/handler.h \
    src/include/headgate/log.h \
    src/include/headgate/logline.h \
    src/include/headgate/loop.h \
    src/include/headgate/module.h \
    src/include/headgate/record.h \
    src/include/headgate/request.h \
    src/include/headgate/sink.h \
    src/include/headgate/source.h \
    src/include/headgate/thread.h
