# SPDX-License-Identifier: Apache-2.0
"""Batches: judged whole before any of it is stored, and stored whole, in order."""
import json

import pytest

from support.events import EventStream, client, event, post, post_batch
from support.position import decode
from support.wait import until

LIST = {"prefer": "return=representation"}


def stored(http, path="/events"):
    """The ids that the log holds, in its order."""
    return [e["id"] for e in http.get(f"{path}?since=earliest").json()]


def refused(response, status, problem):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    said = response.json()
    assert said["type"] == f"urn:headgate:problem:{problem}"
    assert said["status"] == status
    return said


@pytest.mark.parametrize("http2", [False, True])
def test_a_batch_is_stored_in_its_order_and_its_list_says_where(gateway, http2):
    stream = EventStream(gateway)
    until(stream.notices, "the opened notice")
    with client(gateway, http2=http2) as http:
        r = post_batch(http, [event(i) for i in range(500)], **LIST)
        assert (r.status_code, r.http_version) == (202, "HTTP/2" if http2 else "HTTP/1.1")
        assert r.headers["preference-applied"] == "return=representation"
        assert "headgate-position" not in r.headers
        listed = r.json()["events"]
        assert stored(http) == [str(i) for i in range(500)]
        shown = [e["hgposition"] for e in http.get("/events?since=earliest").json()]
    assert [e["position"] for e in listed] == shown
    assert {e["duplicate"] for e in listed} == {False}
    until(lambda: len(stream.events()) == 500, "every event on the stream")
    assert [e["id"] for e in stream.events()] == [str(i) for i in range(500)]
    stream.close()


def test_without_the_preference_a_batch_is_answered_without_a_list(gateway):
    with client(gateway) as http:
        for more in ({}, {"prefer": "respond-async, wait=10"}, {"prefer": "return=minimal"}):
            r = post_batch(http, [event(1), event(2)], **more)
            assert (r.status_code, r.content) == (202, b"")
            assert "preference-applied" not in r.headers


@pytest.mark.parametrize("prefer", [
    "return=representation", "wait=10, return=representation", 'return="representation"',
    "RETURN=Representation", "return=representation; odd=1",
])
def test_the_preference_is_read_as_a_list(gateway, prefer):
    with client(gateway) as http:
        r = post_batch(http, [event(1)], prefer=prefer)
        assert [e["duplicate"] for e in r.json()["events"]] == [False]


def test_a_batch_of_one_has_its_position_in_a_field_too(gateway):
    with client(gateway) as http:
        first = post_batch(http, [event(1)])
        assert first.status_code == 202
        again = post_batch(http, [event(1)], **LIST)
        assert again.headers["headgate-duplicate"] == "true"
        assert again.headers["headgate-position"] == first.headers["headgate-position"]
        assert again.json() == {"events": [{"position": first.headers["headgate-position"],
                                            "duplicate": True}]}


@pytest.mark.parametrize("http2", [False, True])
def test_an_empty_batch_is_good_and_stores_nothing(gateway, http2):
    with client(gateway, http2=http2) as http:
        for body in ("[]", " [ ]\n"):
            r = http.post("/events", content=body,
                          headers={"content-type": "application/cloudevents-batch+json", **LIST})
            assert (r.status_code, r.content) == (204, b"")
        assert stored(http) == []


BAD = [
    ("no id", {"id": None}, "event-invalid"),
    ("empty id", {"id": ""}, "event-invalid"),
    ("wrong version", {"specversion": "0.3"}, "event-invalid"),
    ("attribute of a wrong type", {"subject": 7}, "event-invalid"),
    ("time that is none", {"time": "yesterday"}, "event-invalid"),
    ("name that is none", {"Not-A-Name": "x"}, "event-invalid"),
]


@pytest.mark.parametrize("at", [0, 57, 99])
@pytest.mark.parametrize("what,fault,problem", BAD, ids=[b[0] for b in BAD])
def test_one_bad_event_refuses_all_and_is_named(gateway, at, what, fault, problem):
    bodies = [event(i) for i in range(100)]
    bodies[at] = {k: v for k, v in {**bodies[at], **fault}.items() if v is not None}
    with client(gateway) as http:
        said = refused(post_batch(http, bodies), 400, problem)
        assert said["index"] == at, what
        assert said["detail"]
        assert stored(http) == []
        assert gateway.metric("headgate_log_events_total") == 0


@pytest.mark.parametrize("element", ["7", "null", '"x"', "[]", "[{}]"])
def test_what_is_no_object_is_named_by_its_index(gateway, element):
    good = json.dumps(event(1))
    with client(gateway) as http:
        r = http.post("/events", content=f"[{good},{element},{good}]",
                      headers={"content-type": "application/cloudevents-batch+json"})
        assert refused(r, 400, "event-invalid")["index"] == 1
        assert stored(http) == []


@pytest.mark.parametrize("cut", [1, 40, -1])
def test_a_batch_that_is_cut_off_is_no_batch(gateway, cut):
    text = json.dumps([event(i) for i in range(3)])
    with client(gateway) as http:
        r = http.post("/events", content=text[:cut],
                      headers={"content-type": "application/cloudevents-batch+json"})
        refused(r, 400, "json-invalid")
        assert stored(http) == []


def test_an_event_alone_is_no_batch_and_a_batch_no_event(gateway):
    with client(gateway) as http:
        assert "index" not in refused(post_batch(http, event(1)), 400, "event-invalid")
        refused(post(http, [event(1)]), 400, "event-invalid")
        assert stored(http) == []


