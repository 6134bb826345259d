# SPDX-License-Identifier: Apache-2.0
"""One partition of the last transaction has no leader: what becomes of atomic batches meanwhile,
of all others, and of those when it has one again."""
import os
import signal
import time

from support.batches import SIZE, Writer, batch, check, end, found_in, wait_for_more
from support.counts import FULL
from support.events import client, event, post, post_batch
from support.kafka_gateway import conf_of
from support.kafka_view import coordinator_of, partitions_of
from support.wait import until

__test__ = FULL


def make_topic(cluster, topic, leaders):
    """Each of its partitions has one copy, on one of these brokers."""
    from confluent_kafka.admin import AdminClient, NewTopic  # pylint: disable=import-outside-toplevel
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    made = admin.create_topics([NewTopic(topic, len(leaders), replica_assignment=[[n] for n in leaders],
                                         config={"min.insync.replicas": "1"})])
    made[topic].result(30)


def conf_of_two(bootstrap, topics, name):
    """Topics at /away and /here, as atomic batches; and at /loose, which are none."""
    main = f"kafka_transactional_id {name}; kafka_property message.timeout.ms 5000;"
    conf = conf_of(bootstrap, topics, main)
    for topic, path in topics.items():
        place = f"location = {path} {{{{ accept cloudevents;"
        assert place in conf
        conf = conf.replace(place, f"{place} atomic_batch on;")
    loose = f"location = /loose {{{{ accept cloudevents; publish {list(topics)[1]}; }}}}"
    return conf.replace("location = /here", f"{loose}\n    location = /here")


def check_who_waits(gateway):
    """While a partition of the last transaction has no leader."""
    with client(gateway) as http:
        for n in range(3):
            began = time.monotonic()
            r = post_batch(http, batch(f"none{n}"), "/here")
            assert r.status_code == 503 and 1 <= int(r.headers["retry-after"]) <= 60, r.text
            assert time.monotonic() - began < 5
            assert post(http, event(f"alone{n}"), "/here").status_code == 202
            assert post_batch(http, batch(f"loose{n}"), "/loose").status_code == 202
            assert time.monotonic() - began < 10
            assert gateway.admin_get("/readyz")[0] == 200


def test_a_partition_without_a_leader_holds_up_atomic_batches_alone(make_gateway, three_brokers, topic):
    """For a bounded time each, and no longer than it has none."""
    topics = {f"{topic}.away": "/away", f"{topic}.here": "/here"}
    away, here = topics
    address = three_brokers.bootstrap.split(",")
    kept_by = until(lambda: coordinator_of(address[0], topic), "a coordinator of transactions", 30)
    hung = min({1, 2, 3} - {kept_by, three_brokers.controller})
    make_topic(three_brokers, away, [hung, kept_by])
    make_topic(three_brokers, here, [kept_by])
    gateway = make_gateway(conf=conf_of_two(three_brokers.bootstrap, topics, topic)).start()
    writers = [Writer(gateway, name, "/away", is_stubborn=True) for name in "ab"]
    wait_for_more(writers, 2)
    pid = three_brokers.pids()[hung]
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: partitions_of(address[kept_by - 1], [away])[2][away, 0].leader < 0, "it to have no leader", 30)
        check_who_waits(gateway)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for_more(writers, 2)
    with client(gateway) as http:
        until(lambda: post_batch(http, batch("some"), "/here").status_code == 202, "an atomic batch", 30)
    end(writers)
    check("atomic-leaderless", writers, found_in(three_brokers.bootstrap, away), 1)
    stored = found_in(three_brokers.bootstrap, here).batches
    assert {n for n, ids in stored.items() if len(ids) == SIZE} == {"some", "loose0", "loose1", "loose2"}
    assert set(stored) == {"some"} | {f"{name}{n}" for name in ("loose", "alone") for n in range(3)}
