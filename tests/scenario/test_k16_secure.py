# SPDX-License-Identifier: Apache-2.0
"""The gateway over a cluster that asks who comes: TLS, a certificate of its own, passwords
and tokens; who is refused; rights on topics; a password that is changed."""
import glob
import http.server
import json
import os
import threading
import time

import pytest

from support.clients import run, tool_path
from support.events import EventStream, client, event, post, post_batch
from support.kafka_gateway import conf_of
from support.kafka_log import kcat
from support.wait import until

confluent_kafka = pytest.importorskip("confluent_kafka", reason="SKIP: confluent-kafka is not installed")
kafka_admin = pytest.importorskip("confluent_kafka.admin", reason="SKIP: confluent-kafka is not installed")

WAYS = ["tls", "mtls", "OAUTHBEARER", "tls-PLAIN"]


class Door:
    """A secure listener of the cluster, and the lines with which a gateway comes through it."""

    def __init__(self, cluster, listener, **properties):
        self.cluster, self.address = cluster, cluster.listener(listener)
        protocol = {"tls": "SSL", "mtls": "SSL", "sasl": "SASL_PLAINTEXT", "sasltls": "SASL_SSL"}[listener]
        self.properties = {"security.protocol": protocol}
        if listener != "sasl":
            self.set(ssl_ca_location=cluster.secret("ca.crt"))
        self.set(**properties)

    def set(self, **properties):
        """None takes a property away."""
        self.properties.update((name.replace("_", "."), value) for name, value in properties.items())
        return self

    def conf(self, topics, main=""):
        lines = [f"kafka_property {name} {value};" for name, value in self.properties.items() if value is not None]
        return conf_of(self.address, topics, "\n".join([*lines, main]))


def door_with_password(cluster, listener, mechanism):
    return Door(cluster, listener, sasl_mechanisms=mechanism, sasl_username="gateway",
                sasl_password="file:" + cluster.secret("password"))


def door(cluster, way):
    if way == "tls":
        return Door(cluster, "tls")
    if way == "mtls":
        return Door(cluster, "mtls", ssl_certificate_location=cluster.secret("client.crt"),
                    ssl_key_pem="file:" + cluster.secret("client.key"))
    if way == "OAUTHBEARER":
        return Door(cluster, "sasl", sasl_mechanisms=way, enable_sasl_oauthbearer_unsecure_jwt="true",
                    sasl_oauthbearer_config="file:" + os.path.join(cluster.dir, "principal"))
    listener = "sasltls" if way.startswith("tls-") else "sasl"
    return door_with_password(cluster, listener, way.removeprefix("tls-"))


@pytest.fixture
def cluster(secure_broker):
    principal = os.path.join(secure_broker.dir, "principal")
    with open(principal, "w", encoding="utf-8") as f:
        f.write("principal=bob")
    os.chmod(principal, 0o600)
    return secure_broker


def assert_untold(gateway, *secrets):
    """Neither what it says nor what it shows has a secret in it."""
    said = [gateway.log(), gateway.run("-T").stdout, gateway.run("-t").stderr,
            *(gateway.admin_get(path)[1] for path in ("/status", "/metrics"))]
    for secret in secrets:
        assert all(secret not in text for text in said)


def ids(stream):
    return [e["id"] for e in stream.events()]


def gateway_by(make_gateway, came_by, topic):
    return make_gateway(conf=came_by.conf({topic: "/events"}, f"kafka_transactional_id {topic};")
                        .replace("stream demo", "atomic_batch on; stream demo"))


def assert_used(cluster, gateway, topic):
    """Producer, transactions, tail, readers and questions: each has a handle of its own."""
    gateway.start()
    live = EventStream(gateway)
    until(live.notices, "the live stream's first notice", 30)
    with client(gateway) as web:
        r = post(web, event("one", subject="s"))
        assert r.status_code == 202, r.text
        r = post_batch(web, [event("two", subject="s"), event("three", subject="s")])
        assert r.status_code == 202, r.text
    behind = EventStream(gateway, path="/events?since=earliest")
    for stream in (live, behind):
        until(lambda s=stream: len(ids(s)) == 3, "all events", 30)
        assert ids(stream) == ["one", "two", "three"]
        stream.close()
    assert [r.headers["ce_id"] for r in kcat(cluster.bootstrap, topic)] == ["one", "two", "three"]
    assert_untold(gateway, cluster.text_of("password"), cluster.text_of("client.key").splitlines()[1])


