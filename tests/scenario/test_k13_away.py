# SPDX-License-Identifier: Apache-2.0
"""A cluster that is away without a word, was never there, or lost what it had acknowledged: what
producers are told, what a gateway keeps, and how it ends meanwhile."""
import json
import os
import signal
import threading
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from support.events import client, event, post
from support.kafka_gateway import conf_of, need_module
from support.kafka_log import records_of
from support.process import status
from support.raw import Cut, Http1, Http2, Request
from support.wait import until

QUEUE_KIB = 512
MARGIN_KIB = 16 << 10  # what an allocator and twenty connections may keep beside it
BACK_S = 10            # from when the cluster answers
PADDING = "x" * 10_000
BATCH = ("content-type", "application/cloudevents-batch+json")


@pytest.fixture
def away(make_gateway, own_broker, topic):
    """(start, hang): start(queue) starts a gateway; with hang() the broker answers nobody."""
    def start(queue, answer_ms=4000):
        main = f"topic_queue {queue};\nkafka_property message.timeout.ms {answer_ms};"
        return make_gateway(conf=conf_of(own_broker.bootstrap, {topic: "/events"}, main)).start()

    @contextmanager
    def hang():
        pid = own_broker.pids()[1]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield lambda: os.kill(pid, signal.SIGCONT)
        finally:
            os.kill(pid, signal.SIGCONT)

    return start, hang


def requests(ids, padding=PADDING):
    return [Request("/events", [("content-type", "application/cloudevents+json")],
                    json.dumps({**event(i), "data": padding}).encode()) for i in ids]


def accounted(gateway):
    """Events that the log was asked to take, and what became of them."""
    text = gateway.admin_get("/metrics")[1]
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if line.startswith("headgate_log_events_total{"))


class Sender(threading.Thread):
    """Sends groups of requests, all ids new, until it is stopped; keeps the answers."""

    def __init__(self, gateway, name, pause_s=0.02):
        super().__init__(daemon=True)
        self.gateway, self.label, self.pause_s = gateway, name, pause_s
        self.statuses, self.stored, self.unanswered = Counter(), [], 0
        self.retry_after = set()
        self.sent = 0
        self.stopping = threading.Event()
        self.start()

    def run(self):
        conn = Http2(self.gateway, tls=True)
        try:
            while not self.stopping.wait(self.pause_s):
                ids = [f"{self.label}.{self.sent + i}" for i in range(10)]
                self.sent += len(ids)
                self.unanswered = len(ids)
                for index, answer in conn.exchange(requests(ids)):
                    self.unanswered -= 1
                    self.statuses[answer.status] += 1
                    if answer.status == 202:
                        self.stored.append(ids[index])
                    if answer.status == 503:
                        self.retry_after.add(int(answer.fields["retry-after"]))
        except Cut:
            pass
        finally:
            conn.close()

    def end(self):
        self.stopping.set()
        self.join(60)
        assert not self.is_alive()


def resident_kib(gateway):
    return sum(int(status(pid, "VmRSS")[0]) for pid in gateway.workers())


def test_a_broker_that_hangs_costs_its_budget_and_is_told(away, own_broker, topic):
    start, hang = away
    gateway = start(f"{QUEUE_KIB}k")
    senders = [Sender(gateway, f"s{i}") for i in range(10)]
    until(lambda: all(s.statuses[202] > 50 for s in senders), "events", 60)
    usual = resident_kib(gateway)
    with hang() as go_on:
        until(lambda: all(s.statuses[503] > 100 for s in senders), "the budget to be used up", 60)
        assert gateway.metric("headgate_log_queue_bytes") <= (QUEUE_KIB << 10) + len(PADDING) * 20
        until(lambda: gateway.admin_get("/readyz")[0] == 503, "readiness to be gone", 30)
        assert gateway.admin_get("/healthz")[0] == 200
        leave_early(gateway)
        assert resident_kib(gateway) < usual + 2 * QUEUE_KIB + MARGIN_KIB
        until(lambda: any(s.statuses[504] + s.statuses[503] > 1000 for s in senders), "time to pass", 60)
        assert resident_kib(gateway) < usual + 2 * QUEUE_KIB + MARGIN_KIB
        go_on()
        before = {s: s.statuses[202] for s in senders}
        until(lambda: all(s.statuses[202] > before[s] + 20 for s in senders), "acks to be back", 60)
    until(lambda: gateway.admin_get("/readyz")[0] == 200, "readiness", 30)
    check_all(gateway, own_broker, topic, senders)
    sent = sum(s.sent for s in senders) + 1
    until(lambda: accounted(gateway) == sent, "every event to be accounted for", 30)


