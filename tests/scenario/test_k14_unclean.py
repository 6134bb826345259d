# SPDX-License-Identifier: Apache-2.0
"""An unclean election: a broker that was behind leads, and the end of a log that was
acknowledged is gone. Who stood there is told of a gap, and has what follows."""
import os
import signal

import pytest

from support.counts import FULL
from support.events import EventStream, client, event, post
from support.kafka_gateway import conf_of
from support.kafka_log import records_of
from support.kafka_view import partitions_of
from support.wait import until

BEFORE, LOST = 10, 10
SHORTER, LONGER = 5, 30   # what is written then
BACK_S = 20   # there is a leader by then, and only who leads has to be found out


def make_topic(cluster, topic):
    """Two copies, either of which may lead alone."""
    from confluent_kafka.admin import AdminClient, NewTopic  # pylint: disable=import-outside-toplevel
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    made = admin.create_topics([NewTopic(topic, 1, replica_assignment=[[1, 2]], config={
        "min.insync.replicas": "1", "unclean.leader.election.enable": "true"})])
    made[topic].result(30)


def lose_the_end(cluster, topic, write):
    """Broker 2 hangs, what broker 1 takes meanwhile goes with it. Gives what write() gives."""
    def state():
        return partitions_of(cluster.bootstrap.split(",")[2], [topic])[2][topic, 0]

    behind = cluster.pids()[2]
    os.kill(behind, signal.SIGSTOP)
    try:
        until(lambda: state().in_sync == (1,), "the other copy to be given up", 60)
        written = write()
        cluster.do("kill", 1)
    finally:
        os.kill(behind, signal.SIGCONT)
    until(lambda: state().leader == 2, "the one behind to lead", 60)
    return written


def gaps(stream):
    return [n["reason"] for kind, n in stream.notices() if kind == "headgate.stream.gap"]


@pytest.mark.parametrize("then", [SHORTER, LONGER] if FULL else [LONGER])
def test_a_log_that_lost_its_end_is_told_as_a_gap(make_gateway, three_brokers, topic, then):
    make_topic(three_brokers, topic)
    gateway = make_gateway(conf=conf_of(three_brokers.bootstrap, {topic: "/events"})).start()
    live = EventStream(gateway)
    until(live.notices, "the stream to open", 30)
    with client(gateway) as http:
        for n in range(BEFORE):
            assert post(http, event(f"before{n}")).status_code == 202

        def write():
            for n in range(LOST):
                assert post(http, event(f"lost{n}")).status_code == 202
            until(lambda: len(live.events()) >= BEFORE + LOST, "what is lost then, to be seen")
            return live.last_id

        position = lose_the_end(three_brokers, topic, write)
        for n in range(then):
            until(lambda n=n: post(http, event(f"then{n}")).status_code == 202, "the new leader", 60)
    wanted = [f"then{n}" for n in range(then)]
    until(lambda: set(wanted) <= {e["id"] for e in live.events()}, "all that followed, on the open stream", 60)
    assert gaps(live) == ["reset"]
    back = EventStream(gateway, last_id=position)
    until(lambda: set(wanted) <= {e["id"] for e in back.events()}, "all that followed, by a resume", BACK_S)
    assert gaps(back) in (["reset"], ["unknown"])
    for stream in (live, back):
        stream.close()
    there = [e["id"] for _, _, e in records_of(three_brokers.bootstrap, topic)]
    assert there == [f"before{n}" for n in range(BEFORE)] + wanted
