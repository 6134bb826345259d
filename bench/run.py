#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py [--rounds N] [--secs S] [--quick] [--only WORD,...]: headgate against nginx and Nchan.

Every round runs each load on each server in turn (A B A B ...), because the machine's speed drifts;
what counts is the median of the rounds' ratios, per CPU second of the server, all its threads and
processes. Servers run on core 0, load tools on core 1. Prints a table and writes
bench/results/latest.json. HEADGATE_BINARY, HEADGATE_MODULES and BENCH_BIN say what to run.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

from servers import BIN, HERE, Server, certificate, fanout, ingest, median, print_table, save, tool

MODULES_OF_NGINX = "/usr/lib/nginx/modules"
COMMIT_AND_MS = 0.15  # what one request may take beside a commit of the store


class Headgate(Server):
    plain, tls, ingest_path = 28980, 28943, "/events"

    def command(self):
        return [os.environ["HEADGATE_BINARY"], "-c", os.path.join(HERE, "headgate.conf"), "-m",
                os.environ["HEADGATE_MODULES"]]

    def wait(self, deadline_s=30):
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen("http://127.0.0.1:28981/readyz", timeout=5):
                    return
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"{self.name} is not ready")

    def subscribe_url(self, kind, tls):
        scheme = {"ws": "ws", "sse": "http"}[kind] + ("s" if tls else "")
        return f"{scheme}://127.0.0.1:{self.tls if tls else self.plain}/events"

    def publish_url(self):
        return f"http://127.0.0.1:{self.plain}/events"


class Nginx(Server):
    plain, tls, ingest_path = 28080, 28443, "/read202"

    def command(self):
        os.symlink(MODULES_OF_NGINX, os.path.join(self.dir, "modules"))
        shutil.copy(os.path.join(HERE, "peers", "nginx.conf"), self.dir)
        return ["nginx", "-p", self.dir + "/", "-c", "nginx.conf", "-g", "daemon off;"]

    def subscribe_url(self, kind, tls):
        scheme = {"ws": "ws", "sse": "http"}[kind] + ("s" if tls else "")
        return f"{scheme}://127.0.0.1:{self.tls if tls else self.plain}/sub?id=b"

    def publish_url(self):
        return f"http://127.0.0.1:{self.plain}/pub?id=b"


def own_subjects(server, subscribers, messages):
    """Each message has one reader, whatever their number: CPU microseconds of the server a message."""
    body = os.path.join(server.dir, "own.json")
    with open(body, "w", encoding="utf-8") as f:
        f.write('{"specversion":"1.0","id":"@SEQ@","source":"/bench/own","type":"bench.tick","subject":"s@SUB@",'
                '"datacontenttype":"application/json","data":{"ts_ns":@TS@,"pad":"@PAD@"}}')
    r = tool("fanout", "-o", "-s", server.subscribe_url("ws", False) + "?subject=s@SUB@", "-p", server.publish_url(),
             "-n", subscribers, "-m", messages, "-c", 64, "-b", body, "-k", ",".join(map(str, server.pids())), "-t", 120)
    if r["received"] != messages:
        raise SystemExit(f"own subjects: {r}")
    r["us_a_message"] = r["server_cpu_s"] / messages * 1e6
    return r


def commit(directory):
    """One commit of the store on the disk that the servers have, on their core."""
    path = tempfile.mkdtemp(dir=directory)
    r = subprocess.run(["taskset", "-c", "0", os.path.join(BIN, "commit"), path], capture_output=True, text=True,
                       timeout=120, check=True)
    return json.loads(r.stdout)


def idle(server, kind, n, *, tls=False):
    before = server.memory_kib()
    p = subprocess.Popen(["taskset", "-c", "1", os.path.join(BIN, "idle"), "-s",
                          server.subscribe_url(kind, tls), "-n", str(n), "-k",
                          ",".join(map(str, server.pids())), "-w", "2", "-t", "3"],
                         stdout=subprocess.PIPE, text=True)
    peak = before
    while p.poll() is None:
        peak = max(peak, server.memory_kib())
        time.sleep(0.2)
    r = json.loads(p.stdout.read())
    r["kib_per_conn"] = (peak - before) / max(1, r["connections"])
    return r


