# Module hello.
modules_LTLIBRARIES += hello.la
hello_la_SOURCES = modules/hello/hello.c
hello_la_LDFLAGS = $(hg_module_ldflags)
