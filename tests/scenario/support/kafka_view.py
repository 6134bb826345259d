# SPDX-License-Identifier: Apache-2.0
"""What each broker says of partitions, asked with Kafka's protocol by hand: at
once, and of that broker alone. Metadata and FindCoordinator, version 1."""
import socket
import struct
from typing import NamedTuple


class Partition(NamedTuple):
    leader: int
    replicas: tuple
    in_sync: tuple


class _Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, layout):
        value, = struct.unpack_from(">" + layout, self.data, self.at)
        self.at += struct.calcsize(layout)
        return value

    def text(self):
        n = self.number("h")
        if n < 0:
            return None
        self.at += n
        return self.data[self.at - n:self.at].decode()

    def numbers(self):
        return tuple(self.number("i") for _ in range(self.number("i")))


def _exchange(address, request, timeout_s):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout_s) as s:
        s.sendall(struct.pack(">i", len(request)) + request)
        answer = s.makefile("rb")
        return answer.read(struct.unpack(">i", answer.read(4))[0])


def partitions_of(address, topics, timeout_s=2):
    """({broker}, controller, {(topic, number): Partition}) as the broker at host:port has it;
    OSError when it has nothing to say."""
    request = struct.pack(">hhihi", 3, 1, 1, -1, len(topics))
    for t in topics:
        request += struct.pack(">h", len(t)) + t.encode()
    try:
        b = _Bytes(_exchange(address, request, timeout_s))
    except struct.error:
        raise OSError(f"{address} closed") from None
    b.number("i")
    brokers = set()
    for _ in range(b.number("i")):
        brokers.add(b.number("i"))
        b.text(), b.number("i"), b.text()
    controller = b.number("i")
    found = {}
    for _ in range(b.number("i")):
        b.number("h")
        topic = b.text()
        b.number("b")
        for _ in range(b.number("i")):
            b.number("h")
            number, leader = b.number("i"), b.number("i")
            found[topic, number] = Partition(leader, b.numbers(), b.numbers())
    return brokers, controller, found


def coordinator_of(address, transactional_id, timeout_s=2):
    """The broker that keeps the transactions of an id; None while there is none."""
    name = transactional_id.encode()
    request = struct.pack(">hhihh", 10, 1, 1, -1, len(name)) + name + b"\1"
    b = _Bytes(_exchange(address, request, timeout_s))
    b.number("i"), b.number("i")
    error = b.number("h")
    b.text()
    return b.number("i") if error == 0 else None


def can_acknowledge(addresses, living, topics):
    """Do all living brokers ({number: is to live}) see leaders that live, and enough copies in
    sync for min.insync.replicas=2, and none that is dead among them?"""
    for number in living:
        try:
            _, _, found = partitions_of(addresses[number], topics)
        except OSError:
            return False
        for p in found.values():
            if p.leader not in living or len(p.in_sync) < 2 or set(p.in_sync) - set(living):
                return False
        if {t for t, _ in found} != set(topics) or not found:
            return False
    return True
