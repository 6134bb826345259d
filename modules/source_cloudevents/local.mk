# Module source_cloudevents.
modules_LTLIBRARIES += source_cloudevents.la
source_cloudevents_la_SOURCES = modules/source_cloudevents/source_cloudevents.c
source_cloudevents_la_LDFLAGS = $(hg_module_ldflags)
