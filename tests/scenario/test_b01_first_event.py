# SPDX-License-Identifier: Apache-2.0
"""One event, all the way: HTTPS in, on disk, out over SSE and pull."""
from support.events import EventStream, client, event, post
from support.wait import until


def test_an_event_is_answered_with_its_position(gateway):
    with client(gateway) as http:
        r = post(http, event(1))
    assert r.status_code == 202, r.text
    assert len(r.headers["headgate-position"]) == 42


def test_an_event_reaches_a_subscriber_as_it_was_sent(gateway):
    stream = EventStream(gateway)
    until(lambda: stream.notices(), "the opened notice")
    with client(gateway) as http:
        position = post(http, event(1, subject="me")).headers["headgate-position"]
    got = until(stream.events, "the event")[0]
    assert got["id"] == "1" and got["subject"] == "me" and got["data"] == {"n": 1}
    assert "time" in got
    assert stream.last_id == position
    stream.close()


def test_a_pull_gives_what_is_there_and_where_to_go_on(gateway):
    with client(gateway) as http:
        for i in range(3):
            assert post(http, event(i)).status_code == 202
        r = http.get("/events?since=earliest")
        assert [e["id"] for e in r.json()] == ["0", "1", "2"]
        again = http.get("/events" + r.headers["link"].split(">")[0].strip("<"))
        assert again.json() == []


def test_events_are_still_there_after_a_restart(gateway):
    with client(gateway) as http:
        first = post(http, event(1))
    assert first.status_code == 202
    assert gateway.stop() == 0
    gateway.start()
    with client(gateway) as http:
        assert [e["id"] for e in http.get("/events?since=earliest").json()] == ["1"]
        again = post(http, event(1))
        assert again.status_code == 202
        assert again.headers["headgate-duplicate"] == "true"
        assert again.headers["headgate-position"] == first.headers["headgate-position"]


def test_the_same_id_with_other_content_is_a_conflict(gateway):
    with client(gateway) as http:
        assert post(http, event(1)).status_code == 202
        r = post(http, event(1, data={"other": True}))
    assert r.status_code == 409
    assert r.json()["type"] == "urn:headgate:problem:id-conflict"
