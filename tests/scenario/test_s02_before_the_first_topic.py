# SPDX-License-Identifier: Apache-2.0
"""Who follows a pattern before any topic fits it: is let in, waits, and has the
first topic from its first event; also when it was away in between."""
import itertools
import threading

import pytest

from support.event_log import JOINS_AT_ONCE
from support.events import EventStream, client, event, post
from support.sockets import connect, receive, receive_type
from support.wait import until

LOCATIONS = """
location /orders/{topic} { accept cloudevents; publish $topic allow=orders.*; }
location = /all { stream orders.*; stream_heartbeat 100ms; }
location = /one { stream orders.eu; }
location = /under/none { stream orders.x.*; }
location /under/{topic} { stream $topic.* allow=orders.*; }
location = /dlq { stream orders.*.dlq; }
"""
ROLE = "role anonymous { publish orders.*; subscribe %s; }\n"


@pytest.fixture
def orders(make_gateway):
    return make_gateway(main=ROLE % "orders.*", locations=LOCATIONS).start()


def publish(http, n, topic="orders.eu"):
    assert post(http, event(n), f"/orders/{topic}").status_code == 202


def following(response):
    return response.headers["link"].split(">")[0].strip("<")


def ids(response):
    assert response.status_code == 200, response.text
    return [e["id"] for e in response.json()]


def test_an_event_stream_waits_for_the_first_topic(orders):
    streams = [EventStream(orders, path="/all") for _ in range(3)]
    until(lambda: all(s.notices() for s in streams), "the opened notices")
    for s in streams:
        assert [kind for kind, _ in s.notices()] == ["headgate.stream.opened"]
        assert s.notices()[0][1]["resumed"] is False
    until(lambda: streams[0].beats > 1, "a heartbeat")
    with client(orders) as http:
        for i in range(3):
            publish(http, i)
        publish(http, 3, "orders.us")
    for s in streams:
        until(lambda: len(s.events()) == 4, "the events")
        assert [e["id"] for e in s.events()] == list("0123")
        s.close()


def test_what_came_while_an_event_stream_was_away_is_not_lost(orders):
    first = EventStream(orders, path="/all")
    until(first.notices, "the opened notice")
    first.close()
    with client(orders) as http:
        publish(http, 0)
        publish(http, 1, "orders.us")
        again = EventStream(orders, path="/all", last_id=first.last_id)
        until(lambda: len(again.events()) == 2, "what came meanwhile")
        publish(http, 2)
        until(lambda: len(again.events()) == 3, "what comes")
    assert {e["id"] for e in again.events()[:2]} == {"0", "1"}
    assert [kind for kind, _ in again.notices()] == ["headgate.stream.opened"]
    assert again.notices()[0][1]["resumed"] is True
    again.close()


def test_it_may_come_back_before_there_is_anything(orders):
    first = EventStream(orders, path="/all")
    until(first.notices, "the opened notice")
    first.close()
    orders.stop()
    orders.start()
    again = EventStream(orders, path="/all", last_id=first.last_id)
    until(again.notices, "the opened notice")
    assert again.notices() == [("headgate.stream.opened", again.notices()[0][1])]
    assert again.notices()[0][1]["resumed"] is True
    with client(orders) as http:
        publish(http, 0)
    until(again.events, "the first event")
    again.close()


def test_a_websocket_waits_and_comes_back(orders):
    with client(orders) as http:
        with connect(orders, path="/all") as ws:
            position = receive_type(ws, "headgate.stream.opened")["data"]["position"]
        with connect(orders, path="/all") as ws:
            receive_type(ws, "headgate.stream.opened")
            for i in range(2):
                publish(http, i)
            assert [e["id"] for e in receive(ws, 2)] == ["0", "1"]
        with connect(orders, f"?position={position}", path="/all") as ws:
            assert receive_type(ws, "headgate.stream.opened")["data"]["resumed"] is True
            assert [e["id"] for e in receive(ws, 2)] == ["0", "1"]


