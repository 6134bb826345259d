# SPDX-License-Identifier: Apache-2.0
"""What producers were told against what the log has (I01 to I04, I08, I09)."""
from collections import defaultdict
from typing import NamedTuple

from .position import decode


class Attempt(NamedTuple):
    """One event in one request."""
    order: tuple  # (op, index): the order in which the client sent
    client: str
    conn: int
    began: float
    ended: float
    outcome: str
    digest: str
    position: str
    is_duplicate: bool


STATES = {"stored": "ok", "not-stored": "fail", "in-doubt": "unknown"}


def _came_to(answer):
    return answer["outcome"] if answer else "unknown"


class Writes:
    def __init__(self, report, log, names):
        self.report, self.log, self.names = report, log, names
        self.invokes = []
        self.returns = {}
        self.attempts = defaultdict(list)  # (topic, source, id) -> in the order they were sent
        self.sent = set()                  # (source, id)

    def take(self, r):
        if r["k"] == "invoke":
            self.invokes.append(r)
        else:
            self.returns[r["client"], r["op"]] = r

    def judge(self):
        self.invokes.sort(key=lambda r: (r["t"], r["op"]))
        for invoke in self.invokes:
            self._unfold(invoke)
        for name, attempts in self.attempts.items():
            self._judge_event(name, attempts)
        self._judge_log()
        self._judge_copies()
        self._judge_connections()
        self._judge_real_time()

    def _unfold(self, invoke):
        answer = self.returns.get((invoke["client"], invoke["op"]))
        outcome = _came_to(answer)
        told = answer["events"] if answer else []
        self.report.figures["requests " + outcome] += 1
        for i, e in enumerate(invoke["events"]):
            said = told[i] if i < len(told) else {}
            name = invoke["topic"], e["source"], e["id"]
            self.sent.add(name[1:])
            self.attempts[name].append(Attempt(
                (invoke["op"], i), invoke["client"], invoke["conn"], invoke["t"],
                answer["t"] if answer else float("inf"),
                STATES[said["state"]] if outcome != "ok" and "state" in said else outcome, e["digest"],
                said.get("position"), bool(said.get("duplicate"))))
            if said.get("position"):
                self.names.learn(said["position"], *name[1:], invoke["client"])

    def _judge_event(self, name, attempts):
        record = self.log.by_name.get(name)
        ok = [a for a in attempts if a.outcome == "ok"]
        self.report.figures["events ok"] += bool(ok)
        self.report.figures["events unknown to the end"] += not ok and any(
            a.outcome == "unknown" for a in attempts)
        if record is None:
            if ok and not self._is_trimmed(ok[0]):
                self.report.add("lost", f"{name[0]} {name[2]}, told stored on connection "
                                        f"{ok[0].conn} of {ok[0].client}")
            return
        if all(a.outcome == "fail" for a in attempts):
            self.report.add("resurrected", f"{name[0]} {name[2]} at {record.offset}")
        elif any(a.digest != record.digest for a in ok) or not any(
                a.digest == record.digest for a in attempts if a.outcome != "fail"):
            self.report.add("damaged", f"{name[0]} {name[2]} at {record.offset}")
        for a in ok:
            if a.position and decode(a.position)[:2] not in self.log.places.get(name, {record[1:3]}):
                self.report.add("two-names", f"{name[2]} was told to be at "
                                             f"{decode(a.position).offset}, is at {record.offset}")

    def _is_trimmed(self, attempt):
        if not attempt.position:
            return False
        p = decode(attempt.position)
        return p.offset < self.log.first(p.partition)

    def _judge_log(self):
        for record in self.log.records:
            if record.name not in self.attempts:
                self.report.add("phantom", f"{record.topic} {record.id} at {record.offset}")

    def _judge_copies(self):
        """Of nobody's events but those that were in doubt."""
        self.report.figures["copies"] += len(self.log.copies)
        for record in self.log.copies:
            if all(a.outcome != "unknown" for a in self.attempts[record.name]):
                self.report.add("double", f"{record.topic} {record.id} again at {record.offset}, "
                                          "and it never was in doubt")

    @staticmethod
    def _stored_by(attempts):
        """The attempt that put the event into the log, where that is sure."""
        doubtful = []
        for a in attempts:
            if a.outcome == "ok" and not a.is_duplicate:
                return a
            if a.outcome == "ok":
                break
            if a.outcome == "unknown":
                doubtful.append(a)
        return doubtful[0] if len(doubtful) == 1 else None

    def _stored(self):
        for name, attempts in self.attempts.items():
            record = self.log.by_name.get(name)
            is_sure = record and name not in self.log.places  # of copies nobody knows which is whose
            by = self._stored_by(attempts) if is_sure else None
            if by:
                yield by, record

    def _judge_connections(self):
        """What one connection sent stands in the order in which it was sent."""
        lines = defaultdict(list)
        for by, record in self._stored():
            lines[by.client, by.conn, record.partition].append((by.order, record))
        for (client, conn, _), line in lines.items():
            line.sort(key=lambda pair: pair[0])
            last = None
            for _, record in line:
                if last is not None and record.offset < last.offset:
                    self.report.add("inversion", f"connection {conn} of {client}: {record.id} at "
                                                 f"{record.offset}, before it {last.id} at "
                                                 f"{last.offset}")
                last = record
        self.report.figures["connections of producers"] = len({k[:2] for k in lines})

    def _judge_real_time(self):
        """What was answered before another was sent stands before it, whoever
        sent them: between connections the order is that of the log."""
        lines = defaultdict(list)
        for by, record in self._stored():
            if by.outcome == "ok":
                lines[record.partition].append((record.offset, by, record))
        for line in lines.values():
            line.sort(key=lambda entry: entry[0])
            latest = None
            for _, by, record in line:
                if latest is not None and by.ended < latest[0].began:
                    self.report.add("inversion", f"{record.id} was answered before "
                                                 f"{latest[1].id} was sent, and stands behind it")
                if latest is None or by.began > latest[0].began:
                    latest = by, record
