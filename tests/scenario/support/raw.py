# SPDX-License-Identifier: Apache-2.0
"""Connections of the load: HTTP by hand on a socket, many requests under way
on each, and nothing kept that the server did not send. Slow only where Python
is."""
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

    def __init__(self, gateway, tls=True):
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

    def __init__(self, gateway, tls=True):
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
