# SPDX-License-Identifier: Apache-2.0
"""Event streams: where they begin, how they go on, what they say of gaps."""
import datetime
import itertools
import os
import shutil
import time

import pytest
from support.events import EventStream, client, event, post, post_batch
from support.wait import until

MANY = """location = /a {{ accept cloudevents; publish demo.a; }}
          location = /b {{ accept cloudevents; publish demo.b; }}
          location = /c {{ accept cloudevents; publish demo.c; }}
          location = /all {{ stream demo.a demo.b demo.c; {} }}"""


def ids(stream):
    return [e["id"] for e in stream.events()]


def read(gateway, n, path="/events", **options):
    """A stream once it has brought n events; closed."""
    stream = EventStream(gateway, path, **options)
    until(lambda: len(stream.events()) >= n, f"{n} events of {path}, has {ids(stream)[-5:]}", 30)
    stream.close()
    return stream


def opened(stream):
    """(names of the notices up to the opened one, its data)."""
    until(lambda: any(k == "headgate.stream.opened" for k, _ in stream.notices()), "the notice")
    notices = stream.notices()
    names = [kind for kind, _ in notices]
    at = names.index("headgate.stream.opened")
    return names[:at + 1], notices[at][1]


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")


def wait_a_little():
    """Until the clock of the log shows another time."""
    begin = time.time()
    until(lambda: time.time() - begin > 0.005, "the clock")


# --- the answer ---

@pytest.mark.parametrize("http2", [False, True])
def test_a_stream_is_what_an_event_source_wants(gateway, http2):
    stream = EventStream(gateway, http2=http2)
    names, data = opened(stream)
    assert names == ["headgate.stream.opened"]
    assert data["resumed"] is False and data["position"] == stream.last_id
    assert stream.retry_ms == data["retry_ms"] == 2000
    fields = stream.response.headers
    assert fields["content-type"] == "text/event-stream"
    assert fields["cache-control"] == "no-store"
    assert fields["x-accel-buffering"] == "no"
    assert stream.response.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
    assert stream.response.status_code == 200  # 204 would end it for good
    if http2:
        assert not {"connection", "transfer-encoding", "keep-alive"} & set(fields)
    stream.close()


def test_data_keeps_its_line_ends_and_odd_characters(gateway):
    text = "line\nline\r\nline\rline\u2028line\u2029line\u0085\u0000 end \ud83d\ude00"
    text = text.encode("utf-16", "surrogatepass").decode("utf-16")
    pretty = '{\n  "specversion": "1.0", "id": "pretty",\r\n "source": "/s", "type": "t",\r' \
             '"data": {\n\n "a": [1,\r\n 2]\n }\n}'
    with client(gateway) as http:
        assert post(http, event(1, data={"text": text})).status_code == 202
        assert http.post("/events", content=pretty, headers={
            "content-type": "application/cloudevents+json"}).status_code == 202
        assert post(http, event(3, datacontenttype="text/plain", data=text.replace("\0", ""))
                    ).status_code == 202
    got = read(gateway, 3, "/events?since=earliest").events()
    assert got[0]["data"] == {"text": text}
    assert got[1]["data"] == {"a": [1, 2]}
    assert got[2]["data"] == text.replace("\0", "")


@pytest.mark.parametrize("query", ["since=yesterday", "sinc=earliest", "position=", "type=",
                                   "position=AAAA", "since=2026-01-01"])
def test_a_wrong_query_is_refused(gateway, query):
    with client(gateway) as http:
        r = http.get(f"/events?{query}", headers={"accept": "text/event-stream"})
    assert (r.status_code, r.headers["content-type"]) == (400, "application/problem+json")


# --- going on ---

def test_it_goes_on_after_every_position(gateway):
    with client(gateway) as http:
        for i in range(20):
            post(http, event(i))
    whole = read(gateway, 20, "/events?since=earliest")
    events = [b for b in whole.blocks if b.kind == "message"]
    for i, block in enumerate(events[:-1]):
        stream = read(gateway, 19 - i, last_id=block.last_id)
        assert ids(stream) == [str(n) for n in range(i + 1, 20)]
        assert opened(stream)[1]["resumed"] is True
    # At the end nothing is repeated, and what comes is there.
    stream = EventStream(gateway, last_id=events[-1].last_id)
    assert opened(stream) == (["headgate.stream.opened"],
                              {"position": events[-1].last_id, "resumed": True, "retry_ms": 2000})
    with client(gateway) as http:
        post(http, event("last"))
    until(stream.events, "the event")
    assert ids(stream) == ["last"]
    stream.close()


