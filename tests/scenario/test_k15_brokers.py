# SPDX-License-Identifier: Apache-2.0
"""Batches that are stored whole or not at all, over several partitions of three brokers, while
these die: who leads a partition, who keeps the transactions, each in turn. Their publishers send
them again until they are stored. What is in the topic is read by a client that is not ours."""
import time

from support import kafka_faults as faults
from support.batches import Writer, check, end, first_after, found_in, longest_without, wait_for_more
from support.counts import FULL
from support.kafka_gateway import conf_of
from support.wait import until

__test__ = FULL  # a broker that died takes half a minute to come back

WRITERS, PAUSE_S = 4, 0.05
ANSWER_MS = {"short": 8000, "default": 25000}
ACKS_WITHIN_S = 30  # of the cluster, on a machine that is shared

CYCLES = {"default": [faults.leader, faults.coordinator, faults.rolling]}
CYCLES["short"] = 2 * CYCLES["default"] + [faults.coordinator]


class Nobody:
    """Follows the topic."""

    def cut_followers(self):
        pass


def one_cycle(place, writers, deed):
    """Seconds from when the cluster was back until each of them was answered 202."""
    wait_for_more(writers, 5)
    began = time.monotonic()
    back, repair = deed(place)
    until(lambda: first_after(writers, back), f"acks, {ACKS_WITHIN_S} s after the cluster was back", ACKS_WITHIN_S)
    back_s = first_after(writers, back) - back
    print(f"{deed.__name__}: the cluster was back after {back - began:.1f} s, acks after {back_s:.2f} s more")
    repair()
    wait_for_more(writers, 5)
    return back_s


def test_each_batch_is_whole_whoever_dies(make_gateway, three_brokers, topic, timeouts):
    main = (f"kafka_partitions 3; kafka_transactional_id {topic}; atomic_batch on;\n"
            f"kafka_property message.timeout.ms {ANSWER_MS[timeouts]};")
    gateway = make_gateway(conf=conf_of(three_brokers.bootstrap, {topic: "/events"}, main)).start()
    place = faults.Place(three_brokers, three_brokers.namespace, [topic, "__transaction_state"], Nobody(), topic)
    writers = [Writer(gateway, name, is_stubborn=True, pause_s=PAUSE_S) for name in "abcdef"[:WRITERS]]
    back = {}
    for deed in CYCLES[timeouts]:
        back.setdefault(deed.__name__, []).append(one_cycle(place, writers, deed))
    end(writers)
    check(f"atomic-brokers-{timeouts}", writers, found_in(three_brokers.bootstrap, topic), len(CYCLES[timeouts]),
          acks_back_after_s={k: f"{min(v):.2f} to {max(v):.2f}" for k, v in back.items()},
          longest_without_s=round(longest_without(writers), 1))
