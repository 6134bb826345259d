# SPDX-License-Identifier: Apache-2.0
"""Connections of the load: HTTP by hand on a socket, many requests under way
on each, and nothing kept that the server did not send. Slow only where Python
is."""
import base64
import json
import os
import socket
import ssl
from typing import NamedTuple

PATIENCE_S = 30  # for one read: a server that says nothing for so long has failed
READ = 1 << 16


class Cut(Exception):
    """The connection ended before what was awaited came."""


class Request(NamedTuple):
    path: str
    fields: list
    body: bytes


class Answer(NamedTuple):
    status: int
    fields: dict
    body: bytes


def dial(gateway, *, tls=True, alpn=None, receive_bytes=None):
    """A connected socket; Cut when nobody takes it."""
    s = socket.socket()
    try:
        s.settimeout(PATIENCE_S)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_bytes:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        s.connect(("127.0.0.1", gateway.tls if tls else gateway.plain))
        if not tls:
            return s
        context = ssl.create_default_context(cafile=gateway.crt)
        if alpn:
            context.set_alpn_protocols([alpn])
        return context.wrap_socket(s, server_hostname="localhost")
    except OSError as e:
        s.close()
        raise Cut(f"dial: {e}") from None


class Pipe:
    """A socket with a buffer in front."""

    def __init__(self, sock):
        self.sock = sock
        self.held = bytearray()

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as e:
            raise Cut(f"send: {e}") from None

    def more(self):
        try:
            data = self.sock.recv(READ)
        except OSError as e:
            raise Cut(f"receive: {e}") from None
        if not data:
            raise Cut("end")
        self.held += data

    def until(self, mark):
        while (end := self.held.find(mark)) < 0:
            self.more()
        return self.take(end + len(mark))

    def take(self, n):
        while len(self.held) < n:
            self.more()
        data = bytes(self.held[:n])
        del self.held[:n]
        return data

    def head(self):
        """(status, fields) of the answer that comes next."""
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        fields = {}
        for line in lines[1:-2]:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        return int(lines[0].split(" ", 2)[1]), fields

    def close(self):
        self.sock.close()


class Http1:
    """Requests on one connection, sent without waiting for answers."""

    def __init__(self, gateway, _=None, tls=True):
        self.pipe = Pipe(dial(gateway, tls=tls, alpn="http/1.1"))
        self.host = f"127.0.0.1:{gateway.tls if tls else gateway.plain}"

    def exchange(self, requests):
        """Sends all, then yields (index, Answer) as they come; Cut."""
        out = bytearray()
        for r in requests:
            fields = "".join(f"{n}: {v}\r\n" for n, v in r.fields)
            out += (f"POST {r.path} HTTP/1.1\r\nhost: {self.host}\r\n{fields}"
                    f"content-length: {len(r.body)}\r\n\r\n").encode() + r.body
        self.pipe.send(out)
        for index in range(len(requests)):
            status, fields = self.pipe.head()
            body = self.pipe.take(int(fields.get("content-length", 0)))
            yield index, Answer(status, fields, body)
            if fields.get("connection") == "close":
                raise Cut("the server closes")

    def close(self):
        self.pipe.close()


