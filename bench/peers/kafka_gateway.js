// SPDX-License-Identifier: Apache-2.0
// The gateway that a team writes in an afternoon: HTTP in, a look at the event, kafkajs, 202 when Kafka has it.
// BROKERS, TOPIC and PORT come from the environment.
'use strict';
const http = require('http');
const {Kafka, logLevel} = require('kafkajs');

const {BROKERS, TOPIC, PORT} = process.env;
const kafka = new Kafka({clientId: 'peer', brokers: BROKERS.split(','), logLevel: logLevel.ERROR});
const producer = kafka.producer({idempotent: true, maxInFlightRequests: 5, allowAutoTopicCreation: false});
const REQUIRED = ['id', 'source', 'type', 'specversion'];

function parse(bytes) {
  try {
    const event = JSON.parse(bytes);
    return REQUIRED.every((name) => typeof event[name] === 'string') ? event : null;
  } catch {
    return null;
  }
}

async function store(bytes) {
  const event = parse(bytes);
  if (!event) return 400;
  const message = {key: event.subject ?? event.source, value: bytes,
    headers: {'content-type': 'application/cloudevents+json'}};
  try {
    await producer.send({topic: TOPIC, acks: -1, messages: [message]});
    return 202;
  } catch {
    return 503;
  }
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', async () => response.writeHead(await store(Buffer.concat(parts))).end());
});
server.keepAliveTimeout = 600000;
producer.connect().then(() => server.listen(Number(PORT), '127.0.0.1'));
