# SPDX-License-Identifier: Apache-2.0
"""Servers by name, their certificates, addresses of every kind, locations and
what is written of their requests."""
import os
import re
import signal
import socket
import ssl
import stat
import time

import httpx
import pytest

from support.events import client, event, post
from support.gateway import free_port
from support.process import descriptors, is_alive
from support.raw import Pipe
from support.tls import any_context, handshake, make_certificate, subject
from support.wait import connects, until

pytestmark = pytest.mark.only_on("embedded", "nothing in it depends on the event log")

BASE = """
worker_threads 2;
pid            gateway.pid;
error_log      stderr info;
admin          127.0.0.1:{admin};
load_module    log_embedded;
load_module    source_cloudevents;
load_module    sink_sse;
load_module    sink_ws;
load_module    sink_pull;
load_module    hello;
event_log      embedded events;
authenticate   none;
role anonymous {{ publish demo.**; subscribe demo.**; }}
"""


def server(text, listen="listen 127.0.0.1:{tls} ssl; listen 127.0.0.1:{plain};"):
    return f"server {{{{ {listen} {text} }}}}\n"


def hello(word, more=""):
    return f"{more} location / {{{{ hello {word}; }}}}"


def tls_pair(pair):
    return f"ssl_certificate {pair[0]}; ssl_certificate_key {pair[1]};"


NAMES = {"default.test": "", "exact.test": "server_name exact.test second.test;",
         "*.wild.test": "server_name *.wild.test;", "in.wild.test": "server_name in.wild.test;",
         "*.deep.wild.test": "server_name *.deep.wild.test;"}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    d = tmp_path_factory.mktemp("names")
    return {name: make_certificate(d, name) for name in NAMES}


@pytest.fixture
def many(make_gateway, pairs):
    """Five servers on one address; each says who it is."""
    return make_gateway(conf=BASE + "".join(
        server(hello(name, line + tls_pair(pairs[name]))) for name, line in NAMES.items())).start()


LEADS = [("exact.test", "exact.test"), ("EXACT.Test", "exact.test"), ("exact.test.", "exact.test"),
         ("second.test", "exact.test"), ("a.wild.test", "*.wild.test"),
         ("a.b.wild.test", "*.wild.test"), ("in.wild.test", "in.wild.test"),
         ("x.in.wild.test", "*.wild.test"), ("x.deep.wild.test", "*.deep.wild.test"),
         ("wild.test", "default.test"), ("notwild.test", "default.test"),
         ("unknown.test", "default.test"), ("127.0.0.1", "default.test")]


@pytest.mark.parametrize("host,answers", LEADS)
def test_the_name_of_a_request_leads_to_its_server(many, host, answers):
    for authority in (host, f"{host}:{many.plain}"):
        r = httpx.get(many.plain_url, headers={"host": authority})
        assert (r.status_code, r.text) == (200, answers + "\n")


@pytest.mark.parametrize("host,answers", LEADS[:-1])
def test_the_name_of_a_handshake_picks_the_certificate(many, pairs, host, answers):
    crt = os.path.join(many.dir, "all.crt")
    with open(crt, "w", encoding="utf-8") as f:
        f.write("".join(open(pair[0], encoding="utf-8").read() for pair in pairs.values()))
    assert subject(crt, many.tls, host.rstrip(".")) == answers


def test_without_a_name_the_first_server_s_certificate_is_shown(many, pairs):
    assert subject(pairs["default.test"][0], many.tls, None) == "default.test"


def ask(http, gateway, sni, host):
    return http.get(f"{gateway.url}/", headers={"host": host},
                    extensions={"sni_hostname": sni})


@pytest.mark.parametrize("http2", [False, True], ids=["h1", "h2"])
def test_a_request_for_another_server_than_the_handshake_s_is_misdirected(many, http2):
    with httpx.Client(verify=any_context(), http2=http2, http1=not http2) as http:
        r = ask(http, many, "exact.test", "in.wild.test")
        assert r.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        assert r.status_code == 421
        assert r.json()["type"] == "urn:headgate:problem:misdirected"
        # the connection is as good as before, also for another name of its server
        for host in ("exact.test", "second.test"):
            again = ask(http, many, "exact.test", host)
            assert (again.status_code, again.text) == (200, "exact.test\n")
            assert again.extensions["network_stream"] is r.extensions["network_stream"]
    with httpx.Client(verify=any_context(), http2=http2) as http:
        assert ask(http, many, "unknown.test", "other-unknown.test").text == "default.test\n"
        assert ask(http, many, "unknown.test", "exact.test").status_code == 421


