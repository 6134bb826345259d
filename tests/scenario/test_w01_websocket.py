# SPDX-License-Identifier: Apache-2.0
"""WebSockets as users open them, with the package websockets for Python and ws
for Node: follow, publish, resume, pings, and how a session ends."""
import asyncio
import json
import signal
import ssl

import pytest
from support.clients import client_path, run
from support.events import client, event, post
from support.sockets import BINARY, CLOSE, PING, PONG, TEXT, RawSocket, connect, receive, receive_type
from support.wait import until
from websockets.asyncio.client import connect as asyncio_connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection


def close_of(ws, deadline_s=30):
    """The gateway's (code, reason)."""
    with pytest.raises(ConnectionClosed) as e:
        while True:
            ws.recv(deadline_s)
    return e.value.rcvd.code, e.value.rcvd.reason


def refusal(gateway, *args, **options):
    with pytest.raises(InvalidStatus) as e:
        connect(gateway, *args, **options)
    return e.value.response


def subscribers(gateway):
    return gateway.metric('headgate_subscribers{state="live"}')


# --- following ---

def test_a_follower_gets_the_opened_notice_then_events_with_their_positions(gateway):
    with connect(gateway) as ws, client(gateway) as http:
        opened = json.loads(ws.recv(10))
        assert opened["type"] == "headgate.stream.opened"
        assert opened["data"]["resumed"] is False
        assert len(opened["data"]["position"]) == 42
        positions = [post(http, event(i, subject="Zürich")).headers["headgate-position"]
                     for i in range(3)]
        got = receive(ws, 3)
    assert [(e["id"], e["subject"], e["hgposition"]) for e in got] == [
        (str(i), "Zürich", positions[i]) for i in range(3)]


@pytest.mark.parametrize("offered,chosen", [
    (["cloudevents.json"], "cloudevents.json"),
    (["cloudevents.avro", "cloudevents.json"], "cloudevents.json"),
    (["cloudevents.avro"], None),
    (None, None),
])
def test_the_subprotocol_is_one_that_was_offered(gateway, offered, chosen):
    with connect(gateway, subprotocols=offered) as ws:
        assert ws.subprotocol == chosen
        assert json.loads(ws.recv(10))["type"] == "headgate.stream.opened"


def test_a_filter_holds_on_a_socket(gateway):
    with connect(gateway, "?type=com.example.b*&since=earliest") as ws, client(gateway) as http:
        for i, kind in enumerate(("com.example.a", "com.example.b", "com.example.bc")):
            post(http, event(i, type=kind))
        assert [e["id"] for e in receive(ws, 2)] == ["1", "2"]


def test_a_resume_goes_on_after_the_position(gateway):
    with client(gateway) as http:
        positions = [post(http, event(i)).headers["headgate-position"] for i in range(5)]
        for i, position in enumerate(positions):
            with connect(gateway, f"?position={position}") as ws:
                assert json.loads(ws.recv(10))["data"]["resumed"] is True
                post(http, event(f"after-{i}"))
                later = [str(n) for n in range(i + 1, 5)] + [f"after-{n}" for n in range(i + 1)]
                assert [e["id"] for e in receive(ws, len(later))] == later


def test_over_many_topics_a_notice_says_where_to_go_on(make_gateway):
    gateway = make_gateway(locations="""
        location = /a { accept cloudevents; publish demo.a; }
        location = /b { accept cloudevents; publish demo.b; }
        location = /all { stream demo.a demo.b; }""").start()
    with client(gateway) as http:
        with connect(gateway, path="/all") as ws:
            assert "." in receive_type(ws, "headgate.stream.opened")["data"]["position"]
            for i in range(10):
                post(http, event(i), "/" + "ab"[i % 2])
            assert sorted(e["id"] for e in receive(ws, 10)) == [str(i) for i in range(10)]
            position = receive_type(ws, "headgate.stream.position")["data"]["position"]
        post(http, event("a"), "/a")
        post(http, event("b"), "/b")
        with connect(gateway, f"?position={position}", path="/all") as ws:
            assert json.loads(ws.recv(10))["data"]["resumed"] is True
            assert sorted(e["id"] for e in receive(ws, 2)) == ["a", "b"]


