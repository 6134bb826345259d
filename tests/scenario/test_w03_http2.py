# SPDX-License-Identifier: Apache-2.0
"""WebSockets in a stream of an HTTP/2 connection (RFC 8441), by the package h2
and frames made by hand."""
import json
import socket
import ssl

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (DataReceived, RemoteSettingsChanged, ResponseReceived, StreamEnded,
                       StreamReset)
from h2.settings import SettingCodes
from support.clients import support_module
from support.events import client, event, post
from support.sockets import CLOSE, PING, PONG, TEXT, RawSocket
from support.wait import until

pytestmark = pytest.mark.only_on("embedded", "nothing in it depends on the event log")


class Tunnel:
    """One HTTP/2 connection with one extended CONNECT on it."""

    def __init__(self, gateway, path="/events", protocol="websocket", **fields):
        context = ssl.create_default_context(cafile=gateway.crt)
        context.set_alpn_protocols(["h2"])
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", gateway.tls), 30),
                                          server_hostname="127.0.0.1")
        self.http = H2Connection(H2Configuration(validate_outbound_headers=False))
        self.bytes, self.answer, self.settings, self.ended = b"", None, None, None
        self.http.initiate_connection()
        self.flush()
        self.until(lambda: self.settings)
        assert self.settings[SettingCodes.ENABLE_CONNECT_PROTOCOL].new_value == 1
        self.stream = self.http.get_next_available_stream_id()
        self.http.send_headers(self.stream, [
            (":method", "CONNECT"), (":protocol", protocol), (":scheme", "https"), (":path", path),
            (":authority", f"127.0.0.1:{gateway.tls}"), ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", "cloudevents.json"),
            *((name.replace("_", "-"), value) for name, value in fields.items())])
        self.flush()
        self.until(lambda: self.answer)
        self.status = int(self.answer[b":status"])

    def flush(self):
        self.socket.sendall(self.http.data_to_send())

    def until(self, condition):
        while not condition():
            received = self.socket.recv(65536)
            assert received, "the connection ended"
            for e in self.http.receive_data(received):
                if isinstance(e, DataReceived):
                    self.bytes += e.data
                    self.http.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
                elif isinstance(e, ResponseReceived):
                    self.answer = dict(e.headers)
                elif isinstance(e, RemoteSettingsChanged):
                    self.settings = e.changed_settings
                elif isinstance(e, (StreamEnded, StreamReset)):
                    self.ended = type(e)
            self.flush()

    def send(self, op, payload=b""):
        self.http.send_data(self.stream, RawSocket.frame(op, payload))
        self.flush()

    def receive(self):
        """(op, payload) of the next frame."""
        self.until(lambda: len(self.bytes) >= 2)
        n, at = self.bytes[1], 2
        if n == 126:
            self.until(lambda: len(self.bytes) >= 4)
            n, at = int.from_bytes(self.bytes[2:4], "big"), 4
        self.until(lambda: len(self.bytes) >= at + n)
        op, payload = self.bytes[0] & 15, self.bytes[at:at + n]
        self.bytes = self.bytes[at + n:]
        return op, payload

    def receive_json(self, kind):
        while True:
            op, payload = self.receive()
            if op == TEXT and json.loads(payload)["type"] == kind:
                return json.loads(payload)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()


def test_a_socket_in_a_stream_follows_publishes_and_closes(gateway):
    with Tunnel(gateway) as ws, client(gateway) as http:
        assert ws.status == 200
        assert ws.answer[b"sec-websocket-protocol"] == b"cloudevents.json"
        assert b"sec-websocket-accept" not in ws.answer
        ws.receive_json("headgate.stream.opened")
        position = post(http, event(1)).headers["headgate-position"]
        assert ws.receive_json("com.example.scenario")["hgposition"] == position
        ws.send(TEXT, json.dumps(event(2)).encode())
        assert ws.receive_json("headgate.published")["data"]["id"] == "2"
        ws.send(PING, b"here?")
        while (frame := ws.receive())[0] == TEXT:
            pass
        assert frame == (PONG, b"here?")
        ws.send(CLOSE, b"\x03\xe8")
        assert ws.receive() == (CLOSE, b"\x03\xe8")
        ws.until(lambda: ws.ended)
        assert ws.ended is StreamEnded
    until(lambda: gateway.metric('headgate_subscribers{state="live"}') == 0, "the end")


def test_a_stream_that_ends_or_is_reset_without_a_close_is_forgotten(gateway):
    for how in ("end", "reset"):
        with Tunnel(gateway) as ws:
            ws.receive_json("headgate.stream.opened")
            if how == "end":
                ws.http.end_stream(ws.stream)
            else:
                ws.http.reset_stream(ws.stream, 8)
            ws.flush()
            until(lambda: gateway.metric('headgate_subscribers{state="live"}') == 0, how)


@pytest.mark.parametrize("options,status", [
    ({"protocol": "raw-tcp"}, 501),
    ({"path": "/nothing"}, 404),
    ({"path": "/events?sinc=earliest"}, 400),
    ({"origin": "https://evil.example.com"}, 403),
    ({"path": "/echo"}, 405),
])
def test_a_refusal_has_its_status(make_gateway, options, status):
    gateway = make_gateway(main=f"load_module {support_module('echo')};\n",
                           locations="location = /echo { echo hello; }").start()
    with Tunnel(gateway, **options) as ws:
        assert ws.status == status


def test_who_sends_and_never_reads_has_to_wait(gateway):
    with Tunnel(gateway) as ws:
        ws.receive_json("headgate.stream.opened")
        ping = RawSocket.frame(PING, b"x" * 125)
        block = ping * 64
        sent = 0
        # Our side gives windows for what comes, until it stops to read.
        while sent < 16 << 20 and ws.http.local_flow_control_window(ws.stream) >= len(block):
            ws.http.send_data(ws.stream, block)
            ws.flush()
            sent += len(block)
        assert sent < 16 << 20
        with client(gateway) as http:
            assert post(http, event(1)).status_code == 202
