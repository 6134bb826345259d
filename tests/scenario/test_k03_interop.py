# SPDX-License-Identifier: Apache-2.0
"""What other clients write to Kafka reaches subscribers, and what the gateway
writes is read by them: the CloudEvents SDK for Python over the Confluent client, Kafka's own
console tools, and kcat."""
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.clients import run, tool_path
from support.events import EventStream, client, event, post
from support.kafka import kafka_tool
from support.kafka_gateway import conf_of
from support.wait import until

kafka = pytest.importorskip("confluent_kafka", reason="SKIP: confluent-kafka is not installed")
sdk = pytest.importorskip("cloudevents.core.bindings.kafka", reason="SKIP: cloudevents 2 is not installed")
sdk1 = pytest.importorskip("cloudevents.v1.kafka", reason="SKIP: cloudevents 2 is not installed")
from cloudevents.core.formats.json import JSONFormat  # noqa: E402
from cloudevents.core.v1.event import CloudEvent  # noqa: E402
from cloudevents.v1.http import CloudEvent as CloudEvent1  # noqa: E402


@pytest.fixture
def start(make_gateway, bootstrap, topic):
    def make(main=""):
        return make_gateway(conf=conf_of(bootstrap, {topic: "/events"}, main)).start()
    return make


def write(bootstrap, topic, messages):
    """[(key, value, headers)], in order."""
    p = kafka.Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    for key, value, headers in messages:
        p.produce(topic, key=key, value=value, partition=0,
                  headers=[(k, v if isinstance(v, bytes) else v.encode()) for k, v in headers.items()])
    assert p.flush(20) == 0


def read(bootstrap, topic, n):
    c = kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": "k03",
                        "auto.offset.reset": "earliest", "enable.auto.commit": False})
    c.assign([kafka.TopicPartition(topic, 0, 0)])
    found = []
    until(lambda: (m := c.poll(1)) is None or m.error() or found.append(m) or len(found) >= n, "messages", 30)
    c.close()
    return found


def messages_of_others():
    attributes = {"id": "sdk-2", "source": "/sdk", "type": "t", "specversion": "1.0", "subject": "grüß",
                  "datacontenttype": "application/json", "n": "7", "partitionkey": "pk"}
    e = CloudEvent(attributes=dict(attributes), data={"a": [1, "ü"]})
    e1 = CloudEvent1({"id": "sdk-1", "source": "/sdk", "type": "t", "datacontenttype": "application/json"},
                     {"b": 2})
    other = CloudEvent(attributes=dict(attributes, id="sdk-s"), data={"a": 1})
    old = sdk1.to_binary(e1, data_marshaller=lambda d: json.dumps(d).encode())
    old_s = sdk1.to_structured(CloudEvent1({"id": "sdk-1s", "source": "/sdk", "type": "t"}, {"c": 3}))
    return [(m.key, m.value, m.headers) for m in (sdk.to_binary(e, JSONFormat()), old,
                                                 sdk.to_structured(other, JSONFormat()), old_s)]


def test_what_others_write_reaches_subscribers(start, bootstrap, topic):
    g = start()
    stream = EventStream(g)
    until(lambda: stream.notices(), "the stream is open")
    write(bootstrap, topic, messages_of_others())
    write(bootstrap, topic, [(b"k", b'{"plain": true}', {"X-Id": "1"}), (b"k", None, {}), (None, b"\x00\x01", {}),
                    (None, b"hello", {"ce_id": "half"}),
                    (None, b"{", {"content-type": "application/cloudevents+json"})])
    until(lambda: len(stream.events()) >= 8, "8 events", 30)
    e = stream.events()
    assert [x["id"] for x in e] == ["sdk-2", "sdk-1", "sdk-s", "sdk-1s", topic + "-0-4", topic + "-0-6",
                                    "half", topic + "-0-8"]
    assert e[0]["data"] == {"a": [1, "ü"]} and e[0]["subject"] == "grüß" and e[0]["partitionkey"] == "pk"
    assert e[1]["data"] == {"b": 2} and e[2]["data"] == {"a": 1} and e[3]["data"] == {"c": 3}
    assert e[4]["data"] == {"plain": True} and e[4]["partitionkey"] == "k"
    assert e[4]["kafkaheaderxid"] == "1" and e[4]["type"] == "kafka.record"
    assert e[5]["data_base64"] == "AAE=" and e[5]["source"] == "/kafka/" + topic
    assert e[6]["type"] == "kafka.record" and e[6]["source"] == "/kafka/" + topic
    # The same again, read from the log.
    again = EventStream(g, "/events?since=earliest")
    until(lambda: len(again.events()) >= 8, "8 events", 30)
    drop = [{k: v for k, v in x.items() if k != "hgposition"} for x in again.events()]
    assert drop == [{k: v for k, v in x.items() if k != "hgposition"} for x in e]
    stream.close()
    again.close()


