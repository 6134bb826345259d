# SPDX-License-Identifier: Apache-2.0
"""Dead letters on Kafka: what other clients see of them, topics of several
partitions, letters of any size. test_v02_dlq.py runs on Kafka as well."""
import json
import time

import pytest

from support.events import client
from support.kafka_log import kcat
from test_v02_dlq import (STRICT, TOPIC, TWICE, ask, binary_event, ctl, mend,  # noqa: F401
                          stored, structured)

kafka_admin = pytest.importorskip("confluent_kafka.admin", reason="SKIP: confluent-kafka is not installed")


class Letters:
    """A gateway on Kafka, its topics' prefix, and the cluster as others see it."""

    def __init__(self, gateway, bootstrap):
        self.bootstrap, self.prefix = bootstrap, f"t{time.time_ns() // 1000:x}."
        self.gateway = gateway
        text = gateway.conf.replace("log_embedded", "log_kafka").replace(
            "event_log      embedded events;",
            f"event_log kafka {bootstrap}; kafka_topic_prefix {self.prefix}; kafka_partitions 3;")
        assert "event_log kafka" in text
        gateway.write_conf(text)

    @property
    def admin(self):
        return kafka_admin.AdminClient({"bootstrap.servers": self.bootstrap})

    def partitions(self, topic=TOPIC):
        return len(self.admin.list_topics(timeout=10).topics[self.prefix + topic].partitions)

    def make(self, topic, partitions, config=None):
        admin = self.admin
        new = kafka_admin.NewTopic(self.prefix + topic, partitions, config=config or {})
        for done in admin.create_topics([new]).values():
            done.result(20)

    def there(self, topic=TOPIC):
        """[(partition, headers, value)]"""
        return [(r.partition, r.headers, r.value) for r in kcat(self.bootstrap, self.prefix + topic)]


@pytest.fixture
def kafka(make_gateway, bootstrap):
    return Letters(make_gateway(events=STRICT), bootstrap)


def test_a_letter_is_an_event_with_its_reason_to_other_clients(kafka, ctl):
    g = kafka.gateway.start()
    inner = b'{"specversion":"1.0","id":"i","source":"/s","type":"t","data":{"n":1,"n":2}}'
    with client(g) as http:
        assert binary_event(http, "a", TWICE).status_code == 400
        assert structured(http, inner).status_code == 400
        # Larger than a message may be by Kafka's own default.
        assert structured(http, b"x" * 3_000_000).status_code == 400
    assert kafka.partitions() == 1 and kafka.partitions("headgate.dlq") == 1
    assert kafka.partitions("demo.events") == 3
    first, second, third = kafka.there()
    for _, headers, _ in (first, second, third):
        assert headers["hg_principal"] == "anonymous" and headers["hg_status"] == "400"
        assert len(headers["hg_owner"]) == 16 and headers["hg_reason"]
    assert first[1]["ce_type"] == "headgate.deadletter" and first[1]["hg_ce-id"] == "a"
    assert first[2].encode() == TWICE
    # The letter is told from the event that was refused.
    assert json.loads(second[2])["type"] == "headgate.deadletter"
    assert ctl(g, "list").stdout.splitlines()[1].split()[:2] == [TOPIC, "3"]
    positions = [p["position"] for p in letters_of(g)]
    assert ctl(g, "show", TOPIC, positions[1], "--data").stdout.encode() == inner
    assert ctl(g, "show", TOPIC, positions[2], "--data").stdout == "x" * 3_000_000
    mend(g)
    r = ctl(g, "replay", TOPIC, "--all", status=1)
    assert [line.split()[1] for line in r.stdout.splitlines()] == ["stored", "stored", "refused:"]


def test_letters_in_several_partitions_are_all_found(kafka, ctl):
    kafka.make(TOPIC, 3)
    g = kafka.gateway.start()
    with client(g) as http:
        told = [binary_event(http, f"e{i}", TWICE).json()["deadletter"] for i in range(20)]
        rubbish = structured(http, b"rubbish").json()["deadletter"]
        assert len({p for p, _, _ in kafka.there()}) == 3
        topic = next(t for t in ask(g, "/dlq")[1]["topics"] if t["topic"] == TOPIC)
        assert topic["letters"] == 21
        assert topic["first"]["time"] <= topic["last"]["time"]
        assert sorted(p["position"] for p in letters_of(g)) == sorted(told + [rubbish])
        shown = ctl(g, "show", TOPIC, told[7]).stdout
        assert told[7] in shown and "hg_ce-id: e7" in shown
        mend(g)
        r = ctl(g, "replay", TOPIC, "--all", "--purge", status=1)
        assert "20 letters stored, 1 not" in r.stderr
        # What was stored is gone, but for what lies behind the one that was not.
        left = [p["position"] for p in letters_of(g)]
        assert left[0] == rubbish and set(left) <= set(told + [rubbish])
        assert r.stdout.endswith(f"{21 - len(left)} removed, {len(left)} left\n")
        assert sorted(stored(http)) == sorted(f"e{i}" for i in range(20))
        assert ctl(g, "purge", TOPIC, rubbish).stdout == f"1 removed, {len(left) - 1} left\n"
        assert ctl(g, "purge", TOPIC, "--all").stdout == f"{len(left) - 1} removed, 0 left\n"
        assert letters_of(g) == [] and kafka.there() == []
        again = structured(http, b"new").json()["deadletter"]
        assert [p["position"] for p in letters_of(g)] == [again]


def letters_of(gateway):
    """Page by page, however short."""
    seen, after = [], ""
    while after is not None:
        status, page = ask(gateway, f"/dlq/{TOPIC}?limit=4{after and '&position='}{after}")
        assert status == 200, page
        seen += page["letters"]
        after = page["next"]
    return seen


def lost(g):
    line = next(l for l in g.admin_get("/metrics")[1].splitlines()
                if l.startswith('headgate_dead_letters_total{result="lost"}'))
    return int(line.split()[-1])


def test_a_letter_that_cannot_be_kept_is_told_to_the_operator(kafka):
    kafka.make(TOPIC, 1, {"max.message.bytes": "2000"})
    g = kafka.gateway.start()
    with client(g) as http:
        r = structured(http, b"x" * 4000)
        assert r.status_code == 400 and "deadletter" not in r.json()
        assert "deadletter" in structured(http, b"rubbish").json()
    assert lost(g) == 1
    assert f"dead_letter_lost topic={TOPIC.removesuffix('.dlq')} " in g.log()
