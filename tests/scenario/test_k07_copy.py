# SPDX-License-Identifier: Apache-2.0
"""headgatectl log copy: an embedded log becomes topics of Kafka, and its gateway
goes on there."""
import os
import signal
import subprocess
import time

import pytest

from support.clients import run, tool_path
from support.events import EventStream, client, event, post, post_batch
from support.gateway import BINARY, MODULES
from support.kafka_log import kcat
from support.wait import until

HEAD = """
worker_threads 2;
pid            gateway.pid;
error_log      stderr info;
admin          127.0.0.1:{admin};
"""
EMBEDDED = "load_module log_embedded;\nevent_log embedded events;\n"
KAFKA = """
load_module  log_kafka;
event_log    kafka {bootstrap};
kafka_topic_prefix {prefix};
kafka_partitions 3;
"""
REST = """
load_module    source_cloudevents;
load_module    sink_sse;
load_module    sink_pull;
role anonymous { publish demo.**; subscribe demo.**; }
topic demo.events { key subject; }
server {
    listen 127.0.0.1:TLS ssl;
    ssl_certificate CRT;  ssl_certificate_key KEY;
    authenticate none;
    location = /events { accept cloudevents; publish demo.events; stream demo.events;
                         dead_letter on; json_data strict; }
}
"""
COUNT, SUBJECTS = 600, 7


class Move:
    """A gateway on the embedded log, its conf on Kafka, and the copy between them."""

    def __init__(self, gateway, bootstrap, directory):
        g = self.gateway = gateway
        self.bootstrap, self.prefix = bootstrap, f"t{time.time_ns() // 1000:x}."
        rest = REST.replace("TLS", str(g.tls)).replace("CRT", g.crt).replace("KEY", g.key)
        head = HEAD.format(admin=g.admin)
        self.old = os.path.join(g.dir, "old.conf")
        self.new = os.path.join(g.dir, "new.conf")
        with open(self.old, "w", encoding="utf-8") as f:
            f.write(head + EMBEDDED + rest)
        with open(self.new, "w", encoding="utf-8") as f:
            f.write(head + KAFKA.format(bootstrap=bootstrap, prefix=self.prefix) + rest)
        self.ctl = str(directory / "headgatectl")
        os.symlink(os.path.abspath(BINARY), self.ctl)

    def start(self, conf):
        self.gateway.conf_path = conf
        self.gateway.start()

    def stop(self):
        self.gateway.stop()

    def command(self, *args):
        return [self.ctl, "log", "copy", "--from", self.old, "--to", self.new, "-m", MODULES, *args]

    def copy(self, *args, status=0):
        """{topic: [events, copied, before]} as it was printed, and what was told."""
        r = subprocess.run(self.command(*args), cwd=self.gateway.dir, text=True,
                           capture_output=True, timeout=120, check=False)
        assert r.returncode == status, (r.returncode, r.stdout, r.stderr)
        rows = [line.split() for line in r.stdout.splitlines()[1:]]
        return {row[0]: [int(n) for n in row[1:]] for row in rows}, r.stderr

    def there(self, topic="demo.events"):
        """[(partition, offset, headers)] as kcat reads them, in the order of each partition."""
        return sorted(((r.partition, r.offset, r.headers) for r in kcat(self.bootstrap, self.prefix + topic)),
                      key=lambda f: f[:2])


@pytest.fixture
def move(make_gateway, bootstrap, tmp_path):
    m = Move(make_gateway(conf=""), bootstrap, tmp_path)
    m.start(m.old)
    return m


def fill(http, count=COUNT):
    """count events of several subjects."""
    for at in range(0, count, 100):
        r = post_batch(http, [event(i, subject=f"s{i % SUBJECTS}")
                              for i in range(at, min(at + 100, count))])
        assert r.status_code == 202, r.text


def assert_whole(found, count=COUNT):
    """Each once, and those of a subject in one partition and in order."""
    assert sorted(int(h["ce_id"]) for _, _, h in found) == list(range(count))
    for s in range(SUBJECTS):
        of_subject = [(p, int(h["ce_id"])) for p, _, h in found if h["ce_subject"] == f"s{s}"]
        assert len({p for p, _ in of_subject}) == 1
        assert [i for _, i in of_subject] == sorted(i for _, i in of_subject)


