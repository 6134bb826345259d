#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kafka.py [--rounds N] [--secs S] [--quick] [--only WORD,...]: headgate over Kafka against its embedded log,
librdkafka alone, and a gateway of Node with kafkajs.

One broker (KAFKA_BOOTSTRAP) and the load tools run on core 1, the gateway under test on core 0. Each start has a
topic of its own; the broker is warmed before the first. The sides take turns; what counts is the median of the
rounds. Before them the machine is looked at: how late it wakes a sleeper, which is in every latency, and how much of it
others took. Prints a table and writes bench/results/kafka.json.
"""
import argparse
import itertools
import os
import shutil
import sys
import tempfile
import time

from run import Headgate
from servers import HERE, Server, certificate, fanout, ingest, median, print_table, save, tool

BOOTSTRAP = os.environ["KAFKA_BOOTSTRAP"]
RUN = f"{time.time_ns():x}"
numbers = itertools.count(1)


def new_topic():
    topic = f"bench.t{RUN}.n{next(numbers)}"
    tool("produce", "-b", BOOTSTRAP, "-t", topic, "-P", 3, "-d", 0)
    return topic


class OverKafka(Headgate):
    def command(self):
        with open(os.path.join(HERE, "kafka.conf"), encoding="utf-8") as f:
            conf = f.read().replace("@BOOTSTRAP@", BOOTSTRAP).replace("@TOPIC@", new_topic())
        path = os.path.join(self.dir, "headgate.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(conf)
        return [os.environ["HEADGATE_BINARY"], "-c", path, "-m", os.environ["HEADGATE_MODULES"]]


class Node(Server):
    plain, ingest_path = 28120, "/"

    def command(self):
        return ["env", f"BROKERS={BOOTSTRAP}", f"TOPIC={new_topic()}", f"PORT={self.plain}",
                f"NODE_PATH={os.environ['BENCH_NODE']}/node_modules", "node",
                os.path.join(HERE, "peers", "kafka_gateway.js")]


class Alone:
    """librdkafka without a gateway: no server to start."""

    def start(self):
        self.topic = new_topic()

    def stop(self):
        pass


def paced(server, secs, rate, **how):
    r = ingest(server, secs, rate=rate, **how)
    r["us_an_event"] = r["cpu_s"] / r["requests"] * 1e6
    r["pss_kib"] = server.pss_kib()
    return r


def alone(peer, secs, rate):
    r = tool("produce", "-b", BOOTSTRAP, "-t", peer.topic, "-r", rate, "-d", secs, "-w", 1)
    r["us_an_event"] = r["cpu_s"] / r["acked"] * 1e6
    return r


def alone_to_consumer(peer, secs, rate):
    """What `receipt` does, without a gateway: on its core, to a consumer in the same process."""
    r = tool("produce", "-b", BOOTSTRAP, "-t", peer.topic + ".c", "-P", 3, "-r", rate, "-d", secs, "-w", 2, "-g", 10,
             "-C", core=0)
    r["latency_ms"] = {p: r[p.replace(".", "") + "_ms"] for p in ("p50", "p95", "p99", "p99.9")}
    return r


def warm(secs):
    tool("produce", "-b", BOOTSTRAP, "-t", f"bench.t{RUN}.warm", "-P", 3, "-r", 20000, "-d", secs, "-g", 10, "-C", core=0)


def stolen():
    """Jiffies that the machine's host gave to others; and all."""
    with open("/proc/stat", encoding="ascii") as f:
        fields = [int(n) for n in f.readline().split()[1:]]
    return fields[7], sum(fields)


def look_at_machine(secs):
    before = stolen()
    late = tool("lateness", secs, core=0)
    after = stolen()
    late["stolen"] = round((after[0] - before[0]) / (after[1] - before[1]), 3)
    print(f"the machine wakes a sleeper late by, ms: p50 {late['p50_ms']} p95 {late['p95_ms']} p99 {late['p99_ms']} "
          f"p99.9 {late['p999_ms']}; stolen {late['stolen']:.1%}", flush=True)
    return late


BATCH = "[" + ",".join(
    f'{{"specversion":"1.0","id":"@SEQ@-{i}","source":"/bench","type":"bench.tick","subject":"s@SEQ@{i}",'
    f'"datacontenttype":"application/json","data":{{"ts_ns":@TS@,"pad":"{"x" * 800}"}}}}' for i in range(10)) + "]"


def receipt(server, secs, rate):
    """Events at a rate, in batches of ten, to one subscriber: milliseconds from before the POST to the socket."""
    body = os.path.join(server.dir, "batch.json")
    with open(body, "w", encoding="utf-8") as f:
        f.write(BATCH)
    return fanout(server, "ws", int(rate * secs / 10), rate=rate / 10, publishers=32, subscribers=1,
                  more=["-b", body, "-e", 10, "-T", "application/cloudevents-batch+json"])


