# SPDX-License-Identifier: Apache-2.0
"""What a gateway makes of a broker's answers: those that are lost, come late, or are errors, once
or for longer than publishers wait. The broker is real and stores what it is sent; only its answers
are tampered with."""
import threading
from collections import Counter

import pytest

from support import kafka_way as way_of
from support.events import client, event, post, post_batch
from support.kafka_gateway import conf_of
from support.kafka_log import kcat
from support.kafka_way import LOST, Way, refused, stored_but
from support.wait import until

ANSWER_MS = 2000  # how long publishers wait


@pytest.fixture
def way(bootstrap):
    with Way(bootstrap) as w:
        yield w


@pytest.fixture
def start(make_gateway, way, topic):
    def make(main=""):
        main = f"kafka_partitions 1;\nkafka_property message.timeout.ms {ANSWER_MS};\n{main}"
        return make_gateway(conf=conf_of(way.bootstrap, {topic: "/events"}, main)).start()
    return make


def stored_ids(bootstrap, topic):
    return [r.headers["ce_id"] for r in kcat(bootstrap, topic)]


def send(http, event_id):
    return post(http, event(event_id)).status_code


def stored_in_the_end(http, event_id):
    """Sent again and again, as producers do."""
    answers = Counter()

    def is_stored():
        answers[send(http, event_id)] += 1
        return answers[202]
    until(is_stored, f"{event_id} to be stored, {answers}", 30)
    assert set(answers) <= {202, 503, 504}, answers


def test_an_answer_that_is_lost_is_asked_for_again(start, way, bootstrap, topic):
    gateway = start()
    with client(gateway) as http:
        assert send(http, "before") == 202
        way.next.append(LOST)
        r = post(http, event("once"))
        assert r.status_code == 202 and "headgate-duplicate" not in r.headers, r.text
        way.next.extend([LOST, None, LOST, LOST])
        assert post_batch(http, [event(f"batch{i}") for i in range(50)]).status_code == 202
        assert send(http, "between") == 202
        assert not way.next
        with way.all(LOST):
            assert send(http, "doubt") == 504, "it is stored, so never refused"
        r = post(http, event("doubt"))
        assert r.status_code == 202, r.text
        assert send(http, "after") == 202
    assert stored_ids(bootstrap, topic) == ["before", "once", *(f"batch{i}" for i in range(50)), "between",
                                            "doubt", "after"]


def test_errors_that_pass_are_no_publishers_affair(start, way, bootstrap, topic):
    passing = [refused(way_of.NOT_LEADER), refused(way_of.LEADER_NOT_AVAILABLE),
               refused(way_of.NOT_ENOUGH_REPLICAS), refused(way_of.STORAGE_ERROR),
               refused(way_of.UNKNOWN_TOPIC_OR_PARTITION), refused(way_of.REQUEST_TIMED_OUT),
               stored_but(way_of.REQUEST_TIMED_OUT), stored_but(way_of.NOT_LEADER),
               stored_but(way_of.NOT_ENOUGH_REPLICAS_AFTER_APPEND)]
    wanted = []
    gateway = start()
    with client(gateway) as http:
        for number, deed in enumerate(passing):
            for times in (1, 2):
                way.next.extend(times * [deed])
                wanted.append(f"{number}.{times}")
                assert send(http, wanted[-1]) == 202, deed
                assert not way.next, deed
        wanted.append("long")
        with way.all(refused(way_of.NOT_ENOUGH_REPLICAS)):
            assert send(http, "long") == 504, "nobody knows yet"
        assert send(http, "long") == 202
    assert stored_ids(bootstrap, topic) == wanted
    assert "kafka_producer_again" not in gateway.log()


def test_a_producer_that_lost_count_or_is_put_out_loses_and_doubles_nothing(start, way, bootstrap, topic):
    """What the client says of each, and whether it goes on with the same producer."""
    cases = [([stored_but(way_of.DUPLICATE_SEQUENCE_NUMBER)], 504, False),  # stored, but where?
             ([refused(way_of.OUT_OF_ORDER_SEQUENCE_NUMBER)], 504, True),
             ([stored_but(way_of.OUT_OF_ORDER_SEQUENCE_NUMBER)], 504, True),
             ([refused(way_of.UNKNOWN_PRODUCER_ID)], 202, False),
             ([LOST, refused(way_of.UNKNOWN_PRODUCER_ID)], 504, True),
             ([refused(way_of.INVALID_PRODUCER_EPOCH)], 503, False),
             ([refused(way_of.PRODUCER_FENCED)], 503, False)]
    wanted, made = [], 0
    gateway = start()
    with client(gateway) as http:
        for number, (deeds, status, is_made_again) in enumerate(cases):
            wanted += [f"{number}", f"{number} next"]
            way.next.extend(deeds)
            assert send(http, wanted[-2]) == status, deeds
            assert not way.next
            stored_in_the_end(http, wanted[-2])
            stored_in_the_end(http, wanted[-1])
            made += is_made_again
            assert gateway.log().count(" kafka_producer_again ") == made, deeds
    assert stored_ids(bootstrap, topic) == wanted


def test_an_error_that_says_nothing_is_no_refusal(start, way, bootstrap, topic):
    """A broker that failed while it stored the event may have done so."""
    gateway = start()
    with client(gateway) as http:
        for number, deed in enumerate([stored_but(way_of.UNKNOWN_SERVER_ERROR),
                                       refused(way_of.UNKNOWN_SERVER_ERROR)]):
            way.next.append(deed)
            assert send(http, number) == 504
            stored_in_the_end(http, number)
    assert stored_ids(bootstrap, topic) == ["0", "1"]


def test_slow_answers_use_up_the_budget_and_nothing_else(start, way, bootstrap, topic):
    gateway = start("topic_queue 16k;")
    answers = {}

    def one(event_id):
        with client(gateway) as http:
            answers[event_id] = post(http, large(event_id))

    def many(label):
        """The answers by status, of more than may be under way at once."""
        ids = [f"{label} {i}" for i in range(30)]
        threads = [threading.Thread(target=one, args=(i,)) for i in ids]
        for t in threads:
            t.start()
        until(lambda: sum(i in answers for i in ids) > 5, "the budget to be used up")
        assert 0 < gateway.metric("headgate_log_queue_bytes") < 24 << 10
        for t in threads:
            t.join(30)
        assert all(int(answers[i].headers["retry-after"]) >= 1 for i in ids if answers[i].status_code == 503)
        return Counter(answers[i].status_code for i in ids)

    def large(event_id):
        return {**event(event_id), "data": "x" * 1000}

    with client(gateway) as http:
        assert send(http, "before") == 202
        way.late_s = 0.25 * ANSWER_MS / 1000
        late = many("late")
        assert late[202] > 5 and late[503] > 5 and late[202] + late[503] == 30, late
        way.late_s = 1.5 * ANSWER_MS / 1000
        never = many("never")
        assert never[504] > 5 and never[503] > 5 and never[504] + never[503] == 30, never
        way.late_s = 0.0
        for i, r in answers.items():
            if r.status_code == 504:
                until(lambda i=i: post(http, large(i)).status_code == 202, f"{i} to be stored", 30)
    there = Counter(stored_ids(bootstrap, topic))
    assert there == Counter({"before": 1, **{i: 1 for i, r in answers.items() if r.status_code != 503}})
    until(lambda: gateway.metric("headgate_log_queue_bytes") == 0, "the queue to be empty")
