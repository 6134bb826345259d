# SPDX-License-Identifier: Apache-2.0
"""Pulls: page after page, over one topic and over many, and waiting."""
import concurrent.futures
import os
import shutil
import time

import pytest
from support.events import client, event, post, post_batch
from support.wait import until

MANY = """location = /a { accept cloudevents; publish demo.a; }
          location = /b { accept cloudevents; publish demo.b; }
          location = /c { accept cloudevents; publish demo.c; }
          location = /all { stream demo.a demo.b demo.c; }"""


def next_of(r):
    """The query of the link to go on with."""
    assert r.status_code == 200, r.text
    link = r.headers["link"]
    assert link.endswith('>; rel="next"')
    return link[1:link.index(">")]


def page_through(http, path, query, limit):
    """Every page until an empty one: a list of lists of ids."""
    pages = []
    query += f"&limit={limit}"
    while not pages or pages[-1]:
        r = http.get(path + query)
        pages.append([e["id"] for e in r.json()])
        query = next_of(r)
        assert f"limit={limit}" in query  # the link keeps what was asked for
    return pages[:-1]


@pytest.mark.parametrize("limit", [1, 7, 30, 100])
def test_pages_follow_each_other_exactly(gateway, limit):
    with client(gateway) as http:
        post_batch(http, [event(i) for i in range(30)])
        pages = page_through(http, "/events", "?since=earliest", limit)
    assert [i for page in pages for i in page] == [str(i) for i in range(30)]
    assert all(len(page) == limit for page in pages[:-1])


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_pages_over_many_topics_neither_lose_nor_repeat(make_gateway, limit):
    gateway = make_gateway(locations=MANY).start()
    with client(gateway) as http:
        for i in range(30):
            post(http, event(i), "/" + "abc"[i % 3])
        got = [i for page in page_through(http, "/all", "?since=earliest", limit) for i in page]
    assert sorted(got, key=int) == [str(i) for i in range(30)]
    for topic in range(3):
        own = [int(i) for i in got if int(i) % 3 == topic]
        assert own == sorted(own)


def test_a_page_keeps_to_its_size_but_is_never_empty_for_it(make_gateway):
    gateway = make_gateway(events="pull_size 4k;").start()
    with client(gateway) as http:
        for i, size in enumerate((1000, 1000, 1000, 1000, 9000, 9000, 10)):
            post(http, event(i, data="x" * size))
        pages = page_through(http, "/events", "?since=earliest", 100)
    assert [i for page in pages for i in page] == [str(i) for i in range(7)]
    assert len(pages[0]) in (3, 4)
    assert all(page in (["4"], ["5"]) for page in pages if "4" in page or "5" in page)


def test_a_pull_waits_for_an_event_and_no_longer(gateway):
    with client(gateway) as http, client(gateway) as other, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        query = next_of(http.get("/events"))
        began = time.monotonic()
        assert http.get(f"/events{query}&wait=1").json() == []
        assert 0.9 < time.monotonic() - began < 8
        waiting = pool.submit(http.get, f"/events{query}&wait=25")
        until(lambda: gateway.metric('headgate_subscribers{state="live"}') == 1, "the pull to wait")
        post(other, event(1))
        r = waiting.result(20)
        assert [e["id"] for e in r.json()] == ["1"]
        assert "wait=25" in next_of(r)
        assert http.get(f"/events{next_of(r)}".replace("wait=25", "wait=0")).json() == []


def test_a_filter_that_nothing_passes_still_moves_on(gateway):
    with client(gateway) as http:
        post_batch(http, [event(i) for i in range(10)])
        r = http.get("/events?since=earliest&type=com.example.never")
        assert r.json() == []
        position = r.headers["headgate-position"]
        assert f"position={position}" in next_of(r)
        assert http.get(f"/events?position={position}").json() == []


@pytest.mark.only_on("embedded", "the store's files are put back from a copy")
def test_a_gap_is_told_in_a_field(gateway):
    with client(gateway) as http:
        position = post(http, event(1)).headers["headgate-position"]
        r = http.get(f"/events?position={position}")
        assert (r.json(), "headgate-gap" in r.headers) == ([], False)
    assert gateway.stop() == 0
    shutil.rmtree(os.path.join(gateway.dir, "events"))
    gateway.start()
    with client(gateway) as http:
        post(http, event("new"))
        r = http.get(f"/events?position={position}")
        assert [e["id"] for e in r.json()] == ["new"]
        assert r.headers["headgate-gap"] == "reset"
        again = http.get(f"/events{next_of(r)}")
        assert (again.json(), "headgate-gap" in again.headers) == ([], False)


@pytest.mark.only_on("embedded", "the store's files are put back from a copy")
def test_gaps_of_many_topics_are_told_in_one_field(make_gateway):
    """Each reason once: two topics were made anew, in the third there is nothing yet."""
    g = make_gateway(locations=MANY).start()
    with client(g) as http:
        tokens = [post(http, event(1), f"/{t}").headers["headgate-position"] for t in "abc"]
    assert g.stop() == 0
    shutil.rmtree(os.path.join(g.dir, "events"))
    g.start()
    with client(g) as http:
        for topic in "ab":
            post(http, event(f"new {topic}"), f"/{topic}")
        r = http.get("/all?position=" + ".".join(tokens))
        assert sorted(e["id"] for e in r.json()) == ["new a", "new b"]
        assert r.headers.get_list("headgate-gap") in (["reset, unknown"], ["unknown, reset"])
        again = http.get(f"/all{next_of(r)}")
        assert (again.json(), "headgate-gap" in again.headers) == ([], False)


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "wait=x", "wait=-1",
                                   "limit=1&limt=2"])
def test_a_wrong_number_is_refused(gateway, query):
    with client(gateway) as http:
        r = http.get(f"/events?{query}")
    assert (r.status_code, r.json()["type"]) == (400, "urn:headgate:problem:query-invalid")
