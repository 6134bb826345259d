#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lint.py [CHECK ...]: the rules of the house that a program can check.

layers   an include goes to the same or a lower floor, gate and feed never to
         each other, modules to headgate/ alone, libraries stay in their rooms
sizes    files, functions and public headers under their limits
banned   functions that are not used here
headers  each header compiles alone; each .c includes its own header first
magic    what comes back through HG_CAST begins with its magic number
mirror   each file of a room with a .c has a test of its name
spdx     the licence line stands first
"""
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.normpath(os.path.join(os.path.dirname(__file__), "..", ".."))
FLOORS = {"base": 0, "conf": 1, "loop": 1, "event": 1, "net": 2, "proto": 3, "fetch": 3, "log": 4,
          "right": 4, "window": 5, "gate": 6, "feed": 6, "edge": 7, "module": 8, "ctl": 8,
          "server": 9}
# A library's headers and the rooms (or modules) that may include them.
LIBRARIES = {r"event2/": ("loop",), r"openssl/ssl\.h": ("net",), r"nghttp2/": ("proto",),
             r"curl/": ("fetch",), r"lmdb\.h": ("modules/log_embedded",),
             r"librdkafka/": ("modules/log_kafka",)}
BANNED = ("strcpy", "strcat", "sprintf", "vsprintf", "atoi", "atol", "alloca", "gets", "strtok")
FILE_MAX, FUNCTION_MAX, PUBLIC_MAX, API_MAX = 600, 60, 150, 100
# path[:function] -> why it may stand.
EXCEPTIONS = {
    # The public limit alone: a driver's records, calls and way up are one contract, read together.
    "src/include/headgate/log.h": "one contract",
}

faults = []


def fault(path, line, text):
    faults.append(f"{path}:{line}: {text}")


def listed(*tops):
    """What git knows or could; of a tarball, all that is there."""
    if os.path.exists(os.path.join(TOP, ".git")):
        return subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *tops], cwd=TOP,
                              capture_output=True, text=True, check=True).stdout.split()
    return [os.path.relpath(os.path.join(d, name), TOP) for top in tops
            for d, _, names in os.walk(os.path.join(TOP, top)) for name in names]


def files(ending, *tops):
    return [f for f in sorted(set(listed(*tops)))
            if f.endswith(ending) and os.path.exists(os.path.join(TOP, f))]


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def room_of(path):
    parts = path.split("/")
    if parts[0] == "modules":
        return "/".join(parts[:2])
    return parts[1] if parts[0] == "src" else ""


def includes(path):
    for number, line in enumerate(read(path).split("\n"), 1):
        m = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if m:
            yield number, m.group(2), m.group(1) == '"'


def check_layers():
    for path in files((".c", ".h"), "src", "modules"):
        room = room_of(path)
        public = path.startswith("src/include/")
        for number, name, quoted in includes(path):
            for pattern, rooms in LIBRARIES.items():
                if re.match(pattern, name) and room not in rooms:
                    fault(path, number, f"{name} belongs to {', '.join(rooms)}")
            if not quoted or name.startswith("headgate/"):
                continue
            target = name.split("/")[0]
            if public or room.startswith("modules/"):
                if room.startswith("modules/") and "/" not in name:
                    continue  # the module's own header beside it
                if room.startswith("modules/") and name.startswith(room.split("/")[1] + "/"):
                    continue
                fault(path, number, f"{name}: only headgate/ may be included here")
            elif path == "src/main.c":
                continue
            elif target not in FLOORS:
                fault(path, number, f"{name} names no room")
            elif FLOORS[target] > FLOORS[room] or (
                    FLOORS[target] == FLOORS[room] and {target, room} == {"gate", "feed"}):
                fault(path, number, f"{name}: {room} may not call {target}")


def functions(text):
    """(name, first line, lines) of each function, by the layout of the house."""
    lines = text.split("\n")
    start = None
    for i, line in enumerate(lines):
        if start is None and re.match(r"^[a-zA-Z].*[^;,=]\s*\{$|^[a-zA-Z].*\)\s*\{$", line) and \
                not re.match(r"^(struct|enum|union|typedef|static const|const|extern)\b[^()]*\{$", line):
            start = i
        elif start is not None and line == "}":
            head = " ".join(lines[max(0, start - 3):start + 1])
            names = re.findall(r"(\w+)\s*\(", head)
            yield (names[-1] if names else "?"), start + 1, i - start + 1
            start = None


def check_sizes():
    sizes = []
    for path in files((".c", ".h"), "src", "modules", "tests", "bench"):
        text = read(path)
        n = text.count("\n")
        sizes.append((n, path))
        if n > FILE_MAX and path not in EXCEPTIONS:
            fault(path, n, f"{n} lines; the limit is {FILE_MAX}")
        if path.startswith("src/include/headgate/") and n > PUBLIC_MAX and path not in EXCEPTIONS:
            fault(path, n, f"{n} lines; a public header has at most {PUBLIC_MAX}")
        if path.endswith(".c") and not path.startswith("tests/"):
            for name, line, length in functions(text):
                if length > FUNCTION_MAX and f"{path}:{name}" not in EXCEPTIONS:
                    fault(path, line, f"{name} has {length} lines; the limit is {FUNCTION_MAX}")
    api = sum(len(re.findall(r"^HG_API (?!extern)", read(p), re.M))
              for p in files(".h", "src/include/headgate"))
    if api > API_MAX:
        fault("src/include/headgate", 0, f"{api} exported functions; the limit is {API_MAX}")
    print("biggest files:", ", ".join(f"{p} {n}" for n, p in sorted(sizes, reverse=True)[:10]))
    print(f"exported functions: {api} of {API_MAX}")


def strip(text):
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    return re.sub(r'"(\\.|[^"\\])*"', '""', text)


def check_banned():
    pattern = re.compile(r"\b(" + "|".join(BANNED) + r")\s*\(")
    for path in files((".c", ".h"), "src", "modules", "tests", "bench"):
        text = strip(read(path))
        for number, line in enumerate(text.split("\n"), 1):
            m = pattern.search(line)
            if m:
                fault(path, number, f"{m.group(1)} is not used here")
            if re.match(r"\s*#\s*(if|elif|ifdef)\b", line) and path.startswith("src/") and \
                    not path.startswith("src/base/compat/"):
                fault(path, number, "#if belongs to base/compat")


def check_headers():
    flags = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-fsyntax-only", "-Isrc",
             "-Isrc/include", "-x", "c"]
    with tempfile.NamedTemporaryFile("w", suffix=".c") as tmp:
        for path in files(".h", "src"):
            name = re.sub(r"^src/(include/)?", "", path)
            tmp.seek(0)
            tmp.truncate()
            tmp.write(f'#include "{name}"\nint unused_{abs(hash(path))};\n')
            tmp.flush()
            r = subprocess.run([os.environ.get("CC", "cc"), *flags, tmp.name], cwd=TOP,
                               capture_output=True, text=True, check=False)
            if r.returncode != 0:
                fault(path, 1, "does not compile alone: " + r.stderr.strip().split("\n")[0])
    for path in files(".c", "src"):
        own = path[4:-2] + ".h"
        if os.path.exists(os.path.join(TOP, "src", own)):
            first = next(includes(path), (1, "", True))
            if first[1] not in (own, "headgate/" + os.path.basename(own)):
                fault(path, first[0], f"includes {own} not first")


def check_mirror():
    tests = {(t.split("/")[2] if t.startswith("tests/unit/") else "modules", os.path.basename(t))
             for t in files(".c", "tests/unit", "tests/modules")}
    for path in files(".c", "src", "modules"):
        name = os.path.basename(path)
        if path == "src/main.c" or path in EXCEPTIONS:
            continue
        room = path.split("/")[1] if path.startswith("src/") else "modules"
        if (room, f"test_{name}") not in tests:
            fault(path, 1, f"has no test_{name} in tests/unit/{room} or tests/modules")


def check_magic():
    """HG_CAST reads the number before it knows what it reads: it stands first."""
    sources = {path: strip(read(path)) for path in files((".c", ".h"), "src", "modules")}
    first = {}
    for text in sources.values():
        for m in re.finditer(r"^struct (\w+) \{\s*([^;{}]*;)", text, re.M):
            first.setdefault(m.group(1), set()).add(" ".join(m.group(2).split()))

    def begins(name):
        return any(m == "uint32_t magic;" or
                   (m.startswith("struct ") and "*" not in m and begins(m.split()[1]))
                   for m in first.get(name, ()))

    for path, text in sources.items():
        for m in re.finditer(r"\bHG_CAST\(struct (\w+),", text):
            if not begins(m.group(1)):
                fault(path, text[:m.start()].count("\n") + 1,
                      f"struct {m.group(1)} does not begin with uint32_t magic")


def check_spdx():
    for path in files((".c", ".h", ".py", ".sh"), "src", "modules", "tests", "bench", "scripts"):
        head = read(path).split("\n")[:2]
        if not any("SPDX-License-Identifier: Apache-2.0" in h for h in head) and read(path).strip():
            fault(path, 1, "has no licence line")


CHECKS = {"layers": check_layers, "sizes": check_sizes, "banned": check_banned,
          "headers": check_headers, "magic": check_magic, "mirror": check_mirror, "spdx": check_spdx}


def main():
    names = sys.argv[1:] or list(CHECKS)
    failed = passed = 0
    for name in names:
        before = len(faults)
        CHECKS[name]()
        if len(faults) > before:
            failed += 1
            print("\n".join(faults[before:]))
            print(f"FAIL lint {name}")
        else:
            passed += 1
            print(f"ok lint {name}")
    print(f"lint: {passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
