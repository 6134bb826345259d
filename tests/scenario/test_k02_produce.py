# SPDX-License-Identifier: Apache-2.0
"""What a gateway writes to Kafka, as clients that are not ours read it; and its
answers while the cluster is away."""
import json
import os
import signal

import pytest

from support.events import client, event, post, post_batch
from support.kafka_gateway import conf_of
from support.kafka_log import kcat
from support.wait import until


@pytest.fixture
def make_kafka_gateway(make_gateway, topic):
    def make(bootstrap, timeout_ms=25000, main=""):
        main = f"kafka_property message.timeout.ms {timeout_ms};\n{main}"
        return make_gateway(conf=conf_of(bootstrap, {topic: "/events"}, main)).start()
    return make


def read(bootstrap, topic):
    """[(offset, key, headers, value)] as kcat reads them."""
    return sorted((r[1:] for r in kcat(bootstrap, topic)), key=lambda f: f[0])


def test_an_event_is_a_cloudevent_to_other_clients(bootstrap, topic, make_kafka_gateway):
    g = make_kafka_gateway(bootstrap)
    with client(g) as http:
        r = post(http, event(1, subject="me", datacontenttype="application/json"))
        assert r.status_code == 202, r.text
        assert "headgate-position" in r.headers
    (_, key, headers, value), = read(bootstrap, topic)
    assert key == "me"
    assert headers["ce_specversion"] == "1.0" and headers["ce_id"] == "1"
    assert headers["ce_source"] == "/scenario" and headers["ce_type"] == "com.example.scenario"
    assert headers["ce_subject"] == "me" and headers["content-type"] == "application/json"
    assert json.loads(value) == {"n": 1}


def test_a_batch_is_there_in_its_order_and_once(bootstrap, topic, make_kafka_gateway):
    g = make_kafka_gateway(bootstrap)
    with client(g) as http:
        for _ in range(2):
            r = post_batch(http, [event(i) for i in range(100)])
            assert r.status_code == 202, r.text
    assert [h["ce_id"] for _, _, h, _ in read(bootstrap, topic)] == [str(i) for i in range(100)]


def test_structured_mode_writes_the_event_as_json(bootstrap, topic, make_kafka_gateway):
    g = make_kafka_gateway(bootstrap, main="kafka_content_mode structured;")
    with client(g) as http:
        assert post(http, event(1)).status_code == 202
    (_, _, headers, value), = read(bootstrap, topic)
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert json.loads(value)["id"] == "1" and json.loads(value)["data"] == {"n": 1}


def test_what_a_broker_that_hangs_leaves_in_doubt_is_stored_once(own_broker, topic, make_kafka_gateway):
    g = make_kafka_gateway(own_broker.bootstrap, timeout_ms=2000)
    pid = own_broker.pids()[1]
    with client(g) as http:
        assert post(http, event("before")).status_code == 202
        os.kill(pid, signal.SIGSTOP)
        try:
            r = post(http, event("hung"))
        finally:
            os.kill(pid, signal.SIGCONT)
        assert r.status_code == 504, r.text  # it was sent; nobody knows
        until(lambda: post(http, event("hung")).status_code == 202, "the broker", 60)
    there = [h["ce_id"] for _, _, h, _ in read(own_broker.bootstrap, topic)]
    assert there == ["before", "hung"]