@pytest.mark.parametrize("query", ["", "?since=latest", "?since=earliest",
                                   "?since=2026-01-01T00:00:00Z"])
def test_a_pull_goes_on_from_before_the_first_topic(orders, query):
    with client(orders) as http:
        r = http.get("/all" + query)
        assert ids(r) == []
        r = http.get("/all" + following(r))
        assert ids(r) == []
        assert "headgate-gap" not in r.headers
        publish(http, 0)
        publish(http, 1)
        r = http.get("/all" + following(r))
        assert ids(r) == ["0", "1"]
        assert "headgate-gap" not in r.headers
        publish(http, 2)
        assert ids(http.get("/all" + following(r))) == ["2"]


def test_a_waiting_pull_is_answered_with_the_first_event(orders):
    answers = []

    def pull():
        with client(orders) as other:
            answers.append(ids(other.get("/all?wait=25")))
    waiting = threading.Thread(target=pull)
    waiting.start()
    until(lambda: orders.metric('headgate_subscribers{state="live"}') == 1, "the pull to wait")
    with client(orders) as http:
        publish(http, 0)
    waiting.join(20)
    assert answers == [["0"]]


@pytest.mark.parametrize("path, status, kind", [
    ("/one", 404, "topic-unknown"),            # a name has its topic or has not
    ("/under/other", 404, "topic-unknown"),    # nothing below it is ever allowed
    ("/under/none", 403, "forbidden"),         # no right reaches below orders.x
    ("/dlq", 403, "forbidden"),                # no star of a role does
])
@pytest.mark.parametrize("accept", ["text/event-stream", "*/*"])
def test_what_can_never_come_is_refused(orders, path, status, kind, accept):
    with client(orders) as http:
        r = http.get(path, headers={"accept": accept})
        assert r.status_code == status
        assert r.json()["type"] == f"urn:headgate:problem:{kind}"


def test_only_what_may_be_followed_ends_the_wait(make_gateway):
    g = make_gateway(main=ROLE % "orders.us", locations=LOCATIONS).start()
    with client(g) as http:
        publish(http, 0)
        stream = EventStream(g, path="/all")
        until(stream.notices, "the opened notice")
        publish(http, 1)
        publish(http, 2, "orders.us")
        until(stream.events, "the first event")
        assert [e["id"] for e in stream.events()] == ["2"]
        stream.close()


def test_a_stream_that_waits_lives_through_reloads_as_long_as_it_may(orders):
    def reload(old, new):
        orders.write_conf(orders.conf.replace(old, new))
        r = orders.run("-s", "reload")
        assert (r.returncode, r.stderr) == (0, "")

    waiting = EventStream(orders, path="/all")
    until(waiting.notices, "the opened notice")
    reload("subscribe orders.*", "subscribe orders.us")
    with client(orders) as http:
        publish(http, 0)
        publish(http, 1, "orders.us")
        until(waiting.events, "the first event")
    assert [e["id"] for e in waiting.events()] == ["1"]
    reload("subscribe orders.us", "subscribe orders.eu orders.none")
    numbers = itertools.count(2)  # where in the other topic it joins, nobody is told

    def is_joined():
        publish(http, next(numbers))
        return len(waiting.events()) >= 2

    with client(orders) as http:
        until(is_joined, "the other topic", every_s=0.1)
        last = next(numbers)
        publish(http, last)
        until(lambda: waiting.events()[-1]["id"] == str(last), "the last of the other topic")
    came = [int(e["id"]) for e in waiting.events()]
    assert came == [1, *range(came[1], last + 1)] and (came[1] == 2 or not JOINS_AT_ONCE)
    # What it followed is gone: it is told, though more may come.
    reload("subscribe orders.eu orders.none", "subscribe orders.none")
    until(lambda: not waiting.is_alive(), "the stream to end")
    assert waiting.notices()[-1][1]["reason"] == "rights-changed"
    assert [int(e["id"]) for e in waiting.events()] == came
