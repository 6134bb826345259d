# Module sink_ws.
modules_LTLIBRARIES += sink_ws.la
sink_ws_la_SOURCES = modules/sink_ws/sink_ws.c
sink_ws_la_LDFLAGS = $(hg_module_ldflags)
