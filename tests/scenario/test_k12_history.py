# SPDX-License-Identifier: Apache-2.0
"""A topic with a long past that another producer wrote: `since` at random times and positions
at random offsets give exactly the right first event, in each partition."""
import json
import random
import time
import urllib.parse
import urllib.request
from bisect import bisect_left
from datetime import datetime, timezone

import pytest

from support.counts import FULL, figures, seed
from support.kafka_gateway import conf_of
from support.position import decode

WIDE = 3       # partitions of the topic that has several
EVENTS = {1: 1_000_000 if FULL else 100_000, WIDE: 100_000 if FULL else 10_000}
PLACES = 100 if FULL else 10  # random times, and random offsets
LIMIT = 20     # of one pull: it goes round the partitions


class Past:
    """What was written: event i of a topic of n partitions is at offset i // n of partition
    i % n. Times do not go back, stand still now and then and jump now and then."""

    def __init__(self, topic, partitions, events, chance):
        self.topic, self.partitions = topic, partitions
        now = int(time.time() * 1000) - 3_600_000
        self.times = []
        for _ in range(events):
            now += chance.choice((0, 0, 0, 1, 1, 2, 5)) if chance.random() > 0.001 else 700
            self.times.append(now)

    def write(self, bootstrap):
        from confluent_kafka import Producer  # pylint: disable=import-outside-toplevel
        from confluent_kafka.admin import AdminClient, NewTopic  # pylint: disable=import-outside-toplevel
        admin = AdminClient({"bootstrap.servers": bootstrap})
        made = admin.create_topics([NewTopic(
            self.topic, self.partitions, 1, config={"message.timestamp.type": "CreateTime"})])
        made[self.topic].result(30)
        failed = []
        p = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 20,
                      "queue.buffering.max.messages": 200_000, "compression.type": "lz4"})
        headers = [("ce_specversion", b"1.0"), ("ce_source", b"/past"), ("ce_type", b"past")]
        for i, t in enumerate(self.times):
            while True:
                try:
                    p.produce(self.topic, b"%d" % i, b"k", partition=i % self.partitions, timestamp=t,
                              headers=[*headers, ("ce_id", b"%d" % i), ("content-type", b"application/json")],
                              on_delivery=lambda e, _: e and failed.append(e))
                    break
                except BufferError:
                    p.poll(0.1)
            if i % 1000 == 0:
                p.poll(0)
        assert p.flush(120) == 0 and not failed, failed[:3]

    def first_since(self, time_ms):
        """{partition: id} of what is first at that time or later."""
        i = bisect_left(self.times, time_ms)
        return {n % self.partitions: n for n in range(i, min(i + self.partitions, len(self.times)))}

    def first_after(self, i):
        return {(i + n) % self.partitions: i + n for n in range(1, self.partitions + 1)
                if i + n < len(self.times)}


@pytest.fixture(params=[1, WIDE])
def past(request, bootstrap, topic):
    chance = random.Random(f"{seed()}/past/{request.param}")
    p = Past(topic, request.param, EVENTS[request.param], chance)
    p.write(bootstrap)
    return p


def pull(gateway, query):
    """([event], the query that goes on from there)"""
    url = f"{gateway.plain_url}/events?limit={LIMIT}&{query}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"accept": "*/*"}), timeout=60) as r:
        assert "headgate-gap" not in r.headers, (query, dict(r.headers))
        return json.load(r), urllib.parse.urlencode({"position": r.headers["headgate-position"]})


def firsts(gateway, past, query, wanted, tokens=None):
    """{partition: id} of the first event of each. tokens takes the position of all that was seen."""
    found, last = {}, {}
    while set(found) != set(wanted):
        events, query = pull(gateway, query)
        assert events, (query, found, wanted)
        for e in events:
            i, p = int(e["id"]), decode(e["hgposition"])
            number = p.partition[2]
            assert (number, p.offset) == (i % past.partitions, i // past.partitions), (e, p)
            assert last.get(number, i - past.partitions) == i - past.partitions, f"{last} then {i}"
            last[number] = i
            found.setdefault(number, i)
            if tokens is not None:
                tokens[number][i] = e["hgposition"]
    return found


def rfc3339(time_ms):
    return datetime.fromtimestamp(time_ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + \
        f".{time_ms % 1000:03d}Z"


def test_since_and_positions_find_the_first_event(make_gateway, bootstrap, past):
    gateway = make_gateway(conf=conf_of(bootstrap, {past.topic: "/events"})).start()
    chance, places = random.Random(f"{seed()}/places"), PLACES
    tokens = {n: {} for n in range(past.partitions)}
    began = time.monotonic()
    for _ in range(places):
        at = chance.randint(past.times[0] - 5, past.times[-1])
        wanted = past.first_since(at)
        found = firsts(gateway, past, urllib.parse.urlencode({"since": rfc3339(at)}), wanted, tokens)
        assert found == wanted, f"since {rfc3339(at)}: {found}, not {wanted}"
    since_s, began = time.monotonic() - began, time.monotonic()
    for _ in range(places):
        check_position(gateway, past, [chance.choice(list(t.items())) for t in tokens.values()])
    figures(f"kafka-history-{past.partitions}", events=len(past.times), times=places, positions=places,
            **{"ms for a since": round(since_s * 1000 / places), "ms for a position":
               round((time.monotonic() - began) * 1000 / places)})
    edges(gateway, past)


def check_position(gateway, past, stands):
    """A cursor over all partitions, that stands somewhere else in each."""
    wanted = {i % past.partitions: i + past.partitions for i, _ in stands
              if i + past.partitions < len(past.times)}
    found = firsts(gateway, past, "position=" + ".".join(token for _, token in stands), wanted)
    assert found == wanted, f"behind {stands}: {found}, not {wanted}"


def edges(gateway, past):
    """Before the first, at the last, and behind it."""
    first = past.first_since(0)
    assert firsts(gateway, past, "since=earliest", first) == first
    before = urllib.parse.urlencode({"since": rfc3339(past.times[0] - 86_400_000)})
    assert firsts(gateway, past, before, first) == first
    last = past.first_since(past.times[-1])
    at_last = urllib.parse.urlencode({"since": rfc3339(past.times[-1])})
    assert firsts(gateway, past, at_last, last) == last
    assert pull(gateway, urllib.parse.urlencode({"since": rfc3339(past.times[-1] + 1)}))[0] == []
