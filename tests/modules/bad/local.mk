# Modules for the tests of the loader. Never installed; -rpath makes libtool
# build them as shared objects all the same.
hg_bad_ldflags = $(hg_module_ldflags) -rpath /nowhere
hg_bad_source = tests/modules/bad/bad.c
if HAVE_CMOCKA
check_LTLIBRARIES += \
    tests/modules/bad/good.la \
    tests/modules/bad/handless.la \
    tests/modules/bad/long_ops.la \
    tests/modules/bad/long_one.la \
    tests/modules/bad/misnamed.la \
    tests/modules/bad/newer.la \
    tests/modules/bad/other_abi.la \
    tests/modules/bad/second.la \
    tests/modules/bad/short_one.la \
    tests/modules/bad/starter.la \
    tests/modules/bad/structless.la \
    tests/modules/bad/twin.la \
    tests/modules/bad/unbound.la \
    tests/modules/bad/unmarked.la
tests_modules_bad_good_la_SOURCES = $(hg_bad_source)
tests_modules_bad_good_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_good_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=good -DSYMBOL=good
tests_modules_bad_handless_la_SOURCES = $(hg_bad_source)
tests_modules_bad_handless_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_handless_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=handless -DSYMBOL=handless \
    -DHANDLE=NULL
tests_modules_bad_long_ops_la_SOURCES = $(hg_bad_source)
tests_modules_bad_long_ops_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_long_ops_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=long_ops -DSYMBOL=long_ops \
    -DOPS_SIZE='sizeof(struct hg_handler_ops)+8'
tests_modules_bad_long_one_la_SOURCES = $(hg_bad_source)
tests_modules_bad_long_one_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_long_one_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=long_one -DSYMBOL=long_one \
    -DSIZE='sizeof(struct hg_module)+8'
tests_modules_bad_misnamed_la_SOURCES = $(hg_bad_source)
tests_modules_bad_misnamed_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_misnamed_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=misnamed -DSYMBOL=misnamed \
    -DCALLED=somebody
tests_modules_bad_newer_la_SOURCES = $(hg_bad_source)
tests_modules_bad_newer_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_newer_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=newer -DSYMBOL=newer \
    -DABI=HG_MODULE_ABI+1
tests_modules_bad_other_abi_la_SOURCES = $(hg_bad_source)
tests_modules_bad_other_abi_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_other_abi_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=other_abi -DSYMBOL=other_abi \
    -DABI=HG_MODULE_ABI+65536
tests_modules_bad_second_la_SOURCES = $(hg_bad_source)
tests_modules_bad_second_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_second_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=second -DSYMBOL=second
tests_modules_bad_short_one_la_SOURCES = $(hg_bad_source)
tests_modules_bad_short_one_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_short_one_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=short_one -DSYMBOL=short_one \
    -DDIRECTIVE=good -DSIZE='offsetof(struct hg_module,source)'
tests_modules_bad_starter_la_SOURCES = $(hg_bad_source)
tests_modules_bad_starter_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_starter_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=starter -DSYMBOL=starter -DSTARTS
tests_modules_bad_structless_la_SOURCES = $(hg_bad_source)
tests_modules_bad_structless_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_structless_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=structless -DSYMBOL=structless \
    -DCONF_SIZE=0
tests_modules_bad_twin_la_SOURCES = $(hg_bad_source)
tests_modules_bad_twin_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_twin_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=twin -DSYMBOL=twin -DDIRECTIVE=good
tests_modules_bad_unbound_la_SOURCES = $(hg_bad_source)
tests_modules_bad_unbound_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_unbound_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=unbound -DSYMBOL=unbound \
    -DNEEDS=hg_is_not_there
tests_modules_bad_unmarked_la_SOURCES = $(hg_bad_source)
tests_modules_bad_unmarked_la_LDFLAGS = $(hg_bad_ldflags)
tests_modules_bad_unmarked_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME=unmarked -DSYMBOL=another
endif
