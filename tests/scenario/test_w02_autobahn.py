# SPDX-License-Identifier: Apache-2.0
"""Autobahn's WebSocket cases, run by kosoku against the WebSocket engine with
an echo in front. It is a small server of its own: the module door has no way in
for the messages of a WebSocket, since in the gateway each is an event. The
sections on compression (12, 13) are left out: compression is not offered."""
import json
import os
import subprocess

import pytest
from support.clients import client_path, run, support_path
from support.gateway import free_port
from support.wait import connects, until

pytestmark = pytest.mark.only_on("embedded", "nothing in it depends on the event log")

# How many cases the suite has there: a case that was not run is a failure.
SECTIONS = {"1.*": 16, "2.*": 11, "3.*": 7, "4.*": 10, "5.*": 20, "6.*": 145, "7.*": 37,
            "9.*": 54, "10.*": 1}
PASSED = ("OK", "INFORMATIONAL")


@pytest.fixture(scope="module")
def echo():
    """host:port of an echo server."""
    port = free_port()
    process = subprocess.Popen([support_path("ws_echo"), str(port)])
    until(lambda: connects(port), "the echo server")
    yield f"127.0.0.1:{port}"
    process.terminate()
    assert process.wait(10) == 0


@pytest.mark.parametrize("section", SECTIONS)
def test_every_case_of_a_section_passes_strictly(echo, tmp_path, section):
    r = run(client_path("kosoku"), "-m", "fuzzingclient", "-i", section, "-o", tmp_path, echo)
    with open(os.path.join(tmp_path, "index.json"), encoding="utf-8") as f:
        [cases] = json.load(f).values()
    assert len(cases) == SECTIONS[section], r.stdout
    assert {k: c for k, c in cases.items() if c["behavior"] not in PASSED or
            c["behaviorClose"] not in PASSED} == {}
