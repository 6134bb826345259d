# SPDX-License-Identifier: Apache-2.0
"""The checker itself, against planted faults: a green run of a checker that
finds nothing would count for nothing. No gateway is started here."""
import pytest
from support.checker import check, check_directory
from support.history import History, digest, parse
from support.position import decode, encode

pytestmark = pytest.mark.only_on("embedded", "nothing in it depends on the event log")

EVENTS, ORDERS = (7, 1, 0), (9, 1, 0)
TOPICS = {"demo.events": EVENTS, "demo.orders": ORDERS}
N = 40  # events in each topic


class Clean:
    """A history without a fault: a producer for each topic, that was cut once
    and sent its unanswered events again, and four subscribers."""

    def __init__(self):
        self.clock = 0.0
        self.sent, self.log = [], []
        for topic, partition in TOPICS.items():
            self._produce("p-" + topic, topic, partition)
        self.streams = {name: [] for name in ("sse", "ws", "both", "some")}
        for name, topics, only in (("sse", ["demo.events"], {}), ("ws", ["demo.events"], {}),
                                   ("both", list(TOPICS), {}),
                                   ("some", ["demo.events"], {"subject": "s1"})):
            self._subscribe(name, topics, only)

    def tick(self):
        self.clock += 1.0
        return self.clock

    def _attempt(self, client, op, conn, topic, name, answer):
        events = [{"source": "/t", "id": name, "digest": "d-" + name}]
        self.sent.append({"k": "invoke", "client": client, "op": op, "conn": conn,
                          "t": self.tick(), "topic": topic, "events": events})
        if answer:
            self.sent.append({"k": "return", "client": client, "op": op, "t": self.tick(),
                              **answer})

    def _produce(self, client, topic, partition):
        op = 0
        for i in range(N):
            name, position = f"{client}.{i}", encode(partition, i)
            ok = {"outcome": "ok", "status": 202,
                  "events": [{"position": position, "duplicate": False}]}
            if i == 20:  # stored, but the answer was lost
                self._attempt(client, op, 1, topic, name, None)
                op += 1
                ok["events"][0]["duplicate"] = True
            self._attempt(client, op, 1 if i < 20 else 2, topic, name, ok)
            op += 1
            if i == 30:
                self._attempt(client, op, 2, topic, client + ".bad",
                              {"outcome": "fail", "status": 400, "events": []})
                op += 1
            self.log.append({"k": "log", "client": "dump", "topic": topic, "position": position,
                             "source": "/t", "id": name, "type": "x", "subject": f"s{i % 2}",
                             "digest": "d-" + name})

    def _subscribe(self, name, topics, only):
        stream = self.streams[name]
        wanted = [r for r in self.log if r["topic"] in topics and
                  only.get("subject", r["subject"]) == r["subject"]]
        wanted.sort(key=lambda r: (decode(r["position"]).offset, r["topic"]))
        last = {}
        stream.append(self._open(name, topics, only, "earliest", None))
        stream.append(self._notice(name, "opened", [encode(TOPICS[t], -1) for t in topics], False))
        for i, r in enumerate(wanted):
            stream.append({"k": "saw", "client": name, "source": r["source"], "id": r["id"],
                           "digest": r["digest"], "position": r["position"]})
            last[r["topic"]] = r["position"]
            if i == len(wanted) // 2:
                stream.append({"k": "cut", "client": name, "t": self.tick(), "why": "killed"})
                cursor = ".".join(last.values())
                stream.append(self._open(name, topics, only, "cursor", cursor))
                stream.append(self._notice(name, "opened", last.values(), True))
        stream.append({"k": "end", "client": name, "t": self.tick()})

    def _open(self, name, topics, only, start, cursor):
        return {"k": "open", "client": name, "t": self.tick(), "topics": topics, "filter": only,
                "start": start, "cursor": cursor}

    @staticmethod
    def _notice(name, kind, tokens, is_resumed):
        return {"k": "notice", "client": name, "kind": "headgate.stream." + kind, "from": None,
                "position": ".".join(tokens), "reason": None, "resumed": is_resumed}

    def all(self):
        return [*self.sent, *self.log, *(r for s in self.streams.values() for r in s)]

    def kinds(self):
        return check(self.all()).kinds

    def returns(self, event_id):
        """The answers to that event."""
        ops = [(r["client"], r["op"]) for r in self.sent
               if r["k"] == "invoke" and r["events"][0]["id"] == event_id]
        return [r for r in self.sent if r["k"] == "return" and (r["client"], r["op"]) in ops]

    def logged(self, i, topic="demo.events"):
        return [r for r in self.log if r["topic"] == topic][i]

    def saw(self, client, i):
        return [r for r in self.streams[client] if r["k"] == "saw"][i]

    def drop_seen(self, event_id):
        for name, stream in self.streams.items():
            self.streams[name] = [r for r in stream if r.get("id") != event_id]

    def swap_in_log(self, i):
        """Two neighbours change places, in the dump and for all who read it."""
        a, b = self.logged(i)["id"], self.logged(i + 1)["id"]
        others = {"id": {a: b, b: a}, "digest": {"d-" + a: "d-" + b, "d-" + b: "d-" + a}}
        for r in [*self.log, *(r for s in self.streams.values() for r in s)]:
            for field, other in others.items():
                if field in r:
                    r[field] = other.get(r[field], r[field])


