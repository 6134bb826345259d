# SPDX-License-Identifier: Apache-2.0
"""Ends that are no accident, under load: a stop, a drain, a master that is
gone, a reload. The same must hold as after kill -9, and a reload cuts nobody."""
from itertools import cycle, islice

from support.counts import count
from support.crowd import LOCATIONS, MAIN
from support.nemesis import campaign, drain, kill_master, reload, stop
from support.producers import STRUCTURED
from support.raw import Http2, Socket


def producers(crowd):
    crowd.produce(4)
    crowd.produce(2, kind=Http2)
    crowd.produce(2, kind=Socket, modes=[STRUCTURED])


def test_nothing_is_lost_when_it_stops_and_starts(make_gateway):
    gateway = make_gateway(main=MAIN, locations=LOCATIONS).start()
    deeds = islice(cycle([stop, drain, kill_master]), max(3, count(30)))
    campaign("stop", gateway, deeds, producers)


def test_nothing_is_lost_and_nobody_cut_by_reloads(make_gateway):
    gateway = make_gateway(main=MAIN, locations=LOCATIONS).start()
    assert campaign("reload", gateway, [reload] * count(50), producers) == 0
