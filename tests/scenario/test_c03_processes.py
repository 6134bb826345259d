# SPDX-License-Identifier: Apache-2.0
"""Master and worker: signals, deaths, and what each is responsible for."""
import json
import os
import pwd
import re
import signal
import socket
import subprocess
import threading

import httpx
import pytest

from support.events import EventStream, client, event, post
from support.process import is_alive, settled, status
from support.sockets import connect, receive_type
from support.wait import connects, until

pytestmark = pytest.mark.only_on("embedded", "it is about processes")


def pid_file(gateway):
    return os.path.join(gateway.dir, "gateway.pid")


def test_term_ends_it_with_zero_and_leaves_no_file(gateway):
    assert os.path.exists(pid_file(gateway))
    assert gateway.stop(signal.SIGTERM) == 0
    assert not os.path.exists(pid_file(gateway))
    assert not os.path.exists(pid_file(gateway) + ".sock")


def test_two_terms_are_one(gateway):
    gateway.process.send_signal(signal.SIGTERM)
    assert gateway.stop(signal.SIGTERM) == 0


def test_quit_lets_what_is_under_way_end(gateway):
    """A body that is still coming is read, stored and answered."""
    body = json.dumps(event(1)).encode()
    with socket.create_connection(("127.0.0.1", gateway.plain), 10) as s:
        s.sendall(b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Type: application/cloudevents+json"
                  b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:10])
        until(lambda: gateway.metric("headgate_connections_open") >= 1, "the connection")
        gateway.process.send_signal(signal.SIGQUIT)
        until(lambda: not connects(gateway.plain), "the listeners to close")
        s.sendall(body[10:])
        answer = s.recv(65536)
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert gateway.stop(signal.SIGQUIT) == 0


def test_quit_tells_streams_to_come_back(gateway):
    stream = EventStream(gateway)
    until(stream.notices, "the opened notice")
    with connect(gateway) as ws:
        receive_type(ws, "headgate.stream.opened")
        gateway.process.send_signal(signal.SIGQUIT)
        notice = receive_type(ws, "headgate.stream.closing")
        assert notice["data"]["reason"] == "drain"
        assert notice["data"]["retry_ms"] > 0
    until(lambda: not stream.is_alive(), "the stream to end")
    assert stream.notices()[-1][0] == "headgate.stream.closing"
    assert gateway.stop(signal.SIGQUIT) == 0


def test_events_under_way_on_a_socket_are_answered_before_it_closes(gateway):
    with connect(gateway) as ws:
        receive_type(ws, "headgate.stream.opened")
        for i in range(50):
            ws.send(json.dumps(event(i)))
        receive_type(ws, "headgate.published")
        gateway.process.send_signal(signal.SIGQUIT)
        answered = 1
        while True:
            message = json.loads(ws.recv(10))
            answered += message["type"] == "headgate.published"
            if message["type"] == "headgate.stream.closing":
                break
        for message in ws:  # what came behind it, to the end of the connection
            answered += json.loads(message)["type"] == "headgate.published"
    assert gateway.stop(signal.SIGQUIT) == 0
    gateway.start()
    with client(gateway) as http:
        stored = len(http.get("/events?since=earliest").json())
    assert stored == answered


def test_a_stop_that_does_not_wait_ends_within_its_time(gateway):
    """Somebody holds a request open for ever."""
    with socket.create_connection(("127.0.0.1", gateway.plain), 10) as s:
        s.sendall(b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Type: application/cloudevents+json"
                  b"\r\nContent-Length: 100\r\n\r\n{")
        until(lambda: gateway.metric("headgate_connections_open") >= 1, "the connection")
        assert gateway.stop(signal.SIGTERM, deadline_s=5) == 0


def test_logs_are_reopened_after_a_rename(make_gateway):
    g = make_gateway(server="access_log access.log;")
    g.write_conf(g.conf.replace("error_log      stderr info;", "error_log error.log info;"))
    g.start()
    paths = [os.path.join(g.dir, name) for name in ("error.log", "access.log")]
    with client(g) as http:
        assert post(http, event(1)).status_code == 202
        until(lambda: "POST /events" in open(paths[1]).read(), "the first line")
        for path in paths:
            os.rename(path, path + ".1")
        g.process.send_signal(signal.SIGUSR1)
        until(lambda: all(os.path.exists(p) for p in paths), "new files")
        assert post(http, event(2)).status_code == 202
        until(lambda: "POST /events" in open(paths[1]).read(), "a line in the new file")
    assert open(paths[1] + ".1").read().count("POST /events") == 1
    g.kill_worker()
    until(lambda: "worker_started" in open(paths[0]).read(), "a line in the new error log")
    assert "worker_started" in open(paths[0] + ".1").read()


