# SPDX-License-Identifier: Apache-2.0
"""Batches that are stored whole or not at all, over several partitions, while the
gateway is killed among them. What is in the topic is read by a client that is not ours."""
import os
import random
import signal
import time

import pytest

from support.batches import SIZE, Writer, batch, check, end, found_in, wait_for_more
from support.counts import count, seed
from support.events import EventStream, client, event, post_batch
from support.kafka_gateway import conf_of
from support.wait import until

WRITERS, KILLS, HANGS = 4, max(3, count(30)), count(10)


@pytest.fixture
def atomic_gateway(make_gateway, topic):
    def make(bootstrap, name=None, main=""):
        main = f"kafka_partitions 3; kafka_transactional_id {name or topic}; atomic_batch on;\n{main}"
        return make_gateway(conf=conf_of(bootstrap, {topic: "/events"}, main))
    return make


def test_a_batch_is_there_whole_or_not_at_all(bootstrap, topic, atomic_gateway):
    gateway = atomic_gateway(bootstrap).start()
    rng = random.Random(seed())
    writers = [Writer(gateway, name) for name in "abcd"[:WRITERS]]
    for _ in range(KILLS):
        wait_for_more(writers, 2)
        time.sleep(rng.random() * 0.08)  # somewhere in a transaction
        gateway.kill_worker()
    wait_for_more(writers, 1)
    end(writers)
    answers = check("atomic-kill", writers, found_in(bootstrap, topic), KILLS)
    assert sum(a is None for a in answers.values()) >= KILLS  # it was killed among them


def test_the_same_where_the_broker_hangs(own_broker, topic, atomic_gateway):
    gateway = atomic_gateway(own_broker.bootstrap, main="kafka_property message.timeout.ms 2000;").start()
    rng = random.Random(seed())
    writers = [Writer(gateway, name) for name in "abcd"[:WRITERS]]
    for _ in range(HANGS):
        wait_for_more(writers, 2)
        time.sleep(rng.random() * 0.08)
        pid = own_broker.pids()[1]
        os.kill(pid, signal.SIGSTOP)
        try:
            until(lambda: any(w.has_failed() for w in writers), "an answer that is no 202", 20)
            time.sleep(rng.random() * 2)
        finally:
            os.kill(pid, signal.SIGCONT)
    wait_for_more(writers, 2)
    end(writers)
    check("atomic-hang", writers, found_in(own_broker.bootstrap, topic), HANGS)


def test_one_event_that_is_refused_refuses_its_batch(bootstrap, topic, atomic_gateway):
    gateway = atomic_gateway(bootstrap).start()
    stream = EventStream(gateway, "/events?since=earliest")
    with client(gateway) as http:
        bad = batch("bad")
        del bad[5]["type"]
        r = post_batch(http, bad)
        assert r.status_code == 400 and r.json()["index"] == 5
        large = batch("large")
        large[7]["data"] = "x" * 1200000
        r = post_batch(http, large)
        assert r.status_code == 413 and r.json()["index"] == 7
        r = post_batch(http, batch("good"), prefer="return=representation")
        assert r.status_code == 202 and len(r.json()["events"]) == SIZE
        again = post_batch(http, batch("good"), prefer="return=representation")
        assert [e["position"] for e in again.json()["events"]] == [e["position"] for e in r.json()["events"]]
        assert all(e["duplicate"] for e in again.json()["events"])
    until(lambda: len(stream.events()) == SIZE, "the good one")
    stream.close()
    assert set(found_in(bootstrap, topic).batches) == {"good"}


def test_two_gateways_of_one_id_put_each_other_out(bootstrap, topic, atomic_gateway):
    first = atomic_gateway(bootstrap).start()
    with client(first) as http:
        assert post_batch(http, batch("a")).status_code == 202
        second = atomic_gateway(bootstrap).start()
        with client(second) as other:
            assert post_batch(other, batch("b")).status_code == 202
            r = post_batch(http, batch("c"))
            assert r.status_code == 503 and int(r.headers["retry-after"]) > 0
            assert "kafka_fenced id=" + topic in first.log()
            assert post_batch(http, [event("alone")]).status_code == 202  # takes no transaction
            assert post_batch(other, batch("c")).status_code == 202
    batches = found_in(bootstrap, topic).batches
    assert {n: len(ids) for n, ids in batches.items()} == {"a": SIZE, "b": SIZE, "c": SIZE, "alone": 1}


def test_without_an_id_it_is_refused_with_its_place(bootstrap, topic, make_gateway):
    conf = conf_of(bootstrap, {topic: "/events"}, "atomic_batch on;")
    r = make_gateway(conf=conf).run("-t")
    assert r.returncode == 1
    assert "location: atomic_batch: event_log kafka" in r.stderr
    assert "expected kafka_transactional_id" in r.stderr
