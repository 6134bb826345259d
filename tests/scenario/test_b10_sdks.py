# SPDX-License-Identifier: Apache-2.0
"""Events as the CloudEvents SDKs make, encode and send them are stored as what
was meant. Each client posts events with the same awkward subject, source,
extensions and kinds of data in turn; they are read back by a pull."""
import json

import pytest
from support.clients import client_path, run
from support.events import client

pytestmark = pytest.mark.only_on("embedded", "nothing in it depends on the event log")

UNICODE = 'Zürich "€" 100% 😀'
ASCII = 'Zurich "q" 100%'
SPACE, ESCAPED = "/src?x=1&y=a b", "/src?x=1&y=a%20b"

JSON = {"datacontenttype": "application/json", "data": {"a": 1, "s": "ü<&>"}}
TEXT = {"datacontenttype": "text/plain; charset=utf-8", "data": "hé"}
# The SDK for Java gives all data that is not JSON in base64.
TEXT64 = {"datacontenttype": "text/plain; charset=utf-8", "data_base64": "aMOp"}
BYTES = {"datacontenttype": "application/octet-stream", "data_base64": "AAEC/w=="}
NONE = {}
KINDS = [JSON, TEXT, BYTES, NONE]

TYPED = {"mystr": "a,b;c", "myint": 42, "mybool": True}
# In binary mode a header has no type, and that of Python says "True".
UNTYPED = {"mystr": "a,b;c", "myint": "42", "mybool": "true"}
PYTHON = {**UNTYPED, "mybool": "True"}

# What each SDK can send: (subject, source as it is stored, time, extensions,
# kinds of data). JavaScript and Java let no space into a source, JavaScript
# cuts times to milliseconds, Go turns them into UTC. In binary mode a %20 is
# decoded once, as the binding says, and JavaScript and Java send ASCII only.
GO = "2026-01-02T02:04:05.6789Z"
JS = "2026-01-02T02:04:05.678Z"
PY = "2026-01-02T03:04:05.678900+01:00"
JAVA = "2026-01-02T03:04:05.6789+01:00"
SENT = {
    ("go", "structured"): (UNICODE, SPACE, GO, TYPED, KINDS),
    ("go", "binary"): (UNICODE, SPACE, GO, UNTYPED, KINDS),
    ("go", "batch"): (UNICODE, SPACE, GO, TYPED, KINDS),
    ("js", "structured"): (UNICODE, ESCAPED, JS, TYPED, KINDS),
    ("js", "binary"): (ASCII, SPACE, JS, UNTYPED, KINDS[:3]),
    ("python", "structured"): (UNICODE, SPACE, PY, TYPED, KINDS),
    ("python", "binary"): (UNICODE, SPACE, PY, PYTHON, KINDS),
    ("java", "structured"): (UNICODE, ESCAPED, JAVA, TYPED, [JSON, TEXT64, BYTES, NONE]),
    ("java", "binary"): (ASCII, SPACE, JAVA, UNTYPED, KINDS),
}
COUNT = 8


def post_by(gateway, sdk, mode):
    """(id, status, position or "-", body) of each event that the client sent."""
    r = run(client_path(f"ce-{sdk}"), f"{gateway.url}/events", gateway.crt, mode, COUNT)
    assert r.returncode == 0, r.stderr[-2000:] + gateway.log()[-2000:]
    return [(line.split(" ", 3) + [""])[:4] for line in r.stdout.splitlines()]


def read_back(gateway):
    with client(gateway) as http:
        return http.get("/events?since=earliest").json()


def expected(sdk, mode):
    subject, source, time, extensions, kinds = SENT[sdk, mode]
    return [{"specversion": "1.0", "id": f"{sdk}-{mode}-{i}", "source": source,
             "type": "com.example.test", "subject": subject, "time": time,
             **extensions, **kinds[i % len(kinds)]} for i in range(COUNT)]


# The clients for Go and Java speak HTTP/2 where it is offered.
@pytest.mark.parametrize("sdk,mode,http2", [(*s, "on") for s in SENT] + [
    (*s, "off") for s in SENT if s[0] in ("go", "java")])
def test_what_an_sdk_sends_is_stored_as_it_was_meant(make_gateway, sdk, mode, http2):
    gateway = make_gateway(server=f"http2 {http2};").start()
    told = post_by(gateway, sdk, mode)
    got = read_back(gateway)
    positions = [e.pop("hgposition") for e in got]
    assert got == expected(sdk, mode)
    assert [(t[0], t[1]) for t in told] == [(e["id"], "202") for e in got]
    if mode != "batch":
        assert [t[2] for t in told] == positions


@pytest.mark.parametrize("sdk", ["go", "python", "java"])
def test_the_same_events_from_an_sdk_again_are_stored_once(gateway, sdk):
    assert post_by(gateway, sdk, "structured") == post_by(gateway, sdk, "structured")
    assert len(read_back(gateway)) == COUNT


def test_a_header_in_latin_1_is_refused_by_its_name(gateway):
    for _, status, position, body in post_by(gateway, "js", "latin"):
        problem = json.loads(body)
        assert (status, position) == ("400", "-")
        assert problem["type"] == "urn:headgate:problem:event-invalid"
        assert "ce-subject" in problem["detail"] and "percent-encode" in problem["detail"]
    assert read_back(gateway) == []


def test_strict_headers_refuse_what_the_binding_would_not_write(make_gateway):
    gateway = make_gateway(events="ce_headers strict;").start()
    # Go encodes nothing; Python does, but a space makes no source.
    for sdk, names in (("go", "header ce-"), ("python", "ce-source")):
        for _, status, _, body in post_by(gateway, sdk, "binary"):
            assert status == "400", body
            assert names in json.loads(body)["detail"]
    assert read_back(gateway) == []