def test_locations_exact_then_captured_then_the_longest_prefix(make_gateway):
    g = make_gateway(conf=BASE + server("""
        location /            {{ hello root; }}
        location /a           {{ hello a; }}
        location /a/long      {{ hello a-long; }}
        location = /a/long/e  {{ hello exact; }}
        location /t/{topic}/e {{ stream $topic allow=demo.*; }}
        location /t/          {{ hello t; }}
    """.replace("{topic}", "{{topic}}"), "listen 127.0.0.1:{plain};")).start()
    for path, answer in (("/", "root"), ("/b", "root"), ("/a", "a"), ("/ab", "a"), ("/a/", "a"),
                         ("/a/long", "a-long"), ("/a/long/", "a-long"), ("/a/long/e", "exact"),
                         ("/a/long/e/", "a-long"), ("/a/long/e?x=1", "exact"), ("/t/", "t"),
                         ("/t/demo.x/f", "t"), ("/t/demo.x/e/", "t"), ("/t//e", "t"),
                         ("/t/a/b/e", "t")):
        r = httpx.get(g.plain_url + path)
        assert (r.status_code, r.text) == (200, answer + "\n"), path
    r = httpx.get(g.plain_url + "/t/demo.x/e?since=earliest")
    assert r.json()["type"] == "urn:headgate:problem:topic-unknown"  # what was captured is asked for


def test_a_path_that_no_location_takes_is_not_found(make_gateway):
    g = make_gateway(conf=BASE + server("location = /a {{ hello a; }} location /b/ {{ hello b; }}",
                                        "listen 127.0.0.1:{plain};")).start()
    for path in ("/", "/a/", "/A", "/b", "/%61/"):
        r = httpx.get(g.plain_url + path)
        assert r.status_code == 404, path
        assert r.json()["type"] == "urn:headgate:problem:not-found"
    assert httpx.get(g.plain_url + "/%61").text == "a\n"  # the same path, spelled otherwise


@pytest.mark.parametrize("http2", [False, True], ids=["h1", "h2"])
def test_options_of_the_server_as_a_whole(make_gateway, pairs, http2):
    g = make_gateway(conf=BASE + server("location = /a {{ hello a; }} location = /b {{ accept cloudevents; "
                                        "publish demo.b; }}" + tls_pair(pairs["default.test"])) +
                     server("server_name exact.test; location /c {{ stream demo.**; }} "
                            "access_log e.log;" + tls_pair(pairs["exact.test"]))).start()
    for name, allow in (("exact.test", "OPTIONS, GET"),
                        ("unknown.test", "OPTIONS, GET, HEAD, POST")):
        with httpx.Client(verify=any_context(), http2=http2, http1=not http2) as http:
            r = http.request("OPTIONS", f"{g.url}/", headers={"host": name},
                             extensions={"sni_hostname": name, "target": b"*"})
            assert (r.status_code, r.headers["allow"], r.content) == (204, allow, b"")
    until(lambda: '"OPTIONS * HTTP/' in read(g, "e.log"), "its line", 10)


# --- addresses ---

def has_ipv6():
    with socket.socket(socket.AF_INET6) as s:
        try:
            s.bind(("::1", 0))
            return True
        except OSError:
            return False


@pytest.mark.skipif(not has_ipv6(), reason="SKIP: this machine has no ::1")
def test_ipv6_beside_ipv4_on_one_port(make_gateway):
    g = make_gateway(conf=BASE + server(hello("four"), "listen 127.0.0.1:{plain};") +
                     server(hello("six"), "listen [::1]:{plain};")).start()
    assert httpx.get(f"http://127.0.0.1:{g.plain}/").text == "four\n"
    r = httpx.get(f"http://[::1]:{g.plain}/")
    assert (r.status_code, r.text) == (200, "six\n")


UNIX = "listen unix:{dir}/gate.sock; access_log access.log;"


def unix_get(g, path="/"):
    transport = httpx.HTTPTransport(uds=os.path.join(g.dir, "gate.sock"))
    with httpx.Client(transport=transport) as http:
        return http.get(f"http://localhost{path}")