@pytest.mark.parametrize("way", WAYS)
def test_every_handle_of_the_gateway_goes_the_way_it_is_told(cluster, make_gateway, topic, way):
    assert_used(cluster, gateway_by(make_gateway, door(cluster, way), topic), topic)


@pytest.fixture
def take_newer_client(monkeypatch):
    """The librdkafka of confluent-kafka in the place of the system's, from when it is called on."""
    def take():
        found = glob.glob(os.path.join(os.path.dirname(confluent_kafka.__file__) + ".libs", "librdkafka*"))
        if not found:
            pytest.skip("SKIP: confluent-kafka brings no librdkafka of its own")
        monkeypatch.setenv("LD_PRELOAD", found[0])
        monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")
    return take


@pytest.mark.parametrize("way", ["SCRAM-SHA-256", "tls-SCRAM-SHA-512"])
def test_scram_is_taken_or_is_told_to_need_a_newer_client(cluster, make_gateway, topic, take_newer_client, way):
    gateway = gateway_by(make_gateway, door(cluster, way), topic)
    asked = gateway.run("-t").stderr
    if "librdkafka before 2.6.1" in asked:
        r = gateway.run()
        assert r.returncode == 1 and "Authentication failed" in r.stderr and "librdkafka before 2.6.1" in r.stderr
        take_newer_client()
    else:
        assert "warning: SCRAM" not in asked
    assert_used(cluster, gateway, topic)


class Issuer(http.server.BaseHTTPRequestHandler):
    """Gives who brings the client's secret a token that the cluster knows."""
    cluster, asked = None, []

    def do_POST(self):  # pylint: disable=invalid-name
        self.asked.append(self.headers["authorization"])
        body = json.dumps({"access_token": self.cluster.do("token", "bob").strip(), "token_type": "bearer",
                           "expires_in": 300}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):  # pylint: disable=arguments-differ
        pass


def test_a_token_is_fetched_from_an_issuer(cluster, make_gateway, topic, take_newer_client, tmp_path):
    secret = tmp_path / "client"
    secret.write_text("the-clients-secret")
    secret.chmod(0o600)
    Issuer.cluster, Issuer.asked = cluster, []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Issuer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        came_by = Door(cluster, "sasltls", sasl_mechanisms="OAUTHBEARER", sasl_oauthbearer_method="oidc",
                       sasl_oauthbearer_client_id="headgate", sasl_oauthbearer_client_secret=f"file:{secret}",
                       sasl_oauthbearer_token_endpoint_url=f"http://127.0.0.1:{server.server_port}/token")
        gateway = gateway_by(make_gateway, came_by, topic)
        asked = gateway.run("-t")
        if asked.returncode != 0:
            assert "not supported in this build" in asked.stderr and "gateway.conf:" in asked.stderr
            take_newer_client()
        assert_used(cluster, gateway, topic)
        assert Issuer.asked
        assert_untold(gateway, "the-clients-secret")
        gateway.stop()
        server.shutdown()


def unknown(cluster, door_):
    return door_.set(sasl_username="nobody")


def wrong_password(cluster, door_):
    path = os.path.join(cluster.dir, "wrong")
    with open(path, "w", encoding="utf-8") as f:
        f.write("not-the-password")
    os.chmod(path, 0o600)
    return door_.set(sasl_password="file:" + path)


def no_authority(cluster, door_):
    return door_.set(ssl_ca_location=None)


def no_certificate(cluster, door_):
    return door_.set(ssl_certificate_location=None, ssl_key_pem=None)


def nobodys_certificate(cluster, door_):
    return door_.set(ssl_certificate_location=cluster.secret("other.crt"), ssl_key_pem=None,
                     ssl_key_location=cluster.secret("other.key"))


