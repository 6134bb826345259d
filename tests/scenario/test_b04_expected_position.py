# SPDX-License-Identifier: Apache-2.0
"""Headgate-Expected-Position: an event is stored only if nothing stands behind
the position that its writer knows as the topic's last."""
import os
import shutil
import threading

import pytest

from support import position
from support.events import client, event, post, post_batch
from support.wait import until

pytestmark = pytest.mark.only_on("embedded", "Kafka compares no expected position")

FIELD = "headgate-expected-position"


def store(http, event_id, expected=None, path="/events", **more):
    return post(http, event(event_id, **more), path, **({FIELD: expected} if expected else {}))


def stored(http, path="/events"):
    return [e["id"] for e in http.get(f"{path}?since=earliest").json()]


def end_of(http, path="/events"):
    """The position after everything that the topic holds, as a pull tells it."""
    link = http.get(f"{path}?since=latest").headers["link"]
    return link.split("position=")[1].split(">")[0].split("&")[0]


def conflicts(response):
    assert response.status_code == 409, response.text
    assert response.json()["type"] == "urn:headgate:problem:position-conflict"
    assert "index" not in response.json()
    return True


@pytest.mark.parametrize("http2", [False, True])
def test_each_event_follows_the_one_that_its_writer_knows(gateway, http2):
    with client(gateway, http2=http2) as http:
        last = end_of(http)
        for i in range(5):
            r = store(http, i, last)
            assert r.status_code == 202, r.text
            last = r.headers["headgate-position"]
        assert stored(http) == list("01234")


def test_a_position_that_is_no_longer_the_last_is_refused_and_stores_nothing(gateway):
    with client(gateway) as http:
        first = store(http, 1).headers["headgate-position"]
        second = store(http, 2, first).headers["headgate-position"]
        assert conflicts(store(http, 3, first))
        assert conflicts(store(http, 3, first))
        assert stored(http) == ["1", "2"]
        # The refused id was not taken.
        r = store(http, 3, second)
        assert (r.status_code, r.headers.get("headgate-duplicate")) == (202, None)


def test_what_nobody_expects_takes_no_heed(gateway):
    with client(gateway) as http:
        first = store(http, 1).headers["headgate-position"]
        assert store(http, 2).status_code == 202
        assert conflicts(store(http, 3, first))


def test_an_empty_topic_has_a_position_too(gateway):
    with client(gateway) as http:
        before = end_of(http)
        assert position.decode(before).offset == position.BEFORE_FIRST
        assert store(http, 1, before).status_code == 202
        assert conflicts(store(http, 2, before))
        assert stored(http) == ["1"]


def test_a_lost_answer_is_asked_for_again(gateway):
    """Who sends the same event again with the same expectation gets its answer:
    it is stored, so that it is no longer the last does not matter."""
    with client(gateway) as http:
        first = store(http, 1).headers["headgate-position"]
        second = store(http, 2, first)
        assert store(http, 3).status_code == 202
        again = store(http, 2, first)
        assert again.status_code == 202
        assert again.headers["headgate-duplicate"] == "true"
        assert again.headers["headgate-position"] == second.headers["headgate-position"]
        other = store(http, 2, first, data="other")
        assert other.json()["type"] == "urn:headgate:problem:id-conflict"
        assert stored(http) == ["1", "2", "3"]


def test_it_holds_over_a_restart_and_a_kill(gateway):
    with client(gateway) as http:
        first = store(http, 1).headers["headgate-position"]
        last = store(http, 2, first).headers["headgate-position"]
    for again in ("stop", "kill"):
        if again == "stop":
            gateway.stop()
            gateway.start()
        else:
            gateway.kill_worker()
            gateway.wait_ready()
        with client(gateway) as http:
            assert conflicts(store(http, f"late {again}", first))
            r = store(http, f"after {again}", last)
            assert r.status_code == 202, r.text
            last = r.headers["headgate-position"]


def test_it_holds_when_all_events_are_too_old(make_gateway):
    g = make_gateway(main="topic demo.events { retention 1s; }").start()
    with client(g) as http:
        first = store(http, 1).headers["headgate-position"]
        last = store(http, 2).headers["headgate-position"]
        until(lambda: stored(http) == [], "the events to be removed", 30)
        assert conflicts(store(http, 3, first))
        assert store(http, 3, last).status_code == 202


