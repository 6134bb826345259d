# SPDX-License-Identifier: Apache-2.0
"""Limits and timeouts of a connection, each with the answer that says so."""
import json
import socket
import time

import httpx
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ResponseReceived, StreamEnded, StreamReset

from support.events import EventStream, client, event, post
from support.raw import Pipe
from support.tls import any_context, handshake
from support.wait import connects, until

pytestmark = pytest.mark.only_on("embedded", "nothing in it depends on the event log")

CE = b"Content-Type: application/cloudevents+json\r\n"
LATE_S = 10  # a machine under load may be so late; none of the timeouts here is this long


@pytest.fixture
def strict(make_gateway):
    """Limits that a test can reach."""
    return make_gateway(main="worker_connections 16;\n", server="""
        client_header_timeout 400ms;  client_body_timeout 600ms;  keepalive_timeout 500ms;
        client_header_size 2k;  client_header_fields 12;  keepalive_requests 3;
        client_max_body_size 4k;""").start()


def dial(g):
    s = socket.create_connection(("127.0.0.1", g.plain), LATE_S)
    return s


def answer(s):
    """(status, fields, problem) of what comes, to the end of the connection."""
    pipe = Pipe(s)
    status, fields = pipe.head()
    return status, fields, json.loads(pipe.take(int(fields["content-length"])) or b"null")


def rest(s):
    data = b""
    while piece := s.recv(4096):
        data += piece
    return data


def took(began):
    return time.monotonic() - began


def test_a_head_that_comes_too_slowly_is_answered_408(strict):
    for sent in (b"POST /events HTT", b"POST /events HTTP/1.1\r\nHost: x\r\nX-Slow: "):
        began = time.monotonic()
        with dial(strict) as s:
            s.sendall(sent)
            status, fields, problem = answer(s)
            assert (status, fields["connection"]) == (408, "close")
            assert problem["type"] == "urn:headgate:problem:timeout"
            assert rest(s) == b""
        assert 0.3 < took(began) < LATE_S


def test_a_head_that_trickles_has_no_more_time(strict):
    """Each byte is soon enough; all of them are not."""
    began = time.monotonic()
    with dial(strict) as s:
        s.settimeout(0.05)
        got = b""
        s.sendall(b"POST /events HTTP/1.1\r\nX: ")
        while not got and took(began) < LATE_S:
            s.sendall(b"y")
            try:
                got = s.recv(4096)
            except TimeoutError:
                pass
    assert got.startswith(b"HTTP/1.1 408 ")


def test_who_says_nothing_at_all_is_cut_without_a_word(strict):
    began = time.monotonic()
    with dial(strict) as s:
        assert rest(s) == b""
    assert 0.3 < took(began) < LATE_S


def test_a_body_that_comes_too_slowly_is_answered_408_and_nothing_is_stored(strict):
    body = json.dumps(event(1)).encode()
    began = time.monotonic()
    with dial(strict) as s:
        s.sendall(b"POST /events HTTP/1.1\r\nHost: x\r\n" + CE +
                  b"Content-Length: %d\r\n\r\n" % len(body) + body[:-1])
        status, fields, problem = answer(s)
        assert (status, fields["connection"]) == (408, "close")
        assert problem["type"] == "urn:headgate:problem:timeout"
    assert 0.5 < took(began) < LATE_S
    with client(strict) as http:
        assert http.get("/events?since=earliest").json() == []


class Streams:
    """HTTP/2 by hand: statuses by stream."""

    def __init__(self, s):
        self.s, self.statuses, self.ended = s, {}, set()
        self.h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()

    def post(self, stream, body, is_whole):
        self.h2.send_headers(stream, [
            (":method", "POST"), (":scheme", "https"), (":authority", "localhost"),
            (":path", "/events"), ("content-type", "application/cloudevents+json")])
        self.h2.send_data(stream, body, end_stream=is_whole)

    def until_ended(self, stream):
        while stream not in self.ended:
            self.s.sendall(self.h2.data_to_send())
            data = self.s.recv(65536)
            assert data, "the connection ended"
            for e in self.h2.receive_data(data):
                if isinstance(e, ResponseReceived):
                    self.statuses[e.stream_id] = dict(e.headers)[":status"]
                elif isinstance(e, (StreamEnded, StreamReset)):
                    self.ended.add(e.stream_id)


def test_an_http2_body_that_comes_too_slowly_ends_its_stream_alone(strict):
    with handshake(strict.tls, any_context(["h2"]), "localhost") as s:
        streams = Streams(s)
        streams.post(1, b"{", False)
        streams.until_ended(1)
        streams.post(3, json.dumps(event(1)).encode(), True)
        streams.until_ended(3)
    assert streams.statuses == {1: "408", 3: "202"}


