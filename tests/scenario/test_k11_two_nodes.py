# SPDX-License-Identifier: Apache-2.0
"""Two gateways over one cluster, behind nothing. One is killed: whoever followed it resumes at
the other from where it stood, and misses nothing. Producers go on there by the same ids; of what
was in doubt there may be copies, in the same partition, which nobody is shown."""
import os
import random
import signal
import threading
import time

from support.counts import FULL, figures, seed
from support.followers import Sse, WebSocket
from support.kafka_crowd import KafkaCrowd
from support.kafka_gateway import conf_of
from support.wait import until

SUBSCRIBERS = 200 if FULL else 60
PRODUCERS = 6
BETWEEN = 500   # events acknowledged before and after


class Nodes:
    """Looks like one gateway to whoever dials: the one that is turned to now."""

    def __init__(self, gateways):
        self.gateways = gateways
        self.now = gateways[0]

    def __getattr__(self, name):
        return getattr(self.now, name)

    def kill(self):
        """kill -9 of all of it; everybody else turns to the other."""
        dead = self.now
        self.now = next(g for g in self.gateways if g is not dead)
        for pid in [dead.process.pid, *dead.workers()]:
            os.kill(pid, signal.SIGKILL)
        dead.process.wait()
        dead.process = None


def test_subscribers_of_a_killed_gateway_resume_at_the_other(make_gateway, bootstrap, topic):
    topics = {topic: "/events"}
    conf = conf_of(bootstrap, topics, "kafka_partitions 3;")
    nodes = Nodes([make_gateway(conf=conf).start(), make_gateway(conf=conf).start()])
    chance = random.Random(f"{seed()}/two nodes")
    with KafkaCrowd(nodes, bootstrap, seed(), topics, "n", may_copy=True) as crowd:
        for i in range(SUBSCRIBERS):
            crowd.follow(Sse if i % 2 else WebSocket, path="/events", topics=list(topics),
                         start=chance.choice(("earliest", "latest")), tls=i % 10 == 0)
        until(lambda: all(f.opened.is_set() for f in crowd.followers), "all streams to open", 60)
        crowd.produce(PRODUCERS)
        until(lambda: crowd.acknowledged() >= BETWEEN, "events", 60)
        for f in crowd.followers:
            f.opened.clear()
        threading.Event().wait(chance.random() / 2)
        nodes.kill()
        began = time.monotonic()
        until(lambda: all(f.opened.is_set() for f in crowd.followers), "all to resume", 60)
        resumed_s = time.monotonic() - began
        enough = crowd.acknowledged() + BETWEEN
        until(lambda: crowd.acknowledged() >= enough, "events at the other", 60)
        report = crowd.judge()
        f = report.figures
        figures("kafka-two-nodes", subscribers=SUBSCRIBERS, events=f["events ok"],
                deliveries=f["deliveries"], resumed=f["streams cut"], copies=f["copies"],
                lost=report.counts["lost"], shown=report.counts["copy-shown"],
                **{"gaps told": f["gaps told"], "all resumed after s": round(resumed_s, 1)})
        assert report.kinds == [], str(report)
        assert f["gaps told"] == 0, str(report)
        assert f["streams cut"] >= SUBSCRIBERS and f["streams followed to the end"] == SUBSCRIBERS
