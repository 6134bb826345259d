# SPDX-License-Identifier: Apache-2.0
"""Subscribers of a campaign: by SSE, WebSocket or pull. Each comes back with
its last position whenever it is cut, and writes down what it saw. hold() makes
it stop reading altogether, with its connection open."""
import json
import socket
import threading

from .history import History, parse
from .position import decode
from .raw import Cut, Pipe, dial, open_websocket, put_frame, read_frame

BEGUN = "headgate.stream.opened"


class Follower(threading.Thread):
    """Follows until stop()."""

    scheme = "?"

    def __init__(self, gateway, directory, client, *, path="/events", topics=("demo.events",),
                 start="earliest", only=None, tls=True, receive_bytes=None):
        super().__init__(daemon=True, name=client)
        self.gateway, self.path, self.topics = gateway, path, list(topics)
        self.start_at, self.only = start, only or {}
        self.tls, self.receive_bytes = tls, receive_bytes
        self.history = History(directory, client)
        self.tokens = {}   # (topic tag, partition) -> where this one stands
        self.ids = set()   # of what it saw
        self.opens = self.cuts = self.gaps = 0
        self.opened = threading.Event()
        self.error = None
        self.stopping = threading.Event()
        self.reading = threading.Event()
        self.reading.set()
        self.held = threading.Event()
        self.pipe = None

    # What the test calls, from its thread.

    def hold(self):
        """From the next read on it reads no more; held is set then."""
        self.held.clear()
        self.reading.clear()

    def read_on(self):
        self.reading.set()

    def stop(self):
        self.stopping.set()
        self.reading.set()

    def interrupt(self):
        """Ends its connection, as a network does."""
        if self.pipe:
            try:
                # That of ssl would have its reader take what is still coming as it is.
                socket.socket.shutdown(self.pipe.sock, socket.SHUT_RDWR)
            except OSError:
                pass  # it had ended

    def end(self):
        """It is to have seen everything: what is missing now is a fault."""
        self.stop()
        self.join(60)
        assert not self.is_alive(), f"{self.name} does not end"
        self.history.end()
        self.history.close()

    # Its own thread.

    def run(self):
        try:
            while not self.stopping.is_set():
                self._once()
        except Exception as e:  # pylint: disable=broad-except
            self.error = e
            raise

    def _once(self):
        try:
            sock = dial(self.gateway, tls=self.tls, alpn="http/1.1",
                        receive_bytes=self.receive_bytes)
        except Cut:
            self.stopping.wait(0.01)  # while nobody listens
            return
        sock.settimeout(0.2)  # so that stop() is seen
        self.pipe = Waiting(sock, self)
        try:
            self._follow()
        except Cut as e:
            self.cuts += 1
            self.history.cut(e)
        finally:
            self.pipe.close()
        self.stopping.wait(0.01)

    def _query(self, with_cursor):
        """The query of a start or of a resume, which is told to the history."""
        cursor = ".".join(self.tokens.values())
        query = [f"{name}={value}" for name, value in self.only.items()]
        if not cursor:
            query.append("since=" + self.start_at)
        elif with_cursor:
            query.append("position=" + cursor)
        self.history.open(self.topics, "cursor" if cursor else self.start_at, cursor or None,
                          self.only)
        self.opens += 1
        return (self.path + "?" + "&".join(query) if query else self.path), cursor

    def _ask(self, path, fields):
        host = f"127.0.0.1:{self.gateway.tls if self.tls else self.gateway.plain}"
        lines = "".join(f"{n}: {v}\r\n" for n, v in fields)
        self.pipe.send(f"GET {path} HTTP/1.1\r\nhost: {host}\r\n{lines}\r\n".encode())
        return self.pipe.head()

    def _stand(self, cursor):
        for token in cursor.split("."):
            tag, _, number = decode(token).partition
            self.tokens[tag, number] = token

    def _on_event(self, event, position):
        self.history.saw(event, position)
        self.ids.add(event["id"])

    def _on_notice(self, kind, body):
        self.history.notice(kind, body)
        self.gaps += kind == "headgate.stream.gap"
        if kind == BEGUN:
            self.opened.set()
        if body.get("position"):
            self._stand(body["position"])

    def _follow(self):
        raise NotImplementedError