@pytest.mark.parametrize("main", ["", "kafka_content_mode structured;"])
def test_what_the_gateway_writes_is_read_by_others(start, bootstrap, topic, main):
    g = start(main)
    with client(g) as http:
        for n in range(3):
            r = post(http, event(n, subject=f"s{n}", datacontenttype="application/json"))
            assert r.status_code == 202, r.text
    for n, m in enumerate(read(bootstrap, topic, 3)):
        headers = dict(m.headers())
        message = sdk.KafkaMessage(headers=headers, key=m.key(), value=m.value())
        e = sdk.from_kafka(message, JSONFormat())
        assert e.get_id() == str(n) and e.get_data() == {"n": n} and e.get_subject() == f"s{n}"
        assert m.key() == f"s{n}".encode()
        old = sdk1.KafkaMessage(headers=headers, key=m.key(), value=m.value())
        e1 = sdk1.from_structured(old) if main else sdk1.from_binary(old, data_unmarshaller=json.loads)
        assert e1["id"] == str(n) and e1.data == {"n": n}


def headers_of(event_id, joint=":"):
    return [f"ce_{name}{joint}{value}" for name, value in
            {"specversion": "1.0", "id": event_id, "source": "/tools", "type": "t"}.items()]


def console_consumer(bootstrap, topic, n):
    """[(timestamp, headers, key, value)] as they are printed."""
    shown = [p for name in ("timestamp", "headers", "key") for p in ("--formatter-property", f"print.{name}=true")]
    text = kafka_tool("consumer.ConsoleConsumer", "--bootstrap-server", bootstrap, "--topic", topic,
                      "--partition", 0, "--offset", "earliest", "--max-messages", n, *shown)
    lines = [line.split("\t") for line in text.splitlines()]
    return [(stamp, dict(h.split(":", 1) for h in headers.split(",")), key, value)
            for stamp, headers, key, value in lines]


def console_producer(bootstrap, topic, lines):
    """Headers, key and value, with tabs between them; - is null."""
    settings = [p for s in ("parse.headers=true", "parse.key=true", "null.marker=-") for p in ("--reader-property", s)]
    kafka_tool("ConsoleProducer", "--bootstrap-server", bootstrap, "--topic", topic, *settings,
               input="".join(line + "\n" for line in lines))


def kcat_producer(bootstrap, topic, key, headers, value):
    options = [o for h in headers for o in ("-H", h)]
    r = run(tool_path("kcat"), "-b", bootstrap, "-t", topic, "-P", "-p", 0, "-k", key, *options, input=value)
    assert r.returncode == 0, r.stderr


def test_the_tools_of_kafka_and_kcat_write_and_read(start, bootstrap, topic):
    g = start()
    stream = EventStream(g)
    until(stream.notices, "the stream is open")
    with client(g) as http:
        for e in (event("own-1", subject="grüß", datacontenttype="application/json", level=3),
                  {k: v for k, v in event("own-2", subject="k").items() if k != "data"}):
            assert post(http, e).status_code == 202
    with ThreadPoolExecutor() as pool:  # each takes seconds to start
        reading = pool.submit(console_consumer, bootstrap, topic, 2)
        json_type = ["content-type:application/json"]
        console_producer(bootstrap, topic, ["-\t-\tplain text", '-\tk1\t{"a": 1}', "X-Id:7\tk2\tmore",
                                            ",".join(headers_of("tool-1") + json_type) + '\tk3\t{"n": "ü"}',
                                            ",".join(headers_of("tool-2")) + "\tk4\t-"])
        printed = reading.result()
    kcat_producer(bootstrap, topic, "k5", headers_of("kcat-1", "=") + ["content-type=text/plain"], "hello")
    check_printed(printed)
    until(lambda: len(stream.events()) >= 8, "8 events", 30)
    stream.close()
    check_shown(stream.events(), topic)


def check_printed(printed):
    (stamp, headers, key, value), (_, headers2, key2, value2) = printed
    assert re.fullmatch(r"LogAppendTime:\d{13}", stamp)
    assert headers.items() >= {"ce_specversion": "1.0", "ce_id": "own-1", "ce_source": "/scenario",
                               "ce_type": "com.example.scenario", "ce_subject": "grüß", "ce_level": "3",
                               "content-type": "application/json"}.items()
    assert (key, json.loads(value)) == ("grüß", {"n": "own-1"})
    assert headers2["ce_id"] == "own-2" and (key2, value2) == ("k", "null")


def check_shown(events, topic):
    wanted = ["own-1", "own-2", f"{topic}-0-2", f"{topic}-0-3", f"{topic}-0-4", "tool-1", "tool-2", "kcat-1"]
    assert [e["id"] for e in events] == wanted
    plain, keyed, headed, tool1, tool2, kcat1 = events[2:]
    assert (plain["type"], plain["source"], plain["data"]) == ("kafka.record", "/kafka/" + topic, "plain text")
    assert plain["datacontenttype"] == "text/plain" and "partitionkey" not in plain
    assert (keyed["partitionkey"], keyed["datacontenttype"], keyed["data"]) == ("k1", "application/json", {"a": 1})
    assert (headed["kafkaheaderxid"], headed["partitionkey"]) == ("7", "k2")
    assert (tool1["source"], tool1["type"], tool1["data"]) == ("/tools", "t", {"n": "ü"})
    assert "data" not in tool2 and "data_base64" not in tool2
    assert (kcat1["source"], kcat1["data"], kcat1["datacontenttype"]) == ("/tools", "hello", "text/plain")
