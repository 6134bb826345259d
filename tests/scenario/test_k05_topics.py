# SPDX-License-Identifier: Apache-2.0
"""Topics that grow, appear, go and come back while a gateway runs, as an admin of the
cluster makes them."""
import json
import time

import pytest

from support.events import EventStream, client, event, post, post_batch
from support.kafka_gateway import conf_of
from support.wait import until

confluent = pytest.importorskip("confluent_kafka", reason="SKIP: confluent-kafka is not installed")
admin = pytest.importorskip("confluent_kafka.admin", reason="SKIP: confluent-kafka is not installed")

CONF = """
worker_threads 2;
pid            gateway.pid;
error_log      stderr info;
admin          127.0.0.1:{{admin}};
load_module    log_kafka;
load_module    source_cloudevents;
load_module    sink_sse;
load_module    sink_pull;
event_log      kafka {bootstrap};
kafka_topic_prefix {prefix};
topic_refresh  1s;
role anonymous {{{{ publish demo.**; subscribe demo.**; }}}}
{topic}
server {{{{
    listen 127.0.0.1:{{tls}} ssl;
    ssl_certificate {{crt}};  ssl_certificate_key {{key}};
    authenticate none;
    location = /events {{{{ accept cloudevents; publish demo.orders; stream demo.orders; }}}}
    location = /all    {{{{ stream demo.**; }}}}
}}}}
"""
KEYED = "topic demo.orders {{ key subject; }}"


class Topics:
    """The topics of one test, made, grown and removed by an admin client."""

    def __init__(self, bootstrap, prefix):
        self.bootstrap, self.prefix = bootstrap, prefix
        self.client = admin.AdminClient({"bootstrap.servers": bootstrap})

    def name(self, topic):
        return self.prefix + topic

    def _done(self, futures):
        for f in futures.values():
            f.result(30)

    def make(self, topic, partitions=1, **config):
        new = admin.NewTopic(self.name(topic), num_partitions=partitions, replication_factor=1,
                             config={k.replace("_", "."): str(v) for k, v in config.items()})
        self._done(self.client.create_topics([new]))

    def grow(self, topic, partitions):
        self._done(self.client.create_partitions([admin.NewPartitions(self.name(topic), partitions)]))

    def delete(self, topic):
        self._done(self.client.delete_topics([self.name(topic)]))

    def trim(self, topic, before):
        """What stands before this offset of its first partition is removed."""
        place = confluent.TopicPartition(self.name(topic), 0, before)
        self._done(self.client.delete_records([place]))

    def set(self, topic, **config):
        entries = [admin.ConfigEntry(k.replace("_", "."), str(v), incremental_operation=admin.AlterConfigOpType.SET)
                   for k, v in config.items()]
        resource = admin.ConfigResource(admin.ConfigResource.Type.TOPIC, self.name(topic),
                                        incremental_configs=entries)
        self._done(self.client.incremental_alter_configs([resource]))

    def partitions(self, topic):
        found = self.client.list_topics(self.name(topic), timeout=20).topics[self.name(topic)]
        return len(found.partitions)


@pytest.fixture
def topics(bootstrap):
    return Topics(bootstrap, f"k05.{time.time_ns() // 1000:x}.")


@pytest.fixture
def make_kafka_gateway(make_gateway, topics):
    def make(topic=KEYED):
        return make_gateway(conf=CONF.format(bootstrap=topics.bootstrap, prefix=topics.prefix,
                                             topic=topic)).start()
    return make


def ids(stream):
    return [e["id"] for e in stream.events()]


def wait_opened(stream):
    until(lambda: stream.notices(), "the stream's first notice", 30)
    assert stream.notices()[0][0] == "headgate.stream.opened"


def gaps(stream):
    return [n for kind, n in stream.notices() if kind == "headgate.stream.gap"]


def publish(http, numbers):
    for i in numbers:
        r = post(http, event(i, subject=f"s{i}"))
        assert r.status_code == 202, r.text


def test_new_partitions_are_used_and_reach_open_streams(topics, make_kafka_gateway):
    g = make_kafka_gateway()
    live = EventStream(g)
    wait_opened(live)
    with client(g) as http:
        publish(http, range(10))
        until(lambda: len(ids(live)) == 10, "events of one partition")
        before = live.last_id
        topics.grow("demo.orders", 4)
        until(lambda: "topic_grown" in g.log(), "the gateway to find them", 30)
        publish(http, range(10, 50))
        until(lambda: len(ids(live)) == 50, "events of four partitions", 30)
    resumed = EventStream(g, last_id=before)  # a position from when there was one
    until(lambda: set(ids(resumed)) >= {str(i) for i in range(10, 50)}, "what came since", 30)
    assert sorted(ids(live), key=int) == [str(i) for i in range(50)]
    assert len(ids(resumed)) == len(set(ids(resumed)))
    assert live.last_id.count(".") == 3  # a place in each
    assert not gaps(live) and not gaps(resumed)
    live.close()
    resumed.close()


