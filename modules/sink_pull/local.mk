# Module sink_pull.
modules_LTLIBRARIES += sink_pull.la
sink_pull_la_SOURCES = modules/sink_pull/sink_pull.c
sink_pull_la_LDFLAGS = $(hg_module_ldflags)
