# SPDX-License-Identifier: Apache-2.0
"""What a 202 rests on: the sync before it, the disk that fills up, and what
retention takes from those who are behind."""
import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import threading
import time

import pytest

from support.clients import tool_path
from support.events import EventStream, client, event, post, post_batch
from support.sockets import RawSocket, TEXT
from support.wait import until

pytestmark = pytest.mark.only_on("embedded", "it is about the store's files")

SYNC = re.compile(r"(fdatasync|fsync)\(\d+\) += 0|(fdatasync|fsync) resumed>\) += 0")


@contextlib.contextmanager
def traced(gateway, path, *options):
    """The system calls of the worker that sync or send, in order."""
    pid, = gateway.workers()
    options = options or ("-e", "trace=fdatasync,fsync,write,writev,sendto,sendmsg")
    tracer = subprocess.Popen([tool_path("strace"), "-f", "-s", "64", "-o", path, *options,
                               "-p", str(pid)], stderr=subprocess.PIPE, text=True)
    first = tracer.stderr.readline()
    if "attached" not in first:
        tracer.wait(10)
        pytest.skip(f"SKIP: strace cannot attach here: {first.strip()}")
    yield
    tracer.send_signal(signal.SIGINT)
    tracer.communicate(timeout=30)


def test_no_202_leaves_before_its_sync(gateway, tmp_path):
    """One request at a time: between two answers there is a sync."""
    path = str(tmp_path / "trace")
    answers = 0
    with client(gateway) as warm:
        warm.base_url = gateway.plain_url
        assert post(warm, event("warm")).status_code == 202
        with traced(gateway, path):
            for i in range(30):
                if i % 3 == 2:
                    assert post_batch(warm, [event(f"{i}-{k}") for k in range(5)]).status_code == 202
                else:
                    assert post(warm, event(i)).status_code == 202
                answers += 1
            # What is known already needs no sync: nothing is new.
            assert post(warm, event(0)).headers["headgate-duplicate"] == "true"
    with open(path, encoding="utf-8", errors="replace") as f:
        lines = f.readlines()
    syncs = told = 0
    for line in lines:
        syncs += bool(SYNC.search(line))
        if "HTTP/1.1 202" in line:
            told += 1
            if told <= answers:
                assert syncs > 0, f"answer {told} has no sync before it"
            syncs = 0
    assert told == answers + 1


def test_more_than_a_slow_disk_takes_is_refused_and_nothing_else(make_gateway, tmp_path):
    """Each sync takes half a second; the queue holds little."""
    g = make_gateway(main="log_queue 64k;").start()
    answers = []

    def write(me):
        with client(g) as http:
            for i in range(4):
                r = post(http, event(f"{me}-{i}", data="x" * 20000))
                answers.append((f"{me}-{i}", r))

    with traced(g, str(tmp_path / "trace"), "-e", "trace=fdatasync", "-e",
                "inject=fdatasync:delay_enter=500000"):
        writers = [threading.Thread(target=write, args=(me,)) for me in range(8)]
        for t in writers:
            t.start()
        for t in writers:
            t.join(60)
    codes = {r.status_code for _, r in answers}
    assert codes == {202, 503}, codes
    for _, r in answers:
        if r.status_code == 503:
            assert r.json()["type"] == "urn:headgate:problem:overloaded"
            assert int(r.headers["retry-after"]) >= 1
    with client(g) as http:
        held = {e["id"] for e in http.get("/events?since=earliest").json()}
        assert held == {name for name, r in answers if r.status_code == 202}
        for name, r in answers:
            if r.status_code == 503:
                assert post(http, event(name, data="x" * 20000)).status_code == 202
    assert g.metric("headgate_log_queue_bytes") == 0


@contextlib.contextmanager
def small_disk(path, size):
    """A file system of its own that can be made larger."""
    os.makedirs(path, exist_ok=True)
    mount = tool_path("mount")
    r = subprocess.run([mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path],
                       capture_output=True, text=True, check=False)
    if r.returncode != 0:
        pytest.skip(f"SKIP: no file system can be mounted here: {r.stderr.strip()}")
    try:
        yield lambda more: subprocess.run([mount, "-o", f"remount,size={more}", path], check=True)
    finally:
        subprocess.run(["umount", "-l", path], check=False)