def test_a_reload_is_not_refused_for_what_the_cluster_has(topics, make_kafka_gateway):
    topics.make("demo.orders", 3)
    g = make_kafka_gateway()
    r = g.run("-s", "reload")
    assert r.returncode == 0, r.stderr
    with client(g) as http:
        publish(http, range(3))


def test_a_reload_that_finds_another_secret_behind_its_name_is_refused(topics, make_gateway, tmp_path):
    secret = tmp_path / "rack"
    secret.write_text("one")
    secret.chmod(0o600)
    conf = CONF.format(bootstrap=topics.bootstrap, prefix=topics.prefix, topic=KEYED)
    g = make_gateway(conf=f"{conf}kafka_property client.rack file:{secret};\n").start()
    assert g.run("-s", "reload").returncode == 0
    secret.write_text("two")
    r = g.run("-s", "reload")
    assert r.returncode == 1
    assert f"kafka_property: what file:{secret} holds differs from" in r.stderr
    with client(g) as http:
        publish(http, range(1))


def test_a_reload_applies_what_a_topics_lines_changed_or_says_what_it_cannot(topics, make_kafka_gateway):
    topic = "topic demo.orders {{{{ key subject; kafka_partitions {}; retention {}; }}}}"
    g = make_kafka_gateway(topic.format(1, "2d"))
    before = g.conf
    g.write_conf(before.replace("kafka_partitions 1; retention 2d;",
                                "kafka_partitions 3; retention 1d;"))
    r = g.run("-s", "reload")
    assert r.returncode == 0, r.stderr
    assert topics.partitions("demo.orders") == 3
    assert "kafka_topic_raised" in g.log() and "kafka_topic_lowered" in g.log()
    with client(g) as http:
        publish(http, range(12))
    g.write_conf(before)
    r = g.run("-s", "reload")
    assert r.returncode == 1 and "kafka_partitions 1" in r.stderr and "partitions 3 in the cluster" in r.stderr
    t = g.run("-t")
    assert t.returncode == 0, t.stderr
    assert f"kafka_partitions: warning: kafka_partitions 1: {topics.name('demo.orders')} is there with " \
        "partitions 3" in t.stderr
    assert "topic demo.orders: it has one copy" in t.stderr
    with client(g) as http:
        publish(http, range(12, 15))


def test_a_topic_that_appears_is_followed_by_open_streams(topics, make_kafka_gateway):
    g = make_kafka_gateway()
    live = EventStream(g, path="/all")
    wait_opened(live)
    topics.make("demo.later", 2)
    p = confluent.Producer({"bootstrap.servers": topics.bootstrap})
    for i in range(6):
        p.produce(topics.name("demo.later"), partition=i % 2, value=b"{}",
                  headers={"ce_specversion": b"1.0", "ce_id": str(i).encode(), "ce_source": b"/o",
                           "ce_type": b"n", "content-type": b"application/json"})
    assert p.flush(30) == 0
    until(lambda: sorted(ids(live)) == [str(i) for i in range(6)], "what others wrote", 30)
    live.close()


def test_of_topics_that_nobody_wants_none_is_opened(topics, make_kafka_gateway):
    for name in ("other.old", "demo.old", "demo.old.dlq"):
        topics.make(name)
    g = make_kafka_gateway()

    def known():
        return {t["name"] for t in json.loads(g.admin_get("/status")[1])["topics"]}

    wanted = {"demo.orders", "headgate.dlq", "demo.old", "demo.old.dlq"}
    assert known() == wanted
    for name in ("other.new", "demo.new"):  # one look that tells the second tells the first
        topics.make(name)
    until(lambda: "demo.new" in known(), "a topic that fits a pattern")
    assert known() == wanted | {"demo.new"}


def make_again(topics, topic):
    def made():
        try:
            topics.make(topic)
            return True
        except confluent.KafkaException:
            return False  # it is not gone everywhere yet
    until(made, "the topic to be made again", 30)


def remake(topics, n):
    """The topic is another one of the same name, with n events."""
    topics.delete("demo.orders")
    make_again(topics, "demo.orders")
    p = confluent.Producer({"bootstrap.servers": topics.bootstrap})
    for i in range(n):
        p.produce(topics.name("demo.orders"), partition=0, value=b"{}",
                  headers={"ce_specversion": b"1.0", "ce_id": f"new{i}".encode(), "ce_source": b"/o",
                           "ce_type": b"n", "content-type": b"application/json"})
    assert p.flush(60) == 0