def test_reopening_leaks_no_descriptor(make_gateway):
    g = make_gateway(server="access_log access.log;").start()
    path = os.path.join(g.dir, "access.log")
    worker, master = g.workers()[0], g.process.pid
    before = settled(worker, master)
    for i in range(20):
        os.rename(path, path + str(i))
        assert g.run("-s", "reopen").returncode == 0
        until(lambda: os.path.exists(path), "the new file")
    assert settled(worker, master) == before


def test_a_killed_worker_is_replaced_and_nobody_is_refused_meanwhile(gateway):
    refused, must_stop = [], threading.Event()

    def knock():
        while not must_stop.is_set():
            if not connects(gateway.plain):
                refused.append(1)

    knocking = threading.Thread(target=knock)
    knocking.start()
    first = gateway.workers()[0]
    for _ in range(3):
        gateway.kill_worker()
        gateway.wait_ready()
    must_stop.set()
    knocking.join(10)
    assert refused == []
    assert gateway.workers()[0] != first
    with client(gateway) as http:
        assert post(http, event(1)).status_code == 202


def test_a_worker_that_dies_at_once_is_started_ever_later(gateway):
    """Its log is taken away: it cannot start."""
    events, away = os.path.join(gateway.dir, "events"), os.path.join(gateway.dir, "away")
    os.rename(events, away)
    with open(events, "w", encoding="utf-8") as f:
        f.write("no directory")
    gateway.kill_worker()
    until(lambda: gateway.log().count("worker_refused") >= 3, "three refusals", 20)
    waits = [int(line.rsplit("after_ms=", 1)[1]) for line in gateway.log().splitlines()
             if "worker_restarts" in line]
    assert waits[0] < waits[-1]
    r = gateway.run("-s", "reload")
    assert r.returncode == 1
    os.unlink(events)
    os.rename(away, events)
    gateway.wait_ready()


def test_without_its_master_a_worker_drains_and_ends(gateway):
    stream = EventStream(gateway)
    until(stream.notices, "the opened notice")
    worker = gateway.workers()[0]
    gateway.process.kill()
    gateway.process.wait()
    until(lambda: not is_alive(worker), "the worker to end")
    until(lambda: not stream.is_alive(), "the stream to end")
    assert stream.notices()[-1][1]["reason"] == "drain"
    assert not connects(gateway.plain)
    gateway.process = None
    gateway.start()  # over the files that the dead master left
    with client(gateway) as http:
        assert post(http, event(1)).status_code == 202


def test_a_second_start_is_refused_and_hurts_nobody(gateway):
    for is_cleaned_up in (False, True):
        if is_cleaned_up:
            os.unlink(pid_file(gateway))
        r = gateway.run()
        assert r.returncode == 1
        assert "names a gateway that is running" in r.stderr
        with client(gateway) as http:
            assert post(http, event(1)).status_code == 202
    assert gateway.run("-s", "reload").returncode == 0


def test_another_gateway_on_the_same_address_is_refused(gateway, make_gateway):
    other = make_gateway()
    other.write_conf(other.conf.replace(f"127.0.0.1:{other.plain}", f"127.0.0.1:{gateway.plain}"))
    r = other.run()
    assert r.returncode == 1
    assert f"listen 127.0.0.1:{gateway.plain}: Address already in use" in r.stderr


def test_a_dead_gateway_s_pid_file_is_no_obstacle(gateway):
    gateway.process.kill()
    gateway.process.wait()
    gateway.process = None
    with open(pid_file(gateway), encoding="utf-8") as f:
        assert int(f.read()) > 1
    with open(pid_file(gateway), "w", encoding="utf-8") as f:
        f.write(f"{os.getpid()}\n")  # somebody else has its number now
    until(lambda: not connects(gateway.plain), "the worker to let go")
    gateway.start()


