# SPDX-License-Identifier: Apache-2.0
"""Topics as clients read them that have nothing in common with the gateway's:
kafka-python, which is Python throughout; what it reads is written into a
history as the log. And kcat, for a few records as they are."""
import base64
import json
from typing import NamedTuple

from .clients import run, tool_path
from .history import parse
from .position import decode
from .raw import Pipe, dial


class Record(NamedTuple):
    """As kcat has it; headers are a dictionary."""
    partition: int
    offset: int
    key: str
    headers: dict
    value: str


def kcat(bootstrap, topic):
    """All records of a topic, each partition in its order."""
    r = run(tool_path("kcat"), "-b", bootstrap, "-t", topic, "-C", "-e", "-q", "-J", "-o", "beginning")
    assert r.returncode == 0, r.stderr
    found = []
    for m in map(json.loads, r.stdout.splitlines()):
        h = m.get("headers") or []
        found.append(Record(m["partition"], m["offset"], m["key"], dict(zip(h[::2], h[1::2])), m["payload"]))
    return found


def _event(headers, value):
    """The event of a record in binary mode, as a stream shows it."""
    fields = {name: content.decode() for name, content in headers}
    event = {name.removeprefix("ce_"): text for name, text in fields.items()
             if name.startswith("ce_")}
    media_type = fields.get("content-type")
    if media_type is not None:
        event["datacontenttype"] = media_type
    if value is None:
        return event
    if media_type == "application/json":
        event["data"] = parse(value.decode())
    else:
        event["data_base64"] = base64.b64encode(value).decode()
    return event


def records_of(bootstrap, topic, patience_ms=20000):
    """Yields (partition, offset, event), each partition in its order, to the end that the topic
    has now."""
    from kafka import KafkaConsumer, TopicPartition  # pylint: disable=import-outside-toplevel
    consumer = KafkaConsumer(bootstrap_servers=bootstrap.split(","), enable_auto_commit=False,
                             isolation_level="read_committed", check_crcs=True,
                             max_partition_fetch_bytes=4 << 20)
    try:
        parts = [TopicPartition(topic, n) for n in sorted(consumer.partitions_for_topic(topic))]
        consumer.assign(parts)
        ends = consumer.end_offsets(parts)
        consumer.seek_to_beginning(*parts)
        while any(consumer.position(p) < ends[p] for p in parts):
            polled = consumer.poll(timeout_ms=patience_ms, max_records=5000)
            assert polled, f"{topic}: nothing more comes, at " \
                           f"{[(p.partition, consumer.position(p), ends[p]) for p in parts]}"
            for records in polled.values():
                for r in records:
                    yield r.partition, r.offset, _event(r.headers, r.value)
    finally:
        consumer.close()


def tag_of(gateway, path):
    """(tag, epoch) in the positions of the topic that this path streams: of its first event."""
    pipe = Pipe(dial(gateway))
    pipe.send(f"GET {path}?since=earliest&limit=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    status, fields = pipe.head()
    body = pipe.take(int(fields["content-length"]))
    pipe.close()
    assert status == 200, (status, body)
    return decode(json.loads(body)[0]["hgposition"]).partition[:2]


def dump(bootstrap, gateway, history, topics):
    """Writes the whole log of these topics ({topic: path}); the ids of the last event of each
    partition of each topic."""
    last = {}
    for topic, path in topics.items():
        tag, epoch = tag_of(gateway, path)
        ends = {}
        for number, offset, event in records_of(bootstrap, topic):
            history.log(topic, event, place=(tag, epoch, number, offset))
            ends[number] = event["id"]
        last[topic] = list(ends.values())
    return last
