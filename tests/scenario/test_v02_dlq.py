# SPDX-License-Identifier: Apache-2.0
"""Dead letters in an operator's hands: headgatectl dlq and the admin listener's
/dlq on a real gateway."""
import base64
import json
import os
import subprocess
import urllib.error
import urllib.request

import pytest

from support.events import client, event, post
from support.gateway import BINARY

TOPIC = "demo.events.dlq"
# Strict: a member that occurs twice is refused, as it is not once this is mended.
STRICT = "dead_letter on; json_data strict;"
TWICE = b'{"n":1,"n":2}'


def binary_event(http, event_id, data, path="/events", **fields):
    """Binary mode, JSON by its content type."""
    return http.post(path, content=data, headers={
        "content-type": "application/json", "ce-specversion": "1.0", "ce-id": event_id,
        "ce-source": "/s", "ce-type": "t", **fields})


def structured(http, body, path="/events"):
    return http.post(path, content=body, headers={"content-type": "application/cloudevents+json"})


@pytest.fixture
def ctl(tmp_path):
    """headgatectl dlq ... against a gateway: what it printed."""
    binary = str(tmp_path / "headgatectl")
    os.symlink(os.path.abspath(BINARY), binary)

    def run(gateway, *args, status=0):
        r = subprocess.run([binary, "dlq", *args, "--admin", str(gateway.admin)],
                           text=True, capture_output=True, timeout=60, check=False)
        assert r.returncode == status, (args, r.returncode, r.stdout, r.stderr)
        return r
    return run


