# Unit tests of src/module.
include tests/modules/bad/local.mk
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/module/test_module
TESTS += tests/unit/module/test_module
tests_unit_module_test_module_SOURCES = \
    tests/support/conf_text.c tests/support/conf_text.h \
    tests/unit/module/main.c \
    tests/unit/module/test_loader.c \
    tests/unit/module/test_registry.c \
    tests/unit/module/tests.h
tests_unit_module_test_module_CPPFLAGS = $(hg_test_cppflags) \
    -DBAD_MODULES='"$(abs_builddir)/tests/modules/bad/.libs"'
tests_unit_module_test_module_LDADD = $(hg_host_libs)
tests_unit_module_test_module_LDFLAGS = $(hg_host_ldflags)
tests_unit_module_test_module_DEPENDENCIES = libheadgate.a
endif
