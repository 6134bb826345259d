# SPDX-License-Identifier: Apache-2.0
"""A network namespace at the end of a pair of virtual wires, in which brokers
live while the gateway and the tests stay outside; so that the way between the
two can be cut for one broker while the brokers still reach each other.

A cut is a hole that says nothing: rules of routing drop what goes to and what
comes from one port. Rules are looked at before the table of local addresses
only where that table is moved behind them, and a connection that stands skips
them unless early demultiplexing is off."""
import os
import random
import shutil
import subprocess

import pytest

TRIES = 20  # names that may be taken


def ip(*args, check=True):
    return subprocess.run(["ip", *map(str, args)], check=check, capture_output=True, text=True)


class Namespace:
    """Use as a context manager."""

    def __init__(self):
        self.holes = set()
        self._name()

    def _name(self):
        number = random.SystemRandom().randrange(16384)
        self.name = f"hg{number}"
        self.near, self.far = self.name + "a", self.name + "b"
        net = f"10.{200 + number // 4096}.{number // 64 % 64}"
        self.outside = f"{net}.{number % 64 * 4 + 1}"
        self.address = f"{net}.{number % 64 * 4 + 2}"

    def __enter__(self):
        if not shutil.which("ip") or os.geteuid() != 0:
            pytest.skip("SKIP: a network namespace takes root and iproute2")
        for _ in range(TRIES):
            made = ip("netns", "add", self.name, check=False)
            if made.returncode == 0:
                break
            self._name()
        else:
            pytest.skip(f"SKIP: no network namespaces here: {made.stderr.strip()}")
        try:
            self._lay()
        except subprocess.CalledProcessError as e:
            self.close()
            pytest.skip(f"SKIP: no virtual wires here: {e.stderr.strip()}")
        return self

    def _lay(self):
        ip("-n", self.name, "link", "set", "lo", "up")
        ip("link", "add", self.near, "type", "veth", "peer", "name", self.far, "netns", self.name)
        ip("addr", "add", self.outside + "/30", "dev", self.near)
        ip("link", "set", self.near, "up")
        ip("-n", self.name, "addr", "add", self.address + "/30", "dev", self.far)
        ip("-n", self.name, "link", "set", self.far, "up")
        ip("-n", self.name, "rule", "add", "pref", 100, "lookup", "local")
        ip("-n", self.name, "rule", "del", "pref", 0)
        subprocess.run([*self.prefix, "sysctl", "-qw", "net.ipv4.tcp_early_demux=0"], check=True,
                       capture_output=True, text=True)

    @property
    def prefix(self):
        """Before a command that is to run inside."""
        return ["ip", "netns", "exec", self.name]

    def _rules(self, port):
        yield "iif", self.far, "ipproto", "tcp", "dport", port, "blackhole"
        yield "to", self.outside, "ipproto", "tcp", "sport", port, "blackhole"

    def cut(self, port):
        """From now on nothing passes to or from this port inside."""
        self.holes.add(port)
        for rule in self._rules(port):
            ip("-n", self.name, "rule", "add", "pref", 10, *rule)

    def mend(self, port):
        self.holes.discard(port)
        for rule in self._rules(port):
            ip("-n", self.name, "rule", "del", "pref", 10, *rule)

    def close(self):
        ip("netns", "del", self.name, check=False)
        ip("link", "del", self.near, check=False)

    def __exit__(self, *exc):
        self.close()
