# SPDX-License-Identifier: Apache-2.0
"""headgate -t: every fault of a configuration in one run, each with its line."""

import os
import re

import pytest

pytestmark = pytest.mark.only_on("embedded", "nothing in it depends on the event log")

FAULTY = """worker_threads many;
load_module source_cloudevents;
load_module log_embedded;
event_log embedded events;
topic demo.events {{ retentoin 7d; }}
role anonymous {{ publish demo..x; }}
server {{
    listen 99999;
    location = /a {{ accept cloudevents; authenticate none; }}
    location = /b {{ client_max_body_size 9g; accept cloudevents; publish demo.events; }}
}}
"""


def lines_with(text, *parts):
    return [line for line in text.splitlines() if all(p in line for p in parts)]


def test_all_faults_are_told_in_one_run_with_their_lines(make_gateway):
    r = make_gateway(conf=FAULTY).run("-t")
    assert r.returncode == 1
    for parts in ((":1: worker_threads:", "auto or 1 to 64"),
                  (":5: retentoin:", 'did you mean "retention"'),
                  (":6: role:", "demo..x"),
                  (":8: listen:", "99999", "expected"),
                  (":9: location:", "accept without publish"),
                  (":10: client_max_body_size:", "above the limit 1g")):
        assert len(lines_with(r.stderr, *parts)) == 1, (parts, r.stderr)
    assert "test failed" in r.stderr


def test_a_good_configuration_passes_and_is_dumped_without_secrets(make_gateway):
    g = make_gateway()
    r = g.run("-t")
    assert (r.returncode, "test is successful" in r.stderr) == (0, True), r.stderr
    dump = g.run("-T").stdout
    assert "location = /events" in dump
    assert "PRIVATE KEY" not in dump


def test_a_port_in_use_is_a_clear_fault(make_gateway):
    first = make_gateway().start()
    second = make_gateway()
    second.write_conf(second.conf.replace(f"127.0.0.1:{second.plain}", f"127.0.0.1:{first.admin}"))
    r = second.run()
    assert r.returncode == 1
    assert f"listen 127.0.0.1:{first.admin}: Address already in use" in r.stderr


def test_the_same_location_twice_is_a_fault(make_gateway):
    g = make_gateway(locations="location = /events { stream demo.*; }")
    for conf in (g.conf, g.conf + "oops;\n"):  # whatever else is wrong
        g.write_conf(conf)
        r = g.run("-t")
        assert r.returncode == 1
        assert len(lines_with(r.stderr, "this location stands in the server already")) == 1
        assert len(lines_with(r.stderr, "oops: unknown directive")) == conf.count("oops")


def test_a_module_that_is_not_there_is_a_fault(make_gateway):
    r = make_gateway(main="load_module nothing;\n").run("-t")
    assert r.returncode == 1
    assert "nothing.so" in r.stderr and "No such file" in r.stderr


def test_a_broken_configuration_is_told_to_whoever_sends_a_word_and_to_nobody_else(make_gateway):
    g = make_gateway().start()
    good = g.conf
    g.write_conf(good + "retentoin 7d;\n")
    for word in ("reload", "stop"):
        r = g.run("-s", word)
        assert r.returncode == 1
        assert "retentoin: unknown directive" in r.stderr
        assert "nothing was told" in r.stderr
    g.write_conf(good)
    r = g.run("-s", "reload")
    assert (r.returncode, g.admin_get("/readyz")[0]) == (0, 200), r.stderr
    assert "reload_refused" not in g.log()


def test_places_that_a_start_could_not_write_are_faults_and_nothing_is_left(make_gateway):
    g = make_gateway(server="access_log none/a.log;")
    g.write_conf(g.conf.replace("stderr info", "none/error.log info"))
    before = sorted(os.listdir(g.dir))
    tested, started = g.run("-t"), g.run()
    for r in (tested, started):
        assert r.returncode == 1
        for name, path in (("error_log", "none/error.log"), ("access_log", "none/a.log")):
            assert re.search(rf"gateway\.conf:\d+: {name}: {path}: No such file or directory; "
                             "expected its directory to be there\n", r.stderr), r.stderr
    assert sorted(os.listdir(g.dir)) == before
    os.mkdir(os.path.join(g.dir, "none"))
    assert g.run("-t").returncode == 0
    assert os.listdir(os.path.join(g.dir, "none")) == []


def test_a_test_beside_a_running_gateway_takes_nothing_from_it(make_gateway):
    g = make_gateway(server="access_log a.log;").start()
    names = ("gateway.pid", "gateway.pid.sock", "a.log", "events")
    before = [os.stat(os.path.join(g.dir, name)) for name in names]
    assert g.run("-t").returncode == 0
    after = [os.stat(os.path.join(g.dir, name)) for name in names]
    assert [(s.st_ino, s.st_mtime_ns) for s in after] == [(s.st_ino, s.st_mtime_ns) for s in before]
    assert g.run("-s", "reload").returncode == 0
