# SPDX-License-Identifier: Apache-2.0
"""Histories: what each client did and saw, one JSON object a line, one file a
client, so that each file has one writer and a killed run leaves what it had.

  producer    invoke  client op conn t topic events=[{source id digest}]
              return  client op t outcome=ok|fail|unknown status
                      events=[{position duplicate}], of an ok; or each
                      with its state, of a batch that ended differently
  subscriber  open    client t topics filter start=earliest|latest|cursor cursor
              saw     client source id digest position
              notice  client kind position from reason resumed
              cut     client t why
              end     client t       it is to have seen all there is
  dump        log     topic position source id type subject digest, in the log's order;
                      place=[tag epoch partition offset] instead of position, from
                      a reader that knows no positions
  nemesis     did     t what ...

An invoke without a return is of unknown outcome. Times are of the monotonic
clock of one machine. A digest is of the whole event: its attributes and data,
numbers as they were written."""
import hashlib
import json
import os
import time


def _keep(text):
    return "number " + text


def parse(text):
    """JSON in which 1.0, 1e0 and 1 differ."""
    return json.loads(text, parse_float=_keep, parse_int=_keep)


def digest(event):
    """Of an event as parse() gives it. Its position is not a part of it."""
    if "hgposition" in event:
        event = {k: v for k, v in event.items() if k != "hgposition"}
    canonical = json.dumps(event, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:24]


class History:
    """The file of one client, written by its thread alone."""

    def __init__(self, directory, client):
        self.client = client
        self.file = open(os.path.join(directory, client + ".jsonl"), "a", encoding="utf-8",
                         buffering=1 << 16)

    def write(self, k, /, **fields):
        self.file.write(json.dumps({"k": k, "client": self.client, **fields},
                                   separators=(",", ":")))
        self.file.write("\n")

    def invoke(self, op, conn, topic, events):
        self.write("invoke", op=op, conn=conn, t=time.monotonic(), topic=topic, events=events)

    def ret(self, op, outcome, status=0, events=()):
        self.write("return", op=op, t=time.monotonic(), outcome=outcome, status=status,
                   events=list(events))

    def open(self, topics, start, cursor=None, only=None):
        self.write("open", t=time.monotonic(), topics=topics, start=start, cursor=cursor,
                   filter=only or {})

    def saw(self, event, position):
        self.write("saw", source=event.get("source"), id=event.get("id"), digest=digest(event),
                   position=position)

    def notice(self, kind, body):
        self.write("notice", kind=kind, position=body.get("position"), reason=body.get("reason"),
                   resumed=body.get("resumed"), **{"from": body.get("from")})

    def cut(self, why):
        self.write("cut", t=time.monotonic(), why=str(why))

    def end(self):
        self.write("end", t=time.monotonic())

    def log(self, topic, event, place=None):
        where = {"place": place} if place else {"position": event["hgposition"]}
        self.write("log", topic=topic, source=event["source"], id=event["id"],
                   type=event["type"], subject=event.get("subject"), digest=digest(event),
                   **where)

    def did(self, what, **more):
        self.write("did", t=time.monotonic(), what=what, **more)

    def close(self):
        self.file.close()


def read(directory):
    """All records of all files; those of one client in their order."""
    for name in sorted(os.listdir(directory)):
        if name.endswith(".jsonl"):
            with open(os.path.join(directory, name), encoding="utf-8") as f:
                for line in f:
                    if line.endswith("\n"):  # a killed writer leaves half a line
                        yield json.loads(line)
