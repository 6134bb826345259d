# SPDX-License-Identifier: Apache-2.0
"""python3 -m support.soak MINUTES RATE: a gateway over a broker of its own at a steady rate, with
subscribers; every few seconds its memory, its descriptors and how far its subscribers are behind.
At its end every acknowledged event is in the topic, and every subscriber had it. Exit status 1
where that is not so, or where memory or descriptors grew. No history is kept, so that an hour
costs no more than a minute; ids are counted."""
import json
import os
import pathlib
import sys
import tempfile
import threading
import time

from .counts import figures
from .followers import Sse, WebSocket
from .gateway import Gateway
from .kafka import Cluster
from .kafka_gateway import conf_of
from .process import descriptors, status
from .raw import Cut, Http1, Request
from .tls import make_certificate
from .wait import until

TOPIC = "demo.soak"
EVERY_S = 5
BATCH = 20
CLIENTS = 4
GROWTH_KIB = 8 << 10  # of the last quarter over the second: an allocator's own
LAG = 20_000          # events that a subscriber may be behind at any time


class Counting:
    """In the place of a history: how many, and how many gaps."""

    def __init__(self):
        self.seen = self.gaps = 0

    def saw(self, *_):
        self.seen += 1

    def notice(self, kind, _):
        self.gaps += kind == "headgate.stream.gap"

    def open(self, *_, **__):
        pass

    cut = end = close = open


class Ids:
    """In the place of a set that would grow."""

    def add(self, _):
        pass


class Client(threading.Thread):
    """Batches at its share of the rate, each sent until it is stored."""

    def __init__(self, gateway, number, rate):
        super().__init__(daemon=True)
        self.gateway, self.number = gateway, number
        self.every_s = BATCH * CLIENTS / rate
        self.stored = self.again = self.slowest_ms = 0
        self.stopping = threading.Event()

    def run(self):
        due, conn = time.monotonic(), Http1(self.gateway)
        while not self.stopping.wait(max(0.0, due - time.monotonic())):
            due = max(due + self.every_s, time.monotonic() - 1)
            body = json.dumps([{"specversion": "1.0", "id": f"{self.number}.{self.stored + i}",
                                "source": "/soak", "type": "soak", "subject": f"{self.number}.{i % 8}",
                                "data": "x" * 900} for i in range(BATCH)]).encode()
            while not self._send(conn, body):
                self.again += 1
                conn.close()
                threading.Event().wait(0.2)
                conn = Http1(self.gateway)
            self.stored += BATCH
        conn.close()

    def _send(self, conn, body):
        began = time.monotonic()
        try:
            _, answer = next(conn.exchange([Request(
                "/events", [("content-type", "application/cloudevents-batch+json")], body)]))
        except Cut:
            return False
        self.slowest_ms = max(self.slowest_ms, round((time.monotonic() - began) * 1000))
        assert answer.status in (202, 503, 504), answer
        return answer.status == 202


class Soak:
    def __init__(self, gateway, rate):
        self.gateway = gateway
        self.clients = [Client(gateway, n, rate) for n in range(CLIENTS)]
        self.followers = []
        for n, kind in enumerate((Sse, WebSocket) * 4):
            f = kind(gateway, gateway.dir, f"f{n}")
            f.history.close()
            f.history, f.ids = Counting(), Ids()
            self.followers.append(f)
        self.samples = []

    def stored(self):
        return sum(c.stored for c in self.clients)

    def sample(self):
        """Those who are behind: what was stored before they are looked at."""
        pid, stored = self.gateway.workers()[0], self.stored()
        lag = max(stored - f.history.seen for f in self.followers)
        self.samples.append((int(status(pid, "VmRSS")[0]), descriptors(pid), max(0, lag)))
        print(f"{len(self.samples) * EVERY_S:6} s  stored {stored:10}  resident {self.samples[-1][0]:8} KiB  "
              f"descriptors {self.samples[-1][1]:4}  behind {self.samples[-1][2]:6}", flush=True)

    def run(self, seconds):
        for f in self.followers:
            f.start()
        until(lambda: all(f.opened.is_set() for f in self.followers), "streams", 30)
        for c in self.clients:
            c.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            threading.Event().wait(EVERY_S)
            self.sample()
            assert all(t.is_alive() for t in self.clients + self.followers), "one has failed"
        for c in self.clients:
            c.stopping.set()
            c.join(60)
        until(lambda: all(f.history.seen >= self.stored() for f in self.followers), "all to be delivered", 60)

    def faults(self, in_topic):
        quarter = len(self.samples) // 4
        mean = [sum(s[0] for s in part) / len(part) for part in
                (self.samples[quarter:2 * quarter], self.samples[-quarter:])]
        open_files = [s[1] for s in self.samples[quarter:]]
        figures("kafka-soak", seconds=len(self.samples) * EVERY_S, events=self.stored(), in_topic=in_topic,
                again=sum(c.again for c in self.clients), slowest_ms=max(c.slowest_ms for c in self.clients),
                resident_kib={"second quarter": round(mean[0]), "last quarter": round(mean[1])},
                descriptors={"least": min(open_files), "most": max(open_files)},
                behind=max(s[2] for s in self.samples))
        checks = {"memory grew": mean[1] > mean[0] + GROWTH_KIB,
                  "descriptors grew": open_files[-1] > open_files[0],
                  "a subscriber was far behind": max(s[2] for s in self.samples) > LAG,
                  "not all is in the topic, once": in_topic != self.stored(),
                  "a subscriber had other events": any(f.history.seen != self.stored() or f.history.gaps
                                                       for f in self.followers)}
        return [what for what, is_so in checks.items() if is_so]


def count_of(bootstrap, topic):
    """How many records it has, as an independent client says."""
    from kafka import KafkaConsumer, TopicPartition  # pylint: disable=import-outside-toplevel
    consumer = KafkaConsumer(bootstrap_servers=bootstrap.split(","))
    parts = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)]
    total = sum(consumer.end_offsets(parts).values())
    consumer.close()
    return total


def main(minutes, rate):
    with tempfile.TemporaryDirectory(prefix="soak-", dir=os.environ.get("HEADGATE_SOAK")) as directory:
        cluster = Cluster(os.path.join(directory, "kafka"))
        try:
            cluster.start(1)
            with Gateway(directory, make_certificate(pathlib.Path(directory), "localhost"),
                         conf=conf_of(cluster.bootstrap, {TOPIC: "/events"}, "kafka_partitions 3;")) as gateway:
                soak = Soak(gateway, rate)
                soak.run(minutes * 60)
                for f in soak.followers:
                    f.stop()
                found = soak.faults(count_of(cluster.bootstrap, TOPIC))
        finally:
            cluster.stop()
    print("\n".join(found) or "nothing grew, nothing is missing")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2])))