class Http2:
    """The same on one HTTP/2 connection: a stream for each request, ended in
    the order of the list."""

    def __init__(self, gateway, _=None, tls=True):
        from h2.config import H2Configuration  # pylint: disable=import-outside-toplevel
        from h2.connection import H2Connection  # pylint: disable=import-outside-toplevel
        sock = dial(gateway, tls=tls, alpn="h2")
        if tls and sock.selected_alpn_protocol() != "h2":
            sock.close()
            raise Cut("HTTP/2 was not agreed on")
        self.pipe = Pipe(sock)
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.early = []  # events that came while a body was sent
        self.h2.initiate_connection()
        self.pipe.send(self.h2.data_to_send())
        self.authority = f"127.0.0.1:{gateway.tls}"

    def exchange(self, requests):
        from h2.exceptions import H2Error  # pylint: disable=import-outside-toplevel
        streams, answers = {}, {}
        try:
            for index, r in enumerate(requests):
                streams[self._begin(r)] = index
            self.pipe.send(self.h2.data_to_send())
            while streams:
                yield from self._turn(streams, answers)
        except H2Error as e:
            raise Cut(f"HTTP/2: {e}") from None

    def _begin(self, r):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [(":method", "POST"), (":scheme", "https"),
                                      (":authority", self.authority), (":path", r.path),
                                      *r.fields, ("content-length", str(len(r.body)))])
        self._send_body(stream, r.body)
        return stream

    def _send_body(self, stream, body):
        """In the windows that the server gives; what comes meanwhile is kept."""
        at = 0
        while at < len(body):
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room == 0:
                self.pipe.send(self.h2.data_to_send())
                self.pipe.more()
                self.early += self._events()
                continue
            self.h2.send_data(stream, body[at:at + room])
            at += room
        self.h2.end_stream(stream)

    def _events(self):
        data, self.pipe.held = bytes(self.pipe.held), bytearray()
        return self.h2.receive_data(data)

    def _turn(self, streams, answers):
        from h2 import events  # pylint: disable=import-outside-toplevel
        early, self.early = self.early, []
        if not early:
            self.pipe.more()
        for e in early + self._events():
            if isinstance(e, events.ResponseReceived):
                fields = dict(e.headers)
                answers[e.stream_id] = [int(fields[":status"]), fields, b""]
            elif isinstance(e, events.DataReceived):
                answers[e.stream_id][2] += e.data
                self.h2.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
            elif isinstance(e, events.StreamEnded):
                yield streams.pop(e.stream_id), Answer(*answers.pop(e.stream_id))
            elif isinstance(e, (events.StreamReset, events.ConnectionTerminated)):
                raise Cut(f"HTTP/2: {e}")
        self.pipe.send(self.h2.data_to_send())

    def close(self):
        self.pipe.close()


def open_websocket(pipe, host, path):
    """The handshake; the status."""
    key = base64.b64encode(os.urandom(16)).decode()
    pipe.send(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\n"
              f"connection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n"
              "sec-websocket-protocol: cloudevents.json\r\n\r\n".encode())
    return pipe.head()[0]


def read_frame(pipe):
    """(first byte, payload) of a server's frame."""
    first, second = pipe.take(2)
    assert first & 0x70 == 0 and second & 0x80 == 0, "neither extended nor masked"
    n = second & 0x7f
    if n > 125:
        n = int.from_bytes(pipe.take(2 if n == 126 else 8), "big")
    return first, pipe.take(n)


def put_frame(first, payload):
    """A client's frame. Its mask is zero, which is a mask like any other."""
    n = len(payload)
    size = bytes([0x80 | n]) if n < 126 else b"\xfe" + n.to_bytes(2, "big") if n < 65536 \
        else b"\xff" + n.to_bytes(8, "big")
    return bytes([first]) + size + bytes(4) + payload


class Socket:
    """The same over a WebSocket: a message for each request, whose path and
    fields are not used. Answers name the event, unless it was none."""

    def __init__(self, gateway, path="/events", tls=True):
        self.pipe = Pipe(dial(gateway, tls=tls, alpn="http/1.1"))
        status = open_websocket(self.pipe, "localhost", path + "?type=none")
        if status != 101:
            self.close()
            raise Cut(f"status {status}")

    def exchange(self, requests):
        self.pipe.send(b"".join(put_frame(0x81, r.body) for r in requests))
        waiting = {i: json.loads(r.body) for i, r in enumerate(requests)}
        while waiting:
            first, payload = read_frame(self.pipe)
            if first == 0x88:
                raise Cut(f"closed: {payload!r}")
            said = json.loads(payload) if first == 0x81 else {"type": ""}
            if said["type"] in ("headgate.published", "headgate.refused"):
                data = said["data"]
                index = next(i for i, e in waiting.items() if "type" not in e or
                             e["id"] == data.get("id"))
                del waiting[index]
                yield index, self._answer(data)

    @staticmethod
    def _answer(data):
        if "problem" in data:
            return Answer(data["problem"]["status"], {}, json.dumps(data).encode())
        return Answer(202, {"headgate-position": data["position"],
                            "headgate-duplicate": str(data["duplicate"]).lower()}, b"")

    def close(self):
        self.pipe.close()