def another_name(cluster, door_):
    door_.address = door_.address.replace("127.0.0.1", "127.1")  # the same, but the certificate does not say so
    return door_


REFUSED = [("PLAIN", wrong_password, "Authentication failed"), ("PLAIN", unknown, "Authentication failed"),
           ("tls", no_authority, "certificate verify failed"), ("tls", another_name, "certificate verify failed"),
           ("mtls", no_certificate, "certificate"), ("mtls", nobodys_certificate, "certificate")]


@pytest.mark.parametrize("way,fault,cause", REFUSED, ids=[f"{w}-{f.__name__}" for w, f, _ in REFUSED])
def test_who_is_refused_is_told_why_and_the_start_ends(cluster, make_gateway, topic, way, fault, cause):
    refused = fault(cluster, door(cluster, way))
    gateway = make_gateway(conf=refused.conf({topic: "/events"}))
    began = time.monotonic()
    r = gateway.run()
    assert r.returncode == 1
    assert "event_log kafka" in r.stderr and cause in r.stderr, r.stderr
    assert time.monotonic() - began < 10, "a refusal is not waited out"
    asked = gateway.run("-t")
    assert asked.returncode == 0 and "could not be asked" in asked.stderr and cause in asked.stderr
    assert "not-the-password" not in r.stderr + asked.stderr


class Rights:
    """Access rules of topics; where there is none everybody may everything."""

    def __init__(self, cluster):
        self.admin = kafka_admin.AdminClient({"bootstrap.servers": cluster.bootstrap})

    def _add(self, topic, *rules):
        """Each of (user, operation, permission)."""
        new = [kafka_admin.AclBinding(kafka_admin.ResourceType.TOPIC, topic, kafka_admin.ResourcePatternType.LITERAL,
                                      f"User:{user}", "*", operation, permission)
               for user, operation, permission in rules]
        for done in self.admin.create_acls(new).values():
            done.result(30)

    def allow_only(self, user, topic):
        self._add(topic, (user, kafka_admin.AclOperation.ALL, kafka_admin.AclPermissionType.ALLOW))

    def deny(self, topic, operation):
        self.allow_only("gateway", topic)
        self._add(topic, ("gateway", operation, kafka_admin.AclPermissionType.DENY))

    def give_back(self, topic):
        every = kafka_admin.AclBindingFilter(
            kafka_admin.ResourceType.TOPIC, topic, kafka_admin.ResourcePatternType.LITERAL, None, None,
            kafka_admin.AclOperation.ANY, kafka_admin.AclPermissionType.ANY)
        for done in self.admin.delete_acls([every]).values():
            done.result(30)


def test_a_topic_that_may_not_be_written_is_refused_and_others_flow(cluster, make_gateway, topic):
    closed, free = topic + ".closed", topic + ".free"
    conf = door(cluster, "PLAIN").conf({closed: "/closed", free: "/free"})
    gateway, rights = make_gateway(conf=conf).start(), Rights(cluster)
    stored = []
    with client(gateway) as web:
        def publish(path="/closed"):
            r = post(web, event(len(stored), subject="s"), path)
            if r.status_code == 202:
                stored.append(str(len(stored)) if path == "/closed" else None)
            return r
        assert publish().status_code == 202
        rights.deny(closed, kafka_admin.AclOperation.WRITE)
        r = until(lambda: next((a for a in [publish()] if a.status_code != 202), None), "a refusal", 20)
        assert r.status_code == 403 and r.json()["type"] == "urn:headgate:problem:log-denied", r.text
        for n in range(20):
            assert post(web, event(f"free-{n}", subject=f"s{n}"), "/free").status_code == 202
            r = publish()
            assert r.status_code == 403, r.text
        r = post_batch(web, [event("b1", subject="s"), event("b2", subject="s")], "/closed")
        assert r.status_code == 403 and r.json()["index"] == 0, r.text
        assert f"topic={closed} partition=0 error=TOPIC_AUTHORIZATION_FAILED" in gateway.log()
        rights.give_back(closed)
        until(lambda: publish().status_code == 202, "the right to be used again", 20)
    assert [r.headers["ce_id"] for r in kcat(cluster.bootstrap, closed)] == stored
    assert sorted(r.headers["ce_id"] for r in kcat(cluster.bootstrap, free)) == sorted(f"free-{n}" for n in range(20))


