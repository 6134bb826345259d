// SPDX-License-Identifier: Apache-2.0

// ws.js URL CA-FILE COUNT [MESSAGE ...]: opens a WebSocket with the package ws,
// pings once, sends each message when the first has come, which says that the
// stream is open, and closes with 1000 once COUNT messages have come. Prints
// what happens, one thing on a line:
//   open SUBPROTOCOL | pong TEXT | ping TEXT | message TEXT | close CODE REASON
import fs from "node:fs";
import WebSocket from "ws";

const [url, caFile, count, ...messages] = process.argv.slice(2);
let left = Number(count);

const ws = new WebSocket(url, ["cloudevents.json"], { ca: fs.readFileSync(caFile) });
ws.on("open", () => {
  console.log("open", ws.protocol);
  ws.ping("are you there?");
});
ws.once("message", () => messages.forEach((m) => ws.send(m)));
ws.on("pong", (data) => console.log("pong", data.toString()));
ws.on("ping", (data) => console.log("ping", data.toString()));
ws.on("message", (data, isBinary) => {
  console.log(isBinary ? "binary" : "message", data.toString());
  left -= 1;
  if (left === 0) ws.close(1000);
});
ws.on("close", (code, reason) => console.log("close", code, reason.toString()));
ws.on("error", (e) => { console.log("error", e.message); process.exitCode = 1; });
