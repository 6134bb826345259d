# SPDX-License-Identifier: Apache-2.0
"""Topics that a location's path names, inside the patterns that the conf allows."""
from support.events import client, event, post

LOCATION = """
location /topics/{{topic}}/events {{
    accept cloudevents;  publish $topic allow=demo.*;  stream $topic allow=demo.*;
}}
"""


def make(make_gateway):
    return make_gateway(locations=LOCATION.replace("{{", "{").replace("}}", "}")).start()


def test_a_topic_is_made_when_it_is_first_named(make_gateway):
    g = make(make_gateway)
    with client(g) as http:
        assert http.get("/topics/demo.new/events?since=earliest").status_code == 404
        for i in range(3):
            assert post(http, event(i), "/topics/demo.new/events").status_code == 202
        got = http.get("/topics/demo.new/events?since=earliest").json()
        assert [e["id"] for e in got] == ["0", "1", "2"]
        assert http.get("/events?since=earliest").json() == []
    g.stop()
    g.start()
    with client(g) as http:
        again = post(http, event(2), "/topics/demo.new/events")
        assert again.headers["headgate-duplicate"] == "true"


def test_names_outside_the_allowed_patterns_are_refused(make_gateway):
    g = make(make_gateway)
    with client(g) as http:
        for name in ("other.new", "demo", "demo.a.b", "demo.*", "demo..a", "demo.%2e%2e"):
            assert post(http, event(1), f"/topics/{name}/events").status_code in (400, 404), name
            assert http.get(f"/topics/{name}/events").status_code in (400, 404), name
        assert post(http, event(1), "/topics/demo.dlq/events").status_code == 404
