# SPDX-License-Identifier: Apache-2.0
"""The demo page, headgate.js and a browser's own EventSource and WebSocket,
in a real Chromium against a real gateway."""
import os
import threading

import pytest

from support.browser import Browser
from support.clients import client_path, run
from support.detour import Detour
from support.events import client, event, post
from support.origin import Origin
from support.wait import until

pytestmark = pytest.mark.only_on("embedded", "nothing in it depends on the event log")

TOP = os.path.normpath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGES = """
    location = /            {{ file {top}/docs/demo/index.html; }}
    location = /headgate.js {{ file {top}/docs/demo/headgate.js;
                               file_type "text/javascript; charset=utf-8"; }}
    location = /many        {{ accept cloudevents; publish demo.a; stream demo.a demo.b; }}
    location = /other       {{ accept cloudevents; publish demo.b; stream demo.b; }}
    location = /forbidden   {{ stream private.events; }}
""".format(top=TOP)
TOPICS = """
load_module file;
topic demo.a { }  topic demo.b { }  topic private.events { }
"""
BOTH = ("sse", "websocket")
PACE_S = 0.005  # a page on a busy machine keeps up with this

# One client per transport, each with what it was handed, in order.
CONNECT = """async (base, transport, name, options) => {
    const {connect} = await import('/headgate.js');
    const kept = {events: [], notices: [], states: []};
    window[name] = kept;
    kept.h = connect(base, {...options, transport,
        onEvent: (e, position) => kept.events.push({id: e.id, position}),
        onNotice: (n) => kept.notices.push(n),
        onState: (state, detail) => kept.states.push({state, ...detail})});
}"""
IDS = "(name) => window[name].events.map((e) => e.id)"
KEPT = "(name) => { const {events, notices, states} = window[name]; return {events, notices, states}; }"
IS_LIVE = "(name) => window[name].h.state === 'live'"
# What a page without headgate.js does: the page's own objects, and no more.
BY_HAND = """(url) => {
    window.got = {sse: [], websocket: [], opened: {}, failed: {}, notices: []};
    const source = window.source = new EventSource(url);
    source.onmessage = (m) => got.sse.push(JSON.parse(m.data).id);
    source.addEventListener('headgate.stream.opened', (m) => {
        got.opened.sse = true;
        got.notices.push(JSON.parse(m.data));
    });
    source.onerror = () => { got.failed.sse = source.readyState; };
    const socket = new WebSocket(url.replace('http', 'ws'), 'cloudevents.json');
    socket.onmessage = (m) => {
        const event = JSON.parse(m.data);
        if (event.hgposition) { got.websocket.push(event.id); }
        if (event.type === 'headgate.stream.opened') { got.opened.websocket = true; }
    };
    socket.onclose = (c) => { got.failed.websocket = c.code; };
}"""


@pytest.fixture(scope="module")
def browser():
    b = Browser()
    yield b
    b.end()


@pytest.fixture
def open_page(browser):
    pages = []

    def make(url):
        pages.append(browser.open(url))
        return pages[-1]

    yield make
    for page in pages:
        page.shut()


@pytest.fixture
def site(make_gateway):
    """A gateway that serves the demo page beside its streams."""
    return make_gateway(main=TOPICS, locations=PAGES, events="stream_retry 300ms;").start()


@pytest.fixture
def detour(site):
    d = Detour(site.tls)
    yield d
    d.cut()


@pytest.fixture
def origin():
    o = Origin()
    yield o
    o.end()


class Producer(threading.Thread):
    """Posts numbered events until told to stop, each again until it is stored."""

    def __init__(self, gateway, paths=("/events",)):
        super().__init__(daemon=True)
        self.gateway, self.paths = gateway, paths
        self.ids, self.asked = [], threading.Event()
        self.start()

    def run(self):
        http = client(self.gateway)
        while not self.asked.is_set():
            n = len(self.ids)
            until(lambda: self._is_stored(http, n), f"event {n} to be stored", 60, every_s=0.05)
            self.ids.append(str(n))
            self.asked.wait(PACE_S)
        http.close()

    def _is_stored(self, http, n):
        try:
            return post(http, event(n), path=self.paths[n % len(self.paths)]).status_code == 202
        except OSError:
            return False
        except Exception as e:  # httpx's own errors are no OSError
            if type(e).__module__.startswith("httpx"):
                return False
            raise

    def wait(self, n):
        until(lambda: len(self.ids) >= n or not self.is_alive(), f"{n} events", 60)
        assert self.is_alive()

    def end(self):
        self.asked.set()
        self.join(60)
        assert not self.is_alive()
        return self.ids


