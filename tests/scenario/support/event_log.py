# SPDX-License-Identifier: Apache-2.0
"""The event log that the gateways of a run keep their events in: the same tests,
another driver. HEADGATE_EVENT_LOG is embedded (so it is when nothing is said) or
kafka, on the broker that KAFKA_BOOTSTRAP names.

Tests write confs for the embedded log. For Kafka its two lines are replaced; all
gateways share the broker, so each has a kafka_topic_prefix of its own, which it
keeps when it is started again."""
import itertools
import os
import re
import time

DRIVER = os.environ.get("HEADGATE_EVENT_LOG", "embedded")
BOOTSTRAP = os.environ.get("KAFKA_BOOTSTRAP", "")
MODULE = re.compile(r"\bload_module(\s+)log_embedded;")
EVENT_LOG = re.compile(r"\bevent_log(\s+)embedded\b[^;]*;")
count = itertools.count()


def missing():
    """What this run lacks, or None."""
    if DRIVER not in ("embedded", "kafka"):
        return f"HEADGATE_EVENT_LOG: embedded or kafka, not {DRIVER}"
    if DRIVER == "kafka" and not BOOTSTRAP:
        return "KAFKA_BOOTSTRAP names no broker: scripts/kafka start 1"
    return None


class Place:
    """Where one gateway's events are."""

    def __init__(self):
        self.prefix = f"t{time.time_ns() // 1000:x}.{os.getpid()}.{next(count)}."

    def conf(self, text):
        """A conf for the embedded log as one for this run's."""
        if DRIVER == "embedded":
            return text
        text = MODULE.sub(r"load_module\1log_kafka;", text)
        return EVENT_LOG.sub(rf"event_log\1kafka {BOOTSTRAP};  kafka_topic_prefix {self.prefix};", text)
