# SPDX-License-Identifier: Apache-2.0
"""Subscribers that stop reading altogether, while events keep coming: they
cost the gateway a cursor, the others are served, and when they read again
they are given everything, in order."""
import re
import threading
import time

import pytest

from support.counts import FULL, figures, seconds, seed
from support.crowd import Crowd
from support.event_log import CLIENT_BYTES
from support.followers import Sse, WebSocket
from support.gateway import BINARY
from support.producers import BATCH
from support.wait import until

HELD_S = seconds(80)  # a WebSocket has 90 to answer pings
EVENT_BYTES = 1024
WINDOW = 4 << 20
SLACK = 3 << 20          # the heap's own habits
AT_LEAST = (64 if FULL else 12) << 20  # bytes of events while they are held
AHEAD = 4000             # events that the load may be ahead of its slowest reader
PIECE_S = 0.1


def memory(gateway):
    """RssAnon + RssShmem of master and worker, in bytes."""
    total = 0
    for pid in [gateway.process.pid, *gateway.workers()]:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            text = f.read()
        total += sum(int(kb) << 10 for kb in re.findall(r"Rss(?:Anon|Shmem):\s+(\d+) kB", text))
    return total


def is_sanitized():
    """A sanitizer keeps freed memory for a while."""
    with open(BINARY, "rb") as f:
        text = f.read()
    return b"__asan_init" in text or b"__tsan_init" in text


class Watch(threading.Thread):
    """The largest memory seen, ten times a second."""

    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.gateway, self.most = gateway, 0
        self.is_over = threading.Event()
        self.start()

    def run(self):
        while not self.is_over.wait(PIECE_S):
            self.most = max(self.most, memory(self.gateway))

    def end(self):
        self.is_over.set()
        self.join()
        return self.most


def deliver(crowd, followers, n_bytes, n_seconds):
    """Until so much was acknowledged, for at least so long, and these have
    been given nearly all of it: the load goes on while they are served. How
    many events."""
    began, before = time.monotonic(), crowd.acknowledged()

    def is_done():
        sent = (crowd.acknowledged() - before) * EVENT_BYTES
        return sent >= n_bytes and time.monotonic() - began >= n_seconds

    until(is_done, f"{n_bytes} bytes of events", 120 + 3 * n_seconds)
    sent = crowd.acknowledged()
    for f in followers:
        until(lambda f=f: len(f.ids) >= sent - 2 * AHEAD, f"{f.name} to be served", 60)
    return sent - before


@pytest.mark.long_on_kafka("it waits for a window of events to pass by, four times")
def test_who_stops_reading_costs_a_cursor_and_misses_nothing(make_gateway):
    # An index of ids that is full before anybody is held grows no more.
    gateway = make_gateway(main=f"window {WINDOW};\ndedup_window 1h max=5000;\n").start()
    with Crowd(gateway, seed(), {"demo.events": "/events"}) as crowd:
        held = [crowd.follow(Sse, receive_bytes=1 << 16),
                crowd.follow(WebSocket, receive_bytes=1 << 16)]
        served = [crowd.follow(Sse), crowd.follow(WebSocket)]
        until(lambda: all(f.opened.is_set() for f in crowd.followers), "all streams to open")

        def is_enough():  # the clients that are served are slower than the gateway
            return sum(p.acknowledged for p in crowd.producers) > AHEAD + min(
                len(f.ids) for f in served)

        crowd.produce(6, size=EVENT_BYTES, modes=[BATCH], is_enough=is_enough)
        deliver(crowd, crowd.followers, 3 * WINDOW, 0)  # the window is full, the heap warm
        watch = Watch(gateway)  # what the same load takes while everybody reads
        deliver(crowd, crowd.followers, 3 * WINDOW, 0)
        base = watch.end()

        for f in held:
            f.hold()
        until(lambda: all(f.held.is_set() for f in held), "both to hold still")
        had = [len(f.ids) for f in held]
        watch = Watch(gateway)
        began = time.monotonic()
        events = deliver(crowd, served, AT_LEAST, HELD_S)
        took = time.monotonic() - began
        grown = watch.end() - base
        assert [len(f.ids) for f in held] == had, "they did not hold still"
        assert gateway.metric('headgate_subscribers{state="catching"}') >= len(held)

        for f in held:
            f.read_on()
        report = crowd.judge(120)
        opens = [f.opens for f in held]
        figures("slow-subscriber", seconds=round(took, 1), events=events,
                MiB=round(events * EVENT_BYTES / (1 << 20)),
                **{"memory before MiB": round(base / (1 << 20), 1),
                   "memory grew MiB": round(grown / (1 << 20), 1),
                   "held streams cut": sum(opens) - len(held),
                   "lost": report.counts["lost"], "anomalies": dict(report.counts) or 0,
                   "gaps told": report.figures["gaps told"]})
        assert report.kinds == [], str(report)
        assert report.figures["gaps told"] == 0, str(report)
        assert opens == [1, 1], "a stream was cut because its client did not read"
        assert is_sanitized() or grown <= SLACK + CLIENT_BYTES, f"memory grew by {grown} bytes from {base}"
