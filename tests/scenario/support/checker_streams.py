# SPDX-License-Identifier: Apache-2.0
"""What one subscriber saw against the log (I05, I08, I10, I11).

In each partition a stream is a run through the records that its filter lets
pass. `at` is the offset up to which the subscriber has everything; the next
event must be the first passing record behind it."""
from bisect import bisect_right

from .position import decode, decode_cursor


class _Partition:
    """The records of one partition that pass, and how far the run has come."""

    def __init__(self, records):
        self.records = records
        self.offsets = [r.offset for r in records]
        self.at = None        # None: nothing is known of where it began
        self.told = None      # the furthest cursor that the client was told
        self.seen = set()

    def between(self, low, high):
        """Passing records with low < offset < high."""
        i = bisect_right(self.offsets, low)
        while i < len(self.records) and self.offsets[i] < high:
            yield self.records[i]
            i += 1


def _passes(record, only):
    for attribute, wanted in only.items():
        value = getattr(record, attribute) or ""
        if wanted.endswith("*"):
            if not value.startswith(wanted[:-1]):
                return False
        elif value != wanted:
            return False
    return True


class _Stream:
    def __init__(self, report, log, names, writes, client):
        self.report, self.log, self.names, self.writes = report, log, names, writes
        self.client = client
        self.topics, self.filter = [], {}
        self.partitions = None
        self.owes_gap = False  # opened, not resumed, and no gap told so far

    def fault(self, kind, text):
        self.report.add(kind, f"{self.client}: {text}")

    def open(self, r):
        self.report.figures["streams opened"] += 1
        if self.partitions is None:
            self.topics, self.filter = r["topics"], r["filter"]
            self.partitions = {
                p: _Partition([x for x in self.log.partitions[p] if _passes(x, self.filter)])
                for t in self.topics for p in self.log.topics.get(t, ())}
        self.owes_gap = r["start"] == "cursor"
        if r["start"] == "cursor":
            self._resume(decode_cursor(r["cursor"]))
        elif r["start"] == "earliest":
            for part in self.partitions.values():
                part.at = -1
        for part in self.partitions.values():
            part.told = None

    def _resume(self, cursor):
        """The client's own cursor: behind what it has seen it asks for some of
        it again; ahead of it, it was led there."""
        for name, part in self.partitions.items():
            if name not in cursor:
                continue
            if part.at is not None and cursor[name] > part.at:
                self._skip(part, cursor[name] + 1, "before its cursor")
            if part.at is not None and cursor[name] < part.at:
                self.report.figures["streams rewound by their client"] += 1
            part.at = cursor[name]

    def _skip(self, part, high, where):
        for missed in part.between(part.at, high):
            self.fault("silent-gap", f"{missed.topic} {missed.id} at {missed.offset} {where}")

    def saw(self, r):
        self.report.figures["deliveries"] += 1
        record = next((self.log.by_name[t, r["source"], r["id"]] for t in self.topics
                       if (t, r["source"], r["id"]) in self.log.by_name), None)
        if record is None:
            was_sent = (r["source"], r["id"]) in self.writes.sent
            self.fault("seen-gone" if was_sent else "phantom", f"{r['id']} is not in the log")
            return
        if record.digest != r["digest"]:
            self.fault("damaged", f"{record.id} at {record.offset}")
        if r["position"]:
            self.names.learn(r["position"], r["source"], r["id"], self.client)
            if decode(r["position"])[:2] in self.log.places.get(record.name, set()) - {record[1:3]}:
                self.fault("copy-shown", f"{record.id} at {decode(r['position']).offset}")
                return
            if decode(r["position"])[:2] != (record.partition, record.offset):
                self.fault("two-names", f"{record.id} at {record.offset} came with "
                                        f"{decode(r['position']).offset}")
        if not _passes(record, self.filter):
            self.fault("unwanted", f"{record.id} at {record.offset}")
            return
        self._advance(self.partitions[record.partition], record)

    def _advance(self, part, record):
        if record.name in self.log.places and record.offset in part.seen:
            self.fault("copy-shown", record.id)  # SSE says no position of its own for each
            return
        if part.at is not None and record.offset <= part.at:
            again = record.offset in part.seen
            self.fault("repeat" if again else "back-step",
                       f"{record.id} at {record.offset}, it had come to {part.at}")
            return
        if part.told is not None and record.offset <= part.told:
            self.fault("cursor-ahead", f"{record.id} at {record.offset} came after the cursor "
                                       f"{part.told}")
        if part.at is not None:
            self._skip(part, record.offset, f"before {record.id} at {record.offset}")
        part.seen.add(record.offset)
        part.at = record.offset

    def notice(self, r):
        where = decode_cursor(r["position"]) if r["position"] else {}
        if r["kind"] == "headgate.stream.gap":
            self.report.figures["gaps told"] += 1
            self.owes_gap = False
            for name, part in self.partitions.items():
                if name in where and (part.at is None or where[name] > part.at):
                    part.at = where[name]
            return
        if r["kind"] == "headgate.stream.opened":
            if self.owes_gap and not r["resumed"]:
                self.fault("silent-reset", f"opened at {where}")
            self.owes_gap = False
        for name, part in self.partitions.items():
            if name in where:
                if part.at is None:
                    part.at = where[name]  # a stream from the latest on begins here
                part.told = max(where[name], -1 if part.told is None else part.told)

    def end(self, _):
        """A partition that it never heard of it has wholly missed, unless it
        began at the latest; then nothing is known of it."""
        self.report.figures["streams followed to the end"] += 1
        for part in self.partitions.values():
            if part.at is None:
                continue
            for missed in part.between(part.at, float("inf")):
                self.fault("unseen", f"{missed.topic} {missed.id} at {missed.offset}")

    def cut(self, _):
        self.report.figures["streams cut"] += 1


def judge(report, log, names, writes, client, records):
    stream = _Stream(report, log, names, writes, client)
    for r in records:
        getattr(stream, r["k"])(r)
