# SPDX-License-Identifier: Apache-2.0
"""What the system knows of a process."""
import os

from .wait import until


def descriptors(pid):
    """How many descriptors it has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def settled(*pids, times=30):
    """The same of each process, once the number has stopped changing: a
    connection of ours that was closed takes a moment."""
    seen = []

    def is_still():
        seen.append([descriptors(pid) for pid in pids])
        return len(seen) >= times and all(s == seen[-1] for s in seen[-times:])

    until(is_still, "a steady number of descriptors")
    return seen[-1]


def is_alive(pid):
    """Is there such a process, and not merely its name?"""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def status(pid, field):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        for line in f:
            if line.startswith(field + ":"):
                return line.split(":", 1)[1].split()
    return None