def test_a_symbolic_link_is_no_pid_file(make_gateway, tmp_path):
    g = make_gateway()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    os.symlink(victim, pid_file(g))
    g.start()
    assert victim.read_text() == "precious"
    assert not os.path.islink(pid_file(g))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give its rights away")
def test_the_worker_runs_as_its_user_and_the_master_as_root(make_gateway):
    g = make_gateway(main="user nobody;\n")
    g.write_conf(g.conf.replace("event_log      embedded events;",
                                "event_log embedded deep/down/events;"))
    os.chmod(g.dir, 0o755)
    path = g.dir
    while path != "/":  # pytest's directories are for their owner alone
        os.chmod(path, os.stat(path).st_mode | 0o111)
        path = os.path.dirname(path)
    g.start()
    nobody = pwd.getpwnam("nobody")
    worker = g.workers()[0]
    assert status(worker, "Uid") == [str(nobody.pw_uid)] * 4
    assert status(worker, "Gid") == [str(nobody.pw_gid)] * 4
    assert status(g.process.pid, "Uid") == ["0"] * 4
    with client(g) as http:
        assert post(http, event(1)).status_code == 202
        assert g.run("-s", "reload").returncode == 0
        assert post(http, event(2)).status_code == 202


def test_a_user_that_is_not_there_is_a_fault(make_gateway):
    g = make_gateway(main="user nobody-of-this-name;\n")
    r = g.run("-t")
    assert r.returncode == 1
    assert re.search(r'gateway\.conf:\d+: user: there is no user "nobody-of-this-name"', r.stderr)


def test_a_daemon_says_at_its_start_whether_it_serves(make_gateway):
    g = make_gateway(main="daemon on;\n")
    r = g.run()
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "")
    with open(pid_file(g), encoding="utf-8") as f:
        pid = int(f.read())
    assert g.admin_get("/readyz")[0] == 200
    second = make_gateway(main="daemon on;\n")
    second.write_conf(second.conf.replace(f"127.0.0.1:{second.plain}", f"127.0.0.1:{g.plain}"))
    r = second.run()
    assert r.returncode == 1
    assert "Address already in use" in r.stderr
    assert os.readlink(f"/proc/{pid}/fd/2") == "/dev/null"
    os.kill(pid, signal.SIGTERM)
    until(lambda: not is_alive(pid), "the daemon to end")


def test_closed_standard_descriptors_are_no_obstacle(gateway, make_gateway):
    g = make_gateway()
    g.write_conf(g.conf.replace("error_log      stderr info;", "error_log error.log info;"))
    g.process = subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *g.command()],
                                 cwd=g.dir)
    open(g.log_path, "w", encoding="utf-8").close()
    g.wait_ready()
    with client(g) as http:
        assert post(http, event(1)).status_code == 202
    for fd in (0, 1, 2):
        assert os.readlink(f"/proc/{g.process.pid}/fd/{fd}") == "/dev/null"


def test_a_log_pipe_that_nobody_reads_stops_nothing(make_gateway):
    g = make_gateway(server="access_log pipe;")
    os.mkfifo(os.path.join(g.dir, "pipe"))
    r = g.run("-t")
    assert r.returncode == 0
    r = g.run(timeout=20)
    assert r.returncode == 1 and "access_log: pipe" in r.stderr
    reader = os.open(os.path.join(g.dir, "pipe"), os.O_RDONLY | os.O_NONBLOCK)
    g.start()
    with client(g) as http:
        for i in range(2000):
            assert post(http, event(i)).status_code == 202
    until(lambda: g.metric("headgate_access_log_lines_dropped_total") > 0, "a full pipe")
    os.close(reader)


def test_the_admin_listener_answers_no_page_of_another_site(gateway):
    base = f"http://127.0.0.1:{gateway.admin}"
    with httpx.Client(base_url=base) as http:
        assert http.get("/metrics").status_code == 200
        assert http.get("/metrics", headers={"origin": "https://evil.test"}).status_code == 403
        assert http.get("/metrics", headers={"host": "evil.test"}).status_code == 403
        assert http.get("/metrics", headers={"origin": base}).status_code == 200
        assert http.get("/metrics",
                        headers={"host": f"localhost:{gateway.admin}"}).status_code == 200
