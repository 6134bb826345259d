# SPDX-License-Identifier: Apache-2.0
"""Rights: no rule, no access; and what a reload does to them."""
import itertools
import json
import threading

import pytest
from websockets.exceptions import InvalidStatus

from support.clients import support_module
from support.event_log import JOINS_AT_ONCE
from support.events import EventStream, client, event, post, post_batch
from support.sockets import connect, receive, receive_type
from support.wait import until

CONF = """
worker_threads {{threads}};
pid            gateway.pid;
error_log      stderr info;
admin          127.0.0.1:{{admin}};
load_module    log_embedded;
load_module    source_cloudevents;
load_module    sink_sse;
load_module    sink_ws;
load_module    sink_pull;
{modules}
event_log      embedded events;
{rights}
server {{{{
    listen 127.0.0.1:{{tls}} ssl;
    listen 127.0.0.1:{{plain}};
    ssl_certificate {{crt}};  ssl_certificate_key {{key}};
    {authenticate}
    location = /events {{{{ accept cloudevents; publish demo.events; stream demo.events; }}}}
    location = /all    {{{{ stream ** **.dlq audit.** headgate.**; }}}}
    location /t/{{{{topic}}}}/events {{{{
        accept cloudevents;
        publish $topic allow=** allow=**.dlq allow=audit.** allow=headgate.**;
        stream  $topic allow=** allow=**.dlq allow=audit.** allow=headgate.**;
    }}}}
}}}}
"""


def make(make_gateway, rights, authenticate="authenticate none;", modules=""):
    braces = rights.replace("{", "{{").replace("}", "}}")
    return make_gateway(conf=CONF.format(rights=braces, authenticate=authenticate,
                                         modules=modules)).start()


def badged(make_gateway, rights, authenticate="authenticate badge;"):
    return make(make_gateway, rights, authenticate=authenticate,
                modules=f"load_module {support_module('badge')};")


def reload(gateway, old, new):
    assert old in gateway.conf
    gateway.write_conf(gateway.conf.replace(old, new))
    r = gateway.run("-s", "reload")
    assert (r.returncode, r.stderr) == (0, "")


def forbidden(response):
    assert response.status_code == 403, response.text
    assert response.json()["type"] == "urn:headgate:problem:forbidden"
    return True


def socket_status(gateway, path="/events", **fields):
    try:
        with connect(gateway, path=path, additional_headers=fields):
            return 101
    except InvalidStatus as e:
        return e.response.status_code


def may_publish(http, topic, **fields):
    r = post(http, event("may I"), f"/t/{topic}/events", **fields)
    assert r.status_code in (202, 403), r.text
    return r.status_code == 202


def may_follow(http, topic, **fields):
    r = http.get(f"/t/{topic}/events?since=latest", headers=fields)
    assert r.status_code in (200, 403), r.text
    return r.status_code == 200


# --- no rule, no access ---

@pytest.mark.parametrize("rights", [
    "", "role anonymous { }", "role somebody { publish **; subscribe **; }",
    "role anonymous { publish other.*; subscribe other.*; }"])
def test_without_a_rule_every_door_is_shut(make_gateway, rights):
    g = make(make_gateway, rights)
    with client(g) as http, client(g, http2=True) as h2:
        for c in (http, h2):
            assert forbidden(post(c, event(1)))
            assert forbidden(post_batch(c, [event(1), event(2)]))
            assert forbidden(c.post("/events", content=b"x", headers={
                "ce-id": "1", "ce-source": "/s", "ce-type": "t", "ce-specversion": "1.0"}))
            assert forbidden(c.get("/events"))
            assert forbidden(c.get("/events", headers={"accept": "text/event-stream"}))
            r = c.get("/all")  # what may come there yet is all that one may follow of it
            assert r.json() == [] if "other.*" in rights else forbidden(r)
    assert socket_status(g) == 403
    assert g.metric("headgate_log_events_total") == 0


def test_to_publish_is_not_to_follow(make_gateway):
    g = make(make_gateway, "role anonymous { publish demo.events; }")
    with client(g) as http:
        assert post(http, event(1)).status_code == 202
        assert forbidden(http.get("/events?since=earliest"))
        assert forbidden(http.get("/events", headers={"accept": "text/event-stream"}))
    assert socket_status(g) == 403


