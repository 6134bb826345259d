# SPDX-License-Identifier: Apache-2.0
"""A leader that hangs: its connections stay, and nothing comes over them."""
import json
import os
import signal
import threading
import time

from support.counts import FULL, figures
from support.events import EventStream, client, event, post
from support.kafka_gateway import conf_of
from support.kafka_view import partitions_of
from support.wait import until

__test__ = FULL  # it is a minute long

LEFT_S = 10   # so long the gateway waits for one that hangs
FOUND_S = 30  # from when another leads, on a machine that is shared
BACK_S = 5    # the same where nothing is read but the answers


def write_elsewhere(cluster, topic):
    """By a client that never heard of broker 1."""
    from confluent_kafka import Producer  # pylint: disable=import-outside-toplevel
    others = ",".join(cluster.bootstrap.split(",")[1:])
    producer = Producer({"bootstrap.servers": others, "acks": "all"})
    producer.produce(topic, json.dumps({}), headers={
        "ce_specversion": "1.0", "ce_id": "after", "ce_source": "/other", "ce_type": "t",
        "content-type": "application/json"})
    assert producer.flush(60) == 0


def make_topic(cluster, topic):
    """Whose first leader is broker 1; gives who leads it now, as broker 3 says."""
    from confluent_kafka.admin import AdminClient, NewTopic  # pylint: disable=import-outside-toplevel
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    made = admin.create_topics([NewTopic(topic, 1, replica_assignment=[[1, 2, 3]])])
    made[topic].result(30)
    return lambda: partitions_of(cluster.bootstrap.split(",")[2], [topic])[2][topic, 0].leader


def test_streams_go_on_from_another_leader(make_gateway, three_brokers, topic):
    leader = make_topic(three_brokers, topic)
    gateway = make_gateway(conf=conf_of(three_brokers.bootstrap, {topic: "/events"})).start()
    live = EventStream(gateway)
    until(live.notices, "the stream to open", 30)
    with client(gateway) as http:
        assert post(http, event("before")).status_code == 202
    until(live.events, "the event")
    until(lambda: leader() == 1, "the first copy to lead", 60)
    hung = three_brokers.pids()[1]
    os.kill(hung, signal.SIGSTOP)
    try:
        until(lambda: leader() != 1, "another to lead", 60)
        back = EventStream(gateway, last_id=live.last_id)
        write_elsewhere(three_brokers, topic)
        for stream in (live, back):
            until(lambda s=stream: "after" in [e["id"] for e in s.events()], "what the other has", FOUND_S)
    finally:
        os.kill(hung, signal.SIGCONT)
    assert [e["id"] for e in live.events()] == ["before", "after"]
    assert [e["id"] for e in back.events()] == ["after"]
    for stream in (live, back):
        stream.close()


def test_publishes_go_on_with_another_leader(make_gateway, three_brokers, topic, timeouts):
    leader = make_topic(three_brokers, topic)
    gateway = make_gateway(conf=conf_of(three_brokers.bootstrap, {topic: "/events"})).start()
    stored_at = []

    def publish():
        with client(gateway) as http:
            while post(http, event("meanwhile")).status_code != 202:
                time.sleep(0.05)
        stored_at.append(time.monotonic())

    with client(gateway) as http:
        assert post(http, event("before")).status_code == 202
    until(lambda: leader() == 1, "the first copy to lead", 60)
    pid = three_brokers.pids()[1]
    hung = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    try:
        publishing = threading.Thread(target=publish, daemon=True)
        publishing.start()
        until(lambda: leader() != 1, "another to lead", 60)
        elected = time.monotonic()
        until(lambda: stored_at, "an event that is stored", 60)
    finally:
        os.kill(pid, signal.SIGCONT)
    figures(f"hung-leader-{timeouts}", elected_after_s=round(elected - hung, 1),
            stored_after_s=round(stored_at[0] - hung, 1))
    assert stored_at[0] - hung < max(LEFT_S, elected - hung) + BACK_S
