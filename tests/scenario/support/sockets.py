# SPDX-License-Identifier: Apache-2.0
"""WebSockets: `websockets` for what a user does, and frames by hand for what
no library would send."""
import base64
import json
import os
import select
import socket

from websockets.sync.client import connect as library_connect

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def connect(gateway, query="", path="/events", **options):
    """A connection by the library; leave it with `with`. Never over TLS: a
    thread of the library reads while we write, which Python's ssl does not
    bear; once in a while the handshake is then never sent."""
    options.setdefault("subprotocols", ["cloudevents.json"])
    url = f"ws://127.0.0.1:{gateway.plain}{path}{query}"
    return library_connect(url, proxy=None, max_size=None, max_queue=None, **options)


def receive(ws, n, deadline_s=30):
    """The next n messages that are events or answers; notices are left out."""
    got = []
    while len(got) < n:
        message = json.loads(ws.recv(deadline_s))
        if not message["type"].startswith("headgate.stream."):
            got.append(message)
    return got


def receive_type(ws, kind, deadline_s=30):
    """The next message of this type; what comes before it is left out."""
    while True:
        message = json.loads(ws.recv(deadline_s))
        if message["type"] == kind:
            return message


class RawSocket:
    """A WebSocket over plain TCP whose frames are made by hand."""

    def __init__(self, gateway, path="/events", deadline_s=30, **fields):
        self.socket = socket.create_connection(("127.0.0.1", gateway.plain), deadline_s)
        self.left = b""
        fields = {"Host": f"127.0.0.1:{gateway.plain}", "Upgrade": "websocket",
                  "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
                  **{name.replace("_", "-"): value for name, value in fields.items()}}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        while b"\r\n\r\n" not in self.left:
            more = self.socket.recv(65536)
            assert more, f"the connection ended: {self.left!r}"
            self.left += more
        self.head, self.left = self.left.split(b"\r\n\r\n", 1)
        self.status = int(self.head.split()[1])

    @staticmethod
    def frame(op, payload=b"", final=True, masked=True):
        n = len(payload)
        size = (bytes([n]) if n < 126 else b"\x7e" + n.to_bytes(2, "big") if n < 65536 else
                b"\x7f" + n.to_bytes(8, "big"))
        head = bytes([(0x80 if final else 0) | op]) + bytes([size[0] | (0x80 if masked else 0)]) + \
            size[1:]
        if not masked:
            return head + payload
        key = os.urandom(4)
        return head + key + bytes(b ^ key[i & 3] for i, b in enumerate(payload))

    def send(self, op, payload=b"", **options):
        self.socket.sendall(self.frame(op, payload, **options))

    def _take(self, n):
        while len(self.left) < n:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.left += more
        taken, self.left = self.left[:n], self.left[n:]
        return taken

    def receive(self):
        """(op, payload) of the next frame; EOFError at the end."""
        op, n = self._take(2)
        assert op & 0x80, "the gateway sends whole messages"
        if n > 125:
            n = int.from_bytes(self._take(2 if n == 126 else 8), "big")
        return op & 15, self._take(n)

    def floods(self, frame, at_most_bytes, still_s=2.0):
        """Sends the frame again and again, reading nothing, until nothing more
        has been taken for a while: how many bytes were taken."""
        block = frame * (65536 // len(frame) + 1)
        sent = 0
        while sent < at_most_bytes:
            if not select.select([], [self.socket], [], still_s)[1]:
                return sent
            left = sent % len(frame)  # go on in the middle of a frame
            sent += self.socket.send(block[left:], socket.MSG_DONTWAIT)
        return sent

    def receive_op(self, wanted):
        """The payload of the next frame of this kind; others are left out."""
        while True:
            op, payload = self.receive()
            if op == wanted:
                return payload

    def close_code(self):
        """What the gateway closes with, and that it ends the connection then."""
        payload = self.receive_op(CLOSE)
        try:
            self.receive()
            raise AssertionError("a frame came behind the close frame")
        except (EOFError, ConnectionResetError):
            return int.from_bytes(payload[:2], "big") if payload else None

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
