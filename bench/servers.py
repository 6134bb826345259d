# SPDX-License-Identifier: Apache-2.0
"""Servers under load, and the load tools: what the benches share. Servers run on core 0, tools on core 1."""
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.environ.get("BENCH_BIN", os.path.join(HERE, "bin"))
TICK = os.sysconf("SC_CLK_TCK")


def certificate(directory):
    """tls.crt and tls.key for localhost there."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", f"{directory}/tls.key", "-out",
                    f"{directory}/tls.crt"], check=True, capture_output=True)


def wait_port(port, deadline_s=20):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit(f"nobody listens on {port}")


class Server:
    """A server process in a directory of its own; children are counted with it."""

    def __init__(self, name, work):
        self.name, self.dir = name, os.path.join(work, name)
        self.process = None

    def start(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(os.path.join(self.dir, "tmp"))
        for f in ("tls.crt", "tls.key"):
            shutil.copy(os.path.join(os.path.dirname(self.dir), f), self.dir)
        with open(os.path.join(self.dir, "out.log"), "wb") as log:
            self.process = subprocess.Popen(["taskset", "-c", "0", *self.command()], cwd=self.dir,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.wait()
        return self

    def wait(self):
        wait_port(self.plain)
        time.sleep(0.3)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def pids(self):
        out, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            out.append(pid)
            try:
                with open(f"/proc/{pid}/task/{pid}/children") as f:
                    todo += [int(p) for p in f.read().split()]
            except OSError:
                pass
        return out

    def cpu_s(self):
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/stat") as f:
                    fields = f.read().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
            except OSError:
                pass
        return total / TICK

    def pss_kib(self):
        """What is resident, a page that several have in parts: for servers that map no store."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        return total

    def memory_kib(self):
        """RssAnon + RssShmem: a mapped store would make plain RSS grow with what was read."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status") as f:
                for line in f:
                    if line.startswith(("RssAnon:", "RssShmem:")):
                        total += int(line.split()[1])
        return total


def tool(name, *args, core=1):
    r = subprocess.run(["taskset", "-c", str(core), os.path.join(BIN, name), *map(str, args)],
                       capture_output=True, text=True, timeout=300, check=False)
    if not r.stdout.strip():
        raise SystemExit(f"{name} {args}: {r.stderr}")
    return json.loads(r.stdout)


def ingest(server, secs, *, h2=False, tls=False, batch=1, connections=64, streams=16, rate=0):
    args = ["-r", rate, "-p", server.tls if tls else server.plain, "-u", server.ingest_path, "-b", batch,
            "-c", connections, "-m", streams, "-d", secs, "-w", 0]
    args += ["-2"] if h2 else []
    args += ["-t"] if tls else []
    before = server.cpu_s()
    r = tool("ingest", *args)
    cpu = server.cpu_s() - before
    r["cpu_s"] = cpu
    r["per_cpu_s"] = r["requests"] * batch / cpu if cpu > 0 else 0
    return r


def fanout(server, kind, messages, *, tls=False, rate=0, publishers=1, subscribers=1000, more=()):
    r = tool("fanout", "-s", server.subscribe_url(kind, tls), "-p", server.publish_url(), "-n",
             subscribers, "-m", messages, "-r", rate, "-c", publishers, "-k",
             ",".join(map(str, server.pids())), "-t", 120, *more)
    r["per_cpu_s"] = r["deliveries_per_server_cpu_s"]
    r["cpu_s"] = r["server_cpu_s"]
    return r


def median(values):
    return statistics.median(values) if values else 0


def print_table(rows):
    print(f"\n{'load':26} {'measure':33} {'headgate':>10} {'peer':>10} {'ratio':>7} {'target':>7}  meets")
    for r in rows:
        meets = {True: "yes", False: "NO", None: "-"}[r["meets"]]
        print(f"{r['load']:26} {r['measure']:33} {r['headgate']:>10} {r['peer']:>10} "
              f"{str(r['ratio']):>7} {str(r['target'] or '-'):>7}  {meets}")


def save(rows, name):
    os.makedirs(os.path.join(HERE, "results"), exist_ok=True)
    with open(os.path.join(HERE, "results", name), "w", encoding="utf-8") as f:
        json.dump(rows, f, indent=1)