def high(move):
    """How many events the topic has so far."""
    r = run(tool_path("kcat"), "-b", move.bootstrap, "-Q",
            *[a for p in range(3) for a in ("-t", f"{move.prefix}demo.events:{p}:-1")])
    return sum(int(line.rsplit(" ", 1)[1]) for line in r.stdout.splitlines() if "offset" in line)


def twice(http, event_id):
    return http.post("/events", content=b'{"n":1,"n":2}', headers={
        "content-type": "application/json", "ce-specversion": "1.0", "ce-id": event_id,
        "ce-source": "/s", "ce-type": "t"})


def test_a_gateway_goes_on_where_its_log_was_copied(move):
    g = move.gateway
    with client(g) as http:
        fill(http)
        old = post(http, event("last", subject="s0")).headers["headgate-position"]
        assert twice(http, "letter").status_code == 400
    _, told = move.copy(status=1)
    assert "in use by another process" in told  # the gateway's own
    move.stop()
    counts, told = move.copy("--topic", "demo.mistyped", status=1)
    assert counts == {} and "has no topic demo.mistyped" in told
    counts, _ = move.copy("--topic", "headgate.dlq")
    assert counts == {"headgate.dlq": [0, 0, 0]}
    counts, _ = move.copy()
    assert counts == {"demo.events": [COUNT + 1, COUNT + 1, 0], "demo.events.dlq": [1, 1, 0],
                      "headgate.dlq": [0, 0, 0]}
    counts, _ = move.copy()
    assert counts == {"demo.events": [COUNT + 1, 0, COUNT + 1], "demo.events.dlq": [1, 0, 1],
                      "headgate.dlq": [0, 0, 0]}
    found = move.there()
    assert_whole([f for f in found if f[2]["ce_id"] != "last"])
    assert len({p for p, _, _ in found}) == 3
    move.start(move.new)
    with client(g) as http:
        # Ids are remembered over the move: the same is there, other content is another's.
        r = post(http, event("last", subject="s0"))
        assert (r.status_code, r.headers.get("headgate-duplicate")) == (202, "true"), r.text
        assert post(http, event("last", subject="s0", data="other")).status_code == 409
        assert post(http, event("new", subject="s0")).status_code == 202
    assert len(move.there()) == COUNT + 2
    # A position of before is no error: what lies behind it is told as missing.
    stream = EventStream(g, last_id=old)
    until(lambda: any(b.kind == "headgate.stream.opened" for b in stream.blocks), "the stream")
    gaps = [b.json() for b in stream.blocks if b.kind == "headgate.stream.gap"]
    assert gaps and all(gap["topic"] == "demo.events" for gap in gaps), stream.blocks
    stream.close()
    with client(g) as http:
        r = http.get(f"/events?position={old}")
        assert r.status_code == 200 and "headgate-gap" in r.headers, r.text
    r = subprocess.run([move.ctl, "dlq", "show", "demo.events.dlq", "--admin", str(g.admin)],
                       text=True, capture_output=True, timeout=30, check=False)
    assert "hg_ce-id: letter" in r.stdout and "principal   anonymous" in r.stdout, r
    # What is there now is not only copies: nothing may be put behind it.
    move.stop()
    counts, told = move.copy(status=1)
    assert "demo.events has events that are no copies" in told
    assert counts["demo.events"][1] == 0 and counts["demo.events.dlq"] == [1, 0, 1]


def test_a_copy_that_was_cut_off_goes_on(move):
    count = 20000
    with client(move.gateway) as http:
        for at in range(0, count, 1000):
            r = post_batch(http, [event(i, subject=f"s{i % SUBJECTS}")
                                  for i in range(at, at + 1000)])
            assert r.status_code == 202, r.text
    move.stop()
    cut = 0
    for n in (1, 3000, 9000):
        p = subprocess.Popen(move.command(), cwd=move.gateway.dir, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        until(lambda n=n: p.poll() is not None or high(move) >= n, "some copies")
        cut += p.poll() is None
        p.send_signal(signal.SIGKILL)
        p.wait(30)
    assert cut > 0
    (events, copied, before), = [v for k, v in move.copy()[0].items() if k == "demo.events"]
    assert events == copied + before == count and copied < count
    assert_whole(move.there(), count)
