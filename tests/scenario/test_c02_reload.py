# SPDX-License-Identifier: Apache-2.0
"""A reload: all of the new configuration, or nothing; and nobody is dropped."""
import json
import signal
import threading

import httpx
import pytest

from support.events import EventStream, client, event, post
from support.gateway import free_port
from support.process import descriptors, settled
from support.sockets import connect, receive, receive_type
from support.wait import connects, until

pytestmark = pytest.mark.long_on_kafka("x04 reloads under load, and judges what came of it")

MORE = "location = /more { accept cloudevents; publish demo.more; stream demo.more; }"


def with_location(gateway, text):
    return gateway.conf.replace("location = /events", text + "\n    location = /events")


def generation(gateway):
    return json.loads(gateway.admin_get("/status")[1])["generation"]


def reload(gateway, conf):
    gateway.write_conf(conf)
    r = gateway.run("-s", "reload")
    assert (r.returncode, r.stderr) == (0, "")


def refused(gateway, conf):
    """The faults that -s reload tells; the gateway is as before."""
    before = generation(gateway)
    gateway.write_conf(conf)
    r = gateway.run("-s", "reload")
    assert r.returncode == 1
    assert generation(gateway) == before
    return r.stderr


def test_a_location_is_there_after_s_reload(gateway):
    with client(gateway) as http:
        assert post(http, event(1), path="/more").status_code == 404
        reload(gateway, with_location(gateway, MORE))
        assert post(http, event(1), path="/more").status_code == 202
        assert post(http, event(1)).status_code == 202
    assert generation(gateway) == 2


def test_a_hang_up_reloads_too(gateway):
    gateway.write_conf(with_location(gateway, MORE))
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: generation(gateway) == 2, "the second generation")
    with client(gateway) as http:
        assert post(http, event(1), path="/more").status_code == 202


def test_a_broken_configuration_changes_nothing_and_tells_what_t_tells(gateway):
    good = gateway.conf
    broken = good.replace("publish demo.events;", "publish demo..events;").replace(
        "worker_threads", "worker_treads")
    said = refused(gateway, broken)
    tested = gateway.run("-t").stderr
    faults = [line for line in tested.splitlines() if "gateway.conf:" in line]
    assert len(faults) == 2
    for fault in faults:
        assert fault in said
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: gateway.log().count("reload_refused") == 1, "the refusal in the log")
    with client(gateway) as http:
        assert post(http, event(1)).status_code == 202
    assert generation(gateway) == 1


def test_a_row_that_only_a_start_applies_is_refused(gateway):
    said = refused(gateway, gateway.conf.replace("worker_threads 2;", "worker_threads 1;"))
    assert "worker_threads" in said
    with client(gateway) as http:
        assert post(http, event(1)).status_code == 202


def test_streams_go_on_over_a_reload(gateway):
    stream = EventStream(gateway)
    until(stream.notices, "the opened notice")
    with connect(gateway) as ws, client(gateway) as http:
        receive_type(ws, "headgate.stream.opened")
        for i in range(5):
            assert post(http, event(i)).status_code == 202
            reload(gateway, with_location(gateway, MORE) if i % 2 == 0 else
                   gateway.conf.replace(MORE, ""))
        assert post(http, event(5)).status_code == 202
        assert [e["id"] for e in receive(ws, 6)] == list("012345")
        until(lambda: len(stream.events()) == 6, "all events")
    assert [e["id"] for e in stream.events()] == list("012345")
    assert [kind for kind, _ in stream.notices()] == ["headgate.stream.opened"]
    stream.close()


def test_a_stream_whose_right_is_gone_ends_with_a_notice(gateway):
    stream = EventStream(gateway)
    until(stream.notices, "the opened notice")
    with connect(gateway) as ws:
        reload(gateway, gateway.conf.replace("subscribe demo.**;", "subscribe demo.other;"))
        notice = receive_type(ws, "headgate.stream.closing")
        assert notice["data"]["reason"] == "rights-changed"
        until(lambda: not stream.is_alive(), "the stream to end")
    assert stream.notices()[-1][0] == "headgate.stream.closing"
    assert stream.notices()[-1][1]["reason"] == "rights-changed"
    assert stream.error is None
    with client(gateway) as http:
        assert http.get("/events").status_code == 403


def test_a_stream_whose_location_is_gone_ends_with_a_notice(make_gateway):
    g = make_gateway(locations=MORE).start()
    stream = EventStream(g, path="/more")
    until(stream.notices, "the opened notice")
    reload(g, g.conf.replace(MORE, ""))
    until(lambda: not stream.is_alive(), "the stream to end")
    assert stream.notices()[-1][1]["reason"] == "location-gone"


def test_a_pull_that_waits_meets_the_new_rules(gateway):
    answers = []

    def pull():
        with client(gateway) as http:
            answers.append(http.get("/events?wait=25"))

    waiting = threading.Thread(target=pull)
    waiting.start()
    until(lambda: gateway.metric('headgate_subscribers{state="live"}'), "the pull to wait")
    reload(gateway, gateway.conf.replace("subscribe demo.**;", "subscribe demo.other;"))
    waiting.join(10)
    assert answers[0].status_code == 403
    assert answers[0].json()["type"] == "urn:headgate:problem:forbidden"


def test_a_right_to_publish_that_is_gone_holds_on_an_open_socket(gateway):
    with connect(gateway) as ws:
        receive_type(ws, "headgate.stream.opened")
        ws.send(json.dumps(event(1)))
        receive_type(ws, "headgate.published")
        reload(gateway, gateway.conf.replace("publish demo.**;", "publish demo.other;"))
        ws.send(json.dumps(event(2)))
        answer = receive_type(ws, "headgate.refused")
    assert answer["data"]["problem"]["status"] == 403