def test_a_cluster_that_dies_under_load_is_waited_for(away, own_broker, topic):
    """For longer than twice what publishers wait; it takes as long to start again."""
    start, _ = away
    answer_s = 2
    gateway = start(f"{QUEUE_KIB}k", answer_s * 1000)
    worker = gateway.workers()
    senders = [Sender(gateway, f"s{i}", 0.1) for i in range(4)]  # the broker needs a core to start
    until(lambda: all(s.statuses[202] > 20 for s in senders), "events", 60)
    own_broker.do("kill", 1)
    died = time.monotonic()
    until(lambda: gateway.admin_get("/readyz")[0] == 503, "readiness to be gone", 30)
    before = sum(s.statuses[202] for s in senders)
    until(lambda: time.monotonic() > died + 2.5 * answer_s and all(s.statuses[503] > 50 for s in senders),
          "twice as long as publishers wait", 60)
    assert gateway.admin_get("/healthz")[0] == 200
    assert sum(s.statuses[202] for s in senders) == before, "nobody could acknowledge that"
    own_broker.start(1)
    before = {s: s.statuses[202] for s in senders}
    until(lambda: all(s.statuses[202] > before[s] + 20 for s in senders), "acks to be back", BACK_S)
    until(lambda: gateway.admin_get("/readyz")[0] == 200, "readiness", BACK_S)
    assert gateway.workers() == worker, "it was not started again"
    check_all(gateway, own_broker, topic, senders)


def check_all(gateway, own_broker, topic, senders):
    """What was acknowledged is there once; of the rest nothing twice."""
    for s in senders:
        s.end()
    assert all(1 <= after <= 60 for s in senders for after in s.retry_after)
    until(lambda: gateway.metric("headgate_log_queue_bytes") == 0, "the queue to be empty", 30)
    there = Counter(e["id"] for _, _, e in records_of(own_broker.bootstrap, topic))
    assert all(there[i] == 1 for s in senders for i in s.stored)
    assert max(there.values()) == 1


def leave_early(gateway):
    """Its client goes away before there is an answer; it is an event like any other."""
    conn = Http1(gateway)
    conn.pipe.send(b"POST /events HTTP/1.1\r\nhost: x\r\ncontent-type: application/cloudevents+json\r\n")
    body = requests(["left"], "")[0].body
    before = gateway.metric("headgate_requests_total")
    conn.pipe.send(f"content-length: {len(body)}\r\n\r\n".encode() + body)
    until(lambda: gateway.metric("headgate_requests_total") > before, "the request")
    conn.close()


