# SPDX-License-Identifier: Apache-2.0
"""Batches that are stored whole or not at all: who publishes them, and what a client that is
not the gateway's finds of them."""
import threading
import time
from collections import Counter
from typing import NamedTuple

import httpx

from .counts import figures
from .events import client, event, post_batch
from .kafka_log import records_of
from .wait import until

SIZE = 9


def batch(number):
    return [event(f"{number}.{n}", subject=f"key{n}") for n in range(SIZE)]


class Writer(threading.Thread):
    """Posts one batch after the other. Every second one again until it is stored, or each where it
    is stubborn; the others are tried once, and answers has what was said. Its name is a letter."""

    def __init__(self, gateway, name, path="/events", is_stubborn=False, pause_s=0):
        super().__init__(daemon=True)
        self.gateway, self.name, self.path = gateway, name, path
        self.is_stubborn, self.pause_s = is_stubborn, pause_s
        self.answers, self.stored, self.refused = {}, set(), []
        self.acks, self.statuses = [], Counter()
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
                return post_batch(http, batch(number), self.path)
        except httpx.TransportError:
            return None

    def _answer(self, number):
        r = self._once(number)
        status = r.status_code if r is not None else None
        if status not in (None, 202, 503, 504):
            self.refused.append((number, status, r.text))
        self.n_failed += status != 202
        self.statuses[status] += 1
        return status

    def run(self):
        try:
            n = 0
            while not self.is_over.is_set():
                number = f"{self.name}{n}"
                status = self._answer(number)
                self.answers[number] = status
                while (self.is_stubborn or n % 2 == 0) and status != 202:
                    time.sleep(0.05)
                    status = self._answer(number)
                if status == 202:
                    self.acks.append(time.monotonic())
                    self.stored.add(number)
                n += 1
                self.is_over.wait(self.pause_s)
        except Exception as e:  # pylint: disable=broad-exception-caught
            self.error = e


def wait_for_more(writers, n):
    """Each has had so many stored that it tries again."""
    enough = {w.name: len(w.stored) + n for w in writers}
    until(lambda: all(len(w.stored) >= enough[w.name] or w.error for w in writers), "batches", 60)


def first_after(writers, instant):
    """When the last of them had its first ack after an instant; None: not all had."""
    firsts = [next((t for t in list(w.acks) if t > instant), None) for w in writers]
    return None if None in firsts else max(firsts)


def longest_without(writers):
    """Seconds in which nothing at all was acknowledged."""
    acks = sorted(t for w in writers for t in w.acks)
    return max(b - a for a, b in zip(acks, acks[1:]))


def end(writers):
    for w in writers:
        w.is_over.set()
    for w in writers:
        w.join(60)
        assert not w.is_alive() and w.error is None and not w.refused, (w.error, w.refused)


class Found(NamedTuple):
    batches: dict    # {batch: {id: how often}}
    partitions: set  # which have something
    turned: list     # ids that stand behind a later one of their writer and key


def found_in(bootstrap, topic):
    found, newest = Found({}, set(), []), {}
    for partition, _, e in records_of(bootstrap, topic):
        number, _, key = e["id"].partition(".")
        found.partitions.add(partition)
        found.batches.setdefault(number, Counter())[e["id"]] += 1
        if number[1:].isdigit():
            place, n = (partition, number[0], key), int(number[1:])
            if n < newest.get(place, 0):
                found.turned.append(e["id"])
            newest[place] = max(n, newest.get(place, 0))
    return found


def check(name, writers, found, faults, **more):
    """Each batch is there whole and once, or not at all; those that were acknowledged are; and
    each key has its writer's order. found is found_in's."""
    for number, ids in found.batches.items():
        assert len(ids) == SIZE, f"of batch {number} there is a part: {ids}"
        assert set(ids.values()) == {1}, f"batch {number} is there twice: {ids}"
    assert not found.turned, found.turned
    assert len(found.partitions) > 1, "the batches were of one partition"
    stored = set().union(*(w.stored for w in writers))
    answers = {n: a for w in writers for n, a in w.answers.items()}
    assert stored <= set(found.batches), stored - set(found.batches)
    open_ones = {n for n, a in answers.items() if a != 202 and n not in stored}
    assert not {n for n in open_ones if answers[n] == 503} & set(found.batches)
    figures(name, faults=faults, batches=len(answers), stored=len(stored), first_answers=dict(
        Counter(str(a) for a in answers.values())), open=len(open_ones), of_these_whole=len(
            open_ones & set(found.batches)), **more)
    return answers
