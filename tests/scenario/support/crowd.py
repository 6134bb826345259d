# SPDX-License-Identifier: Apache-2.0
"""A crowd of producers and subscribers around one gateway, their histories,
and the verdict over them."""
import os
import shutil
import tempfile

from .checker import check_directory
from .followers import Pull, Sse, WebSocket, dump
from .history import History
from .producers import BATCH, BINARY, STRUCTURED, Maker, Producer
from .wait import until

TOPICS = {"demo.events": "/events", "demo.orders": "/orders"}
MAIN = "topic demo.events { key subject; }\ntopic demo.orders { key source; }\n"
LOCATIONS = """
    location = /orders { accept cloudevents; publish demo.orders; stream demo.orders; }
    location = /all { stream demo.*; }
"""
MODES = (STRUCTURED, BINARY, BATCH)


class Crowd:
    """A context manager: whoever is still at work at its end is stopped."""

    def __init__(self, gateway, seed, topics=None):
        self.gateway, self.seed, self.topics = gateway, seed, topics or TOPICS
        self.directory = tempfile.mkdtemp(prefix="history-", dir=gateway.dir)
        self.producers, self.followers = [], []
        self.nemesis = History(self.directory, "nemesis")

    def produce(self, n, *, size=0, modes=MODES, **options):
        """n producers more: each third one to the last topic, in all modes."""
        for _ in range(n):
            i = len(self.producers)
            topic = list(self.topics)[-1 if i % 3 == 2 else 0]
            maker = Maker(f"p{i}", topic, self.topics[topic], modes[i // 2 % len(modes)], self.seed, size)
            self.producers.append(Producer(self.gateway, self.directory, maker,
                                           seed=self.seed, **options))
            self.producers[-1].start()

    def follow(self, kind, **options):
        name = f"{kind.scheme}{len(self.followers)}"
        self.followers.append(kind(self.gateway, self.directory, name, **options))
        self.followers[-1].start()
        return self.followers[-1]

    def follow_all_ways(self):
        """Each sink, one topic and both, from the earliest and the latest on."""
        both = {"path": "/all", "topics": list(TOPICS)}
        self.follow(Sse)
        self.follow(WebSocket, start="latest")
        self.follow(Sse, start="latest", **both)
        self.follow(WebSocket, **both)
        self.follow(Pull, path="/orders", topics=["demo.orders"])
        self.follow(Sse, only={"subject": "p0-1"})
        self.follow(WebSocket, only={"type": "com.example.*", "source": "/p1"}, tls=False)
        until(lambda: all(f.opened.is_set() for f in self.followers), "all streams to open", 30)

    def acknowledged(self):
        self.healthy()
        return sum(p.acknowledged for p in self.producers)

    def healthy(self):
        for c in [*self.producers, *self.followers]:
            if c.error is not None:
                raise AssertionError(f"{c.name} failed") from c.error

    def finish_producing(self, deadline_s=60):
        for p in self.producers:
            p.stop()
        for p in self.producers:
            p.join(deadline_s)
            assert not p.is_alive(), f"{p.name} gets no answer for what it sent"
        self.healthy()

    def judge(self, deadline_s=60):
        """Stops the load, reads the log, lets all subscribers come to its end;
        the checker's report. What they have not got by then, they never do."""
        self.finish_producing()
        history = History(self.directory, "dump")
        last = dump(self.gateway, history, self.topics)
        history.close()
        for f in self.followers:
            wanted = [] if f.only else [last[t] for t in f.topics if t in last]
            try:
                until(lambda f=f, w=wanted: f.error or all(i in f.ids for i in w), "", deadline_s)
            except AssertionError:
                pass  # the checker says what is missing
            f.end()
        self.healthy()
        self.nemesis.close()
        return check_directory(self.directory)

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        for c in [*self.producers, *self.followers]:
            c.stop()
        for c in [*self.producers, *self.followers]:
            c.join(10)
        keep = os.environ.get("HEADGATE_KEEP")
        if kind is None and not keep:
            shutil.rmtree(self.directory, ignore_errors=True)