def test_a_unix_socket_is_served_by_every_loop_and_leaves_with_the_gateway(make_gateway):
    g = make_gateway(conf=BASE + server(hello("here"), UNIX)).start()
    path = os.path.join(g.dir, "gate.sock")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
    for _ in range(8):
        assert unix_get(g).text == "here\n"
    assert g.run("-s", "reload").returncode == 0
    assert unix_get(g).text == "here\n"
    g.kill_worker()
    g.wait_ready()
    assert unix_get(g).text == "here\n"
    assert g.stop() == 0
    assert not os.path.exists(path)
    with open(os.path.join(g.dir, "access.log"), encoding="utf-8") as f:
        assert f.readline().startswith("unix: - [")


def test_a_unix_socket_that_a_crash_left_is_replaced(make_gateway):
    g = make_gateway(conf=BASE + server(hello("here"), UNIX)).start()
    worker = g.workers()[0]
    g.process.kill()
    g.process.wait()
    g.process = None
    until(lambda: not is_alive(worker), "the worker to end")
    assert os.path.exists(os.path.join(g.dir, "gate.sock"))
    g.start()
    assert unix_get(g).text == "here\n"


def test_a_unix_socket_that_is_served_or_no_socket_is_not_taken(make_gateway):
    g = make_gateway(conf=BASE + server(hello("here"), UNIX)).start()
    other = make_gateway(conf=BASE + server(hello("there"), f"listen unix:{g.dir}/gate.sock;"))
    r = other.run()
    assert r.returncode == 1
    assert f"listen unix:{g.dir}/gate.sock: Address already in use" in r.stderr
    assert unix_get(g).text == "here\n"
    precious = os.path.join(other.dir, "precious")
    with open(precious, "w", encoding="utf-8") as f:
        f.write("text")
    other.write_conf(other.conf.replace(f"unix:{g.dir}/gate.sock", f"unix:{precious}"))
    r = other.run()
    assert r.returncode == 1
    assert f"listen unix:{precious}: Address already in use" in r.stderr
    assert open(precious, encoding="utf-8").read() == "text"


def test_an_address_that_is_not_this_machine_s_is_a_clear_fault(make_gateway):
    r = make_gateway(conf=BASE + server(hello("x"), "listen 192.0.2.1:{plain};")).run()
    assert r.returncode == 1
    assert re.search(r"^listen 192\.0\.2\.1:\d+: Cannot assign requested address$", r.stderr, re.M)


def test_the_admin_s_address_is_nobody_else_s(make_gateway):
    r = make_gateway(conf=BASE + server(hello("x"), "listen 127.0.0.1:{admin};")).run()
    assert r.returncode == 1
    assert "this is the admin address" in r.stderr


def test_more_sockets_than_one_message_carries(make_gateway):
    """3 times 200 descriptors, and then some."""
    ports = [free_port() for _ in range(160)]
    listen = "".join(f"listen 127.0.0.1:{port}; " for port in sorted(set(ports)))
    g = make_gateway(conf=(BASE + server(hello("many"), listen)).replace(
        "worker_threads 2;", "worker_threads 4;"))
    assert g.run("-t").returncode == 0
    g.start()
    for port in ports:
        assert httpx.get(f"http://127.0.0.1:{port}/").text == "many\n"
    before = descriptors(g.process.pid)
    assert g.run("-s", "reload").returncode == 0
    assert descriptors(g.process.pid) == before


def test_more_sockets_than_a_configuration_may_have_are_refused_by_t(make_gateway):
    listen = "".join(f"listen 127.0.0.1:{port}; " for port in range(20000, 20065))
    g = make_gateway(conf=(BASE + server(hello("many"), listen)).replace(
        "worker_threads 2;", "worker_threads 64;"))
    r = g.run("-t")
    assert r.returncode == 1
    assert "65 addresses times 64 worker_threads are 4160 sockets; at most 4096" in r.stderr


# --- TLS ---

def limited(version):
    context = any_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.parametrize("version,name", [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
                                          (ssl.TLSVersion.TLSv1_3, "TLSv1.3")])
def test_tls_1_2_and_1_3_are_spoken(gateway, version, name):
    with handshake(gateway.tls, limited(version), "localhost") as tls:
        assert tls.version() == name


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_tls_is_refused_with_an_alert(gateway, version):
    with pytest.raises(ssl.SSLError) as refusal:
        with handshake(gateway.tls, limited(version), "localhost"):
            pass
    assert "ALERT_PROTOCOL_VERSION" in str(refusal.value)
    until(lambda: gateway.metric('headgate_tls_handshakes_total{result="failed"}') == 1,
          "the failed handshake in the metrics")


