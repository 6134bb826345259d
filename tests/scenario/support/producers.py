# SPDX-License-Identifier: Apache-2.0
"""Producers of a campaign. Each keeps one connection with several requests
under way, and writes down what it sent and what it was told. What was not
answered is sent again unchanged, first and in order, on the next connection;
now and then it is given up for good. In between come requests that must be
refused, so that the checker can see that they left nothing behind."""
import base64
import json
import random
import threading
from collections import deque
from typing import NamedTuple

from .history import History, digest, parse
from .raw import Cut, Http1, Request

STRUCTURED, BINARY, BATCH = "structured", "binary", "batch"
BATCH_EVENTS = 12
GIVE_UP = 0.1   # of what was left without an answer
BAD_EVERY = 60  # events


class Op(NamedTuple):
    request: Request
    events: list      # as the history names them
    may_repeat: bool  # not for what must be refused


class Maker:
    """A producer's events, one after the other, from its seed."""

    def __init__(self, client, topic, path, mode, seed, size=0):
        self.client, self.topic, self.path, self.mode = client, topic, path, mode
        self.random = random.Random(f"{seed}/{client}")
        self.size = size
        self.made = 0
        self.taken = None  # an id that stands in the log

    def _event(self):
        n = self.made
        self.made += 1
        pad = "".join(self.random.choices("abcdefgh €\\\"\n", k=self.random.randrange(200)))
        pad += "x" * self.size
        data = (f'{{"n":{n},"price":{n}.50,"big":1e{n % 300},"pad":{json.dumps(pad)},'
                f'"none":null}}')
        return {"specversion": "1.0", "id": f"{self.client}.{n}", "source": "/" + self.client,
                "type": f"com.example.{n % 3}", "subject": f"{self.client}-{n % 4}",
                "time": "2026-03-01T12:00:00Z"}, data

    @staticmethod
    def _text(attributes, data):
        return json.dumps(attributes)[:-1] + ',"data":' + data + "}"

    def _named(self, text):
        e = parse(text)
        return {"source": e["source"], "id": e["id"], "digest": digest(e)}

    def next(self):
        if self.made % BAD_EVERY == BAD_EVERY - 1:
            return self._bad()
        if self.mode == BATCH:
            texts = [self._text(*self._event()) for _ in range(BATCH_EVENTS)]
            return self._op("application/cloudevents-batch+json", "[" + ",".join(texts) + "]",
                            [self._named(t) for t in texts])
        attributes, data = self._event()
        if self.mode == BINARY:
            return self._binary(attributes, data)
        text = self._text(attributes, data)
        return self._op("application/cloudevents+json", text, [self._named(text)])

    def _op(self, media_type, text, named, may_repeat=True):
        return Op(Request(self.path, [("content-type", media_type),
                                      ("prefer", "return=representation")], text.encode()),
                  named, may_repeat)

    def _binary(self, attributes, data):
        """By turns JSON and bytes that are no text."""
        fields = [("ce-" + name, value) for name, value in attributes.items()]
        if self.made % 2:
            body, kind = data.encode(), "application/json"
            seen = self._text({**attributes, "datacontenttype": kind}, data)
        else:
            body, kind = self.random.randbytes(150), "application/octet-stream"
            seen = json.dumps({**attributes, "datacontenttype": kind,
                               "data_base64": base64.b64encode(body).decode()})
        return Op(Request(self.path, [("content-type", kind), *fields], body),
                  [self._named(seen)], True)

    def _bad(self):
        """No event (400), or another event of an id that is taken (409)."""
        attributes, data = self._event()
        if self.taken is not None and self.random.random() < 0.5:
            attributes["id"] = self.taken
        else:
            del attributes["type"]
        text = self._text(attributes, data)
        return self._op("application/cloudevents+json", text, [self._named(text)], False)


def outcome_of(status):
    if 200 <= status < 300:
        return "ok"
    return "unknown" if status == 504 or status < 200 else "fail"


def told_of(op, answer):
    """What an answer says of each event: one of 2xx, or of a batch that ended in parts."""
    if outcome_of(answer.status) != "ok":
        is_problem = answer.status in (503, 504) and len(op.events) > 1
        return json.loads(answer.body).get("events", ()) if is_problem else ()
    if len(op.events) == 1:
        return [{"position": answer.fields.get("headgate-position"),
                 "duplicate": answer.fields.get("headgate-duplicate") == "true"}]
    return json.loads(answer.body)["events"]


class Producer(threading.Thread):
    """Sends until stop(), unless it is_enough for now; then what is still
    unanswered; then ends."""

    def __init__(self, gateway, directory, maker, *, depth=8, kind=Http1, seed=0,
                 is_enough=lambda: False):
        super().__init__(daemon=True, name=maker.client)
        self.gateway, self.maker, self.depth = gateway, maker, depth
        self.kind, self.is_enough = kind, is_enough
        self.history = History(directory, maker.client)
        self.random = random.Random(f"{seed}/{maker.client}/give up")
        self.again = deque()     # to be sent before anything new
        self.ops = self.conns = 0
        self.acknowledged = self.refused = self.cuts = 0
        self.statuses = {}
        self.error = None
        self.stopping = threading.Event()

    def run(self):
        try:
            while not self.stopping.is_set() or self.again:
                self._connection()
        except Exception as e:  # pylint: disable=broad-except
            self.error = e
            raise
        finally:
            self.history.close()

    def _connection(self):
        """One connection, for as long as it lasts."""
        try:
            conn = self.kind(self.gateway, self.maker.path)
        except Cut:
            self.cuts += 1
            self.stopping.wait(0.01)  # while nobody listens
            return
        self.conns += 1
        try:
            while not self.stopping.is_set() or self.again:
                while self.is_enough() and not self.stopping.wait(0.01):
                    pass
                self._round(conn)
        except Cut:
            self.cuts += 1
            self.stopping.wait(0.01)
        finally:
            conn.close()

    def _take(self):
        ops = [self.again.popleft() for _ in range(min(self.depth, len(self.again)))]
        while len(ops) < self.depth and not self.stopping.is_set():
            ops.append(self.maker.next())
        return ops

    def _round(self, conn):
        """A few requests at once, and their answers. Whatever has none when
        the connection is cut may or may not be stored."""
        ops = self._take()
        numbers = range(self.ops, self.ops + len(ops))
        self.ops += len(ops)
        waiting = dict(enumerate(ops))
        for number, op in zip(numbers, ops):
            self.history.invoke(number, self.conns, self.maker.topic, op.events)
        try:
            for index, answer in conn.exchange([op.request for op in ops]):
                self._on_answer(numbers[index], waiting.pop(index), answer)
        finally:
            for index in waiting:
                self.history.ret(numbers[index], "unknown")
            unsure = [op for op in waiting.values() if op.may_repeat and
                      (self.stopping.is_set() or self.random.random() >= GIVE_UP)]
            self.again.extendleft(reversed(unsure))

    def _told(self, op, answer):
        return told_of(op, answer)

    def _on_answer(self, number, op, answer):
        outcome = outcome_of(answer.status)
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        told = self._told(op, answer)
        self.history.ret(number, outcome, answer.status, told)
        if outcome == "ok":
            self.acknowledged += len(op.events)
            self.maker.taken = op.events[0]["id"]
        elif op.may_repeat:
            assert answer.status >= 500, f"{answer.status} {answer.body!r} for {op.request}"
            self.again.append(op)
        self.refused += outcome == "fail"
        assert op.may_repeat or outcome != "ok", f"{answer.status} for {op.request}"

    def stop(self):
        self.stopping.set()
