# Module sink_sse.
modules_LTLIBRARIES += sink_sse.la
sink_sse_la_SOURCES = modules/sink_sse/sink_sse.c
sink_sse_la_LDFLAGS = $(hg_module_ldflags)