@pytest.fixture
def clean():
    return Clean()


def test_a_clean_history_passes(clean):
    report = check(clean.all())
    assert report.kinds == [], str(report)
    assert report.figures["events ok"] == 2 * N
    assert report.figures["deliveries"] == 2 * N + 2 * N + N // 2
    assert report.figures["streams followed to the end"] == 4


def test_a_lost_event_is_found(clean):
    lost = clean.logged(11)
    clean.log.remove(lost)
    clean.drop_seen(lost["id"])
    assert clean.kinds() == ["lost"]


def test_the_last_event_lost_is_found(clean):
    lost = clean.logged(-1)
    clean.log.remove(lost)
    clean.drop_seen(lost["id"])
    assert clean.kinds() == ["lost"]


def test_what_was_trimmed_is_not_lost(clean):
    trimmed = [clean.logged(i) for i in range(5)]
    for r in trimmed:
        clean.log.remove(r)
        clean.drop_seen(r["id"])
    assert clean.kinds() == []


def test_an_event_seen_and_then_gone_is_found(clean):
    clean.log.remove(clean.logged(11))
    assert clean.kinds() == ["lost", "seen-gone"]


def test_a_double_is_found(clean):
    again = dict(clean.logged(11), position=encode(EVENTS, N))
    clean.log.append(again)
    assert "double" in clean.kinds()


def test_a_swap_on_one_connection_is_found(clean):
    clean.swap_in_log(11)
    for event_id in (clean.logged(11)["id"], clean.logged(12)["id"]):
        clean.returns(event_id)[0]["events"][0]["position"] = next(
            r["position"] for r in clean.log if r["id"] == event_id)
    assert clean.kinds() == ["inversion"]


def test_a_swap_of_events_whose_answers_were_lost_is_found(clean):
    clean.swap_in_log(11)
    for event_id in (clean.logged(11)["id"], clean.logged(12)["id"]):
        clean.sent.remove(clean.returns(event_id)[0])
    assert clean.kinds() == ["inversion"]


def test_a_swap_between_connections_is_found_by_the_clock(clean):
    clean.swap_in_log(11)
    for conn, event_id in enumerate((clean.logged(11)["id"], clean.logged(12)["id"])):
        answer = clean.returns(event_id)[0]
        answer["events"][0]["position"] = next(
            r["position"] for r in clean.log if r["id"] == event_id)
        for r in clean.sent:
            if r["k"] == "invoke" and r["events"][0]["id"] == event_id:
                r["conn"] = 50 + conn
    assert clean.kinds() == ["inversion"]


def test_changed_bytes_in_the_log_are_found(clean):
    changed = clean.logged(11)
    for r in [changed, *(r for s in clean.streams.values() for r in s)]:
        if r.get("id") == changed["id"]:
            r["digest"] = "other"
    assert clean.kinds() == ["damaged"]


def test_changed_bytes_on_one_stream_are_found(clean):
    clean.saw("ws", 11)["digest"] = "other"
    assert clean.kinds() == ["damaged"]


