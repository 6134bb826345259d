# SPDX-License-Identifier: Apache-2.0
"""Dead letters: what is refused after authentication and the right to publish
is kept with its reason; what anybody could send is not."""
import base64
import json

import pytest

from support import position
from support.clients import support_module
from support.event_log import HAS_EXPECTED_POSITION
from support.events import EventStream, client, event, post, post_batch
from support.sockets import connect, receive_type
from support.wait import until

ROLE = "role anonymous { subscribe demo.events.dlq demo.*.dlq headgate.dlq; }"
LETTERS = "location = /letters { stream demo.events.dlq; }"
BAD = '{"specversion":"1.0","id":7'


def make(make_gateway, **options):
    options.setdefault("main", ROLE)
    options["locations"] = LETTERS + options.get("locations", "")
    options["events"] = "dead_letter on;" + options.get("events", "")
    return make_gateway(**options).start()


def letters(http, path="/letters"):
    r = http.get(f"{path}?since=earliest")
    assert r.status_code == 200, r.text
    return r.json()


def send(http, body, path="/events", kind="application/cloudevents+json", **fields):
    return http.post(path, content=body, headers={"content-type": kind, **fields})


def bytes_of(letter):
    return base64.b64decode(letter["data_base64"])


UNDECODABLE = [
    ("not JSON", BAD.encode(), "json-invalid"),
    ("nothing", b"", "json-invalid"),
    ("not UTF-8", b'{"specversion":"1.0","id":"\xff\xfe"}', "json-invalid"),
    ("zeros", bytes(64), "json-invalid"),
    ("no event", b"[]", "event-invalid"),
    ("no source", b'{"specversion":"1.0","id":"1","type":"t"}', "event-invalid"),
]


@pytest.mark.parametrize("what,body,problem", UNDECODABLE, ids=[u[0] for u in UNDECODABLE])
def test_what_cannot_be_read_is_kept_as_it_came(make_gateway, what, body, problem):
    g = make(make_gateway)
    with client(g) as http:
        r = send(http, body)
        assert r.status_code == 400, what
        assert r.json()["type"] == f"urn:headgate:problem:{problem}"
        letter, = letters(http)
        assert letter["type"] == "headgate.deadletter"
        assert letter["source"] == "/events"
        assert letter["datacontenttype"] == "application/cloudevents+json"
        assert "time" in letter
        assert bytes_of(letter) == body
        assert letter["hgreason"] == problem
        assert letter["hgdetail"] == r.json()["detail"]
        assert r.json()["deadletter"] == letter["hgposition"]
        assert http.get("/events?since=earliest").json() == []


def test_a_batch_is_kept_whole_with_the_index_of_its_fault(make_gateway):
    g = make(make_gateway)
    batch = [event(1), event(2, time="tea"), event(3)]
    with client(g) as http:
        r = post_batch(http, batch)
        assert (r.status_code, r.json()["index"]) == (400, 1)
        letter, = letters(http)
        assert json.loads(bytes_of(letter)) == batch
        assert letter["datacontenttype"] == "application/cloudevents-batch+json"
    g.stop()
    assert b"hg_index" in g.place.stored()


def test_reason_and_principal_are_headers_of_the_record(make_gateway):
    g = make(make_gateway)
    with client(g) as http:
        assert send(http, BAD).status_code == 400
    g.stop()
    stored = g.place.stored()
    for name, value in ((b"hg_reason", b"json-invalid"), (b"hg_status", b"400"),
                        (b"hg_principal", b"anonymous"), (b"hg_detail", b"")):
        at = stored.find(name)
        assert at >= 0, name
        assert value in stored[at:at + 200], name


def test_binary_mode_keeps_its_fields(make_gateway):
    g = make(make_gateway)
    with client(g) as http:
        r = send(http, b"bytes", kind="text/plain", **{
            "ce-specversion": "1.0", "ce-id": "the-id", "ce-source": "/s", "ce-type": "t",
            "ce-time": "half past nine"})
        assert r.status_code == 400, r.text
        letter, = letters(http)
        assert bytes_of(letter) == b"bytes"
        assert letter["datacontenttype"] == "text/plain"
    g.stop()
    stored = g.place.stored()
    for part in (b"hg_ce-id", b"the-id", b"hg_ce-time", b"half past nine"):
        assert part in stored


def test_nothing_is_kept_where_the_location_does_not_say_so(make_gateway):
    g = make_gateway(main="topic demo.events.dlq { retention 1d; }" + ROLE,
                     locations=LETTERS).start()
    with client(g) as http:
        r = send(http, BAD)
        assert r.status_code == 400
        assert "deadletter" not in r.json()
        assert letters(http) == []


def held(gateway):
    """How many records all dead letter topics hold."""
    status = json.loads(gateway.admin_get("/status")[1])
    return sum(t["next"] - t["first"] for t in status["topics"] if t["name"].endswith(".dlq"))


def test_what_anybody_could_send_is_not_kept(make_gateway):
    g = make(make_gateway, events="client_max_body_size 2k; client_max_events 2;", locations="""
        location = /closed   { accept cloudevents; publish shop.events;   dead_letter on; }
        location /t/{topic}  { accept cloudevents; publish $topic allow=demo.*; dead_letter on; }
        """)
    assert held(g) == 0
    with client(g) as http:
        last = post(http, event(1)).headers["headgate-position"]
        assert post(http, event(2)).status_code == 202
        answers = [
            (403, send(http, BAD, "/closed")),
            (404, send(http, BAD, "/nowhere")),
            (404, send(http, BAD, "/t/other.topic")),
            (404, send(http, BAD, "/t/demo.events.dlq")),
            (405, http.put("/events", content=BAD)),
            (409, post(http, event(1, data="other"))),
            (409 if HAS_EXPECTED_POSITION else 400,
             post(http, event(3), **{"headgate-expected-position": last})),
            (400, post(http, event(3), **{"headgate-expected-position": "tea"})),
            (413, send(http, b"x" * 3000)),
            (413, send(http, iter([b"x" * 3000]))),
            (413, post_batch(http, [event(i) for i in range(3)])),
            (415, send(http, b"x", kind="text/plain")),
        ]
    assert [r.status_code for _, r in answers] == [status for status, _ in answers]
    assert not any("deadletter" in r.text for _, r in answers)
    assert held(g) == 0


