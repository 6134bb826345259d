# SPDX-License-Identifier: Apache-2.0
"""What is done to a cluster of three while a crowd is at work, and the cycle around it. Each deed
returns the instant from which on the cluster could acknowledge again, as its own brokers say,
and what is left to be repaired. A crowd has cut_followers."""
import threading
import time
from typing import NamedTuple

from .counts import FULL
from .kafka_view import can_acknowledge, coordinator_of, partitions_of
from .wait import until

ALL = (1, 2, 3)
HELD_S = 6          # how long two brokers, or the way to one, are away
CLUSTER_BACK_S = 120
SOME_ACKS = 300
MOVES, MOVE_S = 6 if FULL else 2, 2


class Place(NamedTuple):
    """Where a deed is done."""
    cluster: object
    namespace: object
    topics: list
    crowd: object
    transactional_id: str = None

    def address(self, number):
        return self.cluster.bootstrap.split(",")[number - 1]

    def addresses(self):
        return dict(zip(ALL, self.cluster.bootstrap.split(",")))

    def leader(self):
        """Of the first partition of the first topic."""
        return partitions_of(self.address(1), self.topics[:1])[2][self.topics[0], 0].leader

    def when_back(self, living):
        addresses = self.addresses()
        until(lambda: can_acknowledge(addresses, living, self.topics), f"a cluster of {living}",
              CLUSTER_BACK_S, 0.05)
        return time.monotonic()


def _nothing():
    pass


def _hold(place):
    """The subscribers lose their connections meanwhile."""
    threading.Event().wait(HELD_S / 2)
    place.crowd.cut_followers()
    threading.Event().wait(HELD_S / 2)


def _kill_one(place, victim):
    place.cluster.do("kill", victim)
    place.crowd.cut_followers()
    back = place.when_back([n for n in ALL if n != victim])
    return back, lambda: place.cluster.do("start")


def leader(place):
    """kill -9 of the broker that leads."""
    return _kill_one(place, place.leader())


def controller(place):
    """kill -9 of the broker that leads the controllers."""
    return _kill_one(place, until(lambda: place.cluster.controller, "a controller"))


def coordinator(place):
    """kill -9 of the broker that keeps the gateway's transactions."""
    return _kill_one(place, until(lambda: coordinator_of(place.address(1), place.transactional_id),
                                  "a coordinator of transactions"))


def _lead(place, admin, copies):
    """The first of these leads every partition from now on."""
    from kafka import TopicPartition  # pylint: disable=import-outside-toplevel
    address = place.addresses()[copies[0]]

    def partitions():
        return partitions_of(address, place.topics)[2]

    def leads():
        admin.elect_leaders(0, place.topics, raise_errors=False)
        return all(p.leader == copies[0] for p in partitions().values())

    admin.alter_partition_reassignments({TopicPartition(*p): copies for p in partitions()})
    until(leads, f"broker {copies[0]} to lead", 30, 0.1)


def moving(place):
    """kill -9 of the broker that leads the controllers; meanwhile the other two lead in turns."""
    from kafka import KafkaAdminClient  # pylint: disable=import-outside-toplevel
    victim = until(lambda: place.cluster.controller, "a controller")
    living = [n for n in ALL if n != victim]
    place.cluster.do("kill", victim)
    place.when_back(living)
    admin = KafkaAdminClient(bootstrap_servers=[place.address(n) for n in living])
    try:
        for turn in range(MOVES):
            _lead(place, admin, [living[turn % 2], living[1 - turn % 2], victim])
            back = time.monotonic()
            place.crowd.cut_followers()
            threading.Event().wait(MOVE_S)
    finally:
        admin.close()
    return back, lambda: place.cluster.do("start")


def two_of_three(place):
    """kill -9 of the leader and of another; both come back."""
    victims = sorted({place.leader(), place.leader() % 3 + 1})
    place.cluster.do("kill", *victims)
    _hold(place)
    starting = threading.Thread(target=place.cluster.do, args=("start",))
    starting.start()
    back = place.when_back(ALL)
    return back, starting.join


def rolling(place):
    """Each is stopped as it should be, and started again."""
    for n in ALL:
        place.cluster.do("restart", n)
        place.crowd.cut_followers()
    return place.when_back(ALL), _nothing


def cut(place):
    """No packet passes between the gateway and the broker that leads; the cluster has no fault."""
    port = int(place.address(place.leader()).rsplit(":", 1)[1])
    place.namespace.cut(port)
    try:
        _hold(place)
    finally:
        place.namespace.mend(port)
    return time.monotonic(), _nothing


def cycle(place, deed, acks_within_s):
    """Load, the deed, load again; how many seconds after the cluster every partition
    acknowledged again."""
    crowd = place.crowd
    enough = crowd.acknowledged() + SOME_ACKS
    until(lambda: crowd.acknowledged() >= enough, "load", 60)
    places = crowd.acks.places()
    crowd.nemesis.did(deed.__name__)
    back, repair = deed(place)
    until(lambda: crowd.acks.first_after(back, places) or crowd.healthy(),
          f"acks of {len(places)} partitions, {acks_within_s} s after the cluster was back",
          acks_within_s)
    repair()
    enough = crowd.acknowledged() + SOME_ACKS
    until(lambda: crowd.acknowledged() >= enough, "load again", 60)
    return crowd.acks.first_after(back, places) - back
