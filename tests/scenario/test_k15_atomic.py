# SPDX-License-Identifier: Apache-2.0
"""Batches that are stored whole or not at all, over several partitions, while the
gateway is killed among them. What is in the topic is read by a client that is not ours."""
import os
import random
import signal
import threading
import time
from collections import Counter

import httpx
import pytest

from support.counts import count, figures, seed
from support.events import EventStream, client, event, post_batch
from support.kafka_gateway import conf_of
from support.kafka_log import records_of
from support.wait import until

SIZE, WRITERS, KILLS, HANGS = 9, 4, max(3, count(30)), count(10)


@pytest.fixture
def atomic_gateway(make_gateway, topic):
    def make(bootstrap, name=None, main=""):
        main = f"kafka_partitions 3; kafka_transactional_id {name or topic}; atomic_batch on;\n{main}"
        return make_gateway(conf=conf_of(bootstrap, {topic: "/events"}, main))
    return make


def batch(number):
    return [event(f"{number}.{n}", subject=f"key{n}") for n in range(SIZE)]


class Writer(threading.Thread):
    """Posts one batch after the other. Every second one again until it is stored;
    the others are tried once, and answers has what was said."""

    def __init__(self, gateway, name, numbers):
        super().__init__(daemon=True)
        self.gateway, self.name, self.numbers = gateway, name, numbers
        self.answers, self.stored, self.refused = {}, set(), []
        self.is_over = threading.Event()
        self.error = None
        self.n_failed = self.n_asked = 0
        self.start()

    def has_failed(self):
        """Since it was asked last."""
        self.n_asked, before = self.n_failed, self.n_asked
        return self.n_failed > before

    def _once(self, number):
        try:
            with client(self.gateway) as http:
                return post_batch(http, batch(number))
        except httpx.TransportError:
            return None

    def _answer(self, number):
        r = self._once(number)
        if r is not None and r.status_code not in (202, 503, 504):
            self.refused.append((number, r.status_code, r.text))
        self.n_failed += r is None or r.status_code != 202
        return r.status_code if r is not None else None

    def run(self):
        try:
            for n in self.numbers:
                number = f"{self.name}{n}"
                status = self._answer(number)
                self.answers[number] = status
                while n % 2 == 0 and status != 202:
                    time.sleep(0.05)
                    status = self._answer(number)
                if status == 202:
                    self.stored.add(number)
                if self.is_over.is_set():
                    return
        except Exception as e:  # pylint: disable=broad-exception-caught
            self.error = e


def found_in(bootstrap, topic):
    """{batch: {id: how often}}, and which partitions have something."""
    batches, partitions = {}, set()
    for partition, _, e in records_of(bootstrap, topic):
        partitions.add(partition)
        batches.setdefault(e["id"].split(".")[0], Counter())[e["id"]] += 1
    return batches, partitions


def wait_for_more(writers, n):
    """Each has had so many stored that it tries again."""
    enough = {w.name: len(w.stored) + n for w in writers}
    until(lambda: all(len(w.stored) >= enough[w.name] or w.error for w in writers), "batches", 60)


def end(writers):
    for w in writers:
        w.is_over.set()
    for w in writers:
        w.join(60)
        assert not w.is_alive() and w.error is None and not w.refused, (w.error, w.refused)


def check(name, writers, found, faults):
    """Each batch is there whole and once, or not at all; those that were acknowledged are. found is
    found_in's."""
    batches, partitions = found
    assert partitions == {0, 1, 2}
    for number, ids in batches.items():
        assert len(ids) == SIZE, f"of batch {number} there is a part: {ids}"
        assert set(ids.values()) == {1}, f"batch {number} is there twice: {ids}"
    stored = set().union(*(w.stored for w in writers))
    answers = {n: a for w in writers for n, a in w.answers.items()}
    assert stored <= set(batches), stored - set(batches)
    open_ones = {n for n, a in answers.items() if a != 202 and n not in stored}
    assert not {n for n in open_ones if answers[n] == 503} & set(batches)
    figures(name, faults=faults, batches=len(answers), stored=len(stored), first_answers=dict(
        Counter(str(a) for a in answers.values())), open=len(open_ones), of_these_whole=len(
            open_ones & set(batches)))
    return answers