def test_a_phantom_is_found(clean):
    clean.sent = [r for r in clean.sent if r["k"] != "invoke" or
                  r["events"][0]["id"] != clean.logged(11)["id"]]
    assert clean.kinds() == ["phantom"]


def test_a_phantom_that_only_a_subscriber_saw_is_found(clean):
    ghost = dict(clean.saw("sse", 3), id="ghost", position=None)
    clean.streams["sse"].insert(6, ghost)
    assert clean.kinds() == ["phantom"]


def test_a_refused_event_that_is_there_all_the_same_is_found(clean):
    clean.returns(clean.logged(11)["id"])[0].update(outcome="fail", events=[])
    assert clean.kinds() == ["resurrected"]


def test_a_refused_event_that_was_sent_again_may_be_there(clean):
    first = clean.returns(clean.logged(20)["id"])[0]
    clean.sent.append(dict(first, op=20, outcome="fail", events=[]))
    assert clean.kinds() == []


def test_a_position_of_two_events_is_found(clean):
    clean.returns(clean.logged(11)["id"])[0]["events"][0]["position"] = \
        clean.logged(12)["position"]
    assert clean.kinds() == ["two-names"]


def test_a_dump_that_goes_back_is_found(clean):
    i = clean.log.index(clean.logged(11))
    clean.log[i], clean.log[i + 1] = clean.log[i + 1], clean.log[i]
    assert "disorder" in clean.kinds()


@pytest.mark.parametrize("client", ["sse", "ws", "both", "some"])
def test_a_silent_gap_is_found(clean, client):
    clean.streams[client].remove(clean.saw(client, 7))
    assert clean.kinds() == ["silent-gap"]


def test_a_silent_gap_at_a_resume_is_found(clean):
    at = next(i for i, r in enumerate(clean.streams["sse"]) if r["k"] == "cut")
    del clean.streams["sse"][at + 3]
    assert clean.kinds() == ["silent-gap"]


def test_a_resume_from_a_cursor_that_led_past_an_event_is_found(clean):
    at = next(i for i, r in enumerate(clean.streams["sse"]) if r["k"] == "cut")
    del clean.streams["sse"][at - 1]
    assert clean.kinds() == ["silent-gap"]


def test_a_gap_that_was_told_is_no_fault(clean):
    stream = clean.streams["ws"]
    at = stream.index(clean.saw("ws", 7))
    stream[at] = clean._notice("ws", "gap", [stream[at]["position"]], None)
    report = check(clean.all())
    assert report.kinds == [], str(report)
    assert report.figures["gaps told"] == 1


def test_a_told_gap_that_is_too_short_is_found(clean):
    stream = clean.streams["ws"]
    at = stream.index(clean.saw("ws", 7))
    stream[at] = clean._notice("ws", "gap", [stream[at]["position"]], None)
    del stream[at + 1]
    assert clean.kinds() == ["silent-gap"]


@pytest.mark.parametrize("client", ["sse", "ws", "both", "some"])
def test_a_repeat_is_found(clean, client):
    stream = clean.streams[client]
    again = clean.saw(client, 7)
    stream.insert(stream.index(again) + 1, dict(again))
    assert clean.kinds() == ["repeat"]


def test_a_repeat_after_a_resume_is_found(clean):
    stream = clean.streams["sse"]
    at = next(i for i, r in enumerate(stream) if r["k"] == "cut")
    stream.insert(at + 3, dict(stream[at - 1]))
    assert clean.kinds() == ["repeat"]


def test_a_step_back_is_found(clean):
    stream = clean.streams["sse"]
    at = stream.index(clean.saw("sse", 7))
    stream[at], stream[at + 1] = stream[at + 1], stream[at]
    assert clean.kinds() == ["back-step", "silent-gap"]


def test_a_stream_that_ends_too_early_is_found(clean):
    clean.streams["both"].remove(clean.saw("both", -1))
    assert clean.kinds() == ["unseen"]


def test_an_event_outside_the_filter_is_found(clean):
    other = dict(clean.saw("sse", 6))
    clean.streams["some"].insert(5, dict(other, client="some"))
    assert clean.kinds() == ["unwanted"]


