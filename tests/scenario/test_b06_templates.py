# SPDX-License-Identifier: Apache-2.0
"""Topics that a location's path names, inside the patterns that the conf allows."""
import json
import threading

import pytest

from support.events import EventStream, client, event, post
from support.sockets import connect, receive, receive_type
from support.wait import until

LOCATION = """
location /topics/{{topic}}/events {{
    accept cloudevents;  publish $topic allow=demo.*;  stream $topic allow=demo.*;
}}
"""


def make(make_gateway):
    return make_gateway(locations=LOCATION.replace("{{", "{").replace("}}", "}")).start()


def test_a_topic_is_made_when_it_is_first_named(make_gateway):
    g = make(make_gateway)
    with client(g) as http:
        assert http.get("/topics/demo.new/events?since=earliest").status_code == 404
        for i in range(3):
            assert post(http, event(i), "/topics/demo.new/events").status_code == 202
        got = http.get("/topics/demo.new/events?since=earliest").json()
        assert [e["id"] for e in got] == ["0", "1", "2"]
        assert http.get("/events?since=earliest").json() == []
    g.stop()
    g.start()
    with client(g) as http:
        again = post(http, event(2), "/topics/demo.new/events")
        assert again.headers["headgate-duplicate"] == "true"


def test_what_a_template_made_is_there_after_a_restart(make_gateway):
    g = make(make_gateway)
    with client(g) as http:
        told = [post(http, event(i), "/topics/demo.new/events").headers["headgate-position"]
                for i in range(3)]
    for end in (g.stop, g.kill_worker):
        end()
        g.start() if end == g.stop else g.wait_ready()
        with client(g) as http:
            got = http.get("/topics/demo.new/events?since=earliest").json()
            assert [e["hgposition"] for e in got] == told
            # Nobody has published to it since: it goes on from where it was.
            r = http.get(f"/topics/demo.new/events?position={told[1]}")
            assert ([e["id"] for e in r.json()], "headgate-gap" in r.headers) == (["2"], False)
            again = post(http, event(1), "/topics/demo.new/events")
            assert again.headers["headgate-position"] == told[1]


@pytest.mark.only_on("embedded", "on Kafka the cluster removes what is old, in its own time")
def test_what_no_location_names_any_more_grows_old_all_the_same(make_gateway):
    g = make(make_gateway)
    with client(g) as http:
        assert post(http, event(1), "/topics/demo.old/events").status_code == 202
    g.stop()
    g.write_conf("retention 1s;\n" + g.conf.replace(LOCATION.replace("{{", "{").replace("}}", "}"),
                                                    ""))
    g.start()

    def held():
        topics = json.loads(g.admin_get("/status")[1])["topics"]
        return {t["name"]: t["next"] - t["first"] for t in topics}["demo.old"]
    until(lambda: held() == 0, "the event to go", 30)


ALL = "location = /all { stream demo.**; }"


def by_topic(events):
    """Ids of each: between topics there is no order."""
    found = {}
    for e in events:
        found.setdefault(e["id"].split()[0], []).append(e["id"])
    return found


@pytest.mark.parametrize("n_before", [0, 3])
def test_a_stream_has_a_topic_that_is_made_after_it_from_the_first_event(make_gateway, n_before):
    g = make_gateway(locations=LOCATION.replace("{{", "{").replace("}}", "}") + ALL).start()
    answers = []
    with client(g) as http, connect(g, path="/all") as ws:
        receive_type(ws, "headgate.stream.opened")
        for i in range(n_before):
            assert post(http, event(f"before {i}")).status_code == 202
        streams = [EventStream(g, path="/all") for _ in range(4)]
        until(lambda: all(s.notices() for s in streams), "the opened notices")

        def pull():
            with client(g) as other:
                answers.append(other.get("/all?wait=25").json())
        waiting = threading.Thread(target=pull)
        waiting.start()
        until(lambda: g.metric('headgate_subscribers{state="live"}') == 6, "everybody to be live")
        expected = []
        for name in ("demo.new", "demo.more", "demo.a.b"):
            path = f"/topics/{name}/events"
            if name == "demo.a.b":  # the location allows no such name
                assert post(http, event(1), path).status_code == 404
                continue
            for i in range(5):
                assert post(http, event(f"{name} {i}"), path).status_code == 202
                expected.append({"id": f"{name} {i}"})
        for s in streams:
            until(lambda s=s: len(s.events()) >= 10, "every event on the stream")
            assert by_topic(s.events()) == by_topic(expected)
            assert [kind for kind, _ in s.notices()] == ["headgate.stream.opened"]
        got = receive(ws, 10 + n_before)
        assert by_topic(got[n_before:]) == by_topic(expected)
        waiting.join(30)
        for name, ids in by_topic(answers[0]).items():
            assert ids == by_topic(expected)[name][:len(ids)]
        assert answers[0] != []
        for s in streams:
            s.close()


@pytest.mark.parametrize("n_before", [0, 3])
def test_a_topic_that_is_made_while_a_client_is_away_is_not_missed(make_gateway, n_before):
    g = make_gateway(locations=LOCATION.replace("{{", "{").replace("}}", "}") + ALL).start()
    with client(g) as http:
        for i in range(n_before):
            assert post(http, event(f"before {i}")).status_code == 202
        stream = EventStream(g, path="/all?since=earliest")
        until(lambda: stream.notices() and len(stream.events()) == n_before, "what was there")
        until(lambda: stream.last_id, "its position")
        stream.close()
        for i in range(5):
            assert post(http, event(f"away {i}"), "/topics/demo.new/events").status_code == 202
        assert post(http, event("last")).status_code == 202
        again = EventStream(g, path="/all", last_id=stream.last_id)
        until(lambda: len(again.events()) >= 6, "what was missed")
        assert sorted(e["id"] for e in again.events()) == [f"away {i}" for i in range(5)] + ["last"]
        assert [(kind, n["resumed"]) for kind, n in again.notices()] == [
            ("headgate.stream.opened", True)]
        again.close()


def test_names_outside_the_allowed_patterns_are_refused(make_gateway):
    g = make(make_gateway)
    with client(g) as http:
        for name in ("other.new", "demo", "demo.a.b", "demo.*", "demo..a", "demo.%2e%2e"):
            assert post(http, event(1), f"/topics/{name}/events").status_code in (400, 404), name
            assert http.get(f"/topics/{name}/events").status_code in (400, 404), name
        assert post(http, event(1), "/topics/demo.dlq/events").status_code == 404
