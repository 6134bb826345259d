# SPDX-License-Identifier: Apache-2.0
"""A topic that is made by its first event: those behind it on the same
connection must not overtake it while it is made."""
import json

import pytest
from support.events import event
from support.position import decode
from support.raw import Http1, Http2, Request, Socket

LOCATION = """
    location /topics/{topic}/events {
        accept cloudevents;  publish $topic allow=demo.made.*;  stream demo.events;
    }
"""


@pytest.mark.parametrize("kind", [Http1, Http2, Socket])
def test_events_stand_in_the_order_of_their_connection(make_gateway, kind):
    gateway = make_gateway(locations=LOCATION).start()
    for n in range(40):
        path = f"/topics/demo.made.t{n}/events"
        requests = [Request(path, [("content-type", "application/cloudevents+json")],
                            json.dumps(event(i, pad="x" * 900)).encode()) for i in range(60)]
        conn = kind(gateway, path)
        answers = dict(conn.exchange(requests))
        conn.close()
        assert {a.status for a in answers.values()} == {202}, answers
        offsets = [decode(answers[i].fields["headgate-position"]).offset for i in range(60)]
        assert offsets == sorted(offsets), (n, offsets)