H2 = {"h2": True, "tls": True, "connections": 16}


# name, what is compared, target, which value of a result, how they compare, sides
def loads(a):
    s = a.secs
    return [
        ("ingest h2 tls 10,000/s", "CPU us an event, of embedded", 1 / 0.8, "us_an_event", "ratio",
         {"kafka": lambda x: paced(x, s, 10000, **H2), "embedded": lambda x: paced(x, s, 10000, **H2)}),
        ("ingest h2 tls flat out", "requests / CPU s, of embedded", None, "per_cpu_s", "at least",
         {"kafka": lambda x: ingest(x, s, **H2), "embedded": lambda x: ingest(x, s, **H2)}),
        ("ingest h1 flat out", "requests / CPU s, of Node", 10, "per_cpu_s", "at least",
         {"kafka": lambda x: ingest(x, s), "node": lambda x: ingest(x, s)}),
        ("ingest h1 1,000/s, p99", "ms, of Node", 1, "p99_ms", "ratio",
         {"kafka": lambda x: paced(x, s, 1000, connections=8), "node": lambda x: paced(x, s, 1000, connections=8)}),
        ("ingest h1 1,000/s, memory", "KiB, of Node", 1 / 3, "pss_kib", "ratio",
         {"kafka": lambda x: paced(x, s, 1000, connections=8), "node": lambda x: paced(x, s, 1000, connections=8)}),
        *[(f"acks at {rate:,}/s, {p}", "ms more than librdkafka", more, key, "more",
           {"kafka": lambda x, rate=rate: paced(x, s, rate, **H2), "alone": lambda x, rate=rate: alone(x, s, rate)})
          for rate in (1000, 5000, 10000) for p, key, more in (("p50", "p50_ms", 1), ("p99", "p99_ms", 3))],
        ("fanout ws 1,000", "deliveries / CPU s, of embedded", 0.9, "per_cpu_s", "at least",
         {"kafka": lambda x: fanout(x, "ws", 300, publishers=64),
          "embedded": lambda x: fanout(x, "ws", 300, publishers=64)}),
        *[(f"to subscriber at {rate:,}/s, {p}", "ms", most, p, "most",
           {"kafka": lambda x, rate=rate: receipt(x, s, rate),
            "alone": lambda x, rate=rate: alone_to_consumer(x, s, rate)})
          for rate in (1000, 5000, 20000) for p, most in (("p50", 5), ("p95", 10), ("p99", 20), ("p99.9", 50))],
    ]


def value(result, key):
    return result["latency_ms"][key] if "latency_ms" in result and key not in result else result[key]


def row(name, what, target, key, kind, got):
    ours = [value(r, key) for r in got["kafka"]]
    others = [[value(r, key) for r in results] for side, results in got.items() if side != "kafka"]
    theirs = others[0] if others else []
    compared = {"more": lambda: [x - y for x, y in zip(ours, theirs)], "most": lambda: ours}.get(
        kind, lambda: [x / y for x, y in zip(ours, theirs)])()
    mid = median(compared)
    meets = None if target is None else mid >= target if kind == "at least" else mid <= target
    return {"load": name, "measure": what, "headgate": round(median(ours), 2),
            "peer": round(median(theirs), 2) if theirs else "-", "ratio": round(mid, 2),
            "range": [round(min(compared), 2), round(max(compared), 2)],
            "target": round(target, 2) if target else None, "meets": meets}


def run_sides(servers, how, rounds):
    got = {side: [] for side in how}
    for _ in range(rounds):
        for side, load in how.items():
            servers[side].start()
            try:
                got[side].append(load(servers[side]))
            finally:
                servers[side].stop()
    return got


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--secs", type=float, default=5)
    ap.add_argument("--quick", action="store_true")
    ap.add_argument("--only", default="")
    a = ap.parse_args()
    if a.quick:
        a.rounds, a.secs = 1, 2
    work = tempfile.mkdtemp(prefix="headgate-bench.", dir=os.environ.get("BENCH_DIR"))
    certificate(work)
    servers = {"kafka": OverKafka("kafka", work), "embedded": Headgate("embedded", work), "node": Node("node", work),
               "alone": Alone()}
    rows, measured = [], {}
    machine = look_at_machine(a.secs)
    warm(4 * a.secs)
    try:
        for name, what, target, key, kind, how in loads(a):
            if a.only and not any(w in name for w in a.only.split(",")):
                continue
            load = name.split(", ")[0]
            if load not in measured:
                measured[load] = run_sides(servers, how, a.rounds)
            rows.append(row(name, what, target, key, kind, measured[load]))
            r = rows[-1]
            print(f"{name}: headgate {r['headgate']} peer {r['peer']} compared {r['ratio']}", flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    save({"machine": machine, "rows": rows, "runs": measured}, "kafka.json")
    print_table(rows)


if __name__ == "__main__":
    sys.exit(main())