def test_last_event_id_wins_over_the_query(gateway):
    with client(gateway) as http:
        positions = [post(http, event(i)).headers["headgate-position"] for i in range(4)]
    for query in ("since=earliest", "since=latest", f"position={positions[0]}"):
        assert ids(read(gateway, 1, f"/events?{query}", last_id=positions[2])) == ["3"]


def test_a_position_outlives_a_restart(gateway):
    with client(gateway) as http:
        positions = [post(http, event(i)).headers["headgate-position"] for i in range(3)]
    assert gateway.stop() == 0
    gateway.start()
    stream = read(gateway, 1, last_id=positions[1])
    assert ids(stream) == ["2"] and opened(stream)[1]["resumed"] is True
    stream = EventStream(gateway, last_id=positions[2])
    assert opened(stream)[0] == ["headgate.stream.opened"]
    stream.close()


def test_a_stream_begins_at_the_first_event_of_a_time(gateway):
    times = [now()]
    with client(gateway) as http:
        for i in range(5):
            wait_a_little()
            post(http, event(i, time="2001-01-01T00:00:00Z"))  # says nothing of the log's time
            wait_a_little()
            times.append(now())
    for i, since in enumerate(times[:-1]):
        stream = read(gateway, 5 - i, "/events?since=" + since.replace("+", "%2B"))
        assert ids(stream) == [str(n) for n in range(i, 5)]
        assert opened(stream)[1]["resumed"] is False
    stream = EventStream(gateway, "/events?since=" + times[-1].replace("+", "%2B"))
    opened(stream)
    with client(gateway) as http:
        post(http, event("new"))
    until(stream.events, "the event")
    assert ids(stream) == ["new"]
    stream.close()


def test_a_time_that_has_not_come_is_now(gateway):
    with client(gateway) as http:
        post(http, event("old"))
        stream = EventStream(gateway, "/events?since=2999-12-31T23:59:59Z")
        opened(stream)
        post(http, event("new"))
    until(stream.events, "the event")
    assert ids(stream) == ["new"]
    stream.close()


def test_ten_thousand_events_come_in_their_order(make_gateway):
    gateway = make_gateway(main="window 64k;\n").start()  # the log is read for most of it
    everything = [str(i) for i in range(10000)]
    live = [EventStream(gateway, http2=http2) for http2 in (False, True)]
    for stream in live:
        opened(stream)
    middle = None
    with client(gateway) as http:
        for begin in range(0, 10000, 100):
            if begin == 5000:
                wait_a_little()
                middle = now()
            r = post_batch(http, [event(i) for i in range(begin, begin + 100)])
            assert r.status_code == 202, r.text
    for stream in live:
        until(lambda s=stream: len(s.events()) >= 10000, "all of them live", 60)
        assert ids(stream) == everything
        stream.close()
    for http2 in (False, True):
        assert ids(read(gateway, 10000, "/events?since=earliest", http2=http2)) == everything
    late = read(gateway, 5000, "/events?since=" + middle.replace("+", "%2B"))
    assert ids(late) == everything[5000:]
    block = [b for b in late.blocks if b.kind == "message"][2499]
    assert ids(read(gateway, 2500, last_id=block.last_id)) == everything[7500:]


# --- gaps ---

@pytest.mark.only_on("embedded", "on Kafka the cluster removes what is old, in its own time")
def test_a_gap_is_told_where_events_are_too_old(make_gateway):
    gateway = make_gateway(main="topic demo.events { retention_size 16k; }\n").start()
    with client(gateway) as http:
        positions = [post(http, event(i, data="x" * 1000)).headers["headgate-position"]
                     for i in range(60)]

        def first():
            return http.get("/events?since=earliest&limit=1").json()[0]["id"]

        until(lambda: first() != "0", "the oldest to be removed")
        oldest = int(until(lambda: (lambda a, b: a if a == b else None)(first(), first()), "rest"))
    stream = read(gateway, 60 - oldest, last_id=positions[0])
    gap = stream.notices()[0]
    assert gap[0] == "headgate.stream.gap"
    assert (gap[1]["reason"], gap[1]["topic"]) == ("trimmed", "demo.events")
    assert gap[1]["from"] == positions[0]
    assert opened(stream)[1]["resumed"] is False
    assert ids(stream) == [str(n) for n in range(oldest, 60)]
    # What was kept is gone on with, without a word of gaps.
    stream = read(gateway, 59 - oldest, last_id=positions[oldest])
    assert opened(stream)[0] == ["headgate.stream.opened"]
    assert ids(stream) == [str(n) for n in range(oldest + 1, 60)]
    # The position just before the first that is there misses nothing either.
    stream = read(gateway, 60 - oldest, last_id=positions[oldest - 1])
    assert opened(stream)[0] == ["headgate.stream.opened"]