def test_to_follow_is_not_to_publish(make_gateway):
    g = make(make_gateway, "role anonymous { subscribe demo.events; }")
    with client(g) as http, connect(g) as ws:
        assert forbidden(post(http, event(1)))
        ws.send(json.dumps(event(1)))
        assert receive_type(ws, "headgate.refused")["data"]["problem"]["status"] == 403
        assert http.get("/events?since=earliest").json() == []


def test_who_may_not_is_told_before_the_body_is_sent(make_gateway):
    g = make(make_gateway, "")
    with client(g) as http:
        r = http.post("/events", content=iter([b"{"]), headers={
            "content-type": "application/cloudevents+json", "expect": "100-continue"})
        assert forbidden(r)


# --- patterns ---

NAMES = ["shop", "shop.orders", "shop.orders.eu", "shop.orders.eu.new", "other.orders",
         "shop.orders.dlq", "audit.shop", "headgate.refusals", "shop.audit", "shopping.orders"]

PATTERNS = [
    ("shop.orders", ["shop.orders"]),
    ("shop.*", ["shop.orders", "shop.audit"]),
    ("shop.**", ["shop", "shop.orders", "shop.orders.eu", "shop.orders.eu.new", "shop.audit"]),
    ("*.orders", ["shop.orders", "other.orders", "shopping.orders"]),
    ("**.eu.*", ["shop.orders.eu.new"]),
    ("*", ["shop"]),
    ("*.*", ["shop.orders", "other.orders", "shop.audit", "shopping.orders"]),
    ("**", ["shop", "shop.orders", "shop.orders.eu", "shop.orders.eu.new", "other.orders",
            "shop.audit", "shopping.orders"]),
    ("**.dlq", ["shop.orders.dlq"]),
    ("shop.orders.dlq", ["shop.orders.dlq"]),
    ("shop.**.dlq", ["shop.orders.dlq"]),
    ("audit.*", ["audit.shop"]),
    ("*.shop", []),
    ("headgate.**", ["headgate.refusals"]),
]


@pytest.mark.parametrize("pattern,allowed", PATTERNS, ids=[p[0] for p in PATTERNS])
def test_a_pattern_reaches_these_topics_and_no_others(make_gateway, pattern, allowed):
    g = make(make_gateway, "topic " + " { } topic ".join(NAMES) + " { }"
             f"role anonymous {{ publish {pattern}; subscribe {pattern}; }}")
    with client(g) as http:
        assert [n for n in NAMES if may_publish(http, n)] == allowed
        assert [n for n in NAMES if may_follow(http, n)] == allowed
        r = http.get("/all?since=earliest")  # also where none is there yet
        assert (r.status_code, len(r.json())) == (200, len(allowed))


# --- roles ---

ROLES = """
role writer { publish demo.*; }
role reader { subscribe demo.events; }
role reader { subscribe demo.more; }
role anonymous { publish **; subscribe **; }
topic demo.more { }
"""


def test_roles_of_one_caller_add_up_and_others_do_not_count(make_gateway):
    g = badged(make_gateway, ROLES)
    cases = {
        "ada": (False, False, False),
        "ada:writer": (True, False, False),
        "ada:reader": (False, True, True),
        "ada:reader,writer": (True, True, True),
        "ada:nobody,writer,reader": (True, True, True),
        "ada:Writer": (False, False, False),
        "anonymous": (False, False, False),
        "writer": (False, False, False),
    }
    with client(g) as http:
        for badge, expected in cases.items():
            who = {"x-badge": badge}
            assert (may_publish(http, "demo.events", **who), may_follow(http, "demo.events", **who),
                    may_follow(http, "demo.more", **who)) == expected, badge


def test_who_does_not_say_who_it_is_is_asked(make_gateway):
    g = badged(make_gateway, ROLES)
    with client(g) as http:
        for r in (post(http, event(1)), http.get("/events"),
                  post(http, event(1), **{"x-badge": "forged:writer"})):
            assert r.status_code == 401
            assert r.json()["type"] == "urn:headgate:problem:unauthenticated"
            assert r.headers["www-authenticate"] == 'Badge realm="scenario"'
    assert socket_status(g) == 401
    assert socket_status(g, **{"X-Badge": "ada:reader"}) == 101


