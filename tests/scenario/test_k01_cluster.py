# SPDX-License-Identifier: Apache-2.0
"""scripts/kafka itself, with clients that are not ours."""
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.clients import run, tool_path
from support.kafka import TOP, Cluster, need_kafka
from support.wait import connects

KAFKA_D = os.path.join(TOP, "scripts/kafka.d")


@pytest.fixture
def make_cluster(tmp_path):
    made = []

    def make(**settings):
        made.append(Cluster(tmp_path / f"kafka{len(made)}", **settings))
        return made[-1]

    yield make
    for c in made:
        c.stop()


def clients():
    return pytest.importorskip("confluent_kafka", reason="SKIP: no confluent-kafka; scripts/install-clients brings it")


def make_topic(cluster, name, partitions=3):
    clients()
    from confluent_kafka.admin import AdminClient, NewTopic
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    for made in admin.create_topics([NewTopic(name, partitions)], request_timeout=30).values():
        made.result(40)
    return admin


def produce(kcat, cluster, topic, lines):
    r = run(kcat, "-b", cluster.bootstrap, "-t", topic, "-P", "-X", "acks=all",
            "-X", "enable.idempotence=true", input="".join(f"{n}\n" for n in lines))
    assert r.returncode == 0, r.stderr


def consume(kcat, cluster, topic):
    r = run(kcat, "-b", cluster.bootstrap, "-t", topic, "-C", "-e", "-q", "-o", "beginning")
    assert r.returncode == 0, r.stderr
    return sorted(map(int, r.stdout.split()))


def test_three_brokers_lose_one_and_get_it_back(make_cluster):
    kcat = tool_path("kcat")
    c = make_cluster(timeouts="short").start(3)
    began = c.pids()
    assert sorted(began) == [1, 2, 3]
    assert c.bootstrap == ",".join(f"127.0.0.1:{c.port + n}" for n in (1, 2, 3))

    c.do("start", 3)
    c.do("start")
    assert c.pids() == began, "a start of what runs changes nothing"
    status, text = c.run("start", 1)
    assert status == 1 and "a cluster of 3" in text
    c.env["KAFKA_TIMEOUTS"] = "default"
    status, text = c.run("start")
    assert status == 1 and "another KAFKA_TIMEOUTS" in text
    del c.env["KAFKA_TIMEOUTS"]

    admin = make_topic(c, "t")
    metadata = admin.list_topics("t", timeout=20)
    assert len(metadata.brokers) == 3
    assert all(len(p.replicas) == 3 for p in metadata.topics["t"].partitions.values())
    from confluent_kafka.admin import ConfigResource
    described = admin.describe_configs([ConfigResource("topic", "t")], request_timeout=20)
    config = next(iter(described.values())).result(30)
    assert config["min.insync.replicas"].value == "2"
    assert config["unclean.leader.election.enable"].value == "false"

    produce(kcat, c, "t", range(0, 1000))
    victim = c.controller
    assert victim in (1, 2, 3)
    c.do("kill", victim)
    assert not os.path.exists(f"/proc/{began[victim]}")
    status, text = c.run("status")
    assert status == 1 and f"broker {victim} down" in text
    produce(kcat, c, "t", range(1000, 2000))
    assert c.controller not in (victim, None)

    c.do("start")
    other = victim % 3 + 1
    c.do("restart", other)
    again = c.pids()
    assert [n for n in (1, 2, 3) if again[n] == began[n]] == [({1, 2, 3} - {victim, other}).pop()]
    produce(kcat, c, "t", range(2000, 3000))
    assert consume(kcat, c, "t") == list(range(3000))

    c.do("stop")
    assert not any(os.path.exists(f"/proc/{p}") for p in again.values())
    assert not any(connects(c.port + o + n) for o in (0, 100) for n in (1, 2, 3))
    assert "nothing runs" in c.do("stop")


def test_a_single_broker_is_back_after_kill_9_and_after_a_stop(make_cluster):
    kcat = tool_path("kcat")
    c = make_cluster().start()
    make_topic(c, "t", 1)
    produce(kcat, c, "t", range(100))
    c.do("kill", 1)
    c.do("start")
    produce(kcat, c, "t", range(100, 200))
    c.do("stop")
    c.do("start")
    assert consume(kcat, c, "t") == list(range(200))
    status, text = c.run("kill", 2)
    assert status == 1 and "no broker 2" in text


