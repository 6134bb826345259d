# SPDX-License-Identifier: Apache-2.0
"""What is done to a gateway: ways to end it, and what must follow."""
import os
import random
import signal
import threading
import time
from collections import defaultdict

from .counts import FULL, figures, seed
from .crowd import Crowd
from .wait import until

EVENTS_BETWEEN = 1000
BACK_WITHIN_S = 3 if FULL else 10  # I15, where the machine is not shared
ENDED_WITHIN_S = 45                # worker_shutdown_timeout, and some


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


def kill_master(gateway, _):
    """The master alone: its worker finishes what it has, lets go, and ends."""
    workers = gateway.workers()
    gateway.process.kill()
    gateway.process.wait()
    until(lambda: not any(map(is_alive, workers)), "the orphan's end", ENDED_WITHIN_S)
    gateway.start(wait=False)


def stop(gateway, _):
    """SIGTERM, which leaves a second for what is under way."""
    assert gateway.stop(signal.SIGTERM) == 0, gateway.log()[-2000:]
    gateway.start(wait=False)


def drain(gateway, _):
    assert gateway.stop(signal.SIGQUIT, ENDED_WITHIN_S) == 0, gateway.log()[-2000:]
    gateway.start(wait=False)


def reload(gateway, _):
    done = gateway.run("-s", "reload")
    assert done.returncode == 0, done.stderr


def cycle(crowd, gateway, deed, instant):
    """At least EVENTS_BETWEEN acknowledged events, then the deed; for how many
    milliseconds the gateway was away."""
    enough = crowd.acknowledged() + EVENTS_BETWEEN
    until(lambda: crowd.acknowledged() >= enough, f"{EVENTS_BETWEEN} events", 60)
    wait_ms = instant.randint(1, 500)
    threading.Event().wait(wait_ms / 1000)
    crowd.nemesis.did(deed.__name__, after_ms=wait_ms)
    before = time.monotonic()
    deed(gateway, instant)
    until(lambda: is_back(gateway), f"the gateway after {deed.__name__}", BACK_WITHIN_S)
    return round((time.monotonic() - before) * 1000)


def campaign(name, gateway, deeds, producers):
    """The crowd at work, the deeds one after the other, the verdict; how many
    connections were cut meanwhile."""
    instant = random.Random(f"{seed()}/{name}")
    print(f"seed {seed()}")
    began = time.monotonic()
    with Crowd(gateway, seed()) as crowd:
        producers(crowd)
        crowd.follow_all_ways()
        away = defaultdict(list)
        for deed in deeds:
            away[deed.__name__].append(cycle(crowd, gateway, deed, instant))
        cuts = [sum(c.cuts for c in cs) for cs in (crowd.followers, crowd.producers)]
        report = crowd.judge()
        figures(name, cycles=sum(map(len, away.values())),
                seconds=round(time.monotonic() - began, 1),
                deeds={what: len(times) for what, times in sorted(away.items())},
                events=report.figures["events ok"], deliveries=report.figures["deliveries"],
                lost=report.counts["lost"], anomalies=dict(report.counts) or 0,
                **{"streams resumed": cuts[0], "producers cut": cuts[1],
                   "unanswered requests": report.figures["requests unknown"],
                   "gaps told": report.figures["gaps told"],
                   "back after ms": {what: f"{min(times)} to {max(times)}"
                                     for what, times in sorted(away.items())}})
        assert report.kinds == [], str(report)
        assert report.figures["gaps told"] == 0, str(report)
        return sum(cuts)