def test_a_follower_over_tls_gets_what_it_publishes(gateway):
    async def follow():
        url = f"wss://127.0.0.1:{gateway.tls}/events?since=earliest"
        context = ssl.create_default_context(cafile=gateway.crt)
        async with asyncio_connect(url, ssl=context, proxy=None, max_queue=None,
                                   subprotocols=["cloudevents.json"]) as ws:
            for i in range(50):
                await ws.send(json.dumps(event(i)))
            got = []
            while len(got) < 50:
                message = json.loads(await asyncio.wait_for(ws.recv(), 30))
                if message["type"] == "com.example.scenario":
                    got.append(message["id"])
            return got

    assert asyncio.run(follow()) == [str(i) for i in range(50)]


def test_node_follows_publishes_and_pings(gateway):
    messages = [json.dumps(event(i)) for i in range(3)]
    # An opened notice, three answers, three events.
    r = run(client_path("ws-js"), f"wss://127.0.0.1:{gateway.tls}/events", gateway.crt, 7, *messages)
    assert r.returncode == 0, r.stdout + r.stderr
    lines = [line.split(" ", 1) for line in r.stdout.splitlines()]
    assert lines[0] == ["open", "cloudevents.json"]
    assert ["pong", "are you there?"] in lines
    assert lines[-1] == ["close", "1000 "]
    got = [json.loads(text) for word, text in lines if word == "message"]
    assert got[0]["type"] == "headgate.stream.opened"
    assert [e["id"] for e in got if e["type"] == "com.example.scenario"] == ["0", "1", "2"]
    assert {e["data"]["id"] for e in got if e["type"] == "headgate.published"} == {"0", "1", "2"}


# --- publishing ---

def test_a_published_event_is_answered_with_its_position(gateway):
    with connect(gateway) as ws:
        answers = []
        for _ in range(2):
            ws.send(json.dumps(event(1)))
            answers.append(receive_type(ws, "headgate.published"))
    first, again = (a["data"] for a in answers)
    assert (first["id"], first["source"], first["duplicate"]) == ("1", "/scenario", False)
    assert again == {**first, "duplicate": True, "message": 2}
    assert answers[0]["id"] != answers[1]["id"]
    with client(gateway) as http:
        assert http.get("/events?since=earliest").json()[0]["hgposition"] == first["position"]


@pytest.mark.parametrize("text,problem,detail,named", [
    ("{}", "event-invalid", "specversion", None),
    ('{"specversion":"1.0","id":"1"', "json-invalid", "", None),
    (json.dumps([event(1)]), "event-invalid", "", None),
    (json.dumps(event(1, source="")), "event-invalid", "source", "1"),
    (json.dumps(event(1, type="headgate.stream.gap")), "type-reserved", "headgate.", "1"),
])
def test_what_is_no_event_is_refused_and_the_socket_goes_on(gateway, text, problem, detail, named):
    with connect(gateway) as ws:
        ws.send(text)
        refused = receive_type(ws, "headgate.refused")["data"]
        assert refused["problem"]["type"] == f"urn:headgate:problem:{problem}"
        assert refused["problem"]["status"] == 400
        assert detail in json.dumps(refused["problem"])
        assert (refused.get("id"), refused["message"]) == (named, 1)
        ws.send(json.dumps(event(1)))
        assert receive_type(ws, "headgate.published")["data"]["id"] == "1"


def test_another_event_with_the_same_id_is_refused_by_name(gateway):
    with connect(gateway) as ws:
        ws.send(json.dumps(event(1)))
        ws.send(json.dumps(event(1, data="other")))
        refused = receive_type(ws, "headgate.refused")["data"]
    assert (refused["id"], refused["source"]) == ("1", "/scenario")
    assert refused["problem"]["type"] == "urn:headgate:problem:id-conflict"


def test_who_may_not_publish_is_refused_and_goes_on_following(make_gateway):
    gateway = make_gateway(locations="""
        location = /closed { accept cloudevents; publish other.events; stream demo.events; }
        """).start()
    with connect(gateway, path="/closed") as ws, client(gateway) as http:
        receive_type(ws, "headgate.stream.opened")
        ws.send(json.dumps(event(1)))
        refused = receive_type(ws, "headgate.refused")["data"]
        assert refused["problem"]["status"] == 403
        post(http, event(2))
        assert receive(ws, 1)[0]["id"] == "2"