def test_what_an_admin_removed_is_told_as_a_gap_to_who_comes_back(topics, make_kafka_gateway):
    g = make_kafka_gateway()
    live = EventStream(g)
    wait_opened(live)
    with client(g) as http:
        publish(http, range(10))
        until(lambda: len(ids(live)) == 10, "the events")
        position = [b.last_id for b in live.blocks if b.kind == "message"][2]
        topics.trim("demo.orders", 6)
        publish(http, range(10, 12))
        left = [str(i) for i in range(6, 12)]
        until(lambda: [e["id"] for e in http.get("/events?since=earliest").json()] == left, "it to be known", 30)
        back = EventStream(g, last_id=position)
        until(lambda: len(ids(back)) >= 6, "what is left", 30)
        until(lambda: len(ids(live)) == 12, "the open stream to go on")
    assert ids(back) == left
    assert [gap["reason"] for gap in gaps(back)] == ["trimmed"] and not gaps(live)
    live.close()
    back.close()


def test_a_topic_that_is_gone_is_refused_and_others_go_on(topics, make_gateway):
    main = f"kafka_topic_prefix {topics.prefix}; topic_refresh 1s; kafka_property message.timeout.ms 2000;"
    g = make_gateway(conf=conf_of(topics.bootstrap, {"demo.gone": "/gone", "demo.there": "/there"}, main)).start()
    with client(g) as http:
        assert post(http, event("before"), "/gone").status_code == 202
        topics.delete("demo.gone")
        for i in range(3):
            began = time.monotonic()
            r = post(http, event(f"lost{i}"), "/gone")
            assert r.status_code in (503, 504), r.text
            assert time.monotonic() - began < 10
            assert post(http, event(i), "/there").status_code == 202
        until(lambda: "topic_gone" in g.log(), "the operator to be told", 30)
        make_again(topics, "demo.gone")
        until(lambda: post(http, event("after"), "/gone").status_code == 202, "the topic to be used again", 60)


def test_a_limit_that_an_admin_changes_holds_from_then_on(topics, make_gateway):
    """What is too large for the broker is refused for it, what fits is taken, alone or among many."""
    main = f"kafka_topic_prefix {topics.prefix}; topic_refresh 1s; kafka_property compression.codec none;"
    g = make_gateway(conf=conf_of(topics.bootstrap, {"demo.orders": "/events"}, main)).start()
    large = {"data": "x" * 20000}
    many = [{**event(f"many{i}"), "data": "y" * 1000} for i in range(30)]
    with client(g) as http:
        assert post(http, {**event("before"), **large}).status_code == 202
        topics.set("demo.orders", max_message_bytes=10000)
        r = post(http, {**event("large"), **large})
        assert r.status_code in (413, 503), r.text
        assert post(http, event("small")).status_code == 202
        until(lambda: post(http, {**event("large"), **large}).status_code == 413, "the limit to be known", 30)
        until(lambda: post_batch(http, many).status_code == 202, "many that fit alone", 30)
        topics.set("demo.orders", max_message_bytes=100000)
        until(lambda: post(http, {**event("large"), **large}).status_code == 202, "the limit to be known", 30)
        assert len(http.get("/events?since=earliest").json()) == 33


@pytest.mark.parametrize("n", [3, 30], ids=["shorter", "longer"])
def test_a_topic_made_again_is_told_as_a_gap_and_missed_by_nobody(topics, make_kafka_gateway, n):
    g = make_kafka_gateway()
    live = EventStream(g)
    wait_opened(live)
    with client(g) as http:
        publish(http, range(10))
    until(lambda: len(ids(live)) == 10, "the events of the first")
    position = live.last_id
    remake(topics, n)
    wanted = [f"new{i}" for i in range(n)]
    until(lambda: set(ids(live)) >= set(wanted), "all of the second, on the open stream", 60)
    assert [gap["reason"] for gap in gaps(live)] == ["reset"]
    back = EventStream(g, last_id=position)  # somebody who was away meanwhile
    until(lambda: set(ids(back)) >= set(wanted), "all of the second, by a resume", 60)
    assert [gap["reason"] for gap in gaps(back)] in (["reset"], ["unknown"])
    live.close()
    back.close()


@pytest.mark.parametrize("n", [3, 30], ids=["shorter", "longer"])
def test_one_made_again_while_nobody_follows_is_told_to_who_comes_back(topics, make_kafka_gateway, n):
    g = make_kafka_gateway()
    live = EventStream(g)
    wait_opened(live)
    with client(g) as http:
        publish(http, range(10))
    until(lambda: len(ids(live)) == 10, "the events of the first")
    position = live.last_id
    live.close()
    remake(topics, n)
    back = EventStream(g, last_id=position)
    until(lambda: set(ids(back)) >= {f"new{i}" for i in range(n)}, "all of the second", 60)
    assert [gap["reason"] for gap in gaps(back)] in (["reset"], ["unknown"])
    back.close()
