# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random instants under load. What was acknowledged is in the log,
once, in the order of its connection; whoever subscribes sees each event once,
in order, and is led past nothing."""
import os
import random
import signal
import threading
import time
from collections import defaultdict

import pytest
from support.counts import FULL, count, figures, seed
from support.crowd import LOCATIONS, MAIN, Crowd
from support.producers import STRUCTURED
from support.raw import Http1, Http2, Socket
from support.wait import until

CYCLES = count(50)
EVENTS_BETWEEN = 1000
BACK_WITHIN_S = 3 if FULL else 10


def state_of(path):
    try:
        with open(path, encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "X"


def is_alive(pid):
    """Any of its threads: they hold its sockets, and its log, to their end. Who
    was killed may wait long to be reaped."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return False
    return any(state_of(f"/proc/{pid}/task/{t}/stat") not in "ZX" for t in threads)


def living_workers(gateway):
    return [pid for pid in gateway.workers() if is_alive(pid)]


def is_back(gateway):
    assert gateway.process.poll() is None, gateway.log()[-2000:]
    return living_workers(gateway) and gateway.admin_get("/readyz")[0] == 200


def kill_worker(gateway, _):
    """The worker alone; its master starts another."""
    victims = living_workers(gateway)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(is_alive, victims)), "the worker's end")


def kill_twice(gateway, instant):
    """The worker, and the next one while it recovers."""
    kill_worker(gateway, instant)
    until(lambda: living_workers(gateway), "the next worker", BACK_WITHIN_S)
    threading.Event().wait(instant.uniform(0.0, 0.05))
    kill_worker(gateway, instant)


def kill_all(gateway, _):
    """Master and worker; a supervisor starts the gateway again."""
    master, workers = gateway.process, gateway.workers()
    for pid in [master.pid, *workers]:
        os.kill(pid, signal.SIGKILL)
    master.wait()
    until(lambda: not any(map(is_alive, workers)), "the worker's end")
    gateway.start(wait=False)


def kind_of(number):
    if number % 5 == 4:
        return "group", kill_all
    return ("twice", kill_twice) if number % 7 == 3 else ("worker", kill_worker)


def cycle(crowd, gateway, number, instant):
    """At least EVENTS_BETWEEN acknowledged events, then a kill; which, and for
    how many milliseconds the gateway was away."""
    enough = crowd.acknowledged() + EVENTS_BETWEEN
    until(lambda: crowd.acknowledged() >= enough, f"{EVENTS_BETWEEN} events", 60)
    wait_ms = instant.randint(1, 500)
    threading.Event().wait(wait_ms / 1000)
    what, kill = kind_of(number)
    crowd.nemesis.did("kill " + what, cycle=number, after_ms=wait_ms)
    before = time.monotonic()
    kill(gateway, instant)
    until(lambda: is_back(gateway), f"the gateway after kill {number} ({what})", BACK_WITHIN_S)
    return what, round((time.monotonic() - before) * 1000)


def run(name, gateway, cycles, kind):
    instant = random.Random(f"{seed()}/{name}")
    print(f"seed {seed()}")
    began = time.monotonic()
    with Crowd(gateway, seed()) as crowd:
        crowd.produce(6)
        if kind is not Http1:
            crowd.produce(4, kind=kind, modes=[STRUCTURED])
            crowd.produce(1, kind=kind, modes=[STRUCTURED], size=30000)  # past HTTP/2's windows
        crowd.follow_all_ways()
        away = defaultdict(list)
        for n in range(cycles):
            what, ms = cycle(crowd, gateway, n, instant)
            away[what].append(ms)
        report = crowd.judge()
        figures(name, cycles=cycles, seconds=round(time.monotonic() - began, 1),
                kills={what: len(times) for what, times in sorted(away.items())},
                events=report.figures["events ok"], deliveries=report.figures["deliveries"],
                lost=report.counts["lost"], anomalies=dict(report.counts) or 0,
                **{"streams resumed": sum(f.cuts for f in crowd.followers),
                   "unanswered requests": report.figures["requests unknown"],
                   "gaps told": report.figures["gaps told"],
                   "back after ms": {what: f"{min(times)} to {max(times)}"
                                     for what, times in sorted(away.items())}})
        assert report.kinds == [], str(report)
        assert report.figures["gaps told"] == 0, str(report)


@pytest.mark.parametrize("kind", [Http1, Http2, Socket])
def test_nothing_is_lost_doubled_or_turned_when_it_is_killed(make_gateway, kind):
    gateway = make_gateway(main=MAIN, locations=LOCATIONS).start()
    cycles = CYCLES if kind is Http1 else max(3, CYCLES // 2)
    run("kill-" + kind.__name__.lower(), gateway, cycles, kind)


def test_a_worker_that_served_is_replaced_at_once(gateway):
    """The back-off is for workers that die at their start."""
    for n in range(1, 4):
        since = time.monotonic()
        until(lambda s=since: time.monotonic() - s > 1, "the worker to have served for a second")
        kill_worker(gateway, None)
        until(lambda n=n: gateway.log().count("worker_restarts") == n, "the restart")
        until(lambda: is_back(gateway), "the gateway", BACK_WITHIN_S)
    assert gateway.log().count("worker_restarts after_ms=50") == 3, gateway.log()