def test_a_port_comes_and_goes(gateway):
    port = free_port()
    line = f"listen 127.0.0.1:{gateway.plain};"
    before = gateway.conf
    reload(gateway, before.replace(line, f"{line} listen 127.0.0.1:{port};"))
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as kept:
        assert post(kept, event(1)).status_code == 202
        reload(gateway, before)
        until(lambda: not connects(port), "the port to be closed")
        with client(gateway) as http:
            assert post(http, event(2)).status_code == 202
    reload(gateway, before.replace(line, f"{line} listen 127.0.0.1:{port};"))
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
        assert post(http, event(3)).status_code == 202


def test_a_stream_on_a_port_that_goes_is_told(gateway):
    with connect(gateway) as ws:
        receive_type(ws, "headgate.stream.opened")
        reload(gateway, gateway.conf.replace(f"listen 127.0.0.1:{gateway.plain};", ""))
        assert receive_type(ws, "headgate.stream.closing")["data"]["reason"] == "address-gone"


def test_a_port_that_becomes_tls_speaks_tls_alone(gateway):
    reload(gateway, gateway.conf.replace(f"listen 127.0.0.1:{gateway.plain};",
                                         f"listen 127.0.0.1:{gateway.plain} ssl;"))
    gateway.tls = gateway.plain
    with client(gateway) as http:
        assert post(http, event(1)).status_code == 202


def test_a_port_in_use_refuses_the_reload_and_leaks_nothing(gateway):
    other = gateway.admin
    worker, master = gateway.workers()[0], gateway.process.pid
    before = settled(worker, master)
    good = gateway.conf
    line = f"listen 127.0.0.1:{gateway.plain};"
    free = free_port()
    for _ in range(5):
        said = refused(gateway, good.replace(line, f"{line} listen 127.0.0.1:{free}; "
                                                   f"listen 127.0.0.1:{other};"))
        assert f"listen 127.0.0.1:{other}" in said
    assert not connects(free)
    assert settled(worker, master) == before


def test_what_only_the_worker_refuses_leaves_no_port_open(gateway):
    """The sockets are at the worker already when it says no."""
    worker, master = gateway.workers()[0], gateway.process.pid
    before = settled(worker, master)
    port = free_port()
    line = f"listen 127.0.0.1:{gateway.plain};"
    for _ in range(5):
        refused(gateway, gateway.conf.replace(line, f"{line} listen 127.0.0.1:{port};").replace(
            "worker_threads 2;", "worker_threads 1;"))
        assert not connects(port)
        gateway.write_conf(gateway.conf.replace("worker_threads 1;", "worker_threads 2;").replace(
            f" listen 127.0.0.1:{port};", ""))
    assert settled(worker, master) == before


def test_a_new_error_log_is_written_after_a_reload(gateway, tmp_path):
    path = tmp_path / "errors.log"
    reload(gateway, gateway.conf.replace("error_log      stderr info;", f"error_log {path} info;"))
    until(path.exists, "the new log")
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: "generation_started" in path.read_text(), "a line of the worker")
    until(lambda: "reloaded" in path.read_text(), "a line of the master")


class Load(threading.Thread):
    """Posts event after event; what was not 202 is kept."""

    def __init__(self, gateway, name, http2):
        super().__init__(daemon=True)
        self.http = client(gateway, http2=http2, http1=not http2)
        self.who, self.n, self.failed, self.must_stop = name, 0, [], False
        self.start()

    def run(self):
        while not self.must_stop:
            self.n += 1
            try:
                r = post(self.http, event(f"{self.who}-{self.n}"))
                if r.status_code != 202:
                    self.failed.append(r.status_code)
            except httpx.HTTPError as e:
                self.failed.append(repr(e))

    def stop(self):
        self.must_stop = True
        self.join(30)
        self.http.close()


def test_two_hundred_reloads_under_load_fail_nobody(gateway):
    stream = EventStream(gateway)
    until(stream.notices, "the opened notice")
    port = free_port()
    line = f"listen 127.0.0.1:{gateway.plain};"
    confs = [gateway.conf, with_location(gateway, MORE).replace(
        line, f"{line} listen 127.0.0.1:{port};")]
    worker, master = gateway.workers()[0], gateway.process.pid
    load = [Load(gateway, f"p{i}", i % 2 == 0) for i in range(4)]
    until(lambda: all(p.n > 0 for p in load), "the load to run")
    counts = descriptors(worker), descriptors(master)
    for i in range(200):
        gateway.write_conf(confs[(i + 1) % 2])
        gateway.process.send_signal(signal.SIGHUP)
        until(lambda: generation(gateway) == i + 2, f"generation {i + 2}")
    for p in load:
        p.stop()
    assert [p.failed for p in load] == [[]] * 4
    sent = sorted(f"p{i}-{n + 1}" for i, p in enumerate(load) for n in range(p.n))
    until(lambda: len(stream.events()) >= len(sent), "all events", 30)
    assert sorted(e["id"] for e in stream.events()) == sent
    assert gateway.workers() == [worker]
    # What a reload needed is given back, and the load's four connections are gone.
    until(lambda: descriptors(worker) <= counts[0], "the worker's descriptors")
    until(lambda: descriptors(master) == counts[1], "the master's descriptors")
    stream.close()
