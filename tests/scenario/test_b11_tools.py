# SPDX-License-Identifier: Apache-2.0
"""Tools that everybody has: curl, nghttp, h2load, and httpx over HTTP/2."""
import asyncio
import json
import re
import ssl
import subprocess

import httpx
import pytest
from support.clients import run, tool_path
from support.events import client, event

pytestmark = pytest.mark.only_on("embedded", "nothing in it depends on the event log")

JSON = "Content-Type: application/cloudevents+json"


def ids(gateway):
    with client(gateway) as http:
        return [e["id"] for e in http.get("/events?since=earliest").json()]


def curl(gateway, *args, url=None):
    """(heads of all answers as text, body, status of the last)."""
    r = run(tool_path("curl"), "-sS", "--max-time", 30, "--cacert", gateway.crt, "-D", "/dev/stderr",
            "-w", "%{stderr}\n%{http_version} %{response_code}", *args, url or f"{gateway.url}/events")
    assert r.returncode == 0, r.stderr
    version, status = r.stderr.rsplit("\n", 1)[1].split()
    return r.stderr, r.stdout, version, int(status)


@pytest.mark.parametrize("options,scheme,version", [
    (["--http1.1"], "https", "1.1"), (["--http2"], "https", "2"),
    (["--http1.1"], "http", "1.1"), (["--http2-prior-knowledge"], "http", "2"),
    (["--http2"], "http", "1.1"),  # asks for an upgrade to h2c, which may be ignored
])
def test_curl_posts_an_event(gateway, options, scheme, version):
    base = gateway.url if scheme == "https" else gateway.plain_url
    head, body, spoken, status = curl(gateway, *options, "-H", JSON, "-d", json.dumps(event(1)),
                                      url=base + "/events")
    assert (spoken, status, body) == (version, 202, ""), head
    assert re.search(r"(?mi)^headgate-position: \S{42}\s*$", head)
    assert ids(gateway) == ["1"]


def test_curl_posts_a_body_of_unknown_length(gateway, tmp_path):
    big = event(1, data={"text": "x" * 300000})
    (tmp_path / "event.json").write_text(json.dumps(big))
    for version in ("--http1.1", "--http2"):
        head, _, _, status = curl(gateway, version, "-X", "POST", "-T", tmp_path / "event.json",
                                  "-H", JSON, "-H", "Transfer-Encoding: chunked")
        assert status == 202, head
    assert "headgate-duplicate: true" in head.lower()
    with client(gateway) as http:
        assert http.get("/events?since=earliest").json()[0]["data"] == big["data"]


def test_curl_that_expects_100_is_told_to_go_on(gateway):
    head, _, _, status = curl(gateway, "--http1.1", "--expect100-timeout", 20, "-H", JSON,
                              "-H", "Expect: 100-continue", "-d", json.dumps(event(1)))
    assert head.startswith("HTTP/1.1 100 Continue\n\nHTTP/1.1 202"), head
    assert status == 202


def test_curl_that_expects_100_is_refused_before_it_sends_the_body(gateway, tmp_path):
    (tmp_path / "body").write_bytes(b"x" * 500000)
    head, body, _, status = curl(gateway, "--http1.1", "--expect100-timeout", 20,
                                 "-H", "Content-Type: text/plain", "-H", "Expect: 100-continue",
                                 "--data-binary", f"@{tmp_path}/body", "-w",
                                 "%{stderr}%{size_upload}\n%{http_version} %{response_code}")
    assert "100 Continue" not in head
    assert re.search(r"(?m)^0$", head), head
    assert (status, json.loads(body)["type"]) == (415, "urn:headgate:problem:media-type-unsupported")


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl_follows_a_stream(gateway, version):
    process = subprocess.Popen(
        [tool_path("curl"), "-sSN", version, "--cacert", gateway.crt, "-H",
         "Accept: text/event-stream", f"{gateway.url}/events?since=earliest"],
        stdout=subprocess.PIPE, text=True)
    try:
        with client(gateway) as http:
            sent = event(1, subject="me")
            http.post("/events", json=sent, headers={"content-type": JSON.split(": ")[1]})
        lines = iter(process.stdout.readline, "")
        data = next(line for line in lines if line.startswith("data:") and "specversion" in line)
        assert json.loads(data[5:])["subject"] == "me"
        assert re.fullmatch(r"id: \S{42}\n", next(lines))
    finally:
        process.terminate()
        process.wait(10)


def test_nghttp_posts_over_many_streams(gateway, tmp_path):
    (tmp_path / "event.json").write_text(json.dumps(event(1)))
    r = run(tool_path("nghttp"), "-nv", "-y", "-m", 20, "-d", tmp_path / "event.json", "-H",
            JSON.lower(), f"{gateway.url}/events")
    assert r.returncode == 0, r.stderr
    assert len(re.findall(r":status: 202", r.stdout)) == 20, r.stdout
    assert "ALPN protocol: h2" in r.stdout or "h2" in r.stdout
    assert ids(gateway) == ["1"]


@pytest.mark.parametrize("options,protocol", [(["-m", 10], "h2"), (["--h1"], "h1")])
def test_h2load_fails_not_once_in_2000(gateway, tmp_path, options, protocol):
    (tmp_path / "event.json").write_text(json.dumps(event(1)))
    r = run(tool_path("h2load"), "-n", 2000, "-c", 10, "-t", 1, *options, "-d",
            tmp_path / "event.json", "-H", JSON, f"{gateway.url}/events")
    assert "2000 succeeded, 0 failed, 0 errored, 0 timeout" in r.stdout, r.stdout + r.stderr
    assert "status codes: 2000 2xx, 0 3xx, 0 4xx, 0 5xx" in r.stdout, r.stdout
    assert gateway.metric(f'headgate_requests_total{{protocol="{protocol}"}}') >= 2000
    assert gateway.metric('headgate_log_events_total{result="stored"}') == 1
    assert gateway.metric('headgate_log_events_total{result="duplicate"}') == 1999
    assert ids(gateway) == ["1"]


def test_httpx_posts_at_once_over_one_connection(gateway):
    async def post_all():
        context = ssl.create_default_context(cafile=gateway.crt)
        async with httpx.AsyncClient(http2=True, verify=context, timeout=30) as http:
            answers = await asyncio.gather(*(
                http.post(f"{gateway.url}/events", content=json.dumps(event(i)),
                          headers={"content-type": "application/cloudevents+json"})
                for i in range(500)))
            return answers, (await http.get(f"{gateway.url}/events?since=earliest")).json()

    answers, stored = asyncio.run(post_all())
    assert {(r.http_version, r.status_code) for r in answers} == {("HTTP/2", 202)}
    position_of = {e["id"]: e["hgposition"] for e in stored}
    assert position_of == {str(i): r.headers["headgate-position"] for i, r in enumerate(answers)}
    assert gateway.metric('headgate_tls_handshakes_total{result="full"}') == 1