def write(cluster, topic, event_id):
    """An event of another producer than the gateway, which shows its own without reading them."""
    r = run(tool_path("kcat"), "-b", cluster.bootstrap, "-t", topic, "-P", "-k", "s", "-H", "ce_specversion=1.0", "-H",
            f"ce_id={event_id}", "-H", "ce_source=/other", "-H", "ce_type=t", input="{}")
    assert r.returncode == 0, r.stderr


def test_a_topic_that_may_not_be_read_is_named_and_comes_whole_with_the_right(cluster, make_gateway, topic):
    closed, free = topic + ".closed", topic + ".free"
    conf = door(cluster, "PLAIN").conf({closed: "/closed", free: "/free"})
    gateway, rights = make_gateway(conf=conf).start(), Rights(cluster)
    streams = {path: EventStream(gateway, path=path) for path in ("/closed", "/free")}
    for stream in streams.values():
        until(stream.notices, "the stream's first notice", 30)
    with client(gateway) as web:
        for path in streams:
            assert post(web, event("before", subject="s"), path).status_code == 202
        rights.deny(closed, kafka_admin.AclOperation.READ)
        until(lambda: f"topic={closed} partition=0 reason=\"Broker: Topic authorization failed\"" in gateway.log(),
              "the topic to be named", 30)
        for name in (closed, free):
            write(cluster, name, "meanwhile")
        until(lambda: ids(streams["/free"]) == ["before", "meanwhile"], "the other topic's events")
        late = EventStream(gateway, path="/closed?since=earliest")
        rights.give_back(closed)
    for stream in (streams["/closed"], late):
        until(lambda s=stream: ids(s) == ["before", "meanwhile"], "all of it, once", 30)
        assert not [n for kind, n in stream.notices() if kind == "headgate.stream.gap"]
        stream.close()
    streams["/free"].close()


def test_another_user_and_password_are_taken_by_a_reload(cluster, make_gateway, topic, tmp_path):
    files = {name: tmp_path / name for name in ("username", "password")}

    def write(**texts):
        for name, text in texts.items():
            files[name].write_text(text)
            files[name].chmod(0o600)

    write(username="gateway", password=cluster.text_of("password"))
    came_by = door(cluster, "PLAIN").set(**{"sasl_" + name: f"file:{path}" for name, path in files.items()})
    gateway = make_gateway(conf=came_by.conf({topic: "/events"})).start()
    live = EventStream(gateway)
    until(live.notices, "the stream's first notice", 30)
    with client(gateway) as web:
        assert post(web, event("first", subject="s")).status_code == 202
        write(password="mistyped-secret")
        r = gateway.run("-s", "reload")
        assert r.returncode == 1 and "Authentication failed" in r.stderr, r.stderr
        assert post(web, event("refused", subject="s")).status_code == 202
        write(username="deputy", password=cluster.text_of("deputy"))
        r = gateway.run("-s", "reload")
        assert r.returncode == 0, r.stderr
        assert 'kafka_identity_renewed user="deputy"' in gateway.log()
        Rights(cluster).allow_only("deputy", topic)
        cluster.do("restart", 1)  # every connection is made anew, and the old user has no rights
        until(lambda: post(web, event("second", subject="s")).status_code == 202, "the cluster to be used again", 30)
    behind = EventStream(gateway, path="/events?since=earliest")
    for stream in (live, behind):
        until(lambda s=stream: ids(s) == ["first", "refused", "second"], "all events, once", 30)
        assert not [n for kind, n in stream.notices() if kind == "headgate.stream.gap"]
        stream.close()
    assert [r.headers["ce_id"] for r in kcat(cluster.bootstrap, topic)] == ["first", "refused", "second"]
    assert_untold(gateway, "mistyped-secret", cluster.text_of("password"), cluster.text_of("deputy"))