@pytest.mark.parametrize("offer,agreed", [
    (["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], "h2"), (["http/1.1"], "http/1.1"),
    (["h2"], "h2"), ([], None)])
def test_alpn_agrees_on_http2_where_it_is_offered(gateway, offer, agreed):
    with handshake(gateway.tls, any_context(offer or None), "localhost") as tls:
        assert tls.selected_alpn_protocol() == agreed


def test_a_server_without_http2_agrees_on_http1(make_gateway):
    g = make_gateway(server="http2 off;").start()
    with handshake(g.tls, any_context(["h2", "http/1.1"]), "localhost") as tls:
        assert tls.selected_alpn_protocol() == "http/1.1"
    with client(g, http2=True) as http:
        r = post(http, event(1))
        assert (r.status_code, r.http_version) == (202, "HTTP/1.1")


def test_plain_text_on_a_tls_address_and_the_other_way_end_at_once(gateway):
    with socket.create_connection(("127.0.0.1", gateway.tls), 10) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"HTTP/1.1 2" not in s.recv(4096)
        while s.recv(4096):
            pass
    with pytest.raises((ssl.SSLError, ConnectionError)):
        with handshake(gateway.plain, any_context(), "localhost"):
            pass


def test_a_certificate_that_is_renewed_is_shown_after_a_reload(make_gateway, tmp_path):
    pair = make_certificate(tmp_path, "first.test")
    g = make_gateway(conf=BASE + server(hello("x", tls_pair(pair)))).start()
    with httpx.Client(verify=any_context()) as kept:
        assert kept.get(g.url).status_code == 200
        renewed = make_certificate(tmp_path, "second.test")
        for old, new in zip(pair, renewed):
            os.replace(new, old)
        assert subject_any(g) == "first.test"
        assert g.run("-s", "reload").returncode == 0
        assert subject_any(g) == "second.test"
        assert kept.get(g.url).status_code == 200


def test_a_certificate_that_is_about_to_end_is_told_and_served(make_gateway, tmp_path):
    pair = make_certificate(tmp_path, "soon.test", days=2)
    g = make_gateway(conf=BASE + server(hello("x", tls_pair(pair)))).start()
    line = next(i for i, text in enumerate(g.conf.splitlines(), 1) if "ssl_certificate" in text)
    r = g.run("-t")
    assert r.returncode == 0
    for text in (r.stderr, g.log()):
        assert text.count(f":{line}: ssl_certificate: warning: the certificate ends on 20") == 1
    assert g.run("-s", "reload").returncode == 0


def test_the_end_of_a_certificate_is_a_metric_that_a_reload_renews(make_gateway, tmp_path):
    name = 'headgate_tls_certificate_expiry_timestamp_seconds{server="end.test"}'
    pair = make_certificate(tmp_path, "end.test", days=20)
    g = make_gateway(conf=BASE + server("server_name end.test;" + hello("x", tls_pair(pair)))).start()
    assert round((g.metric(name) - time.time()) / 86400) == 20
    make_certificate(tmp_path, "end.test", days=80)
    assert g.run("-s", "reload").returncode == 0
    assert round((g.metric(name) - time.time()) / 86400) == 80


def subject_any(g):
    with handshake(g.tls, any_context(), "x.test") as tls:
        der = tls.getpeercert(binary_form=True)
    return "first.test" if b"first.test" in der else "second.test" if b"second.test" in der else "?"


# --- logs ---

def read(g, name):
    with open(os.path.join(g.dir, name), encoding="utf-8") as f:
        return f.read()


def test_each_location_writes_to_its_log_in_its_format(make_gateway):
    g = make_gateway(conf=BASE + 'log_format brief "$request_method $uri $status";\n'
                     'log_format events "$status stored=$events again=$duplicates $problem '
                     '\\"$http_user_agent\\" $server_protocol len=$request_length";\n' +
                     "access_log main.log brief;\n" +
                     server("""location = /quiet  {{ hello x; access_log off; }}
                               location = /loud   {{ hello x; access_log loud.log brief; }}
                               location = /events {{ accept cloudevents; publish demo.e;
                                                     access_log events.log events; }}
                               location = /main   {{ hello x; }}""",
                            "listen 127.0.0.1:{plain};") +
                     server("server_name other.test; access_log other.log; "
                            "location = / {{ hello y; }}", "listen 127.0.0.1:{plain};")).start()
    with httpx.Client(base_url=g.plain_url) as http:
        for path in ("/quiet", "/loud", "/main", "/nothing"):
            http.get(path)
        agent = {"user-agent": 'a "quoted"\\agent'}
        body = event(1)
        assert post(http, body, **agent).status_code == 202
        assert post(http, body, **agent).status_code == 202
        assert http.post("/events", content=b"no", headers=agent).status_code == 415
        http.get("/", headers={"host": "other.test", "user-agent": "x"})
    until(lambda: "GET / " in read(g, "other.log"), "the last line", 10)
    assert read(g, "main.log").splitlines() == ["GET /main 200", "GET /nothing 404"]
    assert read(g, "loud.log").splitlines() == ["GET /loud 200"]
    lines = read(g, "events.log").splitlines()
    quoted = '"a \\x22quoted\\x22\\x5Cagent" HTTP/1.1'
    assert re.fullmatch(re.escape(f"202 stored=1 again=0 - {quoted}") + r" len=\d+", lines[0])
    assert re.fullmatch(re.escape(f"202 stored=0 again=1 - {quoted}") + r" len=\d+", lines[1])
    assert lines[2].startswith("415 stored=0 again=0 ")
    assert re.fullmatch(r'127\.0\.0\.1 - \[[^]]+Z\] "GET / HTTP/1\.1" 200 events=0 '
                        r'duplicates=0 ms=[0-9.]+ "x"\n', read(g, "other.log"))


def refuse(g, name, data):
    """Sends it over TLS and reads to the end: the status."""
    with handshake(g.tls, any_context(["http/1.1"]), name) as s:
        s.sendall(data)
        pipe = Pipe(s)
        status, _ = pipe.head()
        while s.recv(4096):
            pass
    return status


def test_what_http_itself_refuses_has_its_line(make_gateway, pairs):
    """In the log of the server whose name the connection asked for."""
    g = make_gateway(conf=BASE + 'log_format f "$remote_addr $request_method $uri $status $problem '
                     '$server_protocol $http_user_agent";\n' +
                     "client_header_timeout 300ms; client_body_timeout 300ms;\n" +
                     server(hello("d", "access_log d.log f;" + tls_pair(pairs["default.test"]))) +
                     server("location = /quiet {{ hello x; access_log off; }} location = /events "
                            "{{ accept cloudevents; publish demo.e; }} server_name exact.test; "
                            "access_log e.log f;" + tls_pair(pairs["exact.test"]))).start()
    head = b"GET /quiet?token=secret HTTP/1.1\r\nUser-Agent: a\"b\r\n"
    for data, status in ((b"\x01nonsense \r\n\r\n", 400), (head + b"Host: a b\r\n\r\n", 400),
                         (head + b"X: " + b"y" * 9000 + b"\r\n\r\n", 431), (head, 408),
                         (b"GET / HTTP/3.0\r\n\r\n", 505),
                         (b"POST /events HTTP/1.1\r\nHost: exact.test\r\nContent-Type: "
                          b"application/cloudevents+json\r\nContent-Length: 9\r\n\r\n{", 408)):
        assert refuse(g, "exact.test", data) == status
    with httpx.Client(verify=any_context(), http2=True, http1=False) as http:
        r = http.get(f"{g.url}/quiet?a=b", headers={"host": "exact.test", "user-agent": "h2",
                                                    "x": "y" * 9000},
                     extensions={"sni_hostname": "exact.test"})
        assert (r.http_version, r.status_code) == ("HTTP/2", 431)
    assert refuse(g, "unknown.test", b"GET /\r\n\r\n") == 400
    wanted = ["- - 400 request-invalid HTTP/1.1 -",
              "GET /quiet 400 request-invalid HTTP/1.1 a\\x22b",
              "GET /quiet 431 fields-too-large HTTP/1.1 a\\x22b",
              "GET /quiet 408 timeout HTTP/1.1 a\\x22b", "GET / 505 version-unsupported HTTP/1.1 -",
              "POST /events 408 timeout HTTP/1.1 -", "GET /quiet 431 fields-too-large HTTP/2 h2"]
    until(lambda: len(read(g, "e.log").splitlines()) >= len(wanted), "the lines", 10)
    assert sorted(read(g, "e.log").splitlines()) == sorted(f"127.0.0.1 {w}" for w in wanted)
    until(lambda: read(g, "d.log"), "the line of a name that nobody has", 10)
    assert read(g, "d.log") == "127.0.0.1 - - 400 request-invalid HTTP/1.1 -\n"
    assert g.metric('headgate_answers_total{class="4xx"}') == 7
    assert g.metric('headgate_answers_total{class="5xx"}') == 1


def test_faults_of_log_lines_are_told(make_gateway):
    g = make_gateway(conf=BASE.replace("stderr info", "stderr loud") +
                     'log_format f "$nothing";\n' +
                     server("access_log a.log g; location / {{ hello x; access_log b.log f; }}",
                            "listen 127.0.0.1:{plain};"))
    r = g.run("-t")
    assert r.returncode == 1
    assert 'gateway.conf:4: error_log: "loud" is no level; expected debug' in r.stderr
    g.write_conf(g.conf.replace("stderr loud", "stderr info"))
    r = g.run("-t")
    assert r.returncode == 1
    for part in ("there is no variable $nothing", '"g"'):
        assert re.search(rf"gateway\.conf:\d+: .*{re.escape(part)}", r.stderr), r.stderr


def test_an_access_log_that_cannot_be_opened_is_a_clear_fault(make_gateway):
    g = make_gateway(conf=BASE + server("access_log none/a.log; location / {{ hello x; }}",
                                        "listen 127.0.0.1:{plain};"))
    r = g.run()
    assert r.returncode == 1
    assert "access_log: none/a.log: No such file or directory" in r.stderr
    assert not os.path.exists(os.path.join(g.dir, "gateway.pid"))


@pytest.mark.parametrize("level,wanted", [("notice", True), ("crit", False)])
def test_the_error_log_has_its_level_and_above(make_gateway, level, wanted):
    g = make_gateway()
    g.write_conf(g.conf.replace("error_log      stderr info;", f"error_log errors {level};"))
    g.start()
    before = g.conf
    g.write_conf(before.replace("worker_threads 2;", "worker_threads 1;"))  # refused by the master
    assert g.run("-s", "reload").returncode == 1
    lines = read(g, "errors").splitlines()
    assert any(" notice worker_started " in line for line in lines) == wanted
    assert any(" error reload_refused " in line for line in lines) == wanted
    g.write_conf(before.replace(f"errors {level};", "errors info;"))
    assert g.run("-s", "reload").returncode == 0
    until(lambda: " notice reloaded " in read(g, "errors"), "a line of the new level")


def test_a_scrape_is_no_client(gateway):
    figures = ("headgate_connections_total", "headgate_connections_open",
               "headgate_requests_total", "headgate_answers_total",
               "headgate_bytes_received_total", "headgate_bytes_sent_total")
    for _ in range(3):
        assert {f: gateway.metric(f) for f in figures} == dict.fromkeys(figures, 0)
    with client(gateway) as http:
        assert post(http, event(1)).status_code == 202
        assert gateway.metric("headgate_connections_open") == 1
    assert gateway.metric("headgate_requests_total") == 1
    assert gateway.metric("headgate_answers_total") == 1


# --- users ---

@pytest.mark.skipif(os.geteuid() != 0, reason="SKIP: only root can give its rights away")
def test_what_root_made_is_the_worker_s_when_it_becomes_somebody(make_gateway):
    """A gateway that ran as root, then gets a user; its logs stay root's."""
    g = make_gateway(server="access_log access.log;")
    path = g.dir
    while path != "/":  # pytest's directories are for their owner alone
        os.chmod(path, os.stat(path).st_mode | 0o111)
        path = os.path.dirname(path)
    g.start()
    with client(g) as http:
        assert post(http, event(1)).status_code == 202
    assert g.stop() == 0
    g.write_conf("user nobody;\n" + g.conf.replace("error_log      stderr", "error_log errors"))
    g.start()
    with client(g) as http:
        assert post(http, event(2)).status_code == 202
        got = http.get("/events?since=earliest").json()
        assert [e["id"] for e in got] == ["1", "2"]
        for name in ("access.log", "errors"):
            os.rename(os.path.join(g.dir, name), os.path.join(g.dir, name + ".1"))
        assert g.run("-s", "reopen").returncode == 0
        assert post(http, event(3)).status_code == 202
    until(lambda: "POST /events" in read(g, "access.log"), "the line in the new file")
    g.kill_worker()
    g.wait_ready()
    assert g.stop() == 0
    g.write_conf(g.conf.replace("user nobody;\n", ""))  # and back
    g.start()
    with client(g) as http:
        assert post(http, event(4)).status_code == 202
        assert len(http.get("/events?since=earliest").json()) == 4
    assert connects(g.plain)
