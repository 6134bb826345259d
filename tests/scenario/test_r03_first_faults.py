# SPDX-License-Identifier: Apache-2.0
"""Found on the way to the first release: each of these was a fault once."""
from support.events import EventStream, client, event, post
from support.wait import until


def test_an_empty_structured_body_is_refused_and_harms_nobody(gateway):
    worker = gateway.workers()
    with client(gateway) as http:
        for kind in ("application/cloudevents+json", "application/cloudevents-batch+json"):
            r = http.post("/events", content=b"", headers={"content-type": kind})
            assert r.status_code == 400, (kind, r.text)
            assert r.json()["type"] == "urn:headgate:problem:json-invalid"
    assert gateway.workers() == worker


def test_the_next_link_of_a_pull_keeps_the_filter(gateway):
    with client(gateway) as http:
        for i in range(6):
            assert post(http, event(i, type="a b" if i % 2 else "c")).status_code == 202
        r = http.get("/events?since=earliest&type=a%20b&limit=2")
        assert [e["id"] for e in r.json()] == ["1", "3"]
        following = r.headers["link"].split(">")[0].strip("<")
        assert [e["id"] for e in http.get("/events" + following).json()] == ["5"]


def test_a_subscriber_that_closes_is_gone_at_once(gateway):
    stream = EventStream(gateway)
    until(stream.notices, "the opened notice")
    stream.close()
    until(lambda: gateway.metric('headgate_subscribers{state="live"}') == 0,
          "the subscriber to be forgotten", 5)