def test_an_idle_connection_is_closed_without_a_word(strict):
    with dial(strict) as s:
        s.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer(s)[0] == 404
        began = time.monotonic()
        assert rest(s) == b""
        assert 0.4 < took(began) < LATE_S


def test_a_stream_is_not_idle(strict):
    stream = EventStream(strict)
    until(stream.notices, "the opened notice")
    began = time.monotonic()
    until(lambda: took(began) > 1.5, "three times keepalive_timeout")
    with client(strict) as http:
        assert post(http, event(1)).status_code == 202
    until(stream.events, "the event")
    stream.close()


def test_a_handshake_that_stops_is_cut(strict):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", strict.tls), 30) as s:
        s.sendall(b"\x16\x03\x01\x02")  # the beginning of a ClientHello
        assert rest(s) == b""
    assert 4 < took(began) < 4 + LATE_S
    assert strict.metric('headgate_tls_handshakes_total{result="timeout"}') == 1


def test_a_handshake_has_the_time_that_the_conf_gives_also_after_a_reload(make_gateway):
    g = make_gateway(server="ssl_handshake_timeout 300ms;").start()

    def cut_after():
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", g.tls), 30) as s:
            s.sendall(b"\x16\x03\x01\x02")
            assert rest(s) == b""
        return took(began)

    assert 0.2 < cut_after() < 4
    g.write_conf(g.conf.replace("ssl_handshake_timeout 300ms", "ssl_handshake_timeout 1500ms"))
    assert g.run("-s", "reload").returncode == 0
    assert 1.3 < cut_after() < 1.3 + LATE_S
    assert g.metric('headgate_tls_handshakes_total{result="timeout"}') == 2


def test_so_many_requests_and_the_connection_closes(strict):
    with dial(strict) as s:
        s.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
        pipe, closes = Pipe(s), []
        for _ in range(3):
            _, fields = pipe.head()
            pipe.take(int(fields["content-length"]))
            closes.append(fields.get("connection"))
        assert closes == [None, None, "close"]
        assert rest(s) == b""


@pytest.mark.parametrize("http2", [False, True], ids=["h1", "h2"])
@pytest.mark.parametrize("headers", [{"x-big": "y" * 3000},
                                     {f"x-{i}": "y" * 200 for i in range(8)},
                                     {f"x-{i}": "y" for i in range(12)}],
                         ids=["one-big", "big-together", "many"])
def test_fields_beyond_the_limits_are_answered_431(strict, http2, headers):
    with client(strict, http2=http2) as http:
        r = http.get("/events?since=earliest", headers=headers)
        assert r.status_code == 431
        assert r.json()["type"] == "urn:headgate:problem:fields-too-large"
        assert http.get("/events?since=earliest").status_code == 200


@pytest.mark.parametrize("http2", [False, True], ids=["h1", "h2"])
def test_a_target_beyond_its_limit_is_answered_414(gateway, http2):
    with client(gateway, http2=http2) as http:
        r = http.get("/events?since=" + "e" * 9000)
        assert r.status_code == 414
        assert http.get("/events?since=earliest").status_code == 200


def test_a_body_beyond_its_limit_is_refused_before_it_is_sent(strict):
    with dial(strict) as s:
        s.sendall(b"POST /events HTTP/1.1\r\nHost: x\r\n" + CE + b"Content-Length: 5000\r\n\r\n")
        status, _, problem = answer(s)
        assert (status, problem["type"]) == (413, "urn:headgate:problem:body-too-large")


def test_one_connection_too_many_is_closed_and_the_operator_is_let_in(strict):
    held = [dial(strict) for _ in range(16)]
    until(lambda: strict.metric("headgate_connections_open") == 16, "all connections")
    with dial(strict) as s:
        try:
            assert s.recv(100) == b""
        except ConnectionResetError:
            pass
    assert strict.metric("headgate_connections_refused_total") == 1
    assert strict.admin_get("/readyz")[0] == 200
    held.pop().close()
    until(lambda: strict.metric("headgate_connections_open") < 16, "room")
    with client(strict) as http:
        assert post(http, event(1)).status_code == 202
    for s in held:
        s.close()


def test_what_a_connection_held_is_free_when_it_ends(strict):
    """More connections than may be at once, one after the other."""
    for i in range(40):
        r = httpx.post(strict.plain_url + "/events", content=json.dumps(event(i)),
                       headers={"content-type": "application/cloudevents+json"})
        assert r.status_code == 202
    until(lambda: strict.metric("headgate_connections_open") == 0, "the last to be gone")
    assert strict.metric("headgate_connections_refused_total") == 0
    assert connects(strict.plain)
