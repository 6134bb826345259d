# Programs and modules that the scenario tests start, never installed; built
# together by `make scenario-support`.
EXTRA_PROGRAMS = tests/support/ws_echo
tests_support_ws_echo_SOURCES = tests/support/ws_echo.c
tests_support_ws_echo_LDADD = libheadgate.a $(HG_LIBS)

EXTRA_LTLIBRARIES =

EXTRA_LTLIBRARIES += tests/support/badge.la
tests_support_badge_la_SOURCES = tests/support/badge/badge.c
tests_support_badge_la_LDFLAGS = $(hg_module_ldflags) -rpath $(moduledir)

EXTRA_LTLIBRARIES += tests/support/echo.la
tests_support_echo_la_SOURCES = tests/support/echo/echo.c
tests_support_echo_la_LDFLAGS = $(hg_module_ldflags) -rpath $(moduledir)

EXTRA_LTLIBRARIES += tests/support/stall.la
tests_support_stall_la_SOURCES = tests/support/stall/stall.c
tests_support_stall_la_LDFLAGS = $(hg_module_ldflags) -rpath $(moduledir)

.PHONY: scenario-support
scenario-support: $(EXTRA_PROGRAMS) $(EXTRA_LTLIBRARIES)

# Automake does not clean what only some target makes.
CLEANFILES += $(EXTRA_PROGRAMS) $(EXTRA_LTLIBRARIES)
