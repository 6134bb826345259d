# SPDX-License-Identifier: Apache-2.0
"""headgatectl, as a shell calls it, against a real gateway."""
import json
import os
import signal
import subprocess

import pytest
from support.events import client, event, post
from support.gateway import BINARY
from support.wait import until


class Ctl:
    """The installed headgatectl, or the gateway's binary under that name."""

    def __init__(self, directory, gateway):
        self.gateway, self.dir = gateway, directory
        self.binary = os.path.join(os.path.dirname(BINARY), "headgatectl")
        if not os.path.exists(self.binary):
            self.binary = str(directory / "headgatectl")
            os.symlink(os.path.abspath(BINARY), self.binary)
        self.url = f"{gateway.url}/events"
        self.trust = ["--cacert", gateway.crt]
        self.admin = f"127.0.0.1:{gateway.admin}"
        self.env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        self.started = []

    def __call__(self, *args, given="", status=0):
        r = subprocess.run([self.binary, *args], input=given, text=True, capture_output=True,
                           timeout=60, check=False, env=self.env)
        assert r.returncode == status, (args, r.returncode, r.stdout, r.stderr)
        return r

    def publish(self, *args, **more):
        return self("publish", self.url, *self.trust, *args, **more)

    def tail(self, *args, **more):
        return self("tail", self.url, *self.trust, *args, **more)

    def start(self, *args):
        """A command that goes on; its output in files, since pipes fill."""
        return Running(self, args)

    def stop(self):
        for r in self.started:
            r.end(signal.SIGKILL)


class Running:
    def __init__(self, ctl, args):
        n = len(ctl.started)
        self.out_path, self.err_path = ctl.dir / f"out{n}", ctl.dir / f"err{n}"
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen([ctl.binary, *args], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=err, env=ctl.env)
        ctl.started.append(self)

    @property
    def out(self):
        return self.out_path.read_text()

    @property
    def err(self):
        return self.err_path.read_text()

    def events(self):
        return [json.loads(line) for line in self.out.splitlines(keepends=True)
                if line.endswith("\n")]

    def end(self, signo):
        if self.process.poll() is None:
            self.process.send_signal(signo)
        return self.process.wait(30)


@pytest.fixture
def ctl(gateway, tmp_path):
    d = tmp_path / "ctl"
    d.mkdir()
    c = Ctl(d, gateway)
    yield c
    c.stop()


def lines(n, first=0):
    return "".join(json.dumps(event(i)) + "\n" for i in range(first, first + n))


def test_an_event_made_of_words_is_stored_once(ctl):
    args = ["--type", "a.b", "--id", "1", "--subject", "me", "--ext", "tenant=x", "-d", '{"n":1.50}']
    position, verdict = ctl.publish(*args).stdout.split()
    assert verdict == "stored" and len(position) == 42
    assert ctl.publish(*args).stdout == f"{position} duplicate\n"
    r = ctl.publish("--type", "a.b", "--id", "1", "-d", "2", status=1)
    assert r.stdout == "" and "409" in r.stderr
    out = ctl.tail("--no-follow").stdout
    assert '"data":{"n":1.50}' in out
    got = json.loads(out)
    assert (got["type"], got["subject"], got["tenant"]) == ("a.b", "me", "x")
    assert got["source"] == "/headgatectl" and got["hgposition"] == position


def test_text_and_bytes_come_back_as_they_were(ctl, tmp_path):
    blob = tmp_path / "blob"
    blob.write_bytes(bytes(range(256)))
    ctl.publish("--type", "t", "--content-type", "text/plain", "-", given="one\ntwo \u00e9")
    ctl.publish("--type", "t", "--content-type", "image/x", "--data-file", str(blob))
    r = subprocess.run([ctl.binary, "tail", ctl.url, *ctl.trust, "--no-follow", "-q", "-o", "data"],
                       capture_output=True, timeout=60, check=True, env=ctl.env)
    assert r.stdout == "one\ntwo \u00e9".encode() + b"\n" + bytes(range(256)) + b"\n"


def test_lines_are_read_and_a_bad_one_costs_only_itself(ctl):
    given = lines(1) + '{"specversion":"1.0"\n' + '{"specversion":"1.0"}\n' + lines(1, 3)
    r = ctl.publish(given=given, status=1)
    assert [line.split()[1] for line in r.stdout.splitlines()] == ["stored", "stored"]
    assert "line 2: the line ends inside the event" in r.stderr
    assert "event 3: 400" in r.stderr
    assert [e["id"] for e in map(json.loads, ctl.tail("--no-follow").stdout.splitlines())] == \
        ["0", "3"]


def test_batches_tell_the_position_of_each_event(ctl, gateway):
    given = lines(250)
    first = ctl.publish("--batch", given=given).stdout.splitlines()
    again = ctl.publish("--batch", given=json.dumps([event(i) for i in range(250)])).stdout
    assert len(first) == 250 and {line.split()[1] for line in first} == {"stored"}
    assert [line.replace("stored", "duplicate") for line in first] == again.splitlines()
    got = [json.loads(line) for line in ctl.tail("--no-follow").stdout.splitlines()]
    assert [e["hgposition"] for e in got] == [line.split()[0] for line in first]