def test_a_location_has_to_say_whom_it_believes(make_gateway):
    """Else it would ask everybody for a proof that it does not say how to give."""
    g = make_gateway(conf=CONF.format(rights="", authenticate="", modules=""))
    r = g.run("-t")
    assert r.returncode == 1
    assert r.stderr.count("expected authenticate NAME or authenticate none") == 3
    g.write_conf(g.conf.replace("ssl_certificate ", "authenticate none; ssl_certificate ", 1))
    assert g.run("-t").returncode == 0


def test_nobody_can_claim_another_s_ids(make_gateway):
    """The same source and id from two callers are two events."""
    g = badged(make_gateway, ROLES + "role both { publish **; subscribe **; }")
    with client(g) as http:
        ada, eve = {"x-badge": "ada:both"}, {"x-badge": "eve:both"}
        first = post(http, event(1), **ada)
        other = post(http, event(1, data="mine"), **eve)
        assert (first.status_code, other.status_code) == (202, 202)
        assert "headgate-duplicate" not in other.headers
        again = post(http, event(1), **ada)
        assert again.headers["headgate-position"] == first.headers["headgate-position"]
        assert len(http.get("/events?since=earliest", headers=ada).json()) == 2


# --- proofs that end ---

def test_a_stream_ends_with_the_proof_that_it_rests_on(make_gateway):
    g = badged(make_gateway, ROLES)
    who = {"x-badge": "ada:reader,writer;3"}
    stream = EventStream(g, **who)
    answers = []

    def pull():
        with client(g) as http:
            answers.append(http.get("/events?wait=25", headers=who))
    waiting = threading.Thread(target=pull)
    waiting.start()
    with connect(g, additional_headers={"X-Badge": "ada:reader,writer;3"}) as ws:
        assert 0 < receive_type(ws, "headgate.stream.expiring")["data"]["expires_in_ms"] <= 3000
        assert receive_type(ws, "headgate.stream.closing")["data"]["reason"] == "expired"
    until(lambda: not stream.is_alive(), "the stream to end")
    kinds = [kind for kind, _ in stream.notices()]
    assert kinds == [f"headgate.stream.{k}" for k in ("opened", "expiring", "closing")]
    assert stream.notices()[-1][1]["reason"] == "expired"
    waiting.join(30)
    assert answers[0].status_code == 401
    assert answers[0].headers["www-authenticate"] == 'Badge realm="scenario"'


def test_a_proof_that_has_ended_is_none(make_gateway):
    g = badged(make_gateway, ROLES)
    with client(g) as http:
        for r in (post(http, event(1), **{"x-badge": "ada:writer;0"}),
                  http.get("/events", headers={"x-badge": "ada:reader;0"})):
            assert r.status_code == 401
            assert "expired" in r.json()["detail"]
        assert post(http, event(1), **{"x-badge": "ada:writer;60"}).status_code == 202


def test_a_long_proof_is_not_told_of_too_early(make_gateway):
    g = badged(make_gateway, ROLES)
    stream = EventStream(g, path="/events", **{"x-badge": "ada:reader,writer;3600"})
    until(stream.notices, "the opened notice")
    with client(g) as http:
        assert post(http, event(1), **{"x-badge": "ada:writer"}).status_code == 202
        until(stream.events, "the event")
    assert [kind for kind, _ in stream.notices()] == ["headgate.stream.opened"]
    stream.close()


# --- reloads ---

def test_a_reload_that_gives_a_right_lets_in(make_gateway):
    g = make(make_gateway, "role anonymous { subscribe demo.other; }")
    with client(g) as http:
        assert forbidden(post(http, event(1)))
        assert forbidden(http.get("/events"))
        reload(g, "subscribe demo.other;", "publish demo.events; subscribe demo.events;")
        assert post(http, event(1)).status_code == 202
        assert [e["id"] for e in http.get("/events?since=earliest").json()] == ["1"]
    assert socket_status(g) == 101


