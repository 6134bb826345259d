# SPDX-License-Identifier: Apache-2.0
"""Dedup where the log is a cluster: over a restart, after an answer in doubt,
and with several gateways over one topic. What is in a topic is read by a client that is not ours."""
import os
import signal

import pytest

from support.events import EventStream, client, event, post, post_batch
from support.kafka_gateway import conf_of
from support.kafka_log import kcat
from support.wait import until


@pytest.fixture
def make_kafka_gateway(make_gateway, topic):
    def make(bootstrap, timeout_ms=25000, partitions=4, main=""):
        main = f"kafka_partitions {partitions};\nkafka_property message.timeout.ms {timeout_ms};\n{main}"
        return make_gateway(conf=conf_of(bootstrap, {topic: "/events"}, main)).start()
    return make


def stored_ids(bootstrap, topic):
    """Of all partitions, each in its order."""
    return [r.headers["ce_id"] for r in kcat(bootstrap, topic)]


def test_an_id_is_known_after_a_restart(bootstrap, topic, make_kafka_gateway):
    first = make_kafka_gateway(bootstrap)
    with client(first) as http:
        answers = {i: post(http, event(i)) for i in range(20)}
    assert all(r.status_code == 202 for r in answers.values())
    first.stop()
    second = make_kafka_gateway(bootstrap)
    with client(second) as http:
        for i, before in answers.items():
            r = post(http, event(i))
            assert r.status_code == 202, r.text
            assert r.headers["headgate-duplicate"] == "true"
            assert r.headers["headgate-position"] == before.headers["headgate-position"]
        r = post(http, event(7, data="other"))
        assert r.status_code == 409 and r.json()["type"].endswith("id-conflict")
        r = post_batch(http, [event(i) for i in range(15, 25)], prefer="return=representation")
        assert r.status_code == 202, r.text
    assert sorted(stored_ids(bootstrap, topic), key=int) == [str(i) for i in range(25)]


def test_what_stands_further_back_than_dedup_hide_is_not_looked_for(bootstrap, topic, make_kafka_gateway):
    first = make_kafka_gateway(bootstrap)
    with client(first) as http:
        assert post(http, event(1)).status_code == 202
    first.stop()
    with client(make_kafka_gateway(bootstrap, main="dedup_hide 0;")) as http:
        r = post(http, event(1))
        assert r.status_code == 202 and "headgate-duplicate" not in r.headers
    assert stored_ids(bootstrap, topic) == ["1", "1"]


def stop(pid):
    """Returns when no thread of it runs any more."""
    os.kill(pid, signal.SIGSTOP)

    def is_stopped():
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii") as f:
                if f.read().rsplit(")", 1)[1].split()[0] != "T":
                    return False
        return True
    until(is_stopped, "the broker's threads")


def test_an_answer_in_doubt_ends_as_stored_once(own_broker, topic, make_kafka_gateway):
    g = make_kafka_gateway(own_broker.bootstrap, timeout_ms=2000)
    pid = own_broker.pids()[1]
    answers = []
    with client(g) as http:
        assert post(http, event("before")).status_code == 202
        while answers.count(504) < 2 and len(answers) < 8:
            n = len(answers)
            stop(pid)
            try:
                r = post(http, event(n))
            finally:
                os.kill(pid, signal.SIGCONT)
            answers.append(r.status_code)
            assert r.status_code in (503, 504), r.text  # not sent, or sent and nobody knows
            until(lambda: post(http, event(n)).status_code == 202, "the broker", 60)
    assert answers.count(504) == 2, answers
    assert sorted(stored_ids(own_broker.bootstrap, topic)) == [str(n) for n in range(len(answers))] + ["before"]


def read_ids(gateway, n, **options):
    """The ids of a stream, and what each event said to go on from; it ends with "end"."""
    stream = EventStream(gateway, **options)
    until(lambda: "end" in [e["id"] for e in stream.events()],
          f"{n} events, has {[e['id'] for e in stream.events()]}", 30)
    stream.close()
    return [(b.json()["id"], b.last_id) for b in stream.blocks if b.kind == "message"]


def test_a_copy_is_shown_once_on_every_gateway(bootstrap, topic, make_kafka_gateway):
    gateways = [make_kafka_gateway(bootstrap, partitions=1) for _ in range(2)]
    streams = [EventStream(g) for g in gateways]
    until(lambda: all(s.notices() for s in streams), "both streams")
    with client(gateways[0]) as first, client(gateways[1]) as second:
        for n in range(12):
            for http in (first, second, first, second):
                r = post(http, event(n))
                assert r.status_code == 202, r.text
        assert post(second, event("end")).status_code == 202
    assert stored_ids(bootstrap, topic) == [str(n) for n in range(12) for _ in range(2)] + ["end"]
    wanted = [str(n) for n in range(12)] + ["end"]
    for s in streams:
        until(lambda s=s: len(s.events()) >= 13, "the events", 30)
        s.close()
        assert [e["id"] for e in s.events()] == wanted
    third = make_kafka_gateway(bootstrap, partitions=1)
    found = read_ids(third, 13, path="/events?since=earliest")
    assert [i for i, _ in found] == wanted
    for k, (_, position) in list(enumerate(found))[:-1:4]:
        for g in (gateways[k % 8 // 4], third):
            assert [i for i, _ in read_ids(g, 12 - k, last_id=position)] == wanted[k + 1:]
    assert sum(g.metric("headgate_log_copies_total") for g in gateways) >= 24
