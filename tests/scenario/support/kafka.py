# SPDX-License-Identifier: Apache-2.0
"""A cluster of real Kafka brokers in a directory of its own, by scripts/kafka."""
import os
import random
import re
import shutil
import socket
import subprocess
import tempfile

import pytest

from .clients import run

TOP = os.environ.get("HEADGATE_TOP", os.path.abspath(os.path.join(os.path.dirname(__file__), "../../..")))
SCRIPT = os.path.join(TOP, "scripts/kafka")
OFFSETS = [p + i for p in (0, 10, 20, 30, 40, 100) for i in (1, 2, 3)]


def free_base():
    """A KAFKA_PORT of which no port is taken; each of several runners has its own share."""
    runner = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    runners = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        base = 10000 + 200 * random.SystemRandom().randrange(runner, 110, runners)
        with socket.socket() as s:
            if all(s.connect_ex(("127.0.0.1", base + o)) for o in OFFSETS[:3] + OFFSETS[-3:]):
                return base


def need_kafka():
    """Fetches the brokers, where they are not there; skips the test where that cannot be. The
    folder of their jars."""
    if not shutil.which("java"):
        pytest.skip("SKIP: java is not installed; scripts/install-packages kafka does it")
    if os.environ.get("KAFKA_HOME"):
        return os.path.join(os.environ["KAFKA_HOME"], "libs")
    r = subprocess.run([os.path.join(TOP, "scripts/kafka.d/install"), os.path.join(TOP, "out/kafka")],
                       capture_output=True, text=True, timeout=600, check=False)
    if r.returncode:
        pytest.skip(f"SKIP: Kafka could not be fetched: {r.stderr.strip()[-300:]}")
    return r.stdout.strip()


def kafka_tool(name, *args, **options):
    """One of Kafka's own tools, by its class in org.apache.kafka.tools; what it printed."""
    r = run("java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", need_kafka() + "/*",
            "org.apache.kafka.tools." + name, *args, **options)
    assert r.returncode == 0, r.stderr
    return r.stdout


class Cluster:
    """One or three brokers. Settings are those of scripts/kafka, without KAFKA_ before them. With a
    namespace (namespace.py) they live there."""

    def __init__(self, directory, namespace=None, **settings):
        self.dir = str(directory)
        self.namespace, self.prefix = namespace, namespace.prefix if namespace else []
        if namespace:
            settings["host"] = namespace.address
        self.port = free_base()
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("KAFKA_") or k == "KAFKA_HOME"}
        self.env.update(KAFKA_DIR=self.dir, KAFKA_PORT=str(self.port), KAFKA_WAIT="120",
                        KAFKA_OPTS="-XX:TieredStopAtLevel=1")  # most tests are shorter than what more would save
        self.env.update({"KAFKA_" + k.upper(): str(v) for k, v in settings.items()})

    def run(self, *args, timeout=300):
        # What is printed goes through a file: nobody waits for a broker to close it. Each call has its own:
        # a test's threads ask at the same time.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
            r = subprocess.run([*self.prefix, SCRIPT, *map(str, args)], env=self.env, stdout=out, stderr=subprocess.STDOUT,
                               stdin=subprocess.DEVNULL, timeout=timeout, check=False)
            out.seek(0)
            return r.returncode, out.read()

    def do(self, *args):
        status, text = self.run(*args)
        assert status == 0, text
        return text

    def start(self, brokers=1):
        need_kafka()
        self.do("start", brokers)
        return self

    def stop(self):
        if os.path.isdir(self.dir):
            self.do("stop")

    @property
    def bootstrap(self):
        return re.search(r"^bootstrap (\S+)", self.run("status")[1], re.M).group(1)

    @property
    def controller(self):
        """The node that leads the controllers, or None."""
        found = re.search(r"controller (\d)", self.run("status")[1])
        return int(found.group(1)) if found else None

    def pids(self):
        """Broker to process id, of those that run."""
        return {int(n): int(p) for n, p in re.findall(r"^broker (\d) pid (\d+)", self.run("status")[1], re.M)}

    def listener(self, kind):
        """Bootstrap addresses of a secure listener: tls, mtls, sasl, sasltls."""
        base = self.port + 10 * (1 + ["tls", "mtls", "sasl", "sasltls"].index(kind))
        count = len(self.bootstrap.split(","))
        return ",".join(f"127.0.0.1:{base + i}" for i in range(1, count + 1))

    def secret(self, name):
        return os.path.join(self.dir, "secure", name)

    def text_of(self, name):
        """What stands in a file of the secure listeners: "password" is the user "gateway"'s."""
        with open(self.secret(name), encoding="utf-8") as f:
            return f.read().strip()
