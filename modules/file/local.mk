modules_LTLIBRARIES += file.la
file_la_SOURCES = modules/file/file.c
file_la_LDFLAGS = $(hg_module_ldflags)
