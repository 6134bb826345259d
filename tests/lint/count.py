#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""count.py RESULTS FAILED-STEPS: adds up what ran and prints the closing line.

Unit tests are counted from cmocka's lines, scenarios from JUnit files, lint by
check. A step that failed without a failed test in it counts as one failure.
"""
import glob
import os
import re
import sys
import xml.etree.ElementTree as ET

# A skip that CI may have: it says so itself.
ALLOWED = re.compile(r"by hand|compression is not offered|has no ::1|has no network namespaces|only root can|does not declare this")


def main():
    results, failed_steps = sys.argv[1], int(sys.argv[2])
    passed = failed = 0
    skips = []
    for path in glob.glob(os.path.join(results, "*.unit")):
        text = open(path, encoding="utf-8", errors="replace").read()
        passed += len(re.findall(r"^\[       OK \]", text, re.M))
        failed += len(re.findall(r"^\[  FAILED  \] [a-zA-Z_]\w*$", text, re.M))
        skips += re.findall(r"SKIP:? .*", text)
    lint = os.path.join(results, "lint.log")
    if os.path.exists(lint):
        text = open(lint, encoding="utf-8").read()
        passed += len(re.findall(r"^ok lint", text, re.M))
        failed += len(re.findall(r"^FAIL lint", text, re.M))
    for path in glob.glob(os.path.join(results, "*.xml")):
        for case in ET.parse(path).iter("testcase"):
            skipped = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            elif skipped is not None:
                skips.append(f"SKIP {case.get('name')}: {skipped.get('message', '')}")
            else:
                passed += 1
    if failed == 0 and failed_steps > 0:
        failed = failed_steps
    for line in sorted(set(skips)):
        print(line)
    red = [s for s in skips if not ALLOWED.search(s)] if os.environ.get("HEADGATE_CI") else []
    if red:
        print(f"CI: {len(red)} skips that should have run")
    print(f"{passed} passed, {failed} failed, {len(skips)} skipped")
    return failed > 0 or bool(red) or passed == 0


sys.exit(main())