def test_secure_listeners_take_who_is_proved_and_nobody_else(secure_broker):
    kafka = clients()
    c = secure_broker
    password = c.text_of("password")
    ca = {"ssl.ca.location": c.secret("ca.crt")}

    def key_of(name):
        return {"ssl.certificate.location": c.secret(name + ".crt"), "ssl.key.location": c.secret(name + ".key")}

    def token(_):
        return c.do("token", "bob").strip(), time.time() + 300

    cases = [(("tls", "SSL", ca), True), (("tls", "SSL", {}), False),
             (("mtls", "SSL", {**ca, **key_of("client")}), True), (("mtls", "SSL", ca), False),
             (("mtls", "SSL", {**ca, **key_of("other")}), False),
             (("sasl", "SASL_PLAINTEXT", {"sasl.mechanism": "OAUTHBEARER", "sasl.oauthbearer.config": "principal=bob",
                                          "enable.sasl.oauthbearer.unsecure.jwt": True}), True),
             (("sasltls", "SASL_SSL", {**ca, "sasl.mechanism": "OAUTHBEARER", "oauth_cb": token}), True),
             (("sasltls", "SASL_SSL", {**ca, "sasl.mechanism": "OAUTHBEARER", "sasl.oauthbearer.config":
                                       "principal=bob", "enable.sasl.oauthbearer.unsecure.jwt": True}), False)]
    for kind, protocol, more in (("sasl", "SASL_PLAINTEXT", {}), ("sasltls", "SASL_SSL", ca)):
        for mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"):
            for word in (password, "wrong"):
                cases.append(((kind, protocol, {**more, "sasl.mechanism": mechanism, "sasl.username": "gateway",
                                                "sasl.password": word}), word == password))
    for (kind, protocol, properties), taken in cases:
        # One that is taken may be slow; one that is refused says so at once.
        refused = []
        client = kafka.Producer({"bootstrap.servers": c.listener(kind), "security.protocol": protocol,
                                 "log_level": 0, "error_cb": refused.append, **properties})
        client.poll(0)
        end = time.monotonic() + 30
        brokers = None
        while brokers is None and not refused and time.monotonic() < end:
            try:
                brokers = client.list_topics(timeout=1).brokers
            except kafka.KafkaException:
                client.poll(0)
        assert (brokers is not None) == taken, (kind, properties, refused)


def test_only_what_the_script_started_is_ended(make_cluster):
    c = make_cluster()
    with subprocess.Popen(["sleep", "600"]) as other:
        try:
            os.makedirs(os.path.join(c.dir, "1"))
            with open(os.path.join(c.dir, "settings"), "w", encoding="utf-8") as f:
                f.write("KAFKA_BROKERS=1\n")
            for line in (f"{other.pid} 1\n", f"{other.pid}\n", f"{other.pid} \n", "\n"):
                with open(os.path.join(c.dir, "1/pid"), "w", encoding="utf-8") as f:
                    f.write(line)
                c.do("kill", 1)
                assert "nothing runs" in c.do("stop")
                assert other.poll() is None
        finally:
            other.send_signal(signal.SIGKILL)


def test_each_of_two_that_ask_at_once_has_its_own_answer(make_cluster):
    c = make_cluster()
    with ThreadPoolExecutor(2) as both:
        told = [both.submit(c.run, *args) for args in [("status",), ()] * 10]
    assert {t.result() for t in told[::2]} == {(1, f"no cluster in {c.dir}\n")}
    assert all(t.result()[0] == 2 and "usage" in t.result()[1] for t in told[1::2])


def test_faults_are_named(make_cluster, tmp_path):
    c = make_cluster()
    assert c.run("status") == (1, f"no cluster in {c.dir}\n")
    assert c.run("start", 2)[0] == 2
    assert c.run()[0] == 2
    for name, value in (("TIMEOUTS", "long"), ("SECURE", "yes"), ("PORT", "many"), ("PROPERTIES", "/nowhere")):
        wrong = Cluster(tmp_path / "wrong", **{name: value})
        status, text = wrong.run("start")
        assert status == 1 and f"KAFKA_{name}" in text
    empty = Cluster(tmp_path / "empty", home=tmp_path)
    if shutil.which("java"):
        status, text = empty.run("start")
        assert status == 1 and "KAFKA_HOME" in text