def test_the_same_event_twice_in_a_batch_is_stored_once(gateway):
    twice = [event(1), event(2), event(1), event(1), event(3), event(2)]
    with client(gateway) as http:
        listed = post_batch(http, twice, **LIST).json()["events"]
        assert stored(http) == ["1", "2", "3"]
    assert [e["duplicate"] for e in listed] == [False, False, True, True, False, True]
    assert listed[0]["position"] == listed[2]["position"] == listed[3]["position"]
    assert listed[1]["position"] == listed[5]["position"]
    assert [decode(e["position"]).offset for e in listed] == [0, 1, 0, 0, 2, 1]
    assert gateway.metric('headgate_log_events_total{result="stored"}') == 3
    assert gateway.metric('headgate_log_events_total{result="duplicate"}') == 3


def test_the_same_id_with_other_content_in_a_batch_refuses_all(gateway):
    with client(gateway) as http:
        said = refused(post_batch(http, [event(0), event(1), event(2), event(1, data="other")]),
                       409, "id-conflict")
        assert said["index"] == 3
        assert stored(http) == []
        # Another source is another event; nothing of the refused batch is remembered.
        listed = post_batch(http, [event(1, data="other"), event(1, source="/b")], **LIST).json()
        assert [e["duplicate"] for e in listed["events"]] == [False, False]


def test_a_conflict_with_what_is_stored_refuses_all(gateway):
    with client(gateway) as http:
        assert post(http, event(5)).status_code == 202
        bodies = [event(i) for i in range(8)]
        bodies[5]["data"] = "other"
        assert refused(post_batch(http, bodies), 409, "id-conflict")["index"] == 5
        assert stored(http) == ["5"]


def test_what_was_stored_before_is_told_among_what_is_new(gateway):
    with client(gateway) as http:
        first = {i: post(http, event(i)).headers["headgate-position"] for i in (1, 3)}
        listed = post_batch(http, [event(i) for i in range(5)], **LIST).json()["events"]
        assert [e["duplicate"] for e in listed] == [False, True, False, True, False]
        assert [listed[i]["position"] for i in (1, 3)] == [first[1], first[3]]
        assert stored(http) == ["1", "3", "0", "2", "4"]
        gateway.stop()
        gateway.start()
    with client(gateway) as http:
        again = post_batch(http, [event(i) for i in range(5)], **LIST).json()["events"]
        assert again == [{**e, "duplicate": True} for e in listed]


def test_more_events_than_allowed_are_refused_and_as_many_are_not(make_gateway):
    g = make_gateway(events="client_max_events 10;").start()
    with client(g) as http:
        said = refused(post_batch(http, [event(i) for i in range(11)]), 413, "batch-too-large")
        assert "10" in said["detail"]
        assert stored(http) == []
        assert post_batch(http, [event(i) for i in range(10)]).status_code == 202


@pytest.mark.parametrize("http2", [False, True])
def test_more_bytes_than_allowed_are_refused_and_as_many_are_not(make_gateway, http2):
    g = make_gateway(events="client_max_body_size 4k;").start()
    text = json.dumps([event(i) for i in range(10)])
    kind = {"content-type": "application/cloudevents-batch+json"}
    with client(g, http2=http2) as http:
        for body in (text + " " * (4097 - len(text)),           # its length is told
                     iter([text.encode(), b" " * 4096])):       # and is not
            r = http.post("/events", content=body, headers=kind)
            refused(r, 413, "body-too-large")
        assert stored(http) == []
        fits = text + " " * (4096 - len(text))
        assert http.post("/events", content=fits, headers=kind).status_code == 202


def test_an_event_that_the_log_cannot_keep_refuses_its_batch(make_gateway):
    g = make_gateway(main="topic demo.kept { compact on; key subject; }",
                     locations="location = /kept { accept cloudevents; publish demo.kept; "
                               "stream demo.kept; }").start()
    with client(g) as http:
        bodies = [event(i, subject=f"s{i}") for i in range(4)]
        del bodies[2]["subject"]
        assert refused(post_batch(http, bodies, "/kept"), 400, "event-invalid")["index"] == 2
        assert stored(http, "/kept") == []


def test_batches_go_to_the_topics_that_the_path_names(make_gateway):
    g = make_gateway(locations="location /topics/{topic}/events { accept cloudevents; "
                               "publish $topic allow=demo.*; stream $topic allow=demo.*; }").start()
    with client(g) as http:
        tags = set()
        for name in ("demo.a", "demo.b", "demo.c"):
            path = f"/topics/{name}/events"
            listed = post_batch(http, [event(i) for i in range(20)], path, **LIST).json()["events"]
            assert {e["duplicate"] for e in listed} == {False}, "each topic has ids of its own"
            tags |= {decode(e["position"]).partition for e in listed}
            assert stored(http, path) == [str(i) for i in range(20)]
        assert len(tags) == 3
        said = refused(post_batch(http, [event(1)], "/topics/other.a/events"), 404, "topic-unknown")
        assert "index" not in said


def test_a_location_may_take_no_batches(make_gateway):
    g = make_gateway(events="ce_batch off;").start()
    with client(g) as http:
        r = post_batch(http, [event(1)])
        refused(r, 415, "media-type-unsupported")
        assert post(http, event(1)).status_code == 202