def open_script(open_page, url):
    """A page of the gateway's origin that does nothing by itself."""
    return open_page(url + "/headgate.js")


def follow(page, transports=BOTH, base="/events", **options):
    for transport in transports:
        page.run(CONNECT, base, transport, transport, options)
    for transport in transports:
        page.until(IS_LIVE, transport)


def assert_all_once(page, ids, transports=BOTH):
    for transport in transports:
        page.until("(name, n) => window[name].events.length >= n", transport, len(ids),
                   what=f"{len(ids)} events by {transport}: {page.run(KEPT, transport)}")
        assert page.run(IDS, transport) == ids, transport
        assert "gap" not in [n["kind"] for n in page.run(KEPT, transport)["notices"]]


def test_the_parts_of_the_client_that_need_no_browser():
    r = run(client_path("node"), "--test", os.path.join(TOP, "tests/demo/headgate.test.mjs"))
    assert r.returncode == 0, r.stdout + r.stderr


@pytest.mark.parametrize("by", BOTH)
def test_the_page_posts_an_event_and_sees_it_in_both_streams(site, open_page, by):
    page = open_page(site.url)
    for transport in BOTH:
        page.until("(id) => document.querySelector(`#${id} .state`).textContent.includes('live')",
                   transport)
    page.select("#post [name=by]", by)
    page.fill("#post [name=subject]", "order-7")
    page.click("#post button")
    page.until("() => document.getElementById('answer').textContent.startsWith('Stored at')")
    for transport in BOTH:
        text = page.until("(id) => document.querySelector(`#${id} li.event`)?.textContent", transport)
        assert "com.example.order.placed" in text and "order-7" in text and '{"n":1' in text
    assert page.faults() == []


def test_the_page_says_why_an_event_was_refused(site, open_page):
    page = open_page(site.url)
    page.fill("#post [name=data]", "{")
    page.click("#post button")
    page.until("() => document.getElementById('answer').textContent.startsWith('Data is no JSON')")
    page.fill("#post [name=data]", "{}")
    for by in BOTH:
        page.select("#post [name=by]", by)
        page.fill("#post [name=subject]", "\u0001")
        page.click("#post button")
        page.until("() => document.getElementById('answer').textContent.includes('subject')")
        page.fill("#post [name=subject]", "")
        page.click("#post button")
        page.until("() => document.getElementById('answer').textContent.startsWith('Stored')")


def test_the_page_filters_from_the_beginning(site, open_page):
    with client(site) as http:
        for n, kind in enumerate(["com.a.x", "com.b.x", "com.a.y"]):
            assert post(http, event(n, type=kind)).status_code == 202
    page = open_page(site.url)
    page.fill("#follow [name=type]", "com.a.*")
    page.select("#follow [name=since]", "earliest")
    page.click("#follow button")
    for transport in BOTH:
        rows = "(id) => [...document.querySelectorAll(`#${id} li.event`)].map((li) => li.dataset.id)"
        until(lambda t=transport: page.run(rows, t) == ["2", "0"], f"two events by {transport}")


def test_a_reload_of_the_page_goes_on_from_where_it_was(site, open_page):
    page = open_page(site.url)
    for transport in BOTH:
        page.until("(id) => document.querySelector(`#${id} .state`).textContent.includes('live')",
                   transport)
    with client(site) as http:
        assert post(http, event("before")).status_code == 202
        for transport in BOTH:
            page.until("(id) => document.querySelector(`#${id} li.event`)", transport)
        page.go("about:blank")
        assert post(http, event("between")).status_code == 202
        page.go(site.url)
    for transport in BOTH:
        rows = "(id) => [...document.querySelectorAll(`#${id} li.event`)].map((li) => li.dataset.id)"
        until(lambda t=transport: page.run(rows, t) == ["between"], f"what came between by {transport}")


def test_a_page_of_a_listed_origin_may_post_and_follow(make_gateway, open_page, origin):
    gateway = make_gateway(server=f"cors_origin https://elsewhere.example {origin.url};").start()
    page = open_page(origin.url)
    page.run(BY_HAND, gateway.url + "/events")
    page.until("() => got.opened.sse && got.opened.websocket", what="both streams to open")
    told = page.run("""async (url, event) => {
        const r = await fetch(url, {method: 'POST', body: JSON.stringify(event),
                                    headers: {'content-type': 'application/cloudevents+json'}});
        return [r.status, r.headers.get('headgate-position')];
    }""", gateway.url + "/events", event("mine"))
    assert told[0] == 202 and len(told[1]) == 42
    page.until("() => got.sse.length && got.websocket.length")
    assert page.run("() => [got.sse, got.websocket]") == [["mine"], ["mine"]]


