# SPDX-License-Identifier: Apache-2.0
"""A drain: everybody is told, nobody is cut."""
import signal
import threading

from support.events import EventStream, client, event, post
from support.wait import until


def test_a_pull_that_waits_is_answered(gateway):
    answers = []

    def pull():
        with client(gateway) as http:
            answers.append(http.get("/events?since=latest&wait=25"))

    waiting = threading.Thread(target=pull)
    waiting.start()
    until(lambda: gateway.metric('headgate_subscribers{state="live"}'), "the pull to wait")
    assert gateway.stop(signal.SIGQUIT) == 0
    waiting.join(10)
    assert [(a.status_code, a.json()) for a in answers] == [(200, [])]


def test_an_event_stream_is_told_and_ends(gateway):
    with client(gateway) as http:
        assert post(http, event(1)).status_code == 202
    stream = EventStream(gateway, "/events?since=earliest")
    until(stream.events, "the event")
    assert gateway.stop(signal.SIGQUIT) == 0
    until(lambda: not stream.is_alive(), "the stream to end")
    assert [kind for kind, _ in stream.notices()] == ["headgate.stream.opened",
                                                       "headgate.stream.closing"]
    assert stream.error is None