@pytest.mark.only_on("embedded", "the store's files are put back from a copy")
def test_a_gap_is_told_where_the_log_was_made_anew(gateway):
    with client(gateway) as http:
        positions = [post(http, event(i)).headers["headgate-position"] for i in range(3)]
    assert gateway.stop() == 0
    shutil.rmtree(os.path.join(gateway.dir, "events"))
    gateway.start()
    with client(gateway) as http:
        for i in range(5):
            post(http, event(f"new-{i}"))
    for position in positions:
        stream = read(gateway, 5, last_id=position)
        assert stream.notices()[0][0] == "headgate.stream.gap"
        assert stream.notices()[0][1]["reason"] == "reset"
        assert opened(stream)[1]["resumed"] is False
        assert ids(stream) == [f"new-{i}" for i in range(5)]


def test_a_position_of_another_topic_leads_nowhere_and_says_so(make_gateway):
    gateway = make_gateway(
        locations="location = /other { accept cloudevents; publish demo.other; }").start()
    with client(gateway) as http:
        position = post(http, event(1), "/other").headers["headgate-position"]
    stream = EventStream(gateway, last_id=position)
    assert opened(stream)[0] == ["headgate.stream.gap", "headgate.stream.opened"]
    assert stream.notices()[0][1]["reason"] == "unknown"
    assert stream.notices()[0][1]["from"] == position
    stream.close()


def test_a_position_that_was_altered_is_refused(gateway):
    with client(gateway) as http:
        position = post(http, event(1)).headers["headgate-position"]
        for i in range(len(position)):
            bad = position[:i] + ("A" if position[i] != "A" else "B") + position[i + 1:]
            r = http.get("/events", headers={"accept": "text/event-stream", "last-event-id": bad})
            assert r.status_code == 400, (i, r.text)
            assert r.json()["type"] == "urn:headgate:problem:position-invalid"


# --- heartbeats ---

def test_a_quiet_stream_beats_and_its_position_moves_past_what_it_does_not_want(make_gateway):
    gateway = make_gateway(events="stream_heartbeat 100ms;").start()
    stream = EventStream(gateway, "/events?type=com.example.never")
    opened(stream)
    until(lambda: stream.beats >= 2, "two heartbeats")
    with client(gateway) as http:
        position = post(http, event(1)).headers["headgate-position"]
    until(lambda: stream.last_id == position, "a heartbeat with the new position")
    assert stream.events() == []
    stream.close()
    # Whoever comes back with it is not given what lies before.
    stream = EventStream(gateway, last_id=position)
    assert opened(stream)[0] == ["headgate.stream.opened"]
    stream.close()


# --- many topics ---

def publish_many(gateway, n, per_request=1):
    """n events to three topics in turn; their ids in the order of sending."""
    with client(gateway) as http:
        for i in range(0, n, per_request):
            r = post_batch(http, [event(k) for k in range(i, i + per_request)], "/" + "abc"[i % 3])
            assert r.status_code == 202, r.text
    return [str(i) for i in range(n)]


def numbers(stream):
    return [i for i in ids(stream) if i.isdigit()]


