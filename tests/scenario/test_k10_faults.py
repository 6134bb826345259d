# SPDX-License-Identifier: Apache-2.0
"""Three brokers under load: the leader killed, the controller killed, leaders that move while one is
down, two of three down, a rolling restart, the way between the gateway and one of them cut. After
each an independent client reads the topics: what was acknowledged is there, once, in the order of
its key, and subscribers that were cut meanwhile have it all."""
import os
import threading
import time
from collections import Counter

import pytest

from support import kafka_faults as faults
from support.counts import FULL, figures, seed
from support.events import client, event, post
from support.kafka_crowd import KafkaCrowd
from support.kafka_gateway import conf_of
from support.wait import until

PRODUCERS = 16
QUEUE = "24k"         # less than they send while nothing is acknowledged
ANSWER_MS = {"short": 8000, "default": 12000}  # more than one broker is missed for, less than two are
ACKS_WITHIN_S = 30    # of the cluster, on a machine that is shared; alone it is about one

# Of two that are away one is the leader. That lasts for longer than publishers wait.
CYCLES = {"short": [faults.two_of_three, faults.cut, faults.controller],
          "default": [faults.leader, faults.controller, faults.moving, faults.two_of_three, faults.rolling,
                      faults.cut]}
if FULL:
    CYCLES["short"] = 3 * CYCLES["default"]


@pytest.fixture
def namespace(three_brokers):
    if three_brokers.namespace is None:
        pytest.skip("SKIP: this machine has no network namespaces for root")
    return three_brokers.namespace


def topics_of(cycle):
    """Its own two, also where a cluster is used again."""
    return {f"demo.{name}-{os.getpid()}-{cycle}": f"/{name}{cycle}" for name in ("events", "orders")}


def make(make_gateway, cluster, cycles, timeouts):
    topics = {t: path for n in range(cycles) for t, path in topics_of(n).items()}
    main = (f"kafka_partitions 3;\ntopic_queue {QUEUE};\n"
            f"kafka_property message.timeout.ms {ANSWER_MS[timeouts]};")
    return make_gateway(conf=conf_of(cluster.bootstrap, topics, main)).start()


def one_cycle(gateway, cluster, number, deed, within_s):
    """The figures of it."""
    topics = topics_of(number)
    began = time.monotonic()
    with KafkaCrowd(gateway, cluster.bootstrap, seed(), topics, f"c{number}") as crowd:
        crowd.produce(PRODUCERS)
        crowd.follow_some()
        place = faults.Place(cluster, cluster.namespace, list(topics), crowd)
        back_s = faults.cycle(place, deed, within_s)
        report = crowd.judge()
        statuses = crowd.statuses()
        f = report.figures
        figures_of = {"events": sum(p.maker.made for p in crowd.producers), "acknowledged": f["events ok"],
                      "in doubt": statuses[504], "answers 503": statuses[503], "copies": f["copies"],
                      "deliveries": f["deliveries"], "streams resumed": f["streams cut"],
                      "gaps told": f["gaps told"], "lost": report.counts["lost"],
                      "order breaks": report.counts["inversion"] + report.counts["disorder"],
                      "duplicates": report.counts["double"]}
        print(f"cycle {number} {deed.__name__}: {time.monotonic() - began:.0f} s, acks back after "
              f"{back_s:.2f} s, longest without {crowd.acks.longest:.1f} s, {dict(statuses)}, {figures_of}")
        assert f["streams followed to the end"] == len(crowd.followers)
        is_good = report.kinds == [] and f["gaps told"] == 0
        return figures_of, back_s, crowd.acks.longest, "" if is_good else f"{number} {deed.__name__}: {report}"


def test_nothing_acknowledged_is_lost_doubled_or_turned(make_gateway, three_brokers, timeouts):
    deeds = [d for d in CYCLES[timeouts] if three_brokers.namespace or d is not faults.cut]
    gateway = make(make_gateway, three_brokers, len(deeds), timeouts)
    total, back, longest, bad = Counter(), {}, {}, []
    for number, deed in enumerate(deeds):
        counts, back_s, longest_s, verdict = one_cycle(gateway, three_brokers, number, deed, ACKS_WITHIN_S)
        total.update(counts)
        bad += [verdict] if verdict else []
        back.setdefault(deed.__name__, []).append(round(back_s, 2))
        longest.setdefault(deed.__name__, []).append(round(longest_s, 1))
        until(lambda: gateway.admin_get("/readyz")[0] == 200, "readiness", 10)
    figures(f"kafka-faults-{timeouts}", cycles=len(deeds), **total,
            **{"acks back after s": {k: f"{min(v)} to {max(v)}" for k, v in back.items()},
               "longest without s": {k: max(v) for k, v in longest.items()}})
    assert not bad, "\n".join(bad)
    assert total["answers 503"] > 0, "the budget was never used up"
    assert total["in doubt"] > 0, "two of three were never away for long"


def make_topic_on(cluster, topic, broker):
    """With one copy, there."""
    from confluent_kafka.admin import AdminClient, NewTopic  # pylint: disable=import-outside-toplevel
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    made = admin.create_topics([NewTopic(topic, 1, replica_assignment=[[broker]],
                                         config={"min.insync.replicas": "1"})])
    made[topic].result(30)


def test_a_topic_that_is_away_leaves_others_untouched(make_gateway, three_brokers, namespace):
    """The way to the broker of one topic is cut, and mended; nothing is started again."""
    topics = {f"demo.{name}-{os.getpid()}": "/" + name for name in ("here", "away")}
    for broker, topic in enumerate(topics, 1):
        make_topic_on(three_brokers, topic, broker)
    main = "kafka_property message.timeout.ms 5000;\ntopic_queue 64k;"
    gateway = make_gateway(conf=conf_of(three_brokers.bootstrap, topics, main)).start()
    port = int(three_brokers.bootstrap.split(",")[1].rsplit(":", 1)[1])
    with client(gateway) as http:
        for path in topics.values():
            assert post(http, event("before"), path).status_code == 202
        namespace.cut(port)
        try:
            statuses = check_the_other(gateway, http)
        finally:
            namespace.mend(port)
        assert statuses <= {503, 504}, statuses
        until(lambda: post(http, event("after"), "/away").status_code == 202, "the topic", 60)


def check_the_other(gateway, http):
    """While one topic answers nothing the other does; what the one answered in the end."""
    statuses = set()
    with client(gateway) as other:
        asking = threading.Thread(target=lambda: statuses.add(
            post(other, event("away"), "/away").status_code))
        asking.start()
        n = 0
        while asking.is_alive():
            assert post(http, event(n), "/here").status_code == 202
            assert gateway.admin_get("/readyz")[0] == 200
            n += 1
        asking.join()
    assert n > 5, "the other went on"
    return statuses
