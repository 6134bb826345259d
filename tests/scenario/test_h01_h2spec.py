# SPDX-License-Identifier: Apache-2.0
"""h2spec against the gateway: 146 cases, the strict ones too. The location reads
a body before it answers, for an answer that comes first would hide what is
wrong with the rest of a request."""
import xml.etree.ElementTree as ET

import pytest
from support.clients import client_path, run, support_module

pytestmark = pytest.mark.only_on("embedded", "nothing in it depends on the event log")

CASES = 146

# (section, case): why it may fail.
EXPECTED = {
    "tls": {},
    "plain": {
        ("http2/3.5", "Sends invalid connection preface"):
            "on a plain listener, what is no HTTP/2 preface is HTTP/1.1: answered 400, then closed",
    },
}


@pytest.mark.parametrize("transport", EXPECTED)
def test_h2spec_finds_no_fault(make_gateway, tmp_path, transport):
    gateway = make_gateway(main=f"load_module {support_module('echo')};\n",
                           locations="location = /echo { echo \"Good morning\"; }").start()
    where = [gateway.tls, "-t", "-k"] if transport == "tls" else [gateway.plain]
    report = tmp_path / "h2spec.xml"
    r = run(client_path("h2spec"), "-h", "127.0.0.1", "-p", *where, "-S", "-o", 2, "-P", "/echo",
            "-j", report)
    cases = [(c.get("package"), c.get("classname"), c) for c in ET.parse(report).iter("testcase")]
    assert len(cases) == CASES, r.stdout
    failed = {(package, name) for package, name, c in cases if len(c) > 0}
    assert failed == set(EXPECTED[transport]), r.stdout[r.stdout.find("Failures"):]
    assert gateway.log().count("worker_started") == 1