def test_a_batch_is_there_whole_or_not_at_all(bootstrap, topic, atomic_gateway):
    gateway = atomic_gateway(bootstrap).start()
    rng = random.Random(seed())
    writers = [Writer(gateway, name, range(1000000)) for name in "abcd"[:WRITERS]]
    for _ in range(KILLS):
        wait_for_more(writers, 2)
        time.sleep(rng.random() * 0.08)  # somewhere in a transaction
        gateway.kill_worker()
    wait_for_more(writers, 1)
    end(writers)
    answers = check("atomic-kill", writers, found_in(bootstrap, topic), KILLS)
    assert sum(a is None for a in answers.values()) >= KILLS  # it was killed among them


def test_the_same_where_the_broker_hangs(own_broker, topic, atomic_gateway):
    gateway = atomic_gateway(own_broker.bootstrap, main="kafka_property message.timeout.ms 2000;").start()
    rng = random.Random(seed())
    writers = [Writer(gateway, name, range(1000000)) for name in "abcd"[:WRITERS]]
    for _ in range(HANGS):
        wait_for_more(writers, 2)
        time.sleep(rng.random() * 0.08)
        pid = own_broker.pids()[1]
        os.kill(pid, signal.SIGSTOP)
        try:
            until(lambda: any(w.has_failed() for w in writers), "an answer that is no 202", 20)
            time.sleep(rng.random() * 2)
        finally:
            os.kill(pid, signal.SIGCONT)
    wait_for_more(writers, 2)
    end(writers)
    check("atomic-hang", writers, found_in(own_broker.bootstrap, topic), HANGS)


def test_one_event_that_is_refused_refuses_its_batch(bootstrap, topic, atomic_gateway):
    gateway = atomic_gateway(bootstrap).start()
    stream = EventStream(gateway, "/events?since=earliest")
    with client(gateway) as http:
        bad = batch("bad")
        del bad[5]["type"]
        r = post_batch(http, bad)
        assert r.status_code == 400 and r.json()["index"] == 5
        large = batch("large")
        large[7]["data"] = "x" * 1200000
        r = post_batch(http, large)
        assert r.status_code == 413 and r.json()["index"] == 7
        r = post_batch(http, batch("good"), prefer="return=representation")
        assert r.status_code == 202 and len(r.json()["events"]) == SIZE
        again = post_batch(http, batch("good"), prefer="return=representation")
        assert [e["position"] for e in again.json()["events"]] == [e["position"] for e in r.json()["events"]]
        assert all(e["duplicate"] for e in again.json()["events"])
    until(lambda: len(stream.events()) == SIZE, "the good one")
    stream.close()
    batches, _ = found_in(bootstrap, topic)
    assert set(batches) == {"good"}


def test_two_gateways_of_one_id_put_each_other_out(bootstrap, topic, atomic_gateway):
    first = atomic_gateway(bootstrap).start()
    with client(first) as http:
        assert post_batch(http, batch("a")).status_code == 202
        second = atomic_gateway(bootstrap).start()
        with client(second) as other:
            assert post_batch(other, batch("b")).status_code == 202
            r = post_batch(http, batch("c"))
            assert r.status_code == 503 and int(r.headers["retry-after"]) > 0
            assert "kafka_fenced id=" + topic in first.log()
            assert post_batch(http, [event("alone")]).status_code == 202  # takes no transaction
            assert post_batch(other, batch("c")).status_code == 202
    batches, _ = found_in(bootstrap, topic)
    assert {n: len(ids) for n, ids in batches.items()} == {"a": SIZE, "b": SIZE, "c": SIZE, "alone": 1}


def test_without_an_id_it_is_refused_with_its_place(bootstrap, topic, make_gateway):
    conf = conf_of(bootstrap, {topic: "/events"}, "atomic_batch on;")
    r = make_gateway(conf=conf).run("-t")
    assert r.returncode == 1
    assert "location: atomic_batch: event_log kafka" in r.stderr
    assert "expected kafka_transactional_id" in r.stderr
