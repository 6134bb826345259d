#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""exports.py BINARY: what the gateway exports to modules is what its public
headers mark HG_API, no more and no less."""
import glob
import os
import re
import subprocess
import sys

TOP = os.path.normpath(os.path.join(os.path.dirname(__file__), "..", ".."))
EXPORTS_MAX = 100
# What the linker, the C library's start files and the sanitizers put into any
# program that exports symbols.
LINKER = re.compile(r"_init|_fini|_start|main|data_start|_?_?(data_start|bss_start|edata|end)"
                    r"|_IO_stdin_used|__(asan|odr_asan|ubsan|tsan)_?.*")


def declared():
    """The name that each HG_API in a public header declares."""
    names = set()
    for path in glob.glob(os.path.join(TOP, "src/include/headgate/*.h")):
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/", " ", f.read(), flags=re.S)
        for m in re.finditer(r"^HG_API\s([^;]*);", text, re.M):
            names.add(re.search(r"(\w+)\s*\(|(\w+)\s*$", m.group(1)).group(0).rstrip("( "))
    return names


def exported(binary):
    out = subprocess.run(["nm", "-D", "--defined-only", binary], capture_output=True, text=True,
                         check=True).stdout
    names = {line.split()[2] for line in out.splitlines()}
    # With a version: a library's variable (stdout, optarg) that the linker put here.
    return {n for n in names if "@" not in n and not LINKER.fullmatch(n)}


def main():
    want, have = declared(), exported(sys.argv[1])
    faults = [f"{n}: exported, but no public header declares it" for n in sorted(have - want)]
    faults += [f"{n}: declared HG_API, but not exported" for n in sorted(want - have)]
    if len(want) > EXPORTS_MAX:
        faults.append(f"{len(want)} exported names; the limit is {EXPORTS_MAX}")
    print("\n".join(faults + [f"{len(have)} exported names, {len(want)} declared"]))
    return 1 if faults else 0


sys.exit(main())