def test_who_is_not_known_leaves_no_letter(make_gateway):
    g = make(make_gateway, main=ROLE + "role shop { publish demo.known; }" +
             f"load_module {support_module('badge')};",
             locations="location = /known { authenticate badge; accept cloudevents; "
                       "publish demo.known; dead_letter on; stream demo.known.dlq; }")
    with client(g) as http:
        assert send(http, BAD, "/known").status_code == 401
        assert send(http, BAD, "/known", **{"x-badge": "forged"}).status_code == 401
        assert send(http, BAD, "/known", **{"x-badge": "eve:guest"}).status_code == 403
        assert held(g) == 0
        assert send(http, BAD, "/known", **{"x-badge": "ada:shop"}).status_code == 400
        assert held(g) == 1
    g.stop()
    assert b"hg_principal" in g.place.stored() and b"ada" in g.place.stored()


def test_the_same_rubbish_is_kept_each_time(make_gateway):
    g = make(make_gateway)
    with client(g) as http:
        for _ in range(3):
            send(http, BAD)
        assert len({e["id"] for e in letters(http)}) == 3


def test_letters_can_be_followed_and_outlive_a_restart(make_gateway):
    g = make(make_gateway)
    stream = EventStream(g, path="/letters")
    until(stream.notices, "the opened notice")
    with client(g) as http:
        told = send(http, BAD).json()["deadletter"]
    got = until(stream.events, "the letter")[0]
    assert (got["hgreason"], stream.last_id) == ("json-invalid", told)
    stream.close()
    g.kill_worker()
    g.wait_ready()
    with client(g) as http:
        assert [e["hgposition"] for e in letters(http)] == [told]


def test_stars_reach_no_dead_letters(make_gateway):
    """`subscribe demo.**` and `stream demo.**` do not: both must name them."""
    g = make_gateway(events="dead_letter on;", locations=LETTERS + """
        location = /all { stream demo.** ; }
        location = /dlq { stream demo.**.dlq; }
        """).start()
    with client(g) as http:
        assert post(http, event(1)).status_code == 202
        assert send(http, BAD).status_code == 400
        assert [e["id"] for e in http.get("/all?since=earliest").json()] == ["1"]
        for path in ("/letters", "/dlq"):
            r = http.get(f"{path}?since=earliest")
            assert (r.status_code, r.json()["type"]) == (403, "urn:headgate:problem:forbidden")
    named = g.conf.replace("subscribe demo.**;", "subscribe demo.** demo.**.dlq;")
    assert named != g.conf
    g.write_conf(named)
    assert g.run("-s", "reload").returncode == 0
    with client(g) as http:
        assert len(letters(http)) == len(letters(http, "/dlq")) == 1
        assert [e["id"] for e in http.get("/all?since=earliest").json()] == ["1"]


def test_nobody_publishes_to_dead_letters_unless_they_are_named(make_gateway):
    g = make_gateway(locations="location = /in { accept cloudevents; publish demo.events.dlq; }"
                     ).start()
    with client(g) as http:
        assert post(http, event(1), "/in").status_code == 403


def test_a_topic_of_a_template_has_letters_of_its_own(make_gateway):
    g = make(make_gateway, locations="""
        location /topics/{topic}/events { accept cloudevents; publish $topic allow=demo.*;
                                          dead_letter on; }
        location = /new { stream demo.new.dlq; }
        location = /rest { stream headgate.dlq; }
        """)
    with client(g) as http:
        assert http.get("/new?since=earliest").status_code == 404
        told = [send(http, BAD, "/topics/demo.new/events").json()["deadletter"] for _ in range(2)]
        assert [e["hgposition"] for e in letters(http, "/new")] == told
        assert letters(http)[:] == []
        # A name that leaves no room for ".dlq" has no such topic.
        longest = "demo." + "x" * 195
        told = send(http, BAD, f"/topics/{longest}/events").json()["deadletter"]
        assert [e["hgposition"] for e in letters(http, "/rest")] == [told]
        assert post(http, event(1), f"/topics/{longest}/events").status_code == 202


def test_a_letter_of_a_socket_is_told_there(make_gateway):
    g = make(make_gateway)
    with connect(g) as ws, client(g) as http:
        ws.send("rubbish")
        refused = receive_type(ws, "headgate.refused")["data"]["problem"]
        letter, = letters(http)
        assert refused["deadletter"] == letter["hgposition"]
        assert bytes_of(letter) == b"rubbish"


@pytest.mark.only_on("embedded", "on Kafka the cluster removes what is old, in its own time")
def test_letters_are_kept_no_longer_than_their_topic_says(make_gateway):
    g = make(make_gateway, main=ROLE + "topic demo.events.dlq { retention_size 16k; }")
    with client(g) as http:
        send(http, BAD)
        first = letters(http)[0]["hgposition"]
        for i in range(40):
            assert send(http, b"x" * 2000).status_code == 400
        until(lambda: letters(http)[0]["hgposition"] != first, "the first letters to go", 30)
        assert position.decode(letters(http)[-1]["hgposition"]).offset == 40
        assert len(letters(http)) < 20