def test_events_are_stored_in_the_order_in_which_they_were_sent(gateway):
    with connect(gateway, "?since=earliest") as ws:
        for i in range(1000):
            ws.send(json.dumps(event(i)))
        got = receive(ws, 2000)
    assert [e["id"] for e in got if e["type"] == "com.example.scenario"] == [
        str(i) for i in range(1000)]
    answered = [e for e in got if e["type"] == "headgate.published"]
    assert sorted(int(e["data"]["id"]) for e in answered) == list(range(1000))


@pytest.mark.parametrize("frame", [
    RawSocket.frame(PING, b"x" * 125),
    RawSocket.frame(TEXT, b"{}"),
    RawSocket.frame(TEXT, json.dumps(event(1)).encode()),
], ids=["pings", "refused", "published"])
def test_who_sends_and_never_reads_has_to_wait(gateway, frame):
    with RawSocket(gateway) as raw:
        assert raw.floods(frame, 64 << 20) < 64 << 20
        with connect(gateway) as ws, client(gateway) as http:
            receive_type(ws, "headgate.stream.opened")
            post(http, event("other"))  # everybody else goes on
            assert receive(ws, 1)[0]["id"] == "other"


def test_an_event_in_many_frames_with_pings_between_is_one_event(gateway):
    with RawSocket(gateway) as raw:
        text = json.dumps(event(1, subject="Zürich €"), ensure_ascii=False).encode()
        pieces = [text[i:i + 7] for i in range(0, len(text), 7)]
        for i, piece in enumerate(pieces):
            raw.send(TEXT if i == 0 else 0, piece, final=i == len(pieces) - 1)
            raw.send(PING, str(i).encode())
            assert raw.receive_op(PONG) == str(i).encode()
        with client(gateway) as http:
            until(lambda: http.get("/events?since=earliest").json(), "the event")
            assert http.get("/events?since=earliest").json()[0]["subject"] == "Zürich €"


# --- pings ---

def test_a_ping_is_answered_with_its_bytes(gateway):
    with connect(gateway) as ws:
        for payload in (b"", b"x" * 125, bytes(range(100))):
            assert ws.ping(payload).wait(10)


def test_who_answers_pings_stays_and_who_does_not_is_dropped(make_gateway):
    gateway = make_gateway(events="websocket_ping 1s;").start()
    with connect(gateway, ping_interval=None) as ws, RawSocket(gateway) as raw:
        until(lambda: subscribers(gateway) == 2, "both to be live")
        pings = 0
        with pytest.raises((EOFError, ConnectionResetError)):
            while True:
                pings += raw.receive()[0] == PING
        assert pings == 2
        until(lambda: subscribers(gateway) == 1, "one of them to be gone")
        with client(gateway) as http:
            post(http, event(1))
        assert receive(ws, 1)[0]["id"] == "1"


# --- the end ---

@pytest.mark.parametrize("payload,code", [
    (b"", 1000), (b"\x03\xe8", 1000), (b"\x03\xe9bye", 1001), (b"\x0f\xa0", 4000),
    (b"\x0b\xb8mine", 3000),
    (b"\x03", 1002), (b"\x03\xe7", 1002), (b"\x03\xed", 1002), (b"\x03\xee", 1002),
    (b"\x03\xf8", 1002), (b"\x13\x88", 1002), (b"\x03\xe8\xff", 1007),
])
def test_a_close_is_answered(gateway, payload, code):
    with RawSocket(gateway) as raw:
        raw.send(CLOSE, payload)
        assert raw.close_code() == code
    until(lambda: subscribers(gateway) == 0, "the subscriber to be gone")


@pytest.mark.parametrize("frame,code", [
    (RawSocket.frame(BINARY, b"\0\1"), 1003),
    (RawSocket.frame(TEXT, b"\xff{}"), 1007),
    (RawSocket.frame(TEXT, b"{}", masked=False), 1002),
    (RawSocket.frame(3, b""), 1002),
    (RawSocket.frame(0, b"{}"), 1002),
    (RawSocket.frame(PING, b"", final=False), 1002),
    (b"\xc1\x80\0\0\0\0", 1002),
    (RawSocket.frame(TEXT, b"x" * 2049), 1009),
    (RawSocket.frame(TEXT, b"x" * 2000, final=False) + RawSocket.frame(0, b"x" * 49), 1009),
    (b"\x81\xff\x7f" + b"\xff" * 7, 1009),  # the length alone is enough
], ids=["binary", "not UTF-8", "unmasked", "unknown opcode", "continues nothing", "ping in parts",
        "reserved bit", "too large", "too large in parts", "too large to come"])