@pytest.mark.parametrize("listed", ["", "cors_origin https://elsewhere.example;",
                                    "cors_origin {}0;", "cors_origin https://127.0.0.1;"])
def test_a_page_of_another_origin_gets_nothing(make_gateway, open_page, origin, listed):
    gateway = make_gateway(server=listed.format(origin.url)).start()
    page = open_page(origin.url)
    page.run(BY_HAND, gateway.url + "/events")
    page.until("() => 'sse' in got.failed && 'websocket' in got.failed", what="both to be refused")
    assert page.run("() => [got.failed.sse, got.failed.websocket]") == [2, 1006]
    assert page.run("""(url, event) => fetch(url, {method: 'POST', body: JSON.stringify(event),
        headers: {'content-type': 'application/cloudevents+json'}}).then(() => 'answered', String)
    """, gateway.url + "/events", event("theirs")).startswith("TypeError")
    with client(gateway) as http:
        assert post(http, event("ours")).status_code == 202
        assert [e["id"] for e in http.get("/events?since=earliest").json()] == ["ours"]
    assert page.run("() => [got.opened, got.sse, got.websocket]") == [{}, [], []]


def test_a_killed_worker_costs_neither_stream_an_event(site, open_page):
    page = open_script(open_page, site.url)
    follow(page)
    producer = Producer(site)
    for n in (20, 60, 100):
        producer.wait(n)
        site.kill_worker()
    producer.wait(140)
    assert_all_once(page, producer.end())
    for transport in BOTH:
        assert "resuming" in [s["state"] for s in page.run(KEPT, transport)["states"]]


def test_a_gateway_that_goes_away_sends_its_pages_away_and_gets_them_back(site, open_page):
    page = open_script(open_page, site.url)
    follow(page)
    producer = Producer(site)
    producer.wait(20)
    assert site.stop() == 0
    site.start()
    producer.wait(40)
    assert_all_once(page, producer.end())
    for transport in BOTH:
        closing = [n for n in page.run(KEPT, transport)["notices"] if n["kind"] == "closing"]
        assert closing and closing[0]["reason"] == "drain" and closing[0]["retry_ms"] > 0


@pytest.mark.parametrize("transport", BOTH)
def test_what_a_page_publishes_while_the_worker_is_killed_is_stored_once(site, open_page, transport):
    page = open_script(open_page, site.url)
    follow(page, (transport,))
    page.run("""(name) => {
        Object.assign(window, {stored: [], isEnough: false, outcome: null});
        const one = (n) => window[name].h.publish({id: `${n}`, source: '/page', type: 't', data: n});
        (async () => {
            while (!isEnough) {
                const ten = Array.from({length: 10}, (_, i) => one(stored.length + i));
                stored.push(...(await Promise.all(ten)).map((r) => r.position));
            }
            return 'all stored';
        })().then((text) => { outcome = text; }, (error) => { outcome = String(error); });
    }""", transport)
    for n in (50, 150, 250):
        page.until("(n) => stored.length >= n || outcome", n, what=f"{n} published")
        site.kill_worker()
    page.until("() => stored.length >= 350 || outcome", what="350 published")
    page.run("() => { isEnough = true; }")
    assert page.until("() => outcome", what="the last to be published") == "all stored"
    positions = page.run("() => stored")
    assert len(set(positions)) == len(positions)
    with client(site) as http:
        stored = [e["id"] for e in http.get("/events?since=earliest").json()]
    assert sorted(stored, key=int) == [str(n) for n in range(len(positions))]
    assert_all_once(page, stored, (transport,))


def test_a_connection_that_was_lost_for_a_while_resumes_with_the_last_id(site, detour, open_page):
    page = open_script(open_page, detour.url)
    follow(page)
    producer = Producer(site)
    for n in (20, 60):
        producer.wait(n)
        detour.cut()
        for transport in BOTH:
            page.until("(name) => window[name].h.state === 'resuming'", transport)
        producer.wait(n + 20)
        detour.mend()
        for transport in BOTH:
            page.until(IS_LIVE, transport, deadline_s=40)
    assert_all_once(page, producer.end())
    for transport in BOTH:
        opened = [n["resumed"] for n in page.run(KEPT, transport)["notices"] if n["kind"] == "opened"]
        assert opened[0] is False and opened[1:] and all(opened[1:]), transport