class Waiting(Pipe):
    """A pipe that looks up now and then: to stop, or to hold still."""

    def __init__(self, sock, follower):
        super().__init__(sock)
        self.follower = follower

    def more(self):
        f = self.follower
        while True:
            if not f.reading.is_set():
                f.held.set()
                f.reading.wait()
            if f.stopping.is_set():
                raise Cut("stopped")
            try:
                data = self.sock.recv(1 << 16)
            except TimeoutError:
                continue
            except OSError as e:
                raise Cut(f"receive: {e}") from None
            if not data:
                raise Cut("end")
            self.held += data
            return


class Sse(Follower):
    scheme = "sse"

    def _follow(self):
        path, cursor = self._query(with_cursor=False)
        fields = [("accept", "text/event-stream")]
        if cursor:
            fields.append(("last-event-id", cursor))
        status, answer = self._ask(path, fields)
        if status != 200:
            raise Cut(f"status {status}")
        assert answer.get("transfer-encoding") == "chunked", answer
        text = bytearray()
        while True:
            size = int(self.pipe.until(b"\r\n").split(b";")[0], 16)
            text += self.pipe.take(size + 2)[:-2]
            if size == 0:
                raise Cut("the stream ends")
            *blocks, text = text.split(b"\n\n")
            for block in blocks:
                self._on_block(block.decode())

    def _on_block(self, block):
        kind, data, last_id = "message", [], None
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name == "event":
                kind = value
            elif name == "id":
                last_id = value
        if data and kind == "message":
            is_own = last_id is not None and len(self.topics) == 1 and "." not in last_id
            self._on_event(parse("\n".join(data)), last_id if is_own else None)
            if last_id is not None and not is_own:
                self._on_notice("id", {"position": last_id})
        elif data:
            body = json.loads("\n".join(data))
            assert body.get("position") == last_id, block
            self._on_notice(kind, body)
        elif last_id is not None:
            self._on_notice("id", {"position": last_id})
        if last_id is not None:
            self._stand(last_id)


class WebSocket(Follower):
    scheme = "ws"

    def _follow(self):
        path, _ = self._query(with_cursor=True)
        status = open_websocket(self.pipe, "localhost", path)
        if status != 101:
            raise Cut(f"status {status}")
        while True:
            self._on_frame(*read_frame(self.pipe))

    def _on_frame(self, first, payload):
        if first == 0x88:
            raise Cut(f"closed: {payload!r}")
        if first == 0x89:
            self.pipe.send(put_frame(0x8a, payload))
            return
        assert first == 0x81, f"a whole text message, not {first:#x}"
        event = parse(payload)
        if event["type"].startswith("headgate.stream."):
            self._on_notice(event["type"], event["data"])
            return
        self._on_event(event, event["hgposition"])
        self._stand(event["hgposition"])


class Pull(Follower):
    """Asks for a batch, waiting a second for one, and goes on from its Link."""
    scheme = "pull"

    def _follow(self):
        while not self.stopping.is_set():
            path, _ = self._query(with_cursor=True)
            status, fields = self._ask(path + "&wait=1&limit=200", [])
            body = self.pipe.take(int(fields["content-length"]))
            if status != 200:
                raise Cut(f"status {status}")
            self.opened.set()
            if "headgate-gap" in fields:
                self._on_notice("headgate.stream.gap", {"position": fields["headgate-position"]})
            for event in parse(body):
                self._on_event(event, event["hgposition"])
            self._on_notice("id", {"position": fields["headgate-position"]})


def dump(gateway, history, topics):
    """Writes the whole log of these topics ({topic: path}), asked from the
    earliest on; the ids of each topic's last event."""
    last = {}
    for topic, path in topics.items():
        query = "?since=earliest"
        while True:
            pipe = Pipe(dial(gateway))
            pipe.send(f"GET {path}{query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
            status, fields = pipe.head()
            body = pipe.take(int(fields["content-length"]))
            pipe.close()
            assert status == 200 and "headgate-gap" not in fields, (status, fields)
            events = parse(body)
            for event in events:
                history.log(topic, event)
            if not events:
                break
            last[topic] = events[-1]["id"]
            query = fields["link"].split(">")[0].removeprefix("<")
    return last
