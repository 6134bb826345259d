# Programs that the scenario tests start; built by name, never installed.
EXTRA_PROGRAMS = tests/support/ws_echo
tests_support_ws_echo_SOURCES = tests/support/ws_echo.c
tests_support_ws_echo_LDADD = libheadgate.a $(HG_LIBS)