def test_a_pull_follows_its_links_and_keeps_its_filter(make_gateway, tmp_path):
    gateway = make_gateway(events="pull_limit 7;").start()
    ctl = Ctl(tmp_path, gateway)
    given = "".join(json.dumps(event(i, type="odd" if i % 2 else "even")) + "\n"
                    for i in range(60))
    ctl.publish("--batch", given=given)
    out = ctl.tail("--no-follow", "--type", "odd").stdout.splitlines()
    assert [json.loads(line)["id"] for line in out] == [str(i) for i in range(1, 60, 2)]
    r = ctl.tail("--no-follow", "-c", "10")
    position = r.stderr.split()[-1]
    rest = ctl.tail("--no-follow", "--position", position).stdout.splitlines()
    assert [json.loads(line)["id"] for line in rest] == [str(i) for i in range(10, 60)]


def test_tail_follows_and_an_interrupt_ends_it(ctl, gateway):
    tail = ctl.start("tail", ctl.url, *ctl.trust)
    until(lambda: "stream opened" in tail.err, "the opened notice")
    with client(gateway) as http:
        positions = [post(http, event(i)).headers["headgate-position"] for i in range(3)]
    until(lambda: len(tail.events()) == 3, "three events")
    assert [e["hgposition"] for e in tail.events()] == positions
    assert tail.end(signal.SIGINT) == -signal.SIGINT
    assert tail.err.endswith(f"position {positions[-1]}\n")


def test_tail_comes_back_after_a_restart_without_a_gap(ctl, gateway):
    tail = ctl.start("tail", ctl.url, *ctl.trust, "--count", "6", "--retries", "1000")
    until(lambda: "stream opened" in tail.err, "the opened notice")
    with client(gateway) as http:
        for i in range(3):
            post(http, event(i))
    until(lambda: len(tail.events()) == 3, "three events")
    gateway.stop()
    gateway.start()
    with client(gateway) as http:
        for i in range(3, 6):
            post(http, event(i))
    assert tail.process.wait(60) == 0
    assert [e["id"] for e in tail.events()] == ["0", "1", "2", "3", "4", "5"]
    assert "resumed=true" in tail.err and "MISSING" not in tail.err


def test_what_a_killed_worker_did_not_answer_is_sent_again(ctl, gateway):
    """Each event once, whatever became of the answers."""
    source = ctl.dir / "events"
    source.write_text(lines(400))
    publish = ctl.start("publish", ctl.url, *ctl.trust, "--data-file", str(source),
                        "--retries", "1000")
    until(lambda: publish.out.count("\n") > 20, "the first events to be stored")
    gateway.kill_worker()
    assert publish.process.wait(120) == 0
    assert publish.out.count("\n") == 400
    gateway.wait_ready()
    ids = [json.loads(line)["id"] for line in ctl.tail("--no-follow", "-q").stdout.splitlines()]
    assert ids == [str(i) for i in range(400)]


def test_a_reader_that_leaves_ends_it_quietly(ctl):
    ctl.publish("--batch", given=lines(5))
    r = subprocess.run(["bash", "-c", '"$@" | head -1; exit ${PIPESTATUS[0]}', "-", ctl.binary,
                        "tail", ctl.url, *ctl.trust, "-q", "--no-follow", "--timeout", "10s"],
                       capture_output=True, text=True, timeout=60, check=False, env=ctl.env)
    assert json.loads(r.stdout)["id"] == "0"
    assert r.stderr == "" and r.returncode in (0, 128 + signal.SIGPIPE)


def test_status_tells_topics_and_counters(ctl):
    ctl.publish("--batch", given=lines(3))
    page = ctl("status", "--admin", ctl.admin).stdout
    assert "health      ok\nreadiness   ready\ngeneration  1\n" in page
    row = next(line for line in page.splitlines() if line.startswith("demo.events"))
    assert row.split()[1:4] == ["0", "3", "3"]
    report = json.loads(ctl("status", "--admin", ctl.admin, "--json").stdout)
    assert report["healthy"] and report["ready"]
    assert report["counters"]['headgate_log_events_total{result="stored"}'] == 3
    assert {t["name"]: t["next"] for t in report["status"]["topics"]}["demo.events"] == 3


def test_what_cannot_be_reached_or_believed_is_told(ctl, gateway):
    r = ctl("publish", ctl.url, "--type", "t", status=1)
    assert "certificate" in r.stderr and r.stdout == ""
    ctl("publish", ctl.url, "--type", "t", "--insecure")
    r = ctl("tail", f"{gateway.url}/nothing", *ctl.trust, status=1)
    assert "404 Not found" in r.stderr
    r = ctl.tail("--position", "nonsense", status=1)
    assert "400 Not a position" in r.stderr
    gateway.stop()
    ctl("status", "--admin", ctl.admin, status=1)
    ctl("tail", gateway.plain_url + "/events", status=1)
    r = ctl("publish", gateway.plain_url + "/events", "--type", "t", "--retries", "1", status=1)
    assert "(1 of 1)" in r.stderr


def test_a_wrong_call_is_told_apart(ctl):
    assert "usage" in ctl("help").stdout
    assert "--since" in ctl("help", "tail").stdout
    ctl(status=2)
    ctl("nonsense", status=2)
    ctl("tail", "not-a-url", status=2)
    ctl("publish", ctl.url, "--id", "1", status=2)