def test_a_full_disk_refuses_and_goes_on_by_itself_when_there_is_room(make_gateway):
    g = make_gateway()
    with small_disk(os.path.join(g.dir, "events"), "8m") as enlarge:
        g.start()
        worker = g.workers()
        stored, refused = [], None
        with client(g) as http:
            for i in range(400):
                r = post(http, event(i, data="x" * 30000))
                if r.status_code != 202:
                    refused = r
                    break
                stored.append(str(i))
            assert refused is not None and len(stored) > 50
            assert refused.status_code == 503
            assert refused.json()["type"] == "urn:headgate:problem:log-full"
            assert int(refused.headers["retry-after"]) >= 1
            until(lambda: g.admin_get("/readyz")[0] == 503, "it to say that it is not ready")
            assert g.admin_get("/healthz")[0] == 200
            # What is there can be read, and what is known is answered, meanwhile.
            assert [e["id"] for e in http.get("/events?since=earliest&limit=3").json()] == list("012")
            assert post(http, event(0, data="x" * 30000)).headers["headgate-duplicate"] == "true"
            enlarge("64m")
            until(lambda: g.admin_get("/readyz")[0] == 200, "it to be ready again", 60)
            assert post(http, event("after", data="x" * 30000)).status_code == 202
            assert g.workers() == worker, "without a restart"
        g.stop()
        g.start()
        with client(g) as http:
            held, link = [], "?since=earliest&limit=50"
            while page := http.get("/events" + link):
                held += [e["id"] for e in page.json()]
                if not page.json():
                    break
                link = page.headers["link"].split(">")[0].strip("<")
            assert held == stored + ["after"]
        g.stop()


def test_a_nearly_full_disk_is_said_once(make_gateway):
    """Small events still fit where large ones do not: it does not come and go."""
    g = make_gateway()
    with small_disk(os.path.join(g.dir, "events"), "8m") as enlarge:
        g.start()
        small, large, numbers = [], [], itertools.count()
        probes_until = time.monotonic() + 4  # there is one a second

        def go_on():
            for codes, size in ((large, 30000), (small, 1)):
                codes.append(post(http, event(next(numbers), data="x" * size)).status_code)
            return time.monotonic() > probes_until

        with client(g) as http:
            until(lambda: go_on() and 503 in large, "the disk to be full", 60)
            probes_until = time.monotonic() + 4
            small.clear()
            large.clear()
            until(go_on, "some probes", 30)
            assert small.count(202) > 10 and large.count(503) > 10
            assert g.log().count(" log_not_writable ") == 1
            assert g.log().count(" log_writable ") == 0
            assert g.admin_get("/readyz")[0] == 503
            enlarge("64m")
            until(lambda: g.admin_get("/readyz")[0] == 200, "it to be ready again", 60)
            assert post(http, event("after", data="x" * 30000)).status_code == 202
            assert g.log().count(" log_writable ") == 1
        g.stop()


def test_who_is_behind_what_retention_leaves_is_told(make_gateway):
    """Subscribers that stop reading while events are removed under them."""
    g = make_gateway(main="window 64k; topic demo.events { retention_size 256k; }").start()
    with client(g) as http, RawSocket(g) as ws:
        assert ws.status == 101
        ws.receive_op(TEXT)  # it is open
        assert post(http, event("first")).status_code == 202
        ws.receive_op(TEXT)
        n = 6000
        for i in range(0, n, 100):  # far more than a socket's buffers hold
            bodies = [event(k, data="x" * 2000) for k in range(i, i + 100)]
            assert post_batch(http, bodies).status_code == 202
        until(lambda: http.get("/events?since=earliest&limit=1").json()[0]["id"] != "first",
              "the first events to be removed", 30)
        got, gaps = [], []
        while not got or got[-1] != n - 1:
            said = json.loads(ws.receive_op(TEXT))
            if said["type"] == "headgate.stream.gap":
                gaps.append((len(got), said["data"]["reason"]))
            elif said["type"] == "com.example.scenario":
                got.append(int(said["id"]))
    assert gaps and {reason for _, reason in gaps} == {"trimmed"}
    jumps = [i for i in range(1, len(got)) if got[i] != got[i - 1] + 1]
    # Twice at one place, where more was removed before it could go on.
    assert jumps == sorted({at for at, _ in gaps}), "every jump was told, where it is"
    assert len(got) < n


def test_an_event_stream_is_told_of_a_gap_too(make_gateway):
    g = make_gateway(main="window 64k; topic demo.events { retention_size 256k; }").start()
    with client(g) as http:
        first = post(http, event("first")).headers["headgate-position"]
        for i in range(0, 1000, 100):
            bodies = [event(k, data="x" * 2000) for k in range(i, i + 100)]
            assert post_batch(http, bodies).status_code == 202
        until(lambda: http.get("/events?since=earliest&limit=1").json()[0]["id"] != "first",
              "the first events to be removed", 30)
    stream = EventStream(g, last_id=first)
    until(lambda: stream.events() and stream.events()[-1]["id"] == "999", "the last event", 30)
    kinds = [kind for kind, _ in stream.notices()]
    assert kinds[:2] == ["headgate.stream.gap", "headgate.stream.opened"]
    assert stream.notices()[0][1]["reason"] == "trimmed"
    ids = [int(e["id"]) for e in stream.events()]
    assert ids == list(range(ids[0], 1000))
    stream.close()
