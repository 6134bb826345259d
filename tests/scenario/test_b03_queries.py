# SPDX-License-Identifier: Apache-2.0
"""Every form of the query of a stream and of a pull, over HTTP/1.1 and HTTP/2,
against a model of a few lines. What is published once is only read."""
import concurrent.futures
import datetime
import http.client
import json
import time
from typing import NamedTuple
from urllib.parse import quote, quote_plus, unquote

import pytest
from support.events import EventStream, client, event, post, post_batch
from support.gateway import Gateway
from support.sockets import connect
from support.wait import until
from websockets.exceptions import InvalidStatus

LOCATIONS = """
    location = /a { accept cloudevents; publish demo.a; stream demo.a; }
    location = /b { accept cloudevents; publish demo.b; stream demo.b; }
    location = /all { stream demo.*; stream_heartbeat 100ms; }
    location = /short { stream demo.events; pull_wait 1500ms; pull_limit 3; }
    location = /empty { stream demo.empty; }
"""
MAIN = "topic demo.empty { }\n"

SUBJECTS = ["a b", "a+b", "a%20b", "100%", "x&y=z", "q?r#s", 'say "x"', "back\\slash", "Zürich",
            "日本", "*", "a*", "a;b", "[0]", "'", "<>", "a/b/../c", "😀", " ", "a b "]

EVENTS = [
    event("t0", type="com.example.order", subject="1"),
    event("t1", type="com.example.order.created", subject="2"),
    event("t2", type="com.example.order.paid", source="/shops/2"),
    event("t3", type="com.example.orders"),
    event("t4", type="Com.Example.Order"),
    event("t5", type="com.example.invoice", source="/shops/2", subject="2"),
    event("t6", source="/shops/20", tenant="red", count=7, ok=True),
    event("t7", source="/shops/2/x", tenant="reddish", count=70, ok=False),
    event("t8", source="https://shop.example.com/a?b=c&d=e#f", tenant="blue"),
    event("t9", time="2026-02-03T04:05:06Z", datacontenttype="application/json"),
    *[event(f"s{i}", type="com.example.subject", subject=s) for i, s in enumerate(SUBJECTS)],
]


class Query(NamedTuple):
    """name=value of each parameter, as a client means it."""
    params: tuple

    def passes(self, e):
        wanted = {}
        for name, value in self.params:
            wanted.setdefault(name.removeprefix("ext."), []).append(value)
        return all(name in e and any(self._matches(value, e[name]) for value in values)
                   for name, values in wanted.items())

    @staticmethod
    def _matches(value, held):
        held = {True: "true", False: "false"}.get(held, str(held))
        return held.startswith(value[:-1]) if value.endswith("*") else held == value

    def ids(self):
        return [e["id"] for e in EVENTS if self.passes(e)]


def query(*pairs):
    return Query(tuple(tuple(pair.split("=", 1)) for pair in pairs))


QUERIES = [
    query("type=com.example.order"),
    query("type=com.example.order*"),
    query("type=com.example.order.*"),
    query("type=*"),
    query("type=*order"),
    query("type=com.*.order"),
    query("type=Com.Example.Order"),
    query("source=/shops/2"),
    query("source=/shops/2*"),
    query("source=/shops/2/*"),
    query("source=https://shop.example.com/a?b=c&d=e#f"),
    query("source=https://shop.example.com/*"),
    query("subject=2"),
    query("subject=*"),
    query("subject=a*"),
    query("ext.tenant=red"),
    query("ext.tenant=red*"),
    query("ext.tenant=*"),
    query("ext.count=7"),
    query("ext.count=7*"),
    query("ext.ok=true"),
    query("ext.ok=false"),
    query("ext.nothing=*"),
    query("ext.time=2026-02-*"),
    query("ext.id=t1"),
    query("ext.datacontenttype=application/json", "type=com.example.scenario"),
    # Several names must all hold, one name again is an alternative.
    query("type=com.example.order*", "subject=2"),
    query("type=com.example.invoice", "source=/shops/2", "subject=2"),
    query("type=com.example.invoice", "type=com.example.orders"),
    query("type=com.example.invoice", "subject=2", "type=com.example.order.*"),
    query("source=/shops/20", "ext.tenant=red", "ext.count=7", "ext.ok=true"),
    query("source=/shops/20", "ext.tenant=blue"),
    query("subject=1", "subject=2", "subject=1"),
    *[query(f"subject={s}") for s in SUBJECTS],
]