def test_a_resume_that_began_anew_without_a_gap_is_found(clean):
    stream = clean.streams["ws"]
    opened = [r for r in stream if r["k"] == "notice"][1]
    opened["resumed"] = False
    assert clean.kinds() == ["silent-reset"]


def test_a_cursor_ahead_of_its_stream_is_found(clean):
    stream = clean.streams["both"]
    at = stream.index(clean.saw("both", 7))
    stream.insert(at, clean._notice("both", "position", [encode(EVENTS, 30)], None))
    assert clean.kinds() == ["cursor-ahead"]


def as_places(log):
    """As a reader writes it that knows no positions."""
    for r in log:
        p = decode(r.pop("position"))
        r["place"] = [*p.partition, p.offset]


def test_a_dump_without_positions_is_a_dump(clean):
    as_places(clean.log)
    assert clean.kinds() == []
    moved = clean.logged(11)
    moved["place"][3], clean.logged(12)["place"][3] = clean.logged(12)["place"][3], moved["place"][3]
    assert "two-names" in clean.kinds()


@pytest.mark.parametrize("is_in_doubt, partition, wanted",
                         [(True, EVENTS, []), (False, EVENTS, ["double"]), (True, ORDERS, ["double"])])
def test_a_copy_is_of_an_event_in_doubt_and_in_its_partition(clean, is_in_doubt, partition, wanted):
    """Event 20 was sent twice, event 11 once."""
    clean.log.append(dict(clean.logged(20 if is_in_doubt else 11), position=encode(partition, N)))
    report = check(clean.all(), may_copy=True)
    assert [k for k in report.kinds if k == "double"] == wanted, str(report)
    assert report.figures["copies"] == (partition == EVENTS)
    assert "double" in clean.kinds(), "where none may be"


def test_a_copy_that_is_shown_is_found(clean):
    copy = encode(EVENTS, N)
    clean.log.append(dict(clean.logged(20), position=copy))
    assert check(clean.all(), may_copy=True).kinds == [], "hidden, and no gap"
    stream = clean.streams["ws"]
    stream.insert(len(stream) - 1, dict(clean.saw("ws", 20), position=copy))
    assert check(clean.all(), may_copy=True).kinds == ["copy-shown"]
    stream[-2]["position"] = None
    assert check(clean.all(), may_copy=True).kinds == ["copy-shown"]


@pytest.mark.parametrize("state, wanted", [("stored", ["lost"]), ("not-stored", []), ("in-doubt", [])])
def test_a_batch_that_ended_in_parts_is_judged_by_its_parts(clean, state, wanted):
    lost = clean.logged(11)
    clean.returns(lost["id"])[0].update(outcome="unknown", events=[{"state": state}])
    clean.log.remove(lost)
    clean.drop_seen(lost["id"])
    assert clean.kinds() == wanted


def test_a_digest_sees_how_a_number_was_written():
    texts = ['{"data":1}', '{"data":1.0}', '{"data":1e0}', '{"data":"1"}']
    assert len({digest(parse(t)) for t in texts}) == 4
    assert digest(parse('{"b":1,"a":2}')) == digest(parse('{ "a": 2, "b": 1, "hgposition": "x"}'))


def test_a_history_goes_through_its_files(tmp_path):
    token = encode(EVENTS, 0)
    event = parse('{"specversion":"1.0","id":"1","source":"/t","type":"x","data":1.50}')
    p, s, d = (History(tmp_path, name) for name in ("p", "s", "d"))
    p.invoke(0, 1, "demo.events", [{"source": "/t", "id": "1", "digest": digest(event)}])
    p.ret(0, "ok", 202, [{"position": token, "duplicate": False}])
    s.open(["demo.events"], "earliest")
    s.notice("headgate.stream.opened", {"position": encode(EVENTS, -1), "resumed": False})
    s.saw(event, token)
    s.end()
    d.log("demo.events", dict(event, hgposition=token))
    for h in (p, s, d):
        h.close()
    with open(tmp_path / "p.jsonl", "a", encoding="utf-8") as f:
        f.write('{"k":"invoke","client":"p"')  # killed while it wrote
    report = check_directory(tmp_path)
    assert report.kinds == [] and report.figures["deliveries"] == 1, str(report)