@pytest.mark.parametrize("again", [False, True])
def test_a_position_whose_event_was_replaced_is_refused(gateway, again):
    """A log put back from a copy gives the same offsets to other events."""
    events, copy = os.path.join(gateway.dir, "events"), os.path.join(gateway.dir, "copy")
    with client(gateway) as http:
        assert store(http, 1).status_code == 202
        gateway.stop()
        shutil.copytree(events, copy)
        gateway.start()
    with client(gateway) as http:
        lost = store(http, "lost").headers["headgate-position"]
    gateway.stop()
    shutil.rmtree(events)
    shutil.move(copy, events)
    gateway.start()
    with client(gateway) as http:
        last = store(http, "other").headers["headgate-position"]
    assert position.decode(last)[:2] == position.decode(lost)[:2]
    if again:  # the gateway knows nothing of what it stored itself
        gateway.stop()
        gateway.start()
    with client(gateway) as http:
        assert conflicts(store(http, 2, lost))
        assert store(http, 2, last).status_code == 202
        assert stored(http) == ["1", "other", "2"]


def test_positions_of_other_topics_are_refused(make_gateway):
    g = make_gateway(locations="location = /other { accept cloudevents; publish demo.other; "
                               "stream demo.other; }").start()
    with client(g) as http:
        here = store(http, 1).headers["headgate-position"]
        there = store(http, 1, path="/other").headers["headgate-position"]
        assert conflicts(store(http, 2, there))
        assert conflicts(store(http, 2, here, path="/other"))
        assert store(http, 2, here).status_code == 202
        assert store(http, 2, there, path="/other").status_code == 202


@pytest.mark.parametrize("what", ["tea", "", "-", "{last}.{last}", "{last}x", "{cut}"])
def test_what_is_no_position_is_told(gateway, what):
    with client(gateway) as http:
        last = store(http, 1).headers["headgate-position"]
        r = post(http, event(2), **{FIELD: what.format(last=last, cut=last[:-1])})
        assert r.status_code == 400, r.text
        assert r.json()["type"] == "urn:headgate:problem:position-invalid"
        assert stored(http) == ["1"]


def test_it_is_for_one_event_and_said_once(gateway):
    with client(gateway) as http:
        last = store(http, 1).headers["headgate-position"]
        r = post_batch(http, [event(2), event(3)], **{FIELD: last})
        assert (r.status_code, r.json()["type"]) == (400, "urn:headgate:problem:position-invalid")
        twice = [("content-type", "application/cloudevents+json"), (FIELD, last), (FIELD, last)]
        r = http.post("/events", content=b'{"specversion":"1.0","id":"2","source":"/s","type":"t"}',
                      headers=twice)
        assert (r.status_code, r.json()["type"]) == (400, "urn:headgate:problem:position-invalid")
        assert stored(http) == ["1"]
        assert post_batch(http, [event(2)], **{FIELD: last}).status_code == 202


@pytest.mark.parametrize("http2", [False, True])
def test_of_two_writers_that_race_exactly_one_wins_each_time(gateway, http2):
    """Each knows the last position, both write at once: a lock that nobody holds."""
    rounds, writers = 60, 4
    start, end = threading.Barrier(writers + 1), threading.Barrier(writers + 1)
    shared = {"last": None}
    answers = [None] * writers

    def write(me):
        with client(gateway, http2=http2) as http:
            for i in range(rounds):
                start.wait(60)
                answers[me] = store(http, f"{i}-{me}", shared["last"])
                end.wait(60)

    threads = [threading.Thread(target=write, args=(me,), daemon=True) for me in range(writers)]
    for t in threads:
        t.start()
    winners = []
    with client(gateway) as http:
        shared["last"] = end_of(http)
        for i in range(rounds):
            start.wait(60)
            end.wait(60)
            won = [me for me, r in enumerate(answers) if r.status_code == 202]
            assert len(won) == 1, [r.status_code for r in answers]
            assert all(conflicts(r) for me, r in enumerate(answers) if me != won[0])
            winners.append(f"{i}-{won[0]}")
            shared["last"] = answers[won[0]].headers["headgate-position"]
        for t in threads:
            t.join(30)
        assert stored(http) == winners


@pytest.mark.only_on("kafka", "other logs compare them")
def test_a_log_that_compares_none_says_so_and_stores_nothing(gateway):
    with client(gateway) as http:
        last = store(http, 1).headers["headgate-position"]
        r = store(http, 2, last)
        assert (r.status_code, r.json()["type"]) == (400, "urn:headgate:problem:position-invalid")
        assert "compares no expected position" in r.json()["detail"]
        assert stored(http) == ["1"]
        assert store(http, 2).status_code == 202
