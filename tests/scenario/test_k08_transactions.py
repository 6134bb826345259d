# SPDX-License-Identifier: Apache-2.0
"""Transactions of other producers, as subscribers see them: what is committed
comes, what is aborted does not, and the holes that either leaves hold nobody up."""
import time

import pytest

from support.events import EventStream, client, event, post
from support.wait import until

kafka = pytest.importorskip("confluent_kafka", reason="SKIP: confluent-kafka is not installed")


class Other:
    """A producer with transactions, and the gateway on the same topic."""

    def __init__(self, gateway, bootstrap):
        prefix = f"t{time.time_ns() // 1000:x}."
        gateway.write_conf(gateway.conf.replace("log_embedded", "log_kafka").replace(
            "event_log      embedded events;",
            f"event_log kafka {bootstrap}; kafka_topic_prefix {prefix};"))
        self.gateway, self.topic = gateway.start(), prefix + "demo.events"
        self.producer = kafka.Producer({"bootstrap.servers": bootstrap, "transactional.id": prefix})
        self.producer.init_transactions(30)

    def begin(self, *ids):
        """Its records are in the log, and it is not over."""
        self.producer.begin_transaction()
        for event_id in ids:
            self.producer.produce(self.topic, b'{"n":1}', partition=0, headers={
                "ce_specversion": "1.0", "ce_id": event_id, "ce_source": "/other", "ce_type": "t",
                "content-type": "application/json"})
        assert self.producer.flush(20) == 0

    def commit(self):
        self.producer.commit_transaction(30)

    def abort(self):
        self.producer.abort_transaction(30)


@pytest.fixture
def other(make_gateway, bootstrap):
    return Other(make_gateway(), bootstrap)


def pull(http, query):
    r = http.get(f"/events?{query}")
    assert r.status_code == 200, r.text
    return [e["id"] for e in r.json()], r.headers["headgate-position"]


def ids(stream):
    return [e["id"] for e in stream.events()]


def test_what_is_aborted_is_nobody_s_and_holds_up_nobody(other):
    g = other.gateway
    stream = EventStream(g, "/events?since=earliest")
    with client(g) as http:
        other.begin("a1", "a2")
        other.commit()
        until(lambda: ids(stream) == ["a1", "a2"], "what was committed")
        other.begin("b1", "b2")
        other.abort()
        # The log ends with an aborted transaction: whoever comes now is at its end.
        seen, position = pull(http, "since=earliest")
        assert seen == ["a1", "a2"]
        assert pull(http, f"position={position}")[0] == []
        late = EventStream(g)
        until(lambda: "headgate.stream.opened" in [k for k, _ in late.notices()], "the stream")
        own = post(http, event("own")).headers["headgate-position"]
        until(lambda: ids(late) == ["own"], "the gateway's own event")
        assert pull(http, f"position={position}")[0] == ["own"]
        assert pull(http, f"position={own}")[0] == []
    until(lambda: ids(stream) == ["a1", "a2", "own"], "the same on the first stream")
    assert "headgate.stream.gap" not in [k for k, _ in stream.notices() + late.notices()]
    stream.close()
    late.close()


def test_what_stands_behind_an_open_transaction_waits_for_it(other):
    g = other.gateway
    stream = EventStream(g, "/events?since=earliest")
    with client(g) as http:
        other.begin("c1")
        assert post(http, event("behind")).status_code == 202  # it is durable
        assert ids(stream) == []
        other.commit()
        until(lambda: ids(stream) == ["c1", "behind"], "both, in their order")
        other.begin("d1")
        own = post(http, event("again")).headers["headgate-position"]
        other.abort()
        until(lambda: ids(stream) == ["c1", "behind", "again"], "what stood behind it")
        assert pull(http, f"position={own}")[0] == []
        assert pull(http, "since=earliest")[0] == ["c1", "behind", "again"]
    stream.close()
