# SPDX-License-Identifier: Apache-2.0
import os
import re
import sys
import time
from contextlib import ExitStack

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from support import event_log  # noqa: E402
from support.counts import FULL  # noqa: E402
from support.gateway import BINARY, Gateway  # noqa: E402
from support.kafka import Cluster  # noqa: E402
from support.kafka_gateway import need_module  # noqa: E402
from support.namespace import Namespace, Unavailable  # noqa: E402
from support.tls import make_certificate  # noqa: E402


# Tests with these fixtures follow one another: they share a cluster.
GROUPS = {"own_broker": "own_broker", "secure_broker": "own_broker", "three_brokers": "three_brokers"}


def pytest_configure(config):
    for line in event_log.MARKS.values():
        config.addinivalue_line("markers", line)
    if not BINARY or not os.access(BINARY, os.X_OK):
        raise pytest.UsageError("HEADGATE_BINARY and HEADGATE_MODULES name the gateway under test")
    if event_log.missing():
        raise pytest.UsageError(event_log.missing())


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(config, items):
    items[:], others = event_log.choose(items)
    for item in items:
        for group in {GROUPS[name] for name in item.fixturenames if name in GROUPS}:
            item.add_marker(pytest.mark.xdist_group(group))
    if others:
        config.hook.pytest_deselected(items=others)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A key and certificate for 127.0.0.1 and localhost, made for this run."""
    return make_certificate(tmp_path_factory.mktemp("tls"), "localhost", "other.test")


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory):
    """A broker for all tests that take topics of their own: KAFKA_BOOTSTRAP's, or one of this run."""
    need_module()
    if event_log.BOOTSTRAP:
        yield event_log.BOOTSTRAP
        return
    c = Cluster(tmp_path_factory.mktemp("broker") / "kafka").start(1)
    yield c.bootstrap
    c.stop()


@pytest.fixture(scope="session")
def cluster_of_one(tmp_path_factory):
    """With listeners that ask who comes, beside the plain one."""
    need_module()
    c = Cluster(tmp_path_factory.mktemp("own") / "kafka", secure=1).start(1)
    yield c
    c.stop()


@pytest.fixture
def own_broker(cluster_of_one):
    """A cluster of one for tests that hang or kill it; such tests follow one another."""
    yield cluster_of_one
    cluster_of_one.start(1)


@pytest.fixture
def secure_broker(cluster_of_one):
    """The same for tests that leave it as it is, but for rights on topics of their own."""
    return cluster_of_one


@pytest.fixture(scope="session", params=["short", "default"] if FULL else ["short"])
def timeouts(request):
    """Of the three brokers: how soon they give one up that is dead."""
    return request.param


@pytest.fixture(scope="session")
def cluster_of_three(tmp_path_factory, timeouts):
    """In a namespace, where there are such: the way to a broker can be cut only there."""
    need_module()
    with ExitStack() as stack:
        try:
            namespace = stack.enter_context(Namespace())
        except Unavailable as e:
            print(f"no network namespaces: {e}")
            namespace = None
        c = Cluster(tmp_path_factory.mktemp("three") / "kafka", namespace, timeouts=timeouts)
        stack.callback(c.stop)
        yield c.start(3)


@pytest.fixture
def three_brokers(cluster_of_three):
    """For tests that kill some of them; such tests follow one another."""
    yield cluster_of_three
    cluster_of_three.start(3)


@pytest.fixture
def topic(request):
    """One of the test's own, whatever is in the cluster."""
    return f"demo.{time.time_ns() // 1000:x}." + re.sub(r"\W", "-", request.node.name)


@pytest.fixture
def make_gateway(tmp_path, certificate):
    """Makes gateways that are stopped at the end, whatever happens."""
    made = []

    def make(**options):
        d = tmp_path / f"g{len(made)}"
        d.mkdir()
        g = Gateway(d, certificate, **options)
        made.append(g)
        return g

    yield make
    for g in made:
        g.stop()


@pytest.fixture
def gateway(make_gateway):
    return make_gateway().start()
