# SPDX-License-Identifier: Apache-2.0
"""A gateway over a cluster, and clusters that tests share."""
import os

import pytest

from .gateway import MODULES

CONF = """
worker_threads 2;
pid            gateway.pid;
error_log      stderr info;
admin          127.0.0.1:{{admin}};
load_module    log_kafka;
load_module    source_cloudevents;
load_module    sink_sse;
load_module    sink_ws;
load_module    sink_pull;
event_log      kafka {bootstrap};
role anonymous {{{{ publish demo.**; subscribe demo.**; }}}}
{main}
{topics}
server {{{{
    listen 127.0.0.1:{{tls}} ssl;
    listen 127.0.0.1:{{plain}};
    ssl_certificate {{crt}};  ssl_certificate_key {{key}};
    authenticate none;
    {locations}
}}}}
"""


def need_module():
    if not os.path.exists(os.path.join(MODULES, "log_kafka.so")):
        pytest.skip("SKIP: module log_kafka is not built: librdkafka is missing")


def conf_of(bootstrap, topics, main=""):
    """For make_gateway(conf=...): each of {topic: path} is published and streamed there."""
    return CONF.format(
        bootstrap=bootstrap, main=main,
        topics="\n".join(f"topic {t} {{{{ key subject; }}}}" for t in topics),
        locations="\n    ".join(f"location = {path} {{{{ accept cloudevents; publish {t}; stream {t}; }}}}"
                                for t, path in topics.items()))
