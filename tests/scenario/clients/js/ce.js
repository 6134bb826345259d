// SPDX-License-Identifier: Apache-2.0

// ce.js URL CA-FILE MODE COUNT: posts COUNT awkward events, made, encoded and
// sent by the CloudEvents SDK for JavaScript. MODE is structured, binary or
// latin (binary with a letter that Node sends as one byte of Latin-1; above
// that it refuses to send). Prints "ID STATUS POSITION" for each event, or
// "ID STATUS - BODY".
import diagnostics from "node:diagnostics_channel";
import fs from "node:fs";
import https from "node:https";
import { CloudEvent, Mode, emitterFor, httpTransport } from "cloudevents";

const [url, caFile, mode, count] = process.argv.slice(2);
const subjects = {
  structured: 'Zürich "€" 100% 😀',
  binary: 'Zurich "q" 100%',
  latin: 'Zurich "q" 100% ü',
};
if (!count || !(mode in subjects)) {
  console.error("usage: ce.js URL CA-FILE structured|binary|latin COUNT");
  process.exit(2);
}

https.globalAgent.options.ca = fs.readFileSync(caFile);

// The SDK's transport does not tell the status.
let status = 0;
diagnostics.subscribe("http.client.response.finish", (m) => { status = m.response.statusCode; });

// The same four kinds of data, in turn, in every client. The SDK's transport
// cannot send an empty body, so there is no event without data in binary mode.
function awkward(i) {
  const data = [
    { datacontenttype: "application/json", data: { a: 1, s: "ü<&>" } },
    { datacontenttype: "text/plain; charset=utf-8", data: "hé" },
    { datacontenttype: "application/octet-stream", data: Uint8Array.from([0, 1, 2, 255]) },
    {},
  ];
  return new CloudEvent({
    id: `js-${mode}-${i}`,
    source: "/src?x=1&y=a%20b", // this SDK takes no space
    type: "com.example.test",
    subject: subjects[mode],
    time: "2026-01-02T03:04:05.678+01:00",
    mystr: "a,b;c",
    myint: 42,
    mybool: true,
    ...data[i % (mode === "structured" ? 4 : 3)],
  });
}

const emit = emitterFor(httpTransport(url), {
  mode: mode === "structured" ? Mode.STRUCTURED : Mode.BINARY,
});
for (let i = 0; i < Number(count); i++) {
  const event = awkward(i);
  const answer = await emit(event);
  const position = answer.headers["headgate-position"];
  console.log(event.id, status, position ?? `- ${answer.body.replaceAll("\n", " ")}`);
}