def everything_escaped(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def lower_escapes(text):
    return everything_escaped(text).lower()


def as_little_as_possible(text):
    """Only what may not stand in a query [RFC 3986 3.4], or has a meaning there."""
    return quote(text, safe="/:?@!$'()*,;=")


ENCODINGS = [quote_plus, lambda s: quote(s, safe=""), everything_escaped, lower_escapes,
             as_little_as_possible]


def encode(q, encoding):
    return "&".join(f"{encoding(name) if encoding is everything_escaped else name}="
                    f"{encoding(value)}" for name, value in q.params)


@pytest.fixture(scope="module")
def shop(tmp_path_factory, certificate):
    """A gateway with EVENTS in demo.events, and five each in demo.a and demo.b."""
    gateway = Gateway(tmp_path_factory.mktemp("shop"), certificate, main=MAIN, locations=LOCATIONS,
                      events="stream_heartbeat 100ms;")
    gateway.start()
    with client(gateway) as http:
        assert post_batch(http, EVENTS).status_code == 202
        gateway.positions = {"a": [], "b": []}
        for i in range(5):
            for topic in "ab":
                r = post(http, event(f"{topic}{i}"), "/" + topic)
                gateway.positions[topic].append(r.headers["headgate-position"])
    yield gateway
    gateway.stop()


class Raw:
    """GET with a target that nobody touches, on one connection."""

    def __init__(self, gateway):
        self.connection = http.client.HTTPConnection("127.0.0.1", gateway.plain, timeout=30)

    def get(self, target, **headers):
        self.connection.putrequest("GET", target, skip_accept_encoding=True)
        for name, value in headers.items():
            self.connection.putheader(name.replace("_", "-"), value)
        self.connection.endheaders()
        r = self.connection.getresponse()
        body = r.read()
        assert "json" in r.headers["content-type"], body
        return r.status, r.headers, json.loads(body)

    def ids(self, target, **headers):
        status, _, body = self.get(target, **headers)
        assert status == 200, body
        return [e["id"] for e in body]


@pytest.fixture
def raw(shop):
    r = Raw(shop)
    yield r
    r.connection.close()


def refused(answer, slug="query-invalid"):
    """The detail of a 400."""
    status, headers, body = answer
    assert (status, headers["content-type"]) == (400, "application/problem+json"), body
    assert (body["status"], body["type"]) == (400, f"urn:headgate:problem:{slug}")
    return body["detail"]


# --- filters ---

def test_the_model_tells_the_events_apart():
    """Were the model to let everything pass, the tests below would show nothing."""
    counts = [len(q.ids()) for q in QUERIES]
    assert {0, 1, 2, 3} <= set(counts) and max(counts) == len(EVENTS)
    assert sum(0 < n < len(EVENTS) for n in counts) > 40


@pytest.mark.parametrize("encoding", range(len(ENCODINGS)))
def test_a_pull_has_what_its_filters_let_through(raw, encoding):
    for q in QUERIES:
        text = encode(q, ENCODINGS[encoding])
        assert raw.ids(f"/events?since=earliest&{text}") == q.ids(), text


def test_over_http2_too(shop):
    with client(shop, http2=True) as http:
        for q in QUERIES:
            for encoding in (quote_plus, everything_escaped):
                r = http.get(f"/events?{encode(q, encoding)}&since=earliest")
                assert r.http_version == "HTTP/2"
                assert [e["id"] for e in r.json()] == q.ids(), r.url


def test_an_event_stream_has_the_same(shop):
    """It beats when it has come to the end, whatever its filter lets through."""
    with client(shop) as http:
        end = http.get("/events?since=earliest&limit=1000").headers["headgate-position"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        def follow(args):
            q, http2 = args
            stream = EventStream(shop, f"/events?since=earliest&{encode(q, quote_plus)}", http2=http2)
            until(lambda: stream.last_id == end, f"the end of {q}", 30)
            stream.close()
            return [e["id"] for e in stream.events()]
        asked = [(q, i % 2 == 1) for i, q in enumerate(QUERIES)]
        for (q, _), got in zip(asked, pool.map(follow, asked)):
            assert got == q.ids(), q


def test_a_websocket_has_the_same(shop):
    """It says where it stands when that has moved past what it did not want."""
    with client(shop) as http:
        end = http.get("/events?since=earliest&limit=1000").headers["headgate-position"]

    def follow(q):
        got = []
        with connect(shop, f"?since=earliest&{encode(q, quote_plus)}") as ws:
            at = ""
            while at != end:
                message = json.loads(ws.recv(30))
                if message["type"].startswith("headgate."):
                    at = message["data"]["position"]
                else:
                    got.append(message["id"])
                    at = message["hgposition"]
        return got

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for q, got in zip(QUERIES, pool.map(follow, QUERIES)):
            assert got == q.ids(), q


def test_empty_parameters_between_others_are_nothing(raw):
    some = query("type=com.example.order").ids()
    for text in ("&&since=earliest&type=com.example.order", "since=earliest&type=com.example.order&",
                 "since=earliest&&&type=com.example.order"):
        assert raw.ids(f"/events?{text}") == some
    assert raw.ids("/events?") == raw.ids("/events") == []


def test_a_semicolon_is_no_border(raw):
    assert raw.ids("/events?since=earliest&subject=a;b") == query("subject=a;b").ids() != []
    assert refused(raw.get("/events?since=earliest;subject=a")).startswith("since: ")


@pytest.mark.parametrize("text", ["type=", "type", "subject=&type=t", "ext.tenant=", "source=%20&type",
                                  "type=com.example.order&type="])
def test_a_filter_needs_a_value(raw, text):
    assert refused(raw.get(f"/events?{text}")).endswith(
        ": expected a value, or the start of one and *.")


@pytest.mark.parametrize("name", ["typ", "Type", "TYPE", "types", "filter", "ext", "ext.", "id",
                                  "time", "tenant", "sinc", "last-event-id", "limit[]", "type[]",
                                  "ext tenant", "%C3%A9", ""])
def test_an_unknown_parameter_is_refused_by_name(shop, raw, name):
    text = f"since=earliest&{name.replace(' ', '+')}=x"
    known = "is not known; expected type, source, subject, ext.NAME, since, position, limit or wait."
    want = f"{unquote(name)} {known}"
    assert refused(raw.get(f"/events?{text}")) == want
    assert refused(raw.get(f"/events?{text}", accept="text/event-stream")) == want
    with client(shop, http2=True) as http:
        r = http.get(f"/events?{text}")
        assert (r.status_code, r.json()["detail"]) == (400, want)
    with pytest.raises(InvalidStatus) as e:
        connect(shop, f"?{text}")
    assert e.value.response.status_code == 400
    assert json.loads(e.value.response.body)["detail"] == want


@pytest.mark.parametrize("name", ["ext.Tenant", "ext.a-b", "ext.a.b", "ext.data", "ext.ext.a",
                                  "ext.%C3%A9", "ext.a%20"])
def test_a_name_that_no_attribute_has_is_refused(raw, name):
    assert refused(raw.get(f"/events?{name}=x")).endswith(
        ": expected ext. and the name of an attribute.")


@pytest.mark.parametrize("text", ["type=%", "type=%4", "type=%4x", "%zz=1", "type=%00", "type=%FF",
                                  "type=%C3", "type=%ED%A0%80", "type=%C0%AF",
                                  "&".join(["type=x"] * 65)])
def test_a_query_that_cannot_be_read_is_refused(raw, text):
    refused(raw.get(f"/events?{text}"), "request-invalid")


def test_filters_are_many_but_not_without_end(raw):
    many = "&".join(f"type=x{i}" for i in range(31))
    assert raw.ids(f"/events?since=earliest&{many}&type=com.example.orders") == ["t3"]
    assert "no more filters" in refused(raw.get(f"/events?{many}&type=y&type=z"))


# --- since ---

def test_since_is_earliest_or_latest(raw):
    every = [e["id"] for e in EVENTS]
    assert raw.ids("/events?since=earliest") == every
    assert raw.ids("/events?since=latest") == raw.ids("/events") == []
    assert raw.ids("/events?since=1970-01-01T00:00:00Z") == every
    assert raw.ids("/events?since=0001-01-01T00:00:00Z") == every
    assert raw.ids("/events?since=9999-12-31T23:59:59.999Z") == []


def forms(moment):
    """One moment, as it may be written; the plus is escaped as in any query."""
    utc = datetime.timezone.utc
    east = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    west = datetime.timezone(datetime.timedelta(hours=-8))
    text = moment.astimezone(utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
    yield text[:-3] + "Z"
    yield text + "Z"
    yield text + "000000Z"
    yield (text[:-3] + "z").replace("T", "t")
    yield quote(text[:-3] + "+00:00")
    yield quote(text[:-3] + "-00:00")
    yield quote(moment.astimezone(east).isoformat(timespec="milliseconds"))
    yield quote(moment.astimezone(west).isoformat(timespec="milliseconds"))
    yield everything_escaped(text[:-3] + "Z")


def test_since_a_time_is_the_first_event_from_then_on(gateway):
    def now():
        """A moment of the log's clock that no event shares."""
        begin = time.time()
        until(lambda: time.time() - begin > 0.005, "the clock")
        moment = datetime.datetime.now(datetime.timezone.utc)
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        until(lambda: time.time() - moment.timestamp() > 0.005, "the clock")
        return moment

    reader = Raw(gateway)
    with client(gateway) as c:
        moments = []
        for i in range(4):
            moments.append(now())
            post(c, event(i, time="2001-01-01T00:00:00Z"))  # the log's time counts, not its own
    for i, moment in enumerate(moments):
        for text in forms(moment):
            assert reader.ids(f"/events?since={text}") == [str(n) for n in range(i, 4)], text
    whole = moments[0].replace(microsecond=0)
    assert reader.ids(f"/events?since={whole:%Y-%m-%dT%H:%M:%SZ}") == ["0", "1", "2", "3"]
    reader.connection.close()


@pytest.mark.parametrize("text", ["", "now", "Earliest", "EARLIEST", "earliest%20", "0", "1700000000",
                                  "2026-01-01", "2026-01-01T00:00:00", "2026-01-01%2000:00:00Z",
                                  "2026-01-01T00:00:00+02:00", "2026-1-1T00:00:00Z",
                                  "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z",
                                  "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00%2B25:00", "-1h"])
def test_what_is_no_time_is_refused(raw, text):
    assert refused(raw.get(f"/events?since={text}")) == (
        "since: expected earliest, latest or an RFC 3339 time.")


# --- position ---

def test_after_each_position_comes_the_next(shop, raw):
    for topic, positions in shop.positions.items():
        for i, position in enumerate(positions):
            ids = [f"{topic}{n}" for n in range(i + 1, 5)]
            assert raw.ids(f"/{topic}?position={position}") == ids
            assert raw.ids(f"/{topic}?position={everything_escaped(position)}") == ids


def test_positions_of_several_topics_are_merged(shop, raw):
    a, b = shop.positions["a"], shop.positions["b"]
    want = ["a3", "a4", "b1", "b2", "b3", "b4"]
    for text in (f"position={a[2]}&position={b[0]}", f"position={b[0]}&position={a[2]}",
                 f"position={a[2]}.{b[0]}", f"position={b[0]}.{a[2]}",
                 f"position={a[2]}%2E{b[0]}", f"position={a[2]}&type=com.*&position={b[0]}",
                 f"position={a[0]}&position={b[0]}&position={a[2]}",  # the later one of a topic
                 f"position={a[2]}.{b[0]}.{a[1]}"):
        got = raw.ids(f"/all?{text}")
        assert sorted(got) == want, text
        assert [i for i in got if i[0] == "a"] == ["a3", "a4"]


def test_a_topic_without_a_position_begins_at_the_time_of_the_newest(shop, raw):
    got = raw.ids(f"/all?position={shop.positions['a'][0]}&position={shop.positions['a'][2]}")
    assert [i for i in got if i[0] == "a"] == ["a3", "a4"]
    b = [i for i in got if i[0] == "b"]
    assert {"b2", "b3", "b4"} <= set(b)  # they came after a2; of its millisecond all may come
    assert b == [f"b{n}" for n in range(5 - len(b), 5)]


def test_a_position_of_no_topic_here_leads_nowhere(shop, raw):
    assert raw.ids(f"/a?position={shop.positions['b'][0]}") == []
    assert raw.ids(f"/a?position={shop.positions['b'][0]}&position={shop.positions['a'][3]}") == ["a4"]


def test_a_position_wins_over_since_and_last_event_id_over_all(shop, raw):
    a = shop.positions["a"]
    for text in (f"since=earliest&position={a[2]}", f"position={a[2]}&since=latest"):
        assert raw.ids(f"/a?{text}") == ["a3", "a4"]
    assert raw.ids(f"/a?since=earliest&position={a[0]}", last_event_id=a[3]) == ["a4"]
    assert raw.ids("/a?since=latest", last_event_id=a[3]) == ["a4"]
    assert raw.ids("/a?since=earliest", last_event_id="")[0] == "a0"


@pytest.mark.parametrize("how", ["", "x", "{}.", ".{}", "{}..{}", "{}A", "{}%20", "{}+{}", "%00",
                                 "{},{}", "null"])
def test_what_is_no_position_is_refused(shop, raw, how):
    position = shop.positions["a"][0]
    answer = raw.get(f"/a?position={how.format(position, position)}")
    refused(answer, "request-invalid" if "%00" in how else "position-invalid")


def test_each_letter_of_a_position_counts(shop, raw):
    position = shop.positions["a"][0]
    for i, c in enumerate(position):
        other = "B" if c == "A" else "A"
        altered = position[:i] + other + position[i + 1:]
        refused(raw.get(f"/a?position={altered}"), "position-invalid")
        refused(raw.get("/a", last_event_id=altered), "position-invalid")


# --- limit and wait ---

@pytest.mark.parametrize("name", ["limit", "wait"])
@pytest.mark.parametrize("text", ["", "-1", "%2B1", "+1", "1+", "1.5", "1e3", "0x1", "ten", "1,2",
                                  "%D9%A1"])
def test_a_number_is_digits(raw, name, text):
    what = "a number of events" if name == "limit" else "a number of seconds"
    assert refused(raw.get(f"/events?{name}={text}")) == f"{name}: expected {what}."


@pytest.mark.parametrize("text", ["limit=0", "limit=00"])
def test_nothing_is_no_limit(raw, text):
    assert refused(raw.get(f"/events?{text}")) == "limit: expected a number of events."


@pytest.mark.parametrize("name,value", [("limit", "1"), ("wait", "0"), ("since", "earliest")])
def test_what_can_be_meant_once_stands_once(raw, name, value):
    want = f"{name}: expected it once."
    assert refused(raw.get(f"/events?{name}={value}&{name}={value}")) == want
    assert refused(raw.get(f"/events?{name}={value}&type=x&{name}=2")) == want


@pytest.mark.parametrize("limit,count", [("1", 1), ("02", 2), ("3", 3), ("4", 3), ("1000000", 3),
                                         ("99999999999999999999999999", 3)])
def test_a_limit_is_held_to_that_of_the_location(raw, limit, count):
    status, headers, events = raw.get(f"/short?since=earliest&limit={limit}")
    assert (status, len(events)) == (200, count)
    assert headers["headgate-position"] == events[-1]["hgposition"]
    assert f"limit={limit}" in headers["link"]


@pytest.mark.parametrize("wait", ["2", "3600", "99999999999999999999"])
def test_a_wait_is_held_to_that_of_the_location(raw, wait):
    began = time.monotonic()
    assert raw.ids(f"/short?wait={wait}") == []
    assert 1.4 < time.monotonic() - began < 15


@pytest.mark.parametrize("text", ["", "&wait=0", "&wait=00"])
def test_without_a_wait_nothing_is_waited_for(raw, text):
    began = time.monotonic()
    for _ in range(5):
        assert raw.ids(f"/events?since=latest{text}") == []
    assert time.monotonic() - began < 5


def test_what_is_there_is_not_waited_for(raw):
    began = time.monotonic()
    assert len(raw.ids("/events?since=earliest&wait=25")) == len(EVENTS)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("http2", [False, True])
def test_a_wait_ends_by_an_event_that_passes(make_gateway, http2):
    gateway = make_gateway().start()
    with client(gateway, http2=http2) as waiter, client(gateway) as producer, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(waiter.get, "/events?type=com.example.wanted&wait=25")
        until(lambda: gateway.metric('headgate_subscribers{state="live"}') == 1, "the pull to wait")
        for i in range(3):
            post(producer, event(i))
        post(producer, event("wanted", type="com.example.wanted"))
        r = waiting.result(20)
    assert [e["id"] for e in r.json()] == ["wanted"]
    assert "type=com.example.wanted" in r.headers["link"] and "wait=25" in r.headers["link"]


def test_a_wait_that_ends_by_time_moves_on_all_the_same(gateway):
    with client(gateway) as waiter, client(gateway) as producer, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        waiting = pool.submit(waiter.get, "/events?type=com.example.wanted&wait=2")
        until(lambda: gateway.metric('headgate_subscribers{state="live"}') == 1, "the pull to wait")
        last = [post(producer, event(i)) for i in range(3)][-1].headers["headgate-position"]
        r = waiting.result(20)
        assert (r.status_code, r.json()) == (200, [])
        assert 1.9 < time.monotonic() - began < 15
        assert r.headers["headgate-position"] == last  # past what it did not want


def test_the_link_asks_for_the_same_again(shop, raw):
    q = query("subject=a b", "subject=x&y=z", "subject=Zürich", "subject=😀", "subject=say \"x\"",
              "subject=<>", "subject=100%", "subject=a+b", "type=com.example.*")
    got, target = [], f"/events?since=earliest&limit=2&wait=0&{encode(q, quote_plus)}"
    while True:
        _, headers, events = raw.get(target)
        if not events:
            break
        assert len(events) <= 2
        got += [e["id"] for e in events]
        link = headers["link"]
        assert link.startswith("<?position=") and link.endswith('>; rel="next"')
        target = "/events" + link[1:link.index(">")]
        assert target.isascii() and " " not in target and "since=" not in target
    assert got == q.ids()


def test_a_topic_without_an_event_is_pulled_from(raw):
    status, headers, events = raw.get("/empty?since=earliest")
    assert (status, events) == (200, [])
    assert headers["headgate-position"] in headers["link"]
    assert raw.ids(f"/empty?position={headers['headgate-position']}") == []


# --- Accept ---

SSE, BATCH = "text/event-stream", "application/cloudevents-batch+json"


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize("accept,kind", [
    (None, BATCH), ("", BATCH), ("*/*", BATCH), ("application/json", BATCH), ("text/*", BATCH),
    (BATCH, BATCH), ("text/html,application/xhtml+xml,*/*;q=0.8", BATCH),
    ("text/event-stream", SSE), ("Text/Event-Stream", SSE), ("text/event-stream ; q=0.3", SSE),
    ("application/json, text/event-stream", SSE), ("*/*;q=1, text/event-stream;q=0.001", SSE),
    ("text/event-stream;q=0", BATCH), ("text/event-stream;q=0.000, */*", BATCH),
    ("text/event-streamx", BATCH), ('x/y;a="text/event-stream"', BATCH),
    ('x/y;a=", text/event-stream"', BATCH),
])
def test_accept_decides(shop, http2, accept, kind):
    with client(shop, http2=http2) as c:
        del c.headers["accept"]
        headers = {} if accept is None else {"accept": accept}
        with c.stream("GET", "/events", headers=headers) as r:
            assert (r.status_code, r.headers["content-type"]) == (200, kind)


def test_a_websocket_is_asked_for_by_its_handshake_whatever_accept_says(shop):
    with connect(shop, additional_headers={"accept": "text/event-stream"}) as ws:
        assert json.loads(ws.recv(30))["type"] == "headgate.stream.opened"


@pytest.mark.parametrize("method,allow", [("PUT", "OPTIONS, GET"), ("DELETE", "OPTIONS, GET"),
                                          ("POST", "OPTIONS, GET"), ("HEAD", "OPTIONS, GET")])
def test_a_stream_is_asked_for_with_get(shop, method, allow):
    with client(shop) as c:
        r = c.request(method, "/short?since=earliest")
    assert (r.status_code, r.headers["allow"]) == (405, allow)