def test_a_stream_over_many_topics_keeps_those_that_it_still_may(make_gateway):
    topics = "topic demo.a { } topic demo.b { } topic demo.c { }"
    g = make(make_gateway, topics +
             "role anonymous { publish **; subscribe demo.a demo.b; }")
    stream = EventStream(g, path="/all")
    until(stream.notices, "the opened notice")
    numbers = itertools.count()

    def came():
        return [e["id"] for e in stream.events() if e["type"] != "join"]

    with client(g) as http, connect(g, path="/all") as ws:
        receive_type(ws, "headgate.stream.opened")

        def say(word):
            for name in ("demo.a", "demo.b", "demo.c"):
                assert post(http, event(f"{word} {name}"), f"/t/{name}/events").status_code == 202

        def told(word, names):
            # Which of two topics comes first is not promised.
            expected, got = [f"{word} {name}" for name in names], []
            while len(got) < len(expected):
                got += [e["id"] for e in receive(ws, 1) if e["type"] != "join"]
            assert sorted(got) == expected
            until(lambda: sorted(came()[-len(names):]) == expected, word)

        def is_joined(topic):
            """Where in a topic that it is let into a stream joins is not promised."""
            e = event(f"join {next(numbers)}", type="join")
            assert post(http, e, f"/t/{topic}/events").status_code == 202
            try:
                receive(ws, 1, deadline_s=0.2)
            except TimeoutError:
                return False
            return len(came()) < len(stream.events())

        say("before")
        told("before", ["demo.a", "demo.b"])
        reload(g, "subscribe demo.a demo.b;", "subscribe demo.b demo.c;")
        if not JOINS_AT_ONCE:
            until(lambda: is_joined("demo.c"), "demo.c")
        say("after")
        told("after", ["demo.b", "demo.c"])
        reload(g, "subscribe demo.b demo.c;", "subscribe demo.none;")
        assert receive_type(ws, "headgate.stream.closing")["data"]["reason"] == "rights-changed"
        until(lambda: not stream.is_alive(), "the stream to end")
        assert stream.notices()[-1][1]["reason"] == "rights-changed"
    assert sorted(came()[:2]) == ["before demo.a", "before demo.b"]
    assert sorted(came()[2:]) == ["after demo.b", "after demo.c"]


def test_a_topic_that_comes_later_is_followed_by_who_may(make_gateway):
    g = make(make_gateway, "role anonymous { publish **; subscribe demo.**; }")
    stream = EventStream(g, path="/all")
    until(stream.notices, "the opened notice")
    with client(g) as http:
        for name in ("other.new", "demo.new", "demo.new.dlq"):
            assert post(http, event(name), f"/t/{name}/events").status_code in (202, 403)
        assert post(http, event("last")).status_code == 202
        # Which of two topics comes first is not promised.
        until(lambda: {"demo.new", "last"} <= {e["id"] for e in stream.events()}, "both events")
    assert sorted(e["id"] for e in stream.events()) == ["demo.new", "last"]
    stream.close()


def test_an_event_under_way_is_judged_by_what_held_when_it_came(make_gateway):
    """Rights end for the next request, on every connection at once."""
    g = make(make_gateway, "role anonymous { publish demo.events; subscribe demo.events; }")
    is_over, codes = threading.Event(), []

    def write(me):
        with client(g) as http:
            n = 0
            while not is_over.is_set():
                n += 1
                codes.append((post(http, event(f"{me}-{n}")).status_code, f"{me}-{n}"))

    threads = [threading.Thread(target=write, args=(me,)) for me in range(3)]
    for t in threads:
        t.start()
    until(lambda: len(codes) > 50, "some events")
    reload(g, "{ publish demo.events;", "{ publish demo.other;")
    after = len(codes)
    until(lambda: len(codes) > after + 50, "some refusals")
    is_over.set()
    for t in threads:
        t.join(30)
    assert {code for code, _ in codes} == {202, 403}
    # What came before it may be answered, and noted down, after it.
    assert sum(code == 202 for code, _ in codes[after:]) <= len(threads)
    with client(g) as http:
        held = {e["id"] for e in http.get("/events?since=earliest&limit=10000").json()}
    assert held == {name for code, name in codes if code == 202}
