# SPDX-License-Identifier: Apache-2.0
"""checker.py DIRECTORY: is the history in these files one that the gateway's
promises allow? Standard library only. What it finds, by name:

  lost         acknowledged, and not in the log
  phantom      in the log, and nobody sent it
  double       the same topic, source and id twice in the log
  inversion    in the log in another order than one connection sent it, or
               than its answers came before the next was sent
  damaged      the log, or a subscriber, has other bytes than were sent
  resurrected  refused, never sent again, and in the log
  two-names    one position for two events, or two for one
  disorder     the dump itself goes back
  silent-gap   a subscriber was led past an event, and not told
  unseen       at the end a subscriber had not been given an event
  repeat       a subscriber was given an event again
  back-step    a subscriber was given an older event than the last
  seen-gone    a subscriber saw what the log does not have
  unwanted     a subscriber was given what it did not ask for
  silent-reset a resume was not honoured, and no gap was told
  cursor-ahead a cursor was told that stands behind an event not given yet
  copy-shown   a subscriber was given an event and its copy

Gaps that are told are no faults here; the figures count them."""
import sys
from collections import Counter, defaultdict
from typing import NamedTuple

from . import checker_streams, checker_writes
from .history import read
from .position import Position, decode

KEPT = 20  # texts of each kind


class Record(NamedTuple):
    topic: str
    partition: tuple
    offset: int
    source: str
    id: str
    type: str
    subject: str
    digest: str

    @property
    def name(self):
        return self.topic, self.source, self.id


class Report:
    def __init__(self):
        self.counts = Counter()
        self.texts = defaultdict(list)
        self.figures = Counter()

    def add(self, kind, text):
        self.counts[kind] += 1
        if len(self.texts[kind]) < KEPT:
            self.texts[kind].append(text)

    @property
    def kinds(self):
        return sorted(self.counts)

    def __str__(self):
        lines = [f"{kind}: {self.counts[kind]}\n" + "\n".join(f"  {t}" for t in self.texts[kind])
                 for kind in self.kinds]
        figures = ", ".join(f"{k} {v}" for k, v in sorted(self.figures.items()))
        return "\n".join(lines or ["no anomaly"]) + "\n" + figures


class Names:
    """I11: a position names one event for ever, whoever is told it."""

    def __init__(self, report):
        self.report = report
        self.events = {}

    def learn(self, token, source, event_id, who):
        try:
            self.learn_place(decode(token), source, event_id, who)
        except ValueError as e:
            self.report.add("two-names", f"{who}: {e}")

    def learn_place(self, p, source, event_id, who):
        """A Position, whose fingerprint may be None: not known."""
        name = source, event_id
        known, fingerprint = self.events.get((p.partition, p.offset), (name, None))
        unlike = fingerprint and p.fingerprint and fingerprint != p.fingerprint
        if known != name or unlike:
            self.report.add("two-names", f"offset {p.offset} is {known[1]} and, says {who}, "
                                         f"{event_id}")
        else:
            self.events[p.partition, p.offset] = name, fingerprint or p.fingerprint


class Log:
    """The dump. Where copies may be, of an event in doubt, the first one counts
    and the others are left to checker_writes."""

    def __init__(self, report, names, may_copy):
        self.report, self.names, self.may_copy = report, names, may_copy
        self.copies = []
        self.places = defaultdict(set)  # of an event that has copies: of all of them
        self.records = []
        self.by_name = {}
        self.partitions = defaultdict(list)  # in order
        self.topics = defaultdict(set)       # topic -> its partitions

    def take(self, r):
        p = Position(tuple(r["place"][:3]), r["place"][3], None) if "place" in r else \
            decode(r["position"])
        record = Record(r["topic"], p.partition, p.offset, r["source"], r["id"], r["type"],
                        r["subject"], r["digest"])
        self.names.learn_place(p, record.source, record.id, "the log")
        before = self.by_name.get(record.name)
        if before is not None and self.may_copy and before.partition == record.partition:
            self.copies.append(record)
            self.places[record.name] |= {before[1:3], record[1:3]}
            return
        if before is not None:
            self.report.add("double", f"{record.topic} {record.id} at {before.offset} and "
                                      f"{record.offset}")
        line = self.partitions[p.partition]
        if line and line[-1].offset >= record.offset:
            self.report.add("disorder", f"{record.topic}: {record.offset} after {line[-1].offset}")
        self.by_name.setdefault(record.name, record)
        self.topics[record.topic].add(p.partition)
        self.records.append(record)
        line.append(record)

    def first(self, partition):
        """The least offset that was not trimmed, as far as the dump knows."""
        line = self.partitions.get(partition)
        return line[0].offset if line else 0


def check(records, may_copy=False):
    """A Report over the records of a history, in any order of clients. may_copy:
    an event that was in doubt may stand in its partition again."""
    report = Report()
    names = Names(report)
    log = Log(report, names, may_copy)
    writes = checker_writes.Writes(report, log, names)
    streams = defaultdict(list)
    for r in records:
        kind = r["k"]
        if kind == "log":
            log.take(r)
        elif kind in ("invoke", "return"):
            writes.take(r)
        elif kind in ("open", "saw", "notice", "cut", "end"):
            streams[r["client"]].append(r)
        elif kind == "did":
            report.figures[f"did {r['what']}"] += 1
        else:
            raise ValueError(f"a history knows no {kind!r}")
    report.figures["in the log"] = len(log.records)
    writes.judge()
    for client, events in sorted(streams.items()):
        checker_streams.judge(report, log, names, writes, client, events)
    return report


def check_directory(directory, **options):
    return check(read(directory), **options)


if __name__ == "__main__":
    verdict = check_directory(sys.argv[1])
    print(verdict)
    sys.exit(1 if verdict.counts else 0)
