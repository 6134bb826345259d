# What a developer asks make for beside `check`; each is one script, which says
# what it does, and SKIP where it cannot.
hg_top = cd $(abs_top_srcdir) &&
EXTRA_DIST += tests/fuzz

# An include that goes up a floor fails `make check` too.
check-local:
	@if command -v python3 >/dev/null; then \
	    $(hg_top) python3 tests/lint/lint.py layers; \
	else \
	    echo "SKIP: check-layers: no python3 here"; \
	fi

.PHONY: check-layers check-sizes check-banned check-headers check-magic check-mirror
check-layers:
	$(hg_top) python3 tests/lint/lint.py layers
check-sizes:
	$(hg_top) python3 tests/lint/lint.py sizes
check-banned:
	$(hg_top) python3 tests/lint/lint.py banned
check-headers:
	$(hg_top) python3 tests/lint/lint.py headers
check-magic:
	$(hg_top) python3 tests/lint/lint.py magic
check-mirror:
	$(hg_top) python3 tests/lint/lint.py mirror spdx

# The pages of docs/reference, from this build.
.PHONY: check-docs reference
check-docs: all
	$(hg_top) scripts/reference --check $(abs_builddir)/headgate $(abs_builddir)/.libs
reference: all
	$(hg_top) scripts/reference $(abs_builddir)/headgate $(abs_builddir)/.libs

.PHONY: format check-format
format:
	$(hg_top) scripts/format
check-format:
	$(hg_top) scripts/format --check

# Builds of their own, in out/.
.PHONY: check-asan check-ubsan check-tsan check-fault check-fuzz coverage analyze bench
check-asan:
	$(hg_top) scripts/sanitize address
check-ubsan:
	$(hg_top) scripts/sanitize undefined
check-tsan:
	$(hg_top) scripts/sanitize thread
# Tests in which each allocation fails once, where a use of freed memory is seen.
check-fault:
	$(hg_top) scripts/fault
check-fuzz:
	$(hg_top) scripts/fuzz -t 30
coverage:
	$(hg_top) scripts/coverage
analyze:
	$(hg_top) scripts/analyze
bench:
	$(hg_top) scripts/bench
