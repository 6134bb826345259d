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

from .wait import until


def run(*args):
    return subprocess.run(list(map(str, args)), check=True, capture_output=True, text=True)


class Unavailable(Exception):
    """Why there are no namespaces here."""


class Namespace:
    """Use as a context manager. A process that sleeps holds it: nothing has to be mounted."""

    def __init__(self):
        number = random.SystemRandom().randrange(16384)
        self.near, self.far = f"hg{number}a", f"hg{number}b"
        net = f"10.{200 + number // 4096}.{number // 64 % 64}"
        self.outside = f"{net}.{number % 64 * 4 + 1}"
        self.address = f"{net}.{number % 64 * 4 + 2}"
        self.holes = set()
        self.keeper = None

    def __enter__(self):
        if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "unshare", "nsenter"))):
            raise Unavailable("they take root, iproute2 and util-linux")
        self.keeper = subprocess.Popen(["unshare", "--net", "sleep", "infinity"],
                                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(self._is_apart, "a namespace", 20)
            self._lay()
        except subprocess.CalledProcessError as e:
            self.close()
            raise Unavailable(e.stderr.strip()) from e
        except BaseException:
            self.close()
            raise
        return self

    def _is_apart(self):
        if self.keeper.poll() is not None:
            raise Unavailable(f"unshare ended with {self.keeper.returncode}")
        return os.readlink(f"/proc/{self.keeper.pid}/ns/net") != os.readlink("/proc/self/ns/net")

    def _lay(self):
        self._ip("link", "set", "lo", "up")
        run("ip", "link", "add", self.near, "type", "veth", "peer", "name", self.far, "netns", self.keeper.pid)
        run("ip", "addr", "add", self.outside + "/30", "dev", self.near)
        run("ip", "link", "set", self.near, "up")
        self._ip("addr", "add", self.address + "/30", "dev", self.far)
        self._ip("link", "set", self.far, "up")
        self._ip("rule", "add", "pref", 100, "lookup", "local")
        self._ip("rule", "del", "pref", 0)
        run(*self.prefix, "sysctl", "-qw", "net.ipv4.tcp_early_demux=0")

    @property
    def prefix(self):
        """Before a command that is to run inside."""
        return ["nsenter", f"--net=/proc/{self.keeper.pid}/ns/net"]

    def _ip(self, *args):
        run(*self.prefix, "ip", *args)

    def _rules(self, port):
        yield "iif", self.far, "ipproto", 6, "dport", port, "blackhole"
        yield "to", self.outside, "ipproto", 6, "sport", port, "blackhole"

    def cut(self, port):
        """From now on nothing passes to or from this port inside."""
        self.holes.add(port)
        for rule in self._rules(port):
            self._ip("rule", "add", "pref", 10, *rule)

    def mend(self, port):
        self.holes.discard(port)
        for rule in self._rules(port):
            self._ip("rule", "del", "pref", 10, *rule)

    def close(self):
        """With its last process it goes, and the wires with it."""
        self.keeper.kill()
        self.keeper.wait()

    def __exit__(self, *exc):
        self.close()
