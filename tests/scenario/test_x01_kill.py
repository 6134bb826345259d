# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random instants under load. What was acknowledged is in the log,
once, in the order of its connection; whoever subscribes sees each event once,
in order, and is led past nothing."""
import time

import pytest
from support.counts import count
from support.crowd import LOCATIONS, MAIN
from support.nemesis import BACK_WITHIN_S, campaign, is_back, kill_all, kill_twice, kill_worker
from support.producers import STRUCTURED
from support.raw import Http1, Http2, Socket
from support.wait import until

CYCLES = count(50)


def kill_of(number):
    if number % 5 == 4:
        return kill_all
    return kill_twice if number % 7 == 3 else kill_worker


@pytest.mark.parametrize("kind", [Http1, Http2, Socket])
def test_nothing_is_lost_doubled_or_turned_when_it_is_killed(make_gateway, kind):
    gateway = make_gateway(main=MAIN, locations=LOCATIONS).start()
    cycles = CYCLES if kind is Http1 else max(3, CYCLES // 2)

    def producers(crowd):
        crowd.produce(6)
        if kind is not Http1:
            crowd.produce(4, kind=kind, modes=[STRUCTURED])
            crowd.produce(1, kind=kind, modes=[STRUCTURED], size=30000)  # past HTTP/2's windows

    campaign("kill-" + kind.__name__.lower(), gateway, map(kill_of, range(cycles)), producers)


def test_a_worker_that_served_is_replaced_at_once(gateway):
    """The back-off is for workers that die at their start."""
    for n in range(1, 4):
        since = time.monotonic()
        until(lambda s=since: time.monotonic() - s > 1, "the worker to have served for a second")
        kill_worker(gateway, None)
        until(lambda n=n: gateway.log().count("worker_restarts") == n, "the restart")
        until(lambda: is_back(gateway), "the gateway", BACK_WITHIN_S)
    assert gateway.log().count("worker_restarts after_ms=50") == 3, gateway.log()