@pytest.mark.parametrize("transport", BOTH)
def test_what_is_published_while_the_connection_is_lost_is_stored_when_it_is_back(
        site, detour, open_page, transport):
    page = open_script(open_page, detour.url)
    follow(page, (transport,))
    detour.cut()
    page.run("""(name) => {
        Object.assign(window, {tries: 0, outcome: null});
        const real = window.fetch;
        window.fetch = (...all) => { window.tries++; return real(...all); };
        window[name].h.publish({id: 'late', source: '/page', type: 't'})
            .then(() => { outcome = 'stored'; }, (error) => { outcome = String(error); });
    }""", transport)
    page.until("(name) => tries >= 2 || window[name].h.state === 'resuming'", transport)
    assert page.run("() => outcome") is None
    detour.mend()
    assert page.until("() => outcome") == "stored"
    assert_all_once(page, ["late"], (transport,))


def test_a_browsers_own_eventsource_resumes_by_itself(site, detour, open_page):
    page = open_page(detour.url)
    page.run(BY_HAND, detour.url + "/events")
    page.until("() => got.opened.sse")
    producer = Producer(site)
    producer.wait(10)
    detour.cut()
    page.until("() => source.readyState === EventSource.CONNECTING")
    producer.wait(30)
    detour.mend()
    page.until("() => got.notices.length === 2", what="the browser to come back")
    producer.wait(50)
    ids = producer.end()
    page.until("(n) => got.sse.length >= n", len(ids))
    assert page.run("() => got.sse") == ids
    assert page.run("() => got.notices[1].resumed") is True


def test_over_several_topics_a_resume_hands_nothing_over_twice(site, detour, open_page):
    page = open_script(open_page, detour.url)
    follow(page, base="/many")
    producer = Producer(site, ("/many", "/other"))
    for n in range(20, 120, 20):
        producer.wait(n)
        page.run("() => { sse.h.reconnect(); websocket.h.reconnect(); }")
    producer.wait(120)
    detour.cut()
    producer.wait(140)
    detour.mend()
    ids = producer.end()
    for transport in BOTH:
        page.until("(name, n) => window[name].events.length >= n", transport, len(ids), deadline_s=60)
        got = page.run(IDS, transport)
        assert sorted(got, key=int) == ids, transport
        for half in (0, 1):
            of_topic = [i for i in got if int(i) % 2 == half]
            assert of_topic == sorted(of_topic, key=int), f"{transport}: the order of one topic"


def test_a_position_that_leads_nowhere_is_told_as_a_gap(site, open_page):
    with client(site) as http:
        elsewhere = post(http, event("x"), path="/other").headers["headgate-position"]
    page = open_page(site.url)
    for token, reason in ((elsewhere, "unknown"), (elsewhere[:-1], "invalid")):
        follow(page, position=token)
        for transport in BOTH:
            notices = page.run(KEPT, transport)["notices"]
            assert [n["reason"] for n in notices if n["kind"] == "gap"] == [reason], transport
            assert notices[-1]["kind"] == "opened" and notices[-1]["resumed"] is False
    for transport in BOTH:
        page.click(f"#{transport} .stop")
        page.run("(key, token) => sessionStorage.setItem(key, token)", f"headgate-demo-{transport}",
                 elsewhere)
    page.go("about:blank")
    page.go(site.url)
    for transport in BOTH:
        page.until("(id) => document.querySelector(`#${id} .badge.gap`).checkVisibility()", transport)


def test_a_refusal_that_will_stay_ends_the_stream_and_says_why(site, open_page):
    page = open_script(open_page, site.url)
    for path, status in (("/forbidden", 403), ("/nowhere", 404), ("/events?typ=x", 400)):
        for transport in BOTH:
            page.run(CONNECT, path, transport, transport, {})
            page.until("(name) => window[name].h.state === 'closed'", transport,
                       what=f"{path} to be given up by {transport}")
            last = page.run(KEPT, transport)["states"][-1]
            assert last["problem"]["status"] == status
            assert last["problem"]["type"].startswith("urn:headgate:problem:")


def test_a_gateway_that_is_not_there_yet_is_waited_for(make_gateway, open_page, origin):
    gateway = make_gateway(server=f"cors_origin {origin.url};", locations=PAGES, main=TOPICS)
    page = open_page(origin.url)
    with open(os.path.join(TOP, "docs/demo/headgate.js"), encoding="utf-8") as f:
        text = f.read()
    script = CONNECT.replace("await import('/headgate.js')",
                             "await import(URL.createObjectURL(new Blob([text], "
                             "{type: 'text/javascript'})))")
    script = script.replace("async (base,", "async (text, base,")
    for transport in BOTH:
        page.run(script, text, gateway.url + "/events", transport, transport, {"since": "earliest"})
    page.until("() => websocket.states.filter((s) => s.waitMs).length >= 2", what="two attempts")
    gateway.start()
    with client(gateway) as http:
        assert post(http, event("first")).status_code == 202
    assert_all_once(page, ["first"])
