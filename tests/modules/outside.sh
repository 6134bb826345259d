#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the sample and a sink as docs/modules.md tells: outside the tree,
# against the installed headers. Run by make check in the build directory.
set -eu

if ! command -v pkg-config >/dev/null || ! command -v nm >/dev/null; then
    echo "SKIP: pkg-config or nm is missing: no module was built outside the tree"
    exit 77
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# What the harness's own make tells its children is not for this one.
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s install-pkgincludeHEADERS install-pkgconfigDATA DESTDIR="$dir/root" >/dev/null
cp "$srcdir/modules/hello/hello.c" "$srcdir/modules/sink_sse/sink_sse.c" "$dir"
cd "$dir"

pc=$(find root -name headgate.pc)
cflags=$(PKG_CONFIG_PATH="$dir/$(dirname "$pc")" PKG_CONFIG_SYSROOT_DIR="$dir/root" \
    PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 pkg-config --cflags headgate)

for module in hello sink_sse; do
    # shellcheck disable=SC2086 # several words
    "${CC:-cc}" -std=c11 -Wall -Wextra -Werror -shared -fPIC $cflags $module.c -o $module.so

    # One way in, and nothing wanted from the gateway that the headers do not give.
    defined=$(nm -D --defined-only $module.so | awk '$3 ~ /^hg_/ { print $3 }')
    if [ "$defined" != hg_module_$module ]; then
        echo "$module.so defines: $defined"
        exit 1
    fi
    for symbol in $(nm -D --undefined-only $module.so | awk '$2 ~ /^hg_/ { print $2 }'); do
        if ! grep -rqw "HG_API.*$symbol" root; then
            echo "$module.so needs $symbol, which no installed header exports"
            exit 1
        fi
    done
done

lines=$(wc -l <hello.c)
if [ "$lines" -ge 100 ]; then
    echo "the sample module has grown to $lines lines"
    exit 1
fi