def test_what_may_not_be_sent_ends_the_session_with_its_code(make_gateway, frame, code):
    gateway = make_gateway(events="websocket_message_size 2k;").start()
    with RawSocket(gateway) as raw:
        raw.socket.sendall(frame)
        assert raw.close_code() == code
    until(lambda: subscribers(gateway) == 0, "the subscriber to be gone")


def test_a_message_as_large_as_allowed_is_read(make_gateway):
    gateway = make_gateway(events="websocket_message_size 2k;").start()
    text = json.dumps(event(1, data="x"))
    text = text.replace('"x"', '"' + "x" * (2049 - len(text)) + '"')
    assert len(text) == 2048
    with connect(gateway) as ws:
        ws.send(text)
        receive_type(ws, "headgate.published")
        ws.send(text + " ")
        assert close_of(ws)[0] == 1009


def test_a_location_that_takes_no_events_says_so(make_gateway):
    gateway = make_gateway(locations="location = /read { stream demo.events; }").start()
    with connect(gateway, path="/read") as ws:
        ws.send(json.dumps(event(1)))
        assert close_of(ws) == (1003, "this location takes no events")


def test_a_drain_is_announced_then_closed_with_1001(gateway):
    with connect(gateway) as ws:
        receive_type(ws, "headgate.stream.opened")
        gateway.process.send_signal(signal.SIGQUIT)
        closing = receive_type(ws, "headgate.stream.closing")["data"]
        assert closing["reason"] == "drain" and closing["retry_ms"] > 0
        assert close_of(ws) == (1001, "drain")
    assert gateway.stop() == 0


def test_a_client_that_is_gone_without_a_word_is_forgotten(gateway):
    raw = RawSocket(gateway)
    until(lambda: subscribers(gateway) == 1, "the subscriber to be live")
    raw.close()
    until(lambda: subscribers(gateway) == 0, "the subscriber to be gone")


# --- the handshake ---

def test_a_page_of_another_origin_is_refused(make_gateway):
    gateway = make_gateway(locations="""
        location = /open { stream demo.events; cors_origin https://shop.example.com; }
        location = /all { stream demo.events; cors_origin *; }
        """).start()
    r = refusal(gateway, origin="https://evil.example.com")
    assert r.status_code == 403
    assert json.loads(r.body)["type"] == "urn:headgate:problem:origin-refused"
    for path, origin, status in (
            ("/events", f"http://127.0.0.1:{gateway.plain}", 101),
            ("/events", f"https://127.0.0.1:{gateway.plain}", 403),
            ("/events", f"http://127.0.0.1:{gateway.plain}0", 403),
            ("/events", "null", 403), ("/events", None, 101),
            ("/open", "https://shop.example.com", 101),
            ("/open", "https://shop.example.com.evil.example.com", 403),
            ("/open", "http://shop.example.com", 403), ("/open", "https://127.0.0.1", 403),
            ("/all", "https://anywhere.example.com", 101), ("/all", "null", 101)):
        if status == 101:
            with connect(gateway, path=path, origin=origin) as ws:
                assert isinstance(ws, ClientConnection)
        else:
            assert refusal(gateway, path=path, origin=origin).status_code == status, (path, origin)


@pytest.mark.parametrize("fields,status", [
    ({"Sec_WebSocket_Version": "8"}, 426),
    ({"Sec_WebSocket_Version": "12, 14"}, 426),
    ({"Sec_WebSocket_Version": None}, 426),
    ({"Sec_WebSocket_Key": None}, 400),
    ({"Sec_WebSocket_Key": "c2hvcnQ="}, 400),
    ({"Connection": "keep-alive"}, 400),
    ({"Host": None}, 400),
    ({}, 101),
    ({"Connection": "keep-alive, upgrade", "Upgrade": "WebSocket"}, 101),
])
def test_a_handshake_is_held_to_the_rules(gateway, fields, status):
    with RawSocket(gateway, **fields) as raw:
        assert raw.status == status, raw.head
        if status == 426:
            assert b"sec-websocket-version: 13" in raw.head.lower()


def test_a_wrong_query_or_path_is_refused_before_the_upgrade(gateway):
    assert refusal(gateway, "?sinc=earliest").status_code == 400
    assert refusal(gateway, "?position=nonsense").status_code == 400
    assert refusal(gateway, path="/nothing").status_code == 404
