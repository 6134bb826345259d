// SPDX-License-Identifier: Apache-2.0
/* headgate.test.mjs - the parts of docs/demo/headgate.js that need no browser,
 * for node --test. Pages load it as a module by its type; node goes by the
 * name, so it is read as text. */
import assert from 'node:assert/strict';
import {readFile} from 'node:fs/promises';
import {test} from 'node:test';

const text = await readFile(new URL('../../docs/demo/headgate.js', import.meta.url), 'utf8');
const {backoff, streamUrl, Cursor, HeadgateError, Outbox, WAIT_MIN_MS, WAIT_MAX_MS} =
    await import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`);

const BASE = 'https://gate.example/events';

test('the shortest wait is the least, the longest the most, whatever failed', () => {
    for (const failures of [0, 1, 5, 50, 5000]) {
        for (const random of [0, 0.5, 0.999999]) {
            const ms = backoff(failures, 0, () => random);
            assert.ok(ms >= WAIT_MIN_MS && ms <= WAIT_MAX_MS, `${failures} ${random}: ${ms}`);
        }
    }
    assert.equal(backoff(0, 0, () => 0), WAIT_MIN_MS);
    assert.equal(backoff(5000, 0, () => 0.999999), WAIT_MAX_MS);
});

test('the random part doubles with each failure and starts from nothing', () => {
    const span = (failures) => backoff(failures, 0, () => 1) - backoff(failures, 0, () => 0);
    assert.equal(span(1), 2 * span(0));
    assert.equal(span(4), 16 * span(0));
});

test('nobody comes back before the gateway said', () => {
    assert.equal(backoff(0, 2000, () => 0), 2000);
    assert.ok(backoff(0, 2000, () => 1) > 2000);
    assert.equal(backoff(0, 10 * WAIT_MAX_MS, () => 0), WAIT_MAX_MS);
});

test('an address carries filters, lists of them and extensions', () => {
    const url = new URL(streamUrl(BASE, {
        type: ['com.example.a', 'com.example.b*'], subject: 'a b&c', ext: {tenant: 'x', tier: ['1', '2']}}));
    assert.deepEqual([...url.searchParams], [
        ['type', 'com.example.a'], ['type', 'com.example.b*'], ['subject', 'a b&c'],
        ['ext.tenant', 'x'], ['ext.tier', '1'], ['ext.tier', '2']]);
    assert.equal(url.origin + url.pathname, BASE);
});

test('a filter that is not given is no parameter: an unknown value would widen or end the stream', () => {
    assert.equal(streamUrl(BASE, {type: undefined, source: null, ext: undefined}), BASE);
});

test('a position leaves since out, and since may be a Date', () => {
    assert.equal(new URL(streamUrl(BASE, {since: 'earliest'})).search, '?since=earliest');
    assert.equal(new URL(streamUrl(BASE, {since: 'earliest'}, 'AB.CD')).search, '?position=AB.CD');
    assert.equal(new URL(streamUrl(BASE, {since: new Date(0)})).searchParams.get('since'),
                 '1970-01-01T00:00:00.000Z');
});

test('a WebSocket has the scheme that fits the page, and what the address had stays', () => {
    assert.equal(streamUrl(`${BASE}?ext.a=b`, {transport: 'websocket'}), 'wss://gate.example/events?ext.a=b');
    assert.equal(streamUrl('http://http.example/http', {transport: 'websocket'}), 'ws://http.example/http');
});

test('over one partition each event is the position, and nothing is a repeat', () => {
    const c = new Cursor();
    assert.equal(c.position, '');
    assert.ok(c.take('a', 'p1'));
    assert.ok(c.take('b', 'p2'));
    c.lose();
    assert.equal(c.position, 'p2');
    assert.ok(c.take('c', 'p3'));
});

test('over several, what came after the position is not handed over twice', () => {
    const c = new Cursor();
    c.moveTo('x.y');
    assert.ok(c.take('a', ''));
    c.moveTo('x1.y');
    assert.ok(c.take('b', ''));
    assert.ok(c.take('c', ''));
    c.lose();
    assert.equal(c.position, 'x1.y');
    c.moveTo('x1.y');
    assert.ok(!c.take('b', ''));
    c.moveTo('x2.y');
    assert.ok(!c.take('c', ''), 'a position between the repeats forgets none');
    assert.ok(c.take('d', ''));
});

test('a resume that is lost again repeats again, and is dropped again', () => {
    const c = new Cursor('x.y');
    for (let round = 0; round < 3; round++) {
        assert.equal(c.take('a', ''), round === 0);
        c.lose();
    }
    assert.ok(c.take('b', ''));
});

test('a repeat that moves the position is still a repeat', () => {
    const c = new Cursor('p1');
    c.take('a', 'p1');
    c.lose();
    assert.ok(!c.take('a', 'p2'));
    assert.equal(c.position, 'p2');
});

test('what is remembered is bounded', () => {
    const c = new Cursor('x.y');
    for (let i = 0; i < 10001; i++) {
        c.take(`k${i}`, '');
    }
    c.lose();
    assert.ok(c.take('k1', ''), 'twice is better than without bound');
});

function outbox() {
    const sent = [];
    const box = new Outbox();
    box.open((t) => sent.push(JSON.parse(t).id));
    return {box, sent, put: (id) => box.put({source: '/s', id})};
}

/* The answer to the n-th message of a connection. */
const ok = (n) => ({source: '/s', id: 'any', message: n, position: `p${n}`, duplicate: false});

test('each event has its own answer, in any order', async () => {
    const {box, put} = outbox();
    const both = [put('1'), put('2')];
    box.onAnswer(ok(2));
    box.onAnswer({message: 1, source: '/s', id: '1', problem: {status: 409, title: 'Conflict'}});
    await assert.rejects(both[0], (e) => e instanceof HeadgateError && e.problem.status === 409 &&
                                         !e.isTransient);
    assert.deepEqual(await both[1], {position: 'p2', duplicate: false});
});

test('a refusal that names no event meets the one that it is for', async () => {
    const {box, put} = outbox();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(put);
    box.onAnswer({message: 4, problem: {status: 400, title: 'second'}});
    box.onAnswer(ok(3));
    box.onAnswer({message: 2, problem: {status: 400, title: 'first'}});
    box.onAnswer(ok(1));
    await assert.rejects(b, /first/);
    await assert.rejects(d, /second/);
    assert.deepEqual((await Promise.all([a, c])).map((r) => r.position), ['p1', 'p3']);
});

test('an answer to nothing is nothing', async () => {
    const {box, put} = outbox();
    const one = put('1');
    box.onAnswer(ok(7));
    box.onAnswer({position: 'p', duplicate: false});
    box.onAnswer(ok(1));
    box.onAnswer({message: 1, problem: {status: 400, title: 'late'}});
    assert.equal((await one).position, 'p1');
});

test('no more than 32 are under way, and none is forgotten', async () => {
    const {box, sent, put} = outbox();
    const all = Array.from({length: 100}, (_, i) => put(`${i}`));
    assert.equal(sent.length, 32);
    for (let i = 1; i <= 100; i++) {
        box.onAnswer(ok(i));
    }
    assert.deepEqual((await Promise.all(all)).map((r) => r.position),
                     all.map((_, i) => `p${i + 1}`));
});

test('what was under way when the connection went is in doubt; what waited is sent on the next', async () => {
    const {box, put} = outbox();
    const all = Array.from({length: 33}, (_, i) => put(`${i}`));
    const outcomes = Promise.allSettled(all);
    box.lose();
    const sent = [];
    box.open((t) => sent.push(JSON.parse(t).id));
    assert.deepEqual(sent, ['32']);
    box.onAnswer(ok(1)); // a new connection counts from 1
    const told = await outcomes;
    assert.ok(told.slice(0, 32).every((o) => o.reason?.isTransient));
    assert.equal(told[32].value.position, 'p1');
});

test('the same event twice at once has two answers', async () => {
    const {box, sent, put} = outbox();
    const both = [put('1'), put('1')];
    assert.deepEqual(sent, ['1', '1']);
    box.onAnswer({...ok(2), duplicate: true});
    box.onAnswer(ok(1));
    assert.deepEqual((await Promise.all(both)).map((r) => r.duplicate), [false, true]);
});

test('after the end nothing waits for ever', async () => {
    const box = new Outbox();
    const waiting = box.put({source: '/s', id: '1'});
    box.lose(true);
    await assert.rejects(waiting, HeadgateError);
    await assert.rejects(box.put({source: '/s', id: '2'}, true), HeadgateError);
});

test('only an answer after which the event may be stored, or may yet be, is worth another try', () => {
    const isTransient = (status) => new HeadgateError({status}).isTransient;
    assert.ok([429, 503, 504].every(isTransient));
    assert.ok(![400, 401, 403, 409, 413, 422].some(isTransient));
});
