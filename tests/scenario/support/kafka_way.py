# SPDX-License-Identifier: Apache-2.0
"""A way to a broker on which a test decides what becomes of its answers to produce requests: they
get lost, come late, or are errors. The broker behind it is a real one, so what it has stored, and
which sequence numbers it has seen, is its own affair.

Kafka's protocol is known as far as needed: frames, and the two messages of produce in the
versions 5 to 7, of which librdkafka 2.0 speaks the last. What tells where brokers are is
rewritten, so that who came this way stays on it."""
import contextlib
import socket
import struct
import threading
import time
from collections import deque
from typing import NamedTuple

PRODUCE, METADATA, FIND_COORDINATOR = 0, 3, 10

# Errors of Kafka's protocol.
UNKNOWN_SERVER_ERROR, UNKNOWN_TOPIC_OR_PARTITION = -1, 3
LEADER_NOT_AVAILABLE, NOT_LEADER, REQUEST_TIMED_OUT = 5, 6, 7
MESSAGE_TOO_LARGE = 10
NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS_AFTER_APPEND = 19, 20
OUT_OF_ORDER_SEQUENCE_NUMBER, DUPLICATE_SEQUENCE_NUMBER = 45, 46
INVALID_PRODUCER_EPOCH, STORAGE_ERROR, UNKNOWN_PRODUCER_ID, PRODUCER_FENCED = 47, 56, 59, 90


class Deed(NamedTuple):
    """What becomes of one produce request."""
    is_stored: bool        # does the broker get it?
    error: int = 0         # it is answered with
    is_lost: bool = False  # the connection ends before the answer


LOST = Deed(True, is_lost=True)


def refused(error):
    return Deed(False, error)


def stored_but(error):
    return Deed(True, error)


class Asked(NamedTuple):
    """A request under way."""
    key: int
    deed: Deed
    due: float


class _Connection:
    def __init__(self, way, near):
        self.way, self.near = way, near
        self.far = socket.create_connection(way.to)
        self.asked, self.lock = {}, threading.Lock()
        for s in (self.near, self.far):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for copy in (self._requests, self._answers):
            threading.Thread(target=self._run, args=(copy,), daemon=True).start()

    def _run(self, copy):
        with contextlib.suppress(OSError, struct.error):
            copy()
        self.end()

    def end(self):
        for s in (self.near, self.far):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def _requests(self):
        stream = self.near.makefile("rb")
        while True:
            frame = _frame(stream)
            key, version, number = struct.unpack_from(">hhi", frame)
            deed = self.way.deed() if key == PRODUCE else None
            if deed and not deed.is_stored:
                self._send(_refusal(frame, version, number, deed.error))
                continue
            self.asked[number] = Asked(key, deed, time.monotonic() + self.way.late_s)
            self.far.sendall(struct.pack(">i", len(frame)) + frame)

    def _answers(self):
        stream = self.far.makefile("rb")
        while True:
            frame = _frame(stream)
            number, = struct.unpack_from(">i", frame)
            asked = self.asked.pop(number)
            self.way.ending.wait(max(0.0, asked.due - time.monotonic()))
            if asked.deed and asked.deed.is_lost:
                return
            if asked.deed and asked.deed.error:
                frame = _spoiled(frame, asked.deed.error)
            if asked.key in (METADATA, FIND_COORDINATOR):
                frame = self.way.rewrite(frame)
            self._send(frame)

    def _send(self, frame):
        with self.lock:
            self.near.sendall(struct.pack(">i", len(frame)) + frame)


def _frame(stream):
    length, = struct.unpack(">i", stream.read(4))
    frame = stream.read(length)
    if len(frame) < length:
        raise OSError("the end")
    return frame


def _refusal(request, version, number, error):
    """An answer that the broker never gave."""
    assert 5 <= version <= 7, f"produce in version {version}"
    at = 8                       # after the names of this request and its client: the transaction's,
    for _ in range(2):           # acks, time-out, and one topic with one partition
        length, = struct.unpack_from(">h", request, at)
        at += 2 + max(0, length)
    at += 2 + 4 + 4
    length, = struct.unpack_from(">h", request, at)
    topic = request[at:at + 2 + length]
    partition, = struct.unpack_from(">i", request, at + len(topic) + 4)
    return (struct.pack(">ii", number, 1) + topic +
            struct.pack(">iihqqq", 1, partition, error, -1, -1, -1) + bytes(4))


def _spoiled(answer, error):
    """With an error, and neither offset nor time, in place of what the broker said."""
    length, = struct.unpack_from(">h", answer, 8)
    at = 8 + 2 + length + 4 + 4
    return answer[:at] + struct.pack(">hqq", error, -1, -1) + answer[at + 18:]


class Way:
    """Use as a context manager; clients that are given its bootstrap go over it."""

    def __init__(self, bootstrap):
        host, port = bootstrap.split(",")[0].rsplit(":", 1)
        self.to = host, int(port)
        self.late_s = 0.0  # by how much every answer comes later
        self.always = None
        self.next = deque()
        self.connections = []
        self.ending = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

    def deed(self):
        return self.next.popleft() if self.next else self.always

    @contextlib.contextmanager
    def all(self, deed):
        """Every produce request ends like this meanwhile."""
        self.always = deed
        try:
            yield
        finally:
            self.always = None

    def rewrite(self, frame):
        host, port = self.to
        return frame.replace(host.encode() + struct.pack(">i", port), host.encode() + struct.pack(">i", self.port))

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                self.connections.append(_Connection(self, near))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.ending.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for c in self.connections:
            c.end()
