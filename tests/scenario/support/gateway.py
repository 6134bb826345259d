# SPDX-License-Identifier: Apache-2.0
"""A real gateway process in a directory of its own."""
import os
import random
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from .event_log import Place
from .wait import until

BINARY = os.environ.get("HEADGATE_BINARY", "")
MODULES = os.environ.get("HEADGATE_MODULES", "")

BASE = """
worker_threads {threads};
pid            gateway.pid;
error_log      stderr info;
admin          127.0.0.1:{admin};
load_module    log_embedded;
load_module    source_cloudevents;
load_module    sink_sse;
load_module    sink_ws;
load_module    sink_pull;
event_log      embedded events;
role anonymous {{ publish demo.**; subscribe demo.**; }}
"""

SERVER = """
server {{
    listen 127.0.0.1:{tls} ssl;
    listen 127.0.0.1:{plain};
    ssl_certificate {crt};  ssl_certificate_key {key};
    authenticate none;
    {server}
    location = /events {{ accept cloudevents; publish demo.events; stream demo.events; {events} }}
    {locations}
}}
"""


GIVEN = set()


def free_port():
    """A port that nobody listens on just now, that was not given before, and that
    no client is given: those of the kernel's own choice begin at 32768, and a
    gateway that is started again needs its port back. Each of several runners
    draws from its own share."""
    runner = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    runners = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        port = random.SystemRandom().randrange(10000 + runner, 32768, runners)
        if port in GIVEN:
            continue
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        GIVEN.add(port)
        return port


class Gateway:
    """Writes a conf, starts, waits until ready. Use as a context manager."""

    def __init__(self, directory, certificate, *, threads=2, main="", server="", locations="",
                 events="", conf=None):
        self.dir = str(directory)
        self.crt, self.key = certificate
        self.tls, self.plain, self.admin = free_port(), free_port(), free_port()
        self.values = {"tls": self.tls, "plain": self.plain, "admin": self.admin,
                       "crt": self.crt, "key": self.key, "threads": threads, "dir": self.dir}
        self.place = Place(self.dir)
        self.process = None
        self.log_path = os.path.join(self.dir, "gateway.log")
        self.conf_path = os.path.join(self.dir, "gateway.conf")
        if conf is None:
            conf = (BASE.format(**self.values) + main +
                    SERVER.format(**self.values, server=server, locations=locations,
                                  events=events))
        else:
            conf = conf.format(**self.values)
        self.write_conf(conf)

    def write_conf(self, text):
        self.conf = text
        with open(self.conf_path, "w", encoding="utf-8") as f:
            f.write(self.place.conf(text))

    @property
    def url(self):
        return f"https://127.0.0.1:{self.tls}"

    @property
    def plain_url(self):
        return f"http://127.0.0.1:{self.plain}"

    def command(self, *args):
        return [BINARY, "-c", self.conf_path, "-m", MODULES, *args]

    def run(self, *args, timeout=60):
        """The gateway's command line, to its end."""
        return subprocess.run(self.command(*args), cwd=self.dir, text=True, capture_output=True,
                              timeout=timeout, check=False)

    def start(self, wait=True):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.command(), cwd=self.dir, stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log)
        log.close()
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, deadline_s=30):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the gateway ended: {self.log()}")
            return self.admin_get("/readyz")[0] == 200
        until(ready, "readiness", deadline_s)

    def admin_get(self, path):
        """(status, text) from the admin listener; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=5) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()
        except OSError:
            return 0, ""

    def metric(self, name):
        """The sum of a metric's samples; labels may be given: name{a="b"}."""
        total, found = 0.0, False
        for line in self.admin_get("/metrics")[1].splitlines():
            if line.startswith(name) and line[len(name):len(name) + 1] in (" ", "{"):
                total += float(line.rsplit(" ", 1)[1])
                found = True
        return total if found else None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def workers(self):
        """Process ids of the master's children."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as f:
            return [int(p) for p in f.read().split()]

    def kill_worker(self):
        for pid in self.workers():
            os.kill(pid, signal.SIGKILL)
            until(lambda: pid not in self.workers(), "the killed worker to be reaped")

    def stop(self, signo=signal.SIGTERM, deadline_s=40):
        """Ends it; the exit status. A sanitizer's report fails the test."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signo)
            try:
                self.process.wait(deadline_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the gateway did not end: {self.log()[-2000:]}") from None
        status, self.process = self.process.returncode, None
        report = re.search(r"(AddressSanitizer|LeakSanitizer|runtime error|ThreadSanitizer).*",
                           self.log())
        assert report is None, self.log()[-6000:]
        return status

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()