def hold_to_order(got, per_request):
    """Of each topic the events come in the order in which they were sent."""
    for topic in range(3):
        own = [int(i) for i in got if int(i) // per_request * per_request % 3 == topic]
        assert own == sorted(own)


@pytest.mark.parametrize("how,per_request", itertools.product(["live", "replayed"], [1, 4]))
def test_over_many_topics_every_point_is_gone_on_from_without_loss(make_gateway, how, per_request):
    gateway = make_gateway(locations=MANY.format("")).start()
    n = 48
    if how == "live":
        whole = EventStream(gateway, "/all")
        opened(whole)
        sent = publish_many(gateway, n, per_request)
        until(lambda: len(whole.events()) == n, "all events")
        whole.close()
    else:
        sent = publish_many(gateway, n, per_request)
        whole = read(gateway, n, "/all?since=earliest")
    blocks = [b for b in whole.blocks if b.kind == "message"]
    assert sorted(ids(whole), key=int) == sent
    hold_to_order(ids(whole), per_request)
    known = [opened(whole)[1]["position"]] + [b.last_id for b in blocks]
    n_exact = 0
    for i, block in enumerate(blocks):
        seen = ids(whole)[:i + 1]
        # Events behind the last id line may be repeated: those of one write.
        since_id = i + 1 - known.index(block.last_id)
        stream = EventStream(gateway, "/all", last_id=block.last_id)
        assert opened(stream) == (["headgate.stream.opened"], {
            "position": block.last_id, "resumed": True, "retry_ms": 2000})
        due = n - len(seen) + since_id
        until(lambda s=stream, d=due: len(numbers(s)) >= d, f"{due} events after number {i}")
        with client(gateway) as http:  # a last one, so that too many would be seen
            post(http, event(f"{how}{i}"), "/a")
        until(lambda s=stream: f"{how}{i}" in ids(s), "the last one")
        got = numbers(stream)
        stream.close()
        assert len(got) == len(set(got)) == due
        assert set(seen[:len(seen) - since_id]).isdisjoint(got)
        assert sorted({*seen, *got}, key=int) == sent
        hold_to_order(got, per_request)
        n_exact += since_id == 0
    assert n_exact > 0


def test_the_cursors_of_streams_are_merged(make_gateway):
    gateway = make_gateway(locations=MANY.format("")).start()
    with client(gateway) as http:
        positions = {}
        for i, topic in enumerate("abcabc"):
            positions[topic, i // 3] = post(http, event(f"{topic}{i // 3}"), f"/{topic}"
                                            ).headers["headgate-position"]
    token = ".".join(positions[topic, 0] for topic in "abc")
    for query in (f"position={token}",
                  "&".join(f"position={positions[topic, 0]}" for topic in "abc")):
        assert sorted(ids(read(gateway, 3, f"/all?{query}"))) == ["a1", "b1", "c1"]
    # A topic that the position does not name may be new to who was away: it
    # begins at the time of what is named, so "a0" may be of the same moment.
    stream = read(gateway, 4, f"/all?position={positions['b', 0]}")
    assert sorted(set(ids(stream)) - {"a0"}) == ["a1", "b1", "c0", "c1"]


# --- pages of other origins ---

PAGE = "https://shop.example.com"


def test_a_page_is_told_what_it_may(make_gateway):
    gateway = make_gateway(
        events=f"cors_origin {PAGE} https://other.example.com; cors_credentials on;",
        locations="location = /any { accept cloudevents; publish demo.events; "
                  "stream demo.events; cors_origin *; }\n"
                  "location = /own { stream demo.events; }").start()
    stream = EventStream(gateway, origin=PAGE)
    opened(stream)
    fields = stream.response.headers
    assert fields["access-control-allow-origin"] == PAGE
    assert fields["access-control-allow-credentials"] == "true"
    assert "headgate-position" in fields["access-control-expose-headers"]
    assert fields["vary"] == "origin"
    stream.close()
    with client(gateway) as http:
        for path, origin, allowed in (("/events", "https://evil.example.com", None),
                                      ("/events", None, None), ("/own", PAGE, None),
                                      ("/any", PAGE, PAGE)):
            r = http.get(path, headers={"origin": origin} if origin else {})
            assert r.status_code == 200
            assert r.headers.get("access-control-allow-origin") in (allowed, allowed and "*"), path
            assert ("vary" in r.headers) == (path != "/own")
        # Also what is refused can be read by the page.
        r = post(http, {}, origin=PAGE)
        assert (r.status_code, r.headers["access-control-allow-origin"]) == (400, PAGE)


def test_a_preflight_is_answered(make_gateway):
    gateway = make_gateway(events=f"cors_origin {PAGE};").start()
    asked = {"origin": PAGE, "access-control-request-method": "POST",
             "access-control-request-headers": "content-type, last-event-id"}
    with client(gateway) as http:
        r = http.options("/events", headers=asked)
        assert r.status_code == 204
        assert r.headers["access-control-allow-origin"] == PAGE
        assert {m.strip() for m in r.headers["access-control-allow-methods"].split(",")} >= {
            "GET", "POST"}
        assert r.headers["access-control-allow-headers"] == "content-type, last-event-id"
        assert int(r.headers["access-control-max-age"]) > 0
        assert "application/cloudevents+json" in r.headers["accept-post"]
        r = http.options("/events", headers={**asked, "origin": "https://evil.example.com"})
        assert "access-control-allow-origin" not in r.headers
        assert "access-control-allow-methods" not in r.headers