# name, what is compared, target as in the budgets, how: (server, options) -> result
def loads(a):
    s, m = a.secs, 60 if a.quick else 300
    n_own, m_own = (1000, 2000) if a.quick else (10000, 20000)
    n_idle = 1000 if a.quick else 10000
    return [
        ("ingest h2 tls", "requests / CPU s", 1.0, "ratio", lambda x: ingest(x, s, h2=True, tls=True, connections=16)),
        ("ingest h1 tls", "requests / CPU s", 0.8, "ratio", lambda x: ingest(x, s, tls=True)),
        ("ingest h1 plain", "requests / CPU s", None, "ratio", lambda x: ingest(x, s)),
        ("ingest h2 tls batch 100", "events against requests / CPU s", 1.8, "ratio", {
            "ours": lambda x: ingest(x, s, h2=True, tls=True, connections=16, streams=4, batch=100),
            "peer": lambda x: ingest(x, s, h2=True, tls=True, connections=16)}),
        ("fanout ws flat out", "deliveries / CPU s", 4.0, "ratio", lambda x: fanout(x, "ws", m, publishers=64)),
        ("fanout sse flat out", "deliveries / CPU s", 4.0, "ratio", lambda x: fanout(x, "sse", m, publishers=64)),
        ("fanout wss flat out", "deliveries / CPU s", 3.7, "ratio", lambda x: fanout(x, "ws", m, tls=True, publishers=64)),
        ("fanout ws one by one", "deliveries / CPU s", None, "ratio", lambda x: fanout(x, "ws", m)),
        ("fanout ws paced 50/s", "CPU seconds, less is better", 1.0, "cpu", lambda x: fanout(x, "ws", 50 if a.quick else 200, rate=50)),
        ("idle ws", "KiB a connection", 3.0, "memory", lambda x: idle(x, "ws", n_idle)),
        ("idle wss", "KiB a connection", 18.0, "memory", lambda x: idle(x, "ws", min(n_idle, 2000), tls=True)),
        ("own subject each, of one", "CPU us a message, less is better", 2.0, "own",
         {"ours": lambda x: own_subjects(x, n_own, m_own), "peer": lambda x: own_subjects(x, 1, m_own)}),
        ("one at a time, durable", "p50 ms, of a commit + 0.15", 1.0, "latency",
         {"ours": lambda x: ingest(x, s, h2=True, tls=True, connections=1, streams=1), "peer": lambda x: commit(x.dir)}),
    ]


def run_load(servers, kind, how, rounds):
    """Results, one a round, the two sides taking turns. Where the kind is about us alone, both are our server."""
    theirs = servers["ours" if kind in ("own", "latency") else "peer"]
    sides = {"ours": servers["ours"], "peer": theirs}
    got = {"ours": [], "peer": []}
    for _ in range(rounds):
        for side, server in sides.items():
            server.start()
            try:
                got[side].append((how[side] if isinstance(how, dict) else how)(server))
            finally:
                server.stop()
    return got


def row(name, what, target, kind, got):
    h, n = got["ours"], got["peer"]
    if kind == "ratio":
        ours, theirs = [r["per_cpu_s"] for r in h], [r["per_cpu_s"] for r in n]
        ratios = [x / y for x, y in zip(ours, theirs) if y]
        p99 = median([r.get("p99_ms") or r.get("latency_ms", {}).get("p99", 0) for r in h])
        meets = None if target is None else median(ratios) >= target
        return {"load": name, "measure": what, "headgate": round(median(ours)), "peer": round(median(theirs)),
                "ratio": round(median(ratios), 2), "range": [round(min(ratios), 2), round(max(ratios), 2)],
                "target": target, "meets": meets, "p99_ms": p99}
    if kind == "own":
        ours, theirs = [r["us_a_message"] for r in h], [r["us_a_message"] for r in n]
        ratios = [x / y for x, y in zip(ours, theirs)]
        return {"load": name, "measure": what, "headgate": round(median(ours), 1), "peer": round(median(theirs), 1),
                "ratio": round(median(ratios), 2), "range": [round(min(ratios), 2), round(max(ratios), 2)],
                "target": target, "meets": median(ratios) <= target}
    if kind == "latency":
        ratios = [x["p50_ms"] / (y["p50_ms"] + COMMIT_AND_MS) for x, y in zip(h, n)]
        return {"load": name, "measure": what, "headgate": round(median([r["p50_ms"] for r in h]), 3),
                "peer": round(median([r["p50_ms"] for r in n]), 3), "ratio": round(median(ratios), 2),
                "range": [round(min(ratios), 2), round(max(ratios), 2)], "target": target,
                "meets": median(ratios) <= target}
    if kind == "cpu":
        ratios = [x["cpu_s"] / y["cpu_s"] for x, y in zip(h, n) if y["cpu_s"]]
        return {"load": name, "measure": what, "headgate": round(median([r["cpu_s"] for r in h]), 2),
                "peer": round(median([r["cpu_s"] for r in n]), 2), "ratio": round(median(ratios), 2),
                "range": [round(min(ratios), 2), round(max(ratios), 2)], "target": target,
                "meets": median(ratios) <= target, "p99_ms": median([r["latency_ms"]["p99"] for r in h]),
                "peer_p99_ms": median([r["latency_ms"]["p99"] for r in n])}
    ours, theirs = median([r["kib_per_conn"] for r in h]), median([r["kib_per_conn"] for r in n])
    return {"load": name, "measure": what, "headgate": round(ours, 3), "peer": round(theirs, 3),
            "ratio": round(ours / theirs, 2) if theirs else None, "target": target,
            "meets": None if target is None else ours <= target}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--secs", type=float, default=3)
    ap.add_argument("--quick", action="store_true")
    ap.add_argument("--only", default="")
    a = ap.parse_args()
    if a.quick:
        a.rounds, a.secs = 1, 1
    work = tempfile.mkdtemp(prefix="headgate-bench.", dir=os.environ.get("BENCH_DIR"))
    certificate(work)
    servers = {"ours": Headgate("headgate", work), "peer": Nginx("nginx", work)}
    rows = []
    try:
        for name, what, target, kind, how in loads(a):
            if a.only and not any(w in name for w in a.only.split(",")):
                continue
            got = run_load(servers, kind, how, a.rounds)
            rows.append({**row(name, what, target, kind, got), "runs": got})
            r = rows[-1]
            print(f"{name}: headgate {r['headgate']} peer {r['peer']} ratio {r['ratio']}", flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    save(rows, "latest.json")
    print_table(rows)


if __name__ == "__main__":
    sys.exit(main())