@pytest.mark.parametrize("signo, comes_back", [(signal.SIGTERM, False), (signal.SIGQUIT, True)])
def test_a_stop_with_thousands_in_flight_loses_nothing(away, own_broker, topic, signo, comes_back):
    """In batches: HTTP/1.1 answers one request after the other."""
    batches, size = 20, 500
    start, hang = away
    gateway = start("16m")
    answers, stored = Counter(), ["before"]

    def send(label):
        ids = [f"{label}.{i}" for i in range(size)]
        body = json.dumps([{**event(i), "data": "x" * 100} for i in ids]).encode()
        conn = Http1(gateway)
        try:
            _, answer = next(conn.exchange([Request("/events", [BATCH], body)]))
            answers[answer.status] += len(ids)
            stored.extend(ids if answer.status == 202 else [])
        except Cut:
            answers["cut"] += len(ids)
        finally:
            conn.close()

    with client(gateway) as http:
        assert post(http, event("before")).status_code == 202
    threads = [threading.Thread(target=send, args=(f"t{i}",)) for i in range(batches)]
    with hang() as go_on:
        threads[0].start()
        one = until(lambda: gateway.metric("headgate_log_queue_bytes"), "the first batch")
        for t in threads[1:]:
            t.start()
        until(lambda: gateway.metric("headgate_log_queue_bytes") >= batches * one, "10,000 events in flight", 30)
        gateway.process.send_signal(signo)
        if comes_back:
            until(lambda: gateway.admin_get("/readyz")[0] != 200, "the drain to begin")
            go_on()
        assert gateway.process.wait(60) == 0, gateway.log()
    for t in threads:
        t.join(30)
    there = Counter(e["id"] for _, _, e in records_of(own_broker.bootstrap, topic))
    assert all(there[i] == 1 for i in stored) and max(there.values()) == 1, answers
    assert sum(answers.values()) == batches * size
    if comes_back:
        assert answers[202] == batches * size, answers
    else:
        assert answers[202] == 0, answers


@pytest.mark.parametrize("bootstrap", ["127.0.0.1:1", "no-such-host.invalid:9092"])
def test_a_start_without_a_cluster_ends_with_a_reason(make_gateway, bootstrap):
    need_module()
    gateway = make_gateway(conf=conf_of(bootstrap, {"demo.none": "/events"}))
    assert gateway.run("-t").returncode == 0, "what is written is right"
    gateway.start(wait=False)
    code = gateway.process.wait(60)
    assert code != 0 and bootstrap.split(":")[0] in gateway.log(), gateway.log()


def cut_back(own_broker, topic, batches):
    """Leaves that many batches of a topic's only partition, as a disk that lied would; the broker
    is dead."""
    directory = os.path.join(own_broker.dir, "1/data", topic + "-0")
    for name in os.listdir(directory):
        if name.endswith((".snapshot", ".index", ".timeindex")):
            os.remove(os.path.join(directory, name))
    with open(os.path.join(directory, "0" * 20 + ".log"), "r+b") as f:
        at = 0
        for _ in range(batches):
            f.seek(at + 8)
            at += 12 + int.from_bytes(f.read(4), "big")
        f.truncate(at)


def test_a_log_that_lost_its_end_does_not_end_the_producer(make_gateway, own_broker, topic):
    """The broker knows earlier sequence numbers than the producer goes on with: to the client that
    is fatal. What was in flight is in doubt, and the next event finds another producer."""
    gateway = make_gateway(conf=conf_of(own_broker.bootstrap, {topic: "/events"}, "kafka_partitions 1;")).start()
    with client(gateway) as http:
        for i in range(20):
            assert post(http, event(f"before{i}")).status_code == 202
        own_broker.do("kill", 1)
        cut_back(own_broker, topic, 10)
        own_broker.start(1)
        answers = Counter()

        def is_stored(i):
            answers[post(http, event(f"after{i}")).status_code] += 1
            return answers[202] > i

        for i in range(20):
            until(lambda i=i: is_stored(i), f"after{i}, {answers}, {gateway.log()[-3000:]}", 60)
    until(lambda: gateway.admin_get("/readyz")[0] == 200, "readiness", 30)
    there = [e["id"] for _, _, e in records_of(own_broker.bootstrap, topic)]
    assert there == [f"before{i}" for i in range(10)] + [f"after{i}" for i in range(20)]
    assert "kafka_producer_fatal" in gateway.log() and "kafka_producer_again" in gateway.log()
