# SPDX-License-Identifier: Apache-2.0
"""The crowd of a campaign over Kafka: producers at a steady pace that wait as
long as they are told to, subscribers that are cut now and then and resume, and
a log that a client reads which is not the gateway's."""
import threading
import time
from collections import Counter

from . import kafka_log
from .checker import check_directory
from .crowd import MODES, Crowd
from .followers import Sse, WebSocket
from .history import History
from .position import decode
from .producers import Maker, Producer, outcome_of
from .raw import Http1, Http2
from .wait import until

PACE_S = 0.2         # between the rounds of a producer
PATIENCE_S = 0.5     # of a producer that is told to wait for longer
COME_BACK_S = (1, 60)  # what a Retry-After may say


class KafkaMaker(Maker):
    """Says what JSON data is, which in a topic cannot be left open."""

    @staticmethod
    def _text(attributes, data):
        return Maker._text({"datacontenttype": "application/json", **attributes}, data)


class Acks:
    """When each partition of each topic last acknowledged anything, and the longest that
    nothing at all was. Many threads write."""

    def __init__(self):
        self.lock = threading.Lock()
        self.since = {}  # (topic, partition): [instants]
        self.last = time.monotonic()
        self.longest = 0.0

    def note(self, topic, positions):
        now = time.monotonic()
        places = {(topic, decode(p).partition[2]) for p in positions if p}
        with self.lock:
            self.longest = max(self.longest, now - self.last)
            self.last = now
            for place in places:
                self.since.setdefault(place, []).append(now)

    def places(self):
        with self.lock:
            return set(self.since)

    def first_after(self, instant, places):
        """When the last of these places had its first ack after an instant; None: not all had."""
        with self.lock:
            firsts = [next((t for t in self.since[p] if t > instant), None) for p in places]
        return None if None in firsts else max(firsts)


class KafkaProducer(Producer):
    def __init__(self, *args, acks, **options):
        self.acks = acks
        self.told_to_wait = 0
        self.is_to_wait = False
        self.next_round = time.monotonic()
        super().__init__(*args, **options)

    def _round(self, conn):
        self.stopping.wait(max(0.0, self.next_round - time.monotonic()))
        self.next_round = max(self.next_round + PACE_S, time.monotonic())
        super()._round(conn)
        if self.is_to_wait:
            self.is_to_wait = False
            threading.Event().wait(PATIENCE_S)

    def _on_answer(self, number, op, answer):
        if answer.status == 503:
            after = int(answer.fields["retry-after"])
            assert COME_BACK_S[0] <= after <= COME_BACK_S[1], answer
            self.told_to_wait += 1
            self.is_to_wait = True
        super()._on_answer(number, op, answer)

    def _told(self, op, answer):
        told = super()._told(op, answer)
        if outcome_of(answer.status) == "ok":
            self.acks.note(self.maker.topic, [t["position"] for t in told])
        return told


class KafkaCrowd(Crowd):
    """topics: {topic: path}, as in Crowd."""

    def __init__(self, gateway, bootstrap, seed, topics, name, may_copy=False):
        super().__init__(gateway, seed, topics)
        self.bootstrap, self.name, self.may_copy = bootstrap, name, may_copy
        self.acks = Acks()

    def produce(self, n, *, size=0, modes=MODES, **options):
        for _ in range(n):
            i = len(self.producers)
            topic = list(self.topics)[-1 if i % 3 == 2 else 0]
            maker = KafkaMaker(f"{self.name}p{i}", topic, self.topics[topic], modes[i // 2 % len(modes)],
                               self.seed, size)
            self.producers.append(KafkaProducer(self.gateway, self.directory, maker, seed=self.seed,
                                                acks=self.acks, kind=Http2 if i % 2 else Http1,
                                                **options))
            self.producers[-1].start()

    def follow_some(self):
        for i, kind in enumerate((Sse, WebSocket, Sse, WebSocket)):
            topic = list(self.topics)[i // 2 % len(self.topics)]
            self.follow(kind, path=self.topics[topic], topics=[topic],
                        start="latest" if i == 3 else "earliest")
        until(lambda: all(f.opened.is_set() for f in self.followers), "all streams to open", 30)

    def cut_followers(self):
        for f in self.followers:
            f.interrupt()

    def statuses(self):
        total = Counter()
        for p in self.producers:
            total.update(p.statuses)
        return total

    def judge(self, deadline_s=60):
        self.finish_producing(90)
        history = History(self.directory, "dump")
        last = kafka_log.dump(self.bootstrap, self.gateway, history, self.topics)
        history.close()
        for f in self.followers:
            wanted = {i for t in f.topics for i in last[t]}
            try:
                until(lambda f=f, w=wanted: f.error or w <= f.ids, "", deadline_s)
            except AssertionError:
                pass  # the checker says what is missing
            f.end()
        self.healthy()
        self.nemesis.close()
        return check_directory(self.directory, may_copy=self.may_copy)
