# SPDX-License-Identifier: Apache-2.0
"""The event log that the gateways of a run keep their events in: the same tests,
another driver. HEADGATE_EVENT_LOG is embedded (so it is when nothing is said) or
kafka, on the broker that KAFKA_BOOTSTRAP names.

Tests write confs for the embedded log. For Kafka its two lines are replaced; all
gateways share the broker, so each has a kafka_topic_prefix of its own, which it
keeps when it is started again.

A test, or a module by its pytestmark, that is not for both says so:

  only_on(driver, why)  it is run on that driver alone
  long_on_kafka(why)    there it is for scripts/campaign kafka-scenarios
  kafka_fault(why)      a fault that is known; it must fail there until it is mended"""
import itertools
import json
import os
import re
import time

import pytest

from .clients import run, tool_path
from .counts import FULL

DRIVER = os.environ.get("HEADGATE_EVENT_LOG", "embedded")
BOOTSTRAP = os.environ.get("KAFKA_BOOTSTRAP", "")
MARKS = {"only_on": "only_on(driver, why): run on that event log alone",
         "long_on_kafka": "long_on_kafka(why): on Kafka in a campaign alone",
         "kafka_fault": "kafka_fault(why): a fault that is known"}
MODULE = re.compile(r"\bload_module(\s+)log_embedded;")
EVENT_LOG = re.compile(r"\bevent_log(\s+)embedded\b[^;]*;")
count = itertools.count()

# Where the drivers differ by what they are (docs/kafka.md).
HAS_EXPECTED_POSITION = DRIVER == "embedded"
# Where the end of a topic is asked of a broker, a stream that is let in by a
# reload joins it a moment later.
JOINS_AT_ONCE = DRIVER == "embedded"
# What a driver's client may hold, whoever reads: fetched from brokers and not
# yet handed out, and records decoded for those who are behind.
CLIENT_BYTES = {"embedded": 0, "kafka": 80 << 20}.get(DRIVER, 0)


def missing():
    """What this run lacks, or None."""
    if DRIVER not in ("embedded", "kafka"):
        return f"HEADGATE_EVENT_LOG: embedded or kafka, not {DRIVER}"
    if DRIVER == "kafka" and not BOOTSTRAP:
        return "KAFKA_BOOTSTRAP names no broker: scripts/kafka start 1"
    return None


def is_run(item):
    """Is the test one of this run?"""
    if DRIVER == "kafka" and item.path.name.startswith("test_k"):
        return False  # they have clusters of their own
    only = item.get_closest_marker("only_on")
    if only is not None and only.args[0] != DRIVER:
        return False
    return DRIVER != "kafka" or FULL or item.get_closest_marker("long_on_kafka") is None


def choose(items):
    """Those that are run, and those that are not."""
    for item in items:
        fault = item.get_closest_marker("kafka_fault")
        if fault is not None and DRIVER == "kafka":
            item.add_marker(pytest.mark.xfail(reason=fault.args[0], strict=True))
    chosen = [i for i in items if is_run(i)]
    return chosen, [i for i in items if not is_run(i)]


class Place:
    """Where one gateway's events are."""

    def __init__(self, directory):
        self.directory = directory
        self.prefix = f"t{time.time_ns() // 1000:x}.{os.getpid()}.{next(count)}."

    def conf(self, text):
        """A conf for the embedded log as one for this run's."""
        if DRIVER == "embedded":
            return text
        text = MODULE.sub(r"load_module\1log_kafka;", text)
        return EVENT_LOG.sub(rf"event_log\1kafka {BOOTSTRAP};  kafka_topic_prefix {self.prefix};", text)

    def stored(self):
        """The bytes of all records with what is said about them, which goes out to no subscriber.
        The gateway has ended."""
        if DRIVER == "embedded":
            with open(os.path.join(self.directory, "events", "data.mdb"), "rb") as f:
                return f.read()
        kcat = [tool_path("kcat"), "-b", BOOTSTRAP]
        topics = [t["topic"] for t in json.loads(run(*kcat, "-L", "-J").stdout)["topics"]]
        return b"".join(run(*kcat, "-C", "-e", "-q", "-t", t, "-o", "beginning", "-f", "%h %s\n")
                        .stdout.encode() for t in topics if t.startswith(self.prefix))
