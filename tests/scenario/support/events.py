# SPDX-License-Identifier: Apache-2.0
"""Events and clients for the scenarios: plain HTTP by httpx, SSE by hand."""
import contextlib
import json
import re
import socket
import ssl
import threading

import httpx


def event(event_id, **more):
    return {"specversion": "1.0", "id": str(event_id), "source": "/scenario",
            "type": "com.example.scenario", "data": {"n": event_id}, **more}


def client(gateway, **options):
    context = ssl.create_default_context(cafile=gateway.crt)
    return httpx.Client(base_url=gateway.url, verify=context, timeout=30, **options)


def post(http, body, path="/events", **headers):
    return http.post(path, content=json.dumps(body),
                     headers={"content-type": "application/cloudevents+json", **headers})


def post_batch(http, bodies, path="/events", **headers):
    return http.post(path, content=json.dumps(bodies),
                     headers={"content-type": "application/cloudevents-batch+json", **headers})


class Block:
    """One dispatched block of an event stream."""

    def __init__(self, kind, data, last_id):
        self.kind, self.data, self.last_id = kind, data, last_id

    def json(self):
        return json.loads(self.data)


class EventStream(threading.Thread):
    """Follows a stream; blocks are kept in the order they came."""

    def __init__(self, gateway, path="/events", last_id=None, http2=False, **headers):
        super().__init__(daemon=True)
        self.http = client(gateway, http2=http2)
        self.path = path
        self.headers = {"accept": "text/event-stream", **headers}
        if last_id:
            self.headers["last-event-id"] = last_id
        self.blocks = []
        self.beats = 0        # blocks with nothing but an id
        self.retry_ms = None
        self.last_id = last_id or ""
        self.response = None
        self.error = None
        self.opened = threading.Event()
        self.start()

    def run(self):
        try:
            with self.http.stream("GET", self.path, headers=self.headers,
                                  timeout=httpx.Timeout(30, read=None)) as r:
                self.response = r
                if r.status_code != 200:
                    r.read()
                    self.opened.set()
                    return
                self.opened.set()
                self._read(r)
        except httpx.HTTPError as e:
            self.error = e
        finally:
            self.opened.set()

    def _lines(self, response):
        """Lines as an EventSource sees them: a line end is CR, LF or both, and
        U+2028 is none."""
        left = b""
        for piece in response.iter_bytes():
            left += piece
            whole = left[:-1] if left.endswith(b"\r") else left  # an LF may follow
            *lines, rest = re.split(b"\r\n|\r|\n", whole)
            left = rest + left[len(whole):]
            yield from (line.decode() for line in lines)

    def _read(self, response):
        kind, data, has_id = "", [], False
        for line in self._lines(response):
            if line == "":
                if data:
                    self.blocks.append(Block(kind or "message", "\n".join(data), self.last_id))
                else:
                    self.beats += has_id
                kind, data, has_id = "", [], False
            elif line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
            elif line.startswith("event:"):
                kind = line[6:].strip()
            elif line.startswith("id:"):
                self.last_id, has_id = line[3:].strip(), True
            elif line.startswith("retry:"):
                self.retry_ms = int(line[6:])

    def events(self):
        return [b.json() for b in list(self.blocks) if b.kind == "message"]

    def notices(self):
        return [(b.kind, b.json()) for b in list(self.blocks) if b.kind != "message"]

    def close(self):
        """Ends the connection. The thread closes it: its descriptor may not
        be used again while the thread still reads from it."""
        self.opened.wait(30)
        if self.response is not None and self.is_alive():
            s = self.response.extensions["network_stream"].get_extra_info("socket")
            with contextlib.suppress(OSError):
                # Not s.shutdown: it also ends TLS, and the thread would read what is sealed.
                socket.socket.shutdown(s, socket.SHUT_RDWR)
        self.join(30)
        self.http.close()