def ask(gateway, path, body=None, **fields):
    """(status, JSON) of the admin listener."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": "application/json"} if data is not None else {}
    headers.update({k.replace("_", "-"): v for k, v in fields.items()})
    request = urllib.request.Request(f"http://127.0.0.1:{gateway.admin}{path}", data=data,
                                     headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as r:
            return r.status, json.load(r)
    except urllib.error.HTTPError as e:
        return e.code, json.load(e)


def letters(gateway, topic=TOPIC):
    status, answer = ask(gateway, f"/dlq/{topic}?limit=1000")
    assert status == 200, answer
    return answer["letters"]


def stored(http):
    r = http.get("/events?since=earliest")
    assert r.status_code == 200, r.text
    return [e["id"] for e in r.json()]


def mend(gateway):
    conf = gateway.conf.replace("json_data strict;", "")
    assert conf != gateway.conf
    gateway.write_conf(conf)
    r = gateway.run("-s", "reload")
    assert r.returncode == 0, r.stderr


def outcomes(gateway, body, topic=TOPIC):
    status, answer = ask(gateway, f"/dlq/{topic}/replay", body)
    assert status == 200, answer
    return [r["outcome"] for r in answer["results"]]


def test_what_was_refused_is_listed_and_shown(make_gateway, ctl):
    g = make_gateway(events=STRICT).start()
    assert ctl(g, "list").stdout.splitlines()[1].split()[:2] == [TOPIC, "0"]
    with client(g) as http:
        told = binary_event(http, "a", b'{"half":').json()["deadletter"]
        assert binary_event(http, "b", b"[1,").status_code == 400
        assert structured(http, b"rubbish\x1b[31m").status_code == 400
    topic = next(t for t in ask(g, "/dlq")[1]["topics"] if t["topic"] == TOPIC)
    assert topic["letters"] == 3
    assert topic["first"]["position"] == told
    assert topic["first"]["time"] <= topic["last"]["time"]
    assert ctl(g, "list").stdout.splitlines()[1].split()[:2] == [TOPIC, "3"]
    first, second, third = letters(g)
    assert first["position"] == told
    assert (first["reason"], first["principal"]) == ("json-invalid", "anonymous")
    assert base64.b64decode(first["event"]["data_base64"]) == b'{"half":'
    assert first["event"]["source"] == "/events"
    assert ["hg_ce-id", "a"] in first["headers"] and ["hg_status", "400"] in first["headers"]
    assert ["hg_ce-id", "b"] in second["headers"]
    shown = ctl(g, "show", TOPIC).stdout
    for part in (told, "reason      json-invalid", "principal   anonymous", "hg_ce-id: a",
                 "body        application/json, 8 bytes\n    {\"half\":\n"):
        assert part in shown, shown
    assert "\x1b" not in shown and "rubbish\\x1b[31m" in shown
    one = ctl(g, "show", TOPIC, told)
    assert "hg_ce-id: a" in one.stdout and "hg_ce-id: b" not in one.stdout
    assert ctl(g, "show", TOPIC, third["position"], "--data").stdout == "rubbish\x1b[31m"
    page = json.loads(ctl(g, "show", TOPIC, "--json").stdout)
    assert [p["position"] for p in page["letters"]] == [p["position"] for p in letters(g)]


def test_letters_come_in_pages(make_gateway, ctl):
    g = make_gateway(events=STRICT).start()
    with client(g) as http:
        told = [structured(http, b"x%d" % i).json()["deadletter"] for i in range(7)]
    seen, after = [], ""
    while after is not None:
        status, page = ask(g, f"/dlq/{TOPIC}?limit=3{after and '&position='}{after}")
        assert status == 200 and 0 < len(page["letters"]) <= 3
        seen += [p["position"] for p in page["letters"]]
        after = page["next"]
    assert seen == told
    r = ctl(g, "show", TOPIC, "--limit", "2")
    assert [t for t in told if t in r.stdout] == told[:2] and "--limit" in r.stderr


def test_a_replay_stores_what_passes_now_once(make_gateway, ctl):
    g = make_gateway(events=STRICT).start()
    with client(g) as http:
        told = [binary_event(http, f"e{i}", b'{"n":0,"n":%d}' % i).json()["deadletter"]
                for i in range(5)]
        rubbish = structured(http, b"rubbish").json()["deadletter"]
        r = ctl(g, "replay", TOPIC, "--all", status=1)
        assert [line.split()[1] for line in r.stdout.splitlines()] == ["refused:"] * 6
        assert "400 Not JSON" in r.stdout and "0 letters stored, 6 not" in r.stderr
        assert stored(http) == [] and len(letters(g)) == 6  # no letters about letters
        mend(g)
        r = ctl(g, "replay", TOPIC, told[1])
        assert r.stdout.startswith(f"{told[1]} stored ")
        assert stored(http) == ["e1"]
        r = ctl(g, "replay", TOPIC, "--all", status=1)
        verdicts = [line.split()[1] for line in r.stdout.splitlines()]
        assert verdicts == ["stored", "duplicate", "stored", "stored", "stored", "refused:"]
        assert r.stdout.splitlines()[-1].startswith(rubbish)
        assert stored(http) == ["e1", "e0", "e2", "e3", "e4"]
        r = ctl(g, "replay", TOPIC, *told)
        assert [line.split()[1] for line in r.stdout.splitlines()] == ["duplicate"] * 5
        # Who sent it, sends it again: it is there, with the replay's position.
        again = binary_event(http, "e3", b'{"n":0,"n":3}')
        assert again.status_code == 202 and again.headers["headgate-duplicate"] == "true"
        assert again.headers["headgate-position"] in r.stdout.splitlines()[3]
        assert len(stored(http)) == 5
        assert [p["position"] for p in letters(g)] == told + [rubbish]
    assert "dlq_replayed" in g.log()


def test_many_letters_are_replayed_and_purged_in_pieces(make_gateway, ctl):
    g = make_gateway(events=STRICT).start()
    with client(g) as http:
        for i in range(230):
            assert binary_event(http, f"e{i}", TWICE).status_code == 400
        mend(g)
        bad = structured(http, b"rubbish").json()["deadletter"]
        assert structured(http, b"more rubbish").status_code == 400
        r = ctl(g, "replay", TOPIC, "--all", "--purge", status=1)
        assert "230 letters stored, 2 not" in r.stderr
        assert r.stdout.endswith("230 removed, 2 left\n")
        assert [p["position"] for p in letters(g)][0] == bad
        seen, path = [], "/events?since=earliest"
        while len(seen) < 230:
            r = http.get(path)
            seen += [e["id"] for e in r.json()]
            path = "/events" + r.headers["link"].split("<")[1].split(">")[0]
        assert seen == [f"e{i}" for i in range(230)]


def test_a_replay_may_go_elsewhere_but_not_astray(make_gateway, ctl):
    g = make_gateway(events=STRICT, main="topic demo.mended { retention 1d; }",
                     locations="location = /mended { stream demo.mended; }").start()
    with client(g) as http:
        told = binary_event(http, "a", TWICE).json()["deadletter"]
        mend(g)
        for to in ("demo.mistyped", TOPIC, "headgate.x", "no name"):
            r = ctl(g, "replay", TOPIC, told, "--to", to, status=1)
            assert "404" in r.stderr, to
        ctl(g, "replay", TOPIC, told, "--to", "demo.mended")
        assert [e["id"] for e in http.get("/mended?since=earliest").json()] == ["a"]
        assert stored(http) == []
        g.write_conf(g.conf.replace("location = /events {", "location = /moved {"))
        assert g.run("-s", "reload").returncode == 0
        assert outcomes(g, {"positions": [told]}) == ["no-location"]


def test_other_content_under_the_same_id_is_refused(make_gateway, ctl):
    g = make_gateway(events=STRICT).start()
    with client(g) as http:
        told = binary_event(http, "a", TWICE).json()["deadletter"]
        mend(g)
        assert binary_event(http, "a", b'"other"').status_code == 202
        r = ctl(g, "replay", TOPIC, told, status=1)
        assert "refused: 409" in r.stdout
        assert stored(http) == ["a"]


def test_batches_are_replayed_whole(make_gateway):
    g = make_gateway(events="dead_letter on; client_max_events 2;").start()
    with client(g) as http:
        batch = [event(1), event(2, time="tea")]
        r = http.post("/events", content=json.dumps(batch),
                      headers={"content-type": "application/cloudevents-batch+json"})
        assert r.status_code == 400
        status, answer = ask(g, f"/dlq/{TOPIC}/replay", {"all": True})
        assert status == 200
        result, = answer["results"]
        assert (result["outcome"], result["problem"]["index"]) == ("refused", 1)
        assert stored(http) == []


def test_letters_of_a_template_s_topics_find_their_way(make_gateway, ctl):
    g = make_gateway(locations="""
        location /t/{topic} { accept cloudevents; publish $topic allow=demo.*; dead_letter on;
                              json_data strict; }
        location = /new { stream demo.new; }""").start()
    with client(g) as http:
        assert binary_event(http, "a", TWICE, "/t/demo.new").status_code == 400
        mend(g)
        assert ctl(g, "replay", "demo.new.dlq", "--all").stdout.split()[1] == "stored"
        assert [e["id"] for e in http.get("/new?since=earliest").json()] == ["a"]


def test_a_purge_removes_letters_and_only_them(make_gateway, ctl):
    g = make_gateway(events=STRICT).start()
    with client(g) as http:
        assert post(http, event(1)).status_code == 202
        told = [structured(http, b"x%d" % i).json()["deadletter"] for i in range(5)]
        assert ctl(g, "purge", TOPIC, told[1]).stdout == "2 removed, 3 left\n"
        assert [p["position"] for p in letters(g)] == told[2:]
        assert ctl(g, "purge", TOPIC, told[1]).stdout == "0 removed, 3 left\n"
        assert "404" in ctl(g, "show", TOPIC, told[0], status=1).stderr
        assert outcomes(g, {"positions": told[1:3]}) == ["gone", "refused"]
        g.kill_worker()
        g.wait_ready()
    with client(g) as http:
        assert [p["position"] for p in letters(g)] == told[2:]
        assert ctl(g, "purge", TOPIC, "--all").stdout == "3 removed, 0 left\n"
        assert letters(g) == [] and stored(http) == ["1"]
        told = structured(http, b"new").json()["deadletter"]
        assert [p["position"] for p in letters(g)] == [told]
    assert "dlq_purged" in g.log()


def test_a_replay_that_was_cut_off_is_asked_again(make_gateway, ctl):
    """The worker dies after each of several pieces: at the end each event is
    stored once."""
    g = make_gateway(events=STRICT).start()
    with client(g) as http:
        for i in range(60):
            assert binary_event(http, f"e{i}", TWICE).status_code == 400
    mend(g)
    for piece in (7, 23, 41):
        assert set(outcomes(g, {"all": True, "limit": piece})) <= {"stored", "duplicate"}
        g.kill_worker()
        g.wait_ready()
    r = ctl(g, "replay", TOPIC, "--all")
    verdicts = [line.split()[1] for line in r.stdout.splitlines()]
    assert verdicts == ["duplicate"] * 41 + ["stored"] * 19
    with client(g) as http:
        assert stored(http) == [f"e{i}" for i in range(60)]
    assert len(letters(g)) == 60


def test_a_replay_in_flight_dies_with_the_worker_and_loses_nothing(make_gateway, ctl):
    g = make_gateway(events=STRICT).start()
    with client(g) as http:
        for i in range(100):
            assert binary_event(http, f"e{i}", TWICE).status_code == 400
    mend(g)
    binary = os.path.join(g.dir, "headgatectl")
    os.symlink(os.path.abspath(BINARY), binary)
    for _ in range(3):
        p = subprocess.Popen([binary, "dlq", "replay", TOPIC, "--all", "--admin", str(g.admin)],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        g.kill_worker()
        p.wait(30)
        g.wait_ready()
    ctl(g, "replay", TOPIC, "--all")
    with client(g) as http:
        assert sorted(stored(http)) == sorted(f"e{i}" for i in range(100))


def test_pages_in_a_browser_change_nothing(make_gateway):
    g = make_gateway(events=STRICT).start()
    with client(g) as http:
        told = structured(http, b"x").json()["deadletter"]
    purge, wish = f"/dlq/{TOPIC}/purge", {"through": told}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert ask(g, purge, wish, content_type=kind)[0] == 415
    assert ask(g, purge, wish, origin="https://evil.example")[0] == 403
    assert ask(g, purge)[0] == 405
    assert len(letters(g)) == 1
    assert ask(g, purge, wish)[0] == 200
    assert letters(g) == []


def test_what_cannot_be_meant_is_refused(make_gateway, ctl):
    g = make_gateway(events=STRICT).start()
    with client(g) as http:
        other = post(http, event(1)).headers["headgate-position"]
        assert structured(http, b"x").status_code == 400
    dlq = f"/dlq/{TOPIC}"
    for path, body, status, slug in [
            ("/dlq/demo.events", None, 404, "topic-unknown"),
            ("/dlq/no.such.dlq", None, 404, "topic-unknown"),
            (f"{dlq}?limit=0", None, 400, "query-invalid"),
            (f"{dlq}?limit=1001", None, 400, "query-invalid"),
            (f"{dlq}?limits=1", None, 400, "query-invalid"),
            (f"{dlq}?position=tea", None, 400, "position-invalid"),
            (f"{dlq}?at={other}", None, 400, "position-invalid"),
            (f"{dlq}/purge", {}, 400, "request-invalid"),
            (f"{dlq}/purge", {"through": other}, 400, "position-invalid"),
            (f"{dlq}/purge", {"all": True, "through": other}, 400, "request-invalid"),
            (f"{dlq}/purge", {"al": True}, 400, "request-invalid"),
            (f"{dlq}/purge", b"{", 400, "json-invalid"),
            (f"{dlq}/purge", b"[]", 400, "request-invalid"),
            (f"{dlq}/replay", {}, 400, "request-invalid"),
            (f"{dlq}/replay", {"positions": []}, 400, "request-invalid"),
            (f"{dlq}/replay", {"positions": [7]}, 400, "position-invalid"),
            (f"{dlq}/replay", {"positions": "x"}, 400, "request-invalid"),
            (f"{dlq}/replay", {"all": True, "limit": 0}, 400, "request-invalid"),
            (f"{dlq}/replay", {"all": True, "to": "x" * 300}, 404, "topic-unknown"),
    ]:
        got, problem = ask(g, path, body)
        assert (got, problem["type"]) == (status, f"urn:headgate:problem:{slug}"), (path, body)
    assert len(letters(g)) == 1
    for args in (["burn"], ["show"], ["replay", TOPIC], ["purge", TOPIC], ["show", "a/b"],
                 ["show", TOPIC, "--purge"], ["replay", TOPIC, "x", "--all"],
                 ["replay", TOPIC, "x", "--purge"], ["list", TOPIC], ["purge", TOPIC, "x", "y"]):
        assert "see: headgatectl help dlq" in ctl(g, *args, status=2).stderr
    assert "400" in ctl(g, "replay", TOPIC, "x", status=1).stderr
