# SPDX-License-Identifier: Apache-2.0
"""A reload whose verdict is slow in coming, or never comes: nobody who is
served is harmed, and the master does its other work meanwhile."""
import os
import signal
import subprocess

import pytest

from support.clients import support_module
from support.events import EventStream, client, event, post
from support.gateway import free_port
from support.process import is_alive
from support.wait import connects, until

pytestmark = pytest.mark.only_on("embedded", "nothing in it depends on the event log")


class Stall:
    """A reload that hangs in the worker until it is let go."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.path = os.path.join(gateway.dir, "stall")
        self.before = gateway.conf
        self.port = free_port()

    def begin(self, text=""):
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(text)
        line = f"listen 127.0.0.1:{self.gateway.plain};"
        self.gateway.write_conf(
            f"load_module {support_module('stall')};\nstall {self.path};\n" +
            self.before.replace(line, f"{line} listen 127.0.0.1:{self.port};"))

    def ask(self):
        """-s reload, which waits for its answer."""
        asked = subprocess.Popen(self.gateway.command("-s", "reload"), cwd=self.gateway.dir,
                                 stderr=subprocess.PIPE, text=True)
        until(lambda: connects(self.port), "the new port, which is bound before the worker is asked")
        return asked

    def let_go(self):
        os.unlink(self.path)


@pytest.fixture
def stall(make_gateway):
    s = Stall(make_gateway(main="reload_timeout 500ms;\n").start())
    yield s
    if os.path.exists(s.path):
        s.let_go()


def patient(stall):
    stall.before = stall.before.replace("reload_timeout 500ms;", "reload_timeout 1m;")
    stall.gateway.write_conf(stall.before)
    assert stall.gateway.run("-s", "reload").returncode == 0


def ended(process):
    """(exit status, what it said)"""
    said = process.communicate(timeout=30)[1]
    return process.returncode, said


def test_without_a_verdict_in_time_the_reload_fails_and_the_worker_serves_on(stall):
    g, worker = stall.gateway, stall.gateway.workers()
    stream = EventStream(g)
    until(stream.notices, "the opened notice")
    stall.begin()
    status, said = ended(stall.ask())
    assert status == 1
    assert "the worker has not said within 500 ms whether it takes the configuration" in said
    assert "reload_waits" in g.log()
    r = g.run("-s", "reload")
    assert (r.returncode, "before this one" in r.stderr) == (1, True), r.stderr
    with client(g) as http:
        assert post(http, event(1)).status_code == 202
    until(stream.events, "the event")
    assert g.workers() == worker
    stall.let_go()
    until(lambda: " reloaded " in g.log(), "the late verdict")
    assert g.run("-s", "reload").returncode == 0
    assert g.workers() == worker and stream.is_alive()
    stream.close()


def test_a_late_refusal_is_undone(stall):
    g = stall.gateway
    stall.begin("no")
    assert ended(stall.ask())[0] == 1
    stall.let_go()
    until(lambda: "the file said no" in g.log(), "the late refusal")
    until(lambda: not connects(stall.port), "the new port to be closed")
    g.write_conf(stall.before)
    assert g.run("-s", "reload").returncode == 0


def test_logs_are_reopened_while_a_reload_is_under_way(make_gateway):
    g = make_gateway(main="reload_timeout 1m;\n")
    g.write_conf(g.conf.replace("error_log      stderr info;", "error_log error.log info;"))
    s = Stall(g.start())
    path = os.path.join(g.dir, "error.log")
    s.begin()
    asked = s.ask()
    os.rename(path, path + ".1")
    assert g.run("-s", "reopen").returncode == 0
    until(lambda: os.path.exists(path), "the new file")
    os.rename(path, path + ".2")
    assert g.run("-s", "reopen").returncode == 0
    s.let_go()
    assert ended(asked) == (0, "")
    g.process.send_signal(signal.SIGHUP)
    until(lambda: open(path, encoding="utf-8").read().count("generation_started number=3") == 1,
          "the worker's line in the newest file")


def test_who_asks_meanwhile_is_answered_by_the_reload_after_it(stall):
    g = stall.gateway
    patient(stall)
    stall.begin()
    first = stall.ask()
    g.write_conf(g.conf + "retentoin 7d;\n")
    # -s reads the conf itself, so the word is sent with a good one
    good = os.path.join(g.dir, "good.conf")
    with open(good, "w", encoding="utf-8") as f:
        f.write(stall.before)
    command = [a if a != g.conf_path else good for a in g.command("-s", "reload")]
    second = subprocess.Popen(command, cwd=g.dir, stderr=subprocess.PIPE, text=True)
    g.process.send_signal(signal.SIGHUP)
    stall.let_go()
    assert ended(first) == (0, "")
    status, said = ended(second)
    assert status == 1 and "retentoin: unknown directive" in said


@pytest.mark.parametrize("word", ["stop", "quit"])
def test_a_stop_does_not_wait_for_a_verdict(stall, word):
    g, worker = stall.gateway, stall.gateway.workers()[0]
    patient(stall)
    g.write_conf(stall.before.replace("reload_timeout", "worker_shutdown_timeout 500ms;\n"
                                                        "reload_timeout"))
    assert g.run("-s", "reload").returncode == 0
    stall.before = g.conf
    stall.begin()
    asked = stall.ask()
    assert g.run("-s", word).returncode == 0
    assert ended(asked) == (1, "the gateway is stopping\n")
    g.process.wait(10)
    assert not is_alive(worker)
    assert g.stop() == 0


def test_a_worker_that_dies_meanwhile_is_replaced_under_the_old_configuration(stall):
    g = stall.gateway
    patient(stall)
    stall.begin()
    asked = stall.ask()
    g.kill_worker()
    status, said = ended(asked)
    assert (status, "the worker died" in said) == (1, True), said
    g.wait_ready()
    assert not connects(stall.port)
    with client(g) as http:
        assert post(http, event(1)).status_code == 202


def test_a_worker_that_hangs_at_its_start_can_be_stopped(make_gateway):
    g = make_gateway()
    path = os.path.join(g.dir, "stall")
    open(path, "w", encoding="utf-8").close()
    g.write_conf(f"load_module {support_module('stall')};\nstall {path};\n" + g.conf)
    g.start(wait=False)
    until(lambda: connects(g.plain), "the listeners")
    assert g.run("-s", "stop").returncode == 0
    g.process.wait(10)
    assert g.stop() == 0
    assert not os.path.exists(os.path.join(g.dir, "gateway.pid"))
