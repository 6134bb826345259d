# SPDX-License-Identifier: Apache-2.0
"""table.py FILE ...: figures that a campaign kept, as a table."""
import json
import os
import sys


def main(paths):
    for path in paths:
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as f:
            figures = json.load(f)
        print(f"\n{figures.pop('name')}")
        for name, value in figures.items():
            if isinstance(value, dict):
                value = ", ".join(f"{k} {v}" for k, v in value.items())
            print(f"  {name:24} {value}")


main(sys.argv[1:])