def test_a_port_that_is_taken_and_a_wrong_property_are_named(make_cluster, tmp_path):
    need_kafka()
    c = make_cluster()
    with socket.create_server(("127.0.0.1", c.port + 1)):
        status, text = c.run("start")
    assert status == 1 and f"port {c.port + 1} " in text and "KAFKA_PORT" in text

    more = tmp_path / "more"
    more.write_text("authorizer.class.name=no.such.Thing\n", encoding="utf-8")
    c = make_cluster(properties=more)
    status, text = c.run("start")
    assert status == 1 and "broker 1 has ended" in text and "no.such.Thing" in text


def test_a_jar_with_another_checksum_is_refused(tmp_path):
    """With a Maven that brings what it is told to."""
    tool_path("java")
    shutil.copytree(KAFKA_D, tmp_path / "kafka.d")
    (tmp_path / "bin").mkdir()
    maven = tmp_path / "bin/mvn"
    maven.write_text('#!/bin/bash\nfor a; do case $a in -DoutputDirectory=*) d=${a#*=} ;; esac; done\n'
                     'mkdir -p "$d"; printf "%s" "$BRINGS" >"$d/one.jar"\n', encoding="utf-8")
    maven.chmod(0o755)
    digest = subprocess.run(["sha256sum"], input=b"good", capture_output=True, check=True).stdout.split()[0].decode()
    (tmp_path / "kafka.d/jars.sha256").write_text(f"{digest}  one.jar\n", encoding="utf-8")

    def install(brings):
        env = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "BRINGS": brings, "SSL_CERT_FILE": ""}
        return subprocess.run([tmp_path / "kafka.d/install", tmp_path / "out"], env=env, capture_output=True,
                              text=True, timeout=60, check=False)

    refused = install("bad")
    assert refused.returncode == 1 and "jars.sha256" in refused.stderr and refused.stdout == ""
    assert not list((tmp_path / "out").glob("[!.]*"))
    taken = install("good")
    assert taken.returncode == 0 and os.listdir(taken.stdout.strip()) == ["one.jar"]
    assert install("bad").stdout == taken.stdout, "what is there is not fetched again"


@pytest.mark.parametrize("brokers", [1, 3])
def test_the_containers_have_the_settings_of_the_script(tmp_path, brokers):
    """Read as text: nothing in that file but its layout needs YAML."""
    (tmp_path / "settings").write_text(
        f"KAFKA_BROKERS={brokers}\nKAFKA_PORT=19090\nKAFKA_HOST=127.0.0.1\nKAFKA_TIMEOUTS=default\n"
        "KAFKA_SECURE=0\nKAFKA_PROPERTIES=\n", encoding="utf-8")
    script = subprocess.run([os.path.join(KAFKA_D, "properties"), tmp_path, "1"], capture_output=True,
                            text=True, check=True).stdout
    script = dict(line.split("=", 1) for line in script.splitlines() if line)
    with open(os.path.join(TOP, "docker/compose.yml"), encoding="utf-8") as f:
        text = f.read()
    compose = {}
    for block in ("settings", "one" if brokers == 1 else "three"):
        body = re.search(rf"^x-{block}: .*\n((?:  .*\n)+)", text, re.M).group(1)
        compose.update((name.lower().replace("_", "."), value)
                       for name, value in re.findall(r'^  KAFKA_(\w+): "?([^"\n]+)"?$', body, re.M))
    own = {"node.id", "listeners", "advertised.listeners", "listener.security.protocol.map",
           "controller.quorum.voters", "log.dirs"}
    assert {k: v for k, v in compose.items() if k not in own | {"heap.opts"}} == \
        {k: v for k, v in script.items() if k not in own}
    addresses = sorted(set(re.findall(r"OUTSIDE://(127\.0\.0\.1:\d+)", text)))
    assert addresses == [f"127.0.0.1:{19090 + n}" for n in (1, 2, 3)]
    assert script["advertised.listeners"].startswith("PLAINTEXT://127.0.0.1:19091")
    version = re.search(r"kafka-tools</artifactId><version>([\d.]+)", open(os.path.join(KAFKA_D, "pom.xml"),
                                                                         encoding="utf-8").read()).group(1)
    assert f"image: apache/kafka:{version}\n" in text
