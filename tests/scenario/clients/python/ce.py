# SPDX-License-Identifier: Apache-2.0
"""ce.py URL CA-FILE MODE COUNT: posts COUNT awkward events, made and encoded by
the CloudEvents SDK for Python. MODE is structured or binary. Prints
"ID STATUS POSITION" for each event, or "ID STATUS - BODY"."""
import datetime
import ssl
import sys

import httpx
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

# The same four kinds of data, in turn, in every client.
KINDS = [("application/json", {"a": 1, "s": "ü<&>"}),
         ("text/plain; charset=utf-8", "hé"),
         ("application/octet-stream", bytes([0, 1, 2, 255])),
         (None, None)]


def awkward(mode, i):
    media_type, data = KINDS[i % len(KINDS)]
    zone = datetime.timezone(datetime.timedelta(hours=1))
    attributes = {"id": f"python-{mode}-{i}", "source": "/src?x=1&y=a b",
                  "type": "com.example.test", "subject": 'Zürich "€" 100% 😀',
                  "time": datetime.datetime(2026, 1, 2, 3, 4, 5, 678900, zone),
                  "specversion": "1.0", "mystr": "a,b;c", "myint": 42, "mybool": True}
    if media_type:
        attributes["datacontenttype"] = media_type
    return CloudEvent(attributes, data)


def main():
    url, ca_file, mode, count = sys.argv[1:]
    encode = {"structured": to_structured_event, "binary": to_binary_event}[mode]
    with httpx.Client(verify=ssl.create_default_context(cafile=ca_file)) as http:
        for i in range(int(count)):
            event = awkward(mode, i)
            message = encode(event)
            r = http.post(url, headers=message.headers, content=message.body)
            position = r.headers.get("headgate-position", "- " + r.text.replace("\n", " "))
            print(event.get_id(), r.status_code, position)


main()
