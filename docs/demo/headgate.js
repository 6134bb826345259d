// SPDX-License-Identifier: Apache-2.0
/* headgate.js - a page's end of a stream, and its way to publish. One file
 * without dependencies, made to be copied; docs/browser.md is its manual.
 *
 *   const h = connect('/events', {type: 'com.example.order.*', storageKey: 'orders',
 *                                 onEvent(event, position) {}, onNotice(notice) {},
 *                                 onState(state, detail) {}});
 *   await h.publish({type: 'com.example.order.placed', source: '/shop', data: {n: 1}});
 *
 *   connecting ── opened ──► live ── lost ──► resuming ── opened ──► live
 *        └─── close(), or a refusal that will stay ───┴──► closed
 *
 * EventSource and WebSocket do the work. This adds what they lack: it goes on
 * from the last position also after an error or a reload of the page, waits
 * with jitter, drops what a resume repeats, says why it was refused, and sends
 * an event again, unchanged, where it may not have been stored.
 *
 * A position is kept and given back, never read; one with a dot in it stands
 * in several partitions at once. */

export const WAIT_MIN_MS = 250;
export const WAIT_MAX_MS = 30000;
const STEADY_MS = 10000;    // a stream that lived this long starts the waiting anew
const OPEN_MS = 30000;      // one that has not said so by then did not open
const SAVE_MS = 250;        // storage is slow: it is not written for each event
const TRIES_MAX = 6;        // of one event
const IN_FLIGHT_MAX = 32;   // events on one WebSocket; the gateway reads no more above 64
const REPEATS_MAX = 10000;

const NOTICE = 'headgate.stream.';
const NOTICES = ['opened', 'position', 'gap', 'expiring', 'closing'];
const FINAL = [400, 401, 403, 404, 405];           // to a stream: waiting changes nothing
const TRANSIENT = [408, 429, 500, 502, 503, 504];  // to an event: it may be sent again

/* How long to stay away after `failures` failed attempts: what the gateway
 * asked for, and a random part whose bound doubles, so that those who were
 * sent away together do not come back together. */
export function backoff(failures, retryMs = 0, random = Math.random) {
    const bound = Math.min(WAIT_MAX_MS, 2 * WAIT_MIN_MS * 2 ** Math.min(failures, 16));
    return Math.min(WAIT_MAX_MS, Math.max(WAIT_MIN_MS, retryMs) + random() * bound);
}

/* The address of a stream. Going on from a position leaves `since` out. A
 * filter is one pattern or a list of them, one of which has to fit. */
export function streamUrl(base, options, position) {
    const {type, source, subject, ext = {}, since} = options;
    const url = new URL(base);
    const extended = Object.entries(ext).map(([name, values]) => [`ext.${name}`, values]);
    const begin = position ? {position} : {since: since instanceof Date ? since.toISOString() : since};
    for (const [name, values] of Object.entries({type, source, subject, ...begin}).concat(extended)) {
        [values ?? []].flat().forEach((value) => url.searchParams.append(name, value));
    }
    if (options.transport === 'websocket') {
        url.protocol = url.protocol.replace('http', 'ws');
    }
    return url.href;
}

/* How far a stream got. Over one partition every event moves it. Over several
 * it moves now and then; what came since is remembered by its key, so that a
 * resume, which sends it again, hands over nothing twice. */
export class Cursor {
    #fresh = new Set();    // handed over since the position, on this connection
    #repeats = new Set();  // handed over on earlier ones

    constructor(position) {
        this.position = position || '';
    }

    moveTo(position) {
        if (position && position !== this.position) {
            this.position = position;
            this.#fresh.clear();
        }
    }

    /* May the event be handed over? position: where it leaves the stream, or
     * nothing where it does not say. */
    take(key, position) {
        const isRepeat = this.#repeats.delete(key);
        if (position && position !== this.position) {
            this.moveTo(position);
        } else {
            this.#fresh.add(key);
        }
        return !isRepeat;
    }

    lose() {
        this.#fresh.forEach((key) => this.#repeats.add(key));
        this.#fresh.clear();
        if (this.#repeats.size > REPEATS_MAX) {
            this.#repeats.clear();  // better twice than without bound
        }
    }
}

/* Why an event or a stream was refused; problem is the gateway's (RFC 9457). */
export class HeadgateError extends Error {
    constructor(problem, retryMs = 0) {
        super(problem.detail ?? problem.title);
        Object.assign(this, {name: 'HeadgateError', problem, retryMs});
    }

    get isTransient() { return TRANSIENT.includes(this.problem.status); }

    static lost(title) { return new HeadgateError({status: 503, title}); }

    static async read(response) {
        const told = await response.json().catch(() => ({}));
        return new HeadgateError({status: response.status, title: response.statusText, ...told},
                                 1000 * (parseInt(response.headers.get('retry-after'), 10) || 0));
    }
}

/* crypto.randomUUID is missing on pages that did not come over https. */
function makeId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

/* The browser comes back by itself after a lost connection, with the id of
 * the last block, also of heartbeats, which no page sees: it knows better than
 * we do how far it got. It gives up after an answer that is no stream. */
function openEventSource(url, isCredentials, stream) {
    const source = new EventSource(url, {withCredentials: isCredentials});
    source.onmessage = (m) => {
        const event = JSON.parse(m.data);
        stream.onEvent(event, `${event.source} ${event.id}`, m.lastEventId);
    };
    for (const kind of NOTICES) {
        source.addEventListener(NOTICE + kind,
                                (m) => stream.onNotice({kind, ...JSON.parse(m.data)}));
    }
    source.onerror = () => stream.onLost(source.readyState === EventSource.CONNECTING);
    return {close: () => source.close()};
}

/* Everything is a CloudEvent here. What has a position of its own stands in a
 * topic, whatever its type says; the rest is the gateway speaking. */
function openWebSocket(url, isCredentials, stream) {
    const socket = new WebSocket(url, 'cloudevents.json');
    socket.onmessage = (m) => {
        const event = JSON.parse(m.data);
        if (event.hgposition) {
            const isWhole = !stream.position.includes('.');
            stream.onEvent(event, event.hgposition, isWhole ? event.hgposition : '');
        } else if (event.type.startsWith(NOTICE)) {
            stream.onNotice({kind: event.type.slice(NOTICE.length), ...event.data});
        } else {
            stream.outbox.onAnswer(event.data);
        }
    };
    socket.onclose = (c) => stream.onLost(false, c.reason);
    return {
        send: (text) => socket.send(text),
        close() {
            socket.onmessage = socket.onclose = null;
            socket.close();
        },
    };
}

/* Events on their way over a WebSocket, each until its answer comes. An answer
 * says which message of the connection it is for, counted from 1. */
export class Outbox {
    #waiting = [];           // not sent yet
    #inFlight = new Map();   // number of the message -> sent, oldest first
    #sent = 0;
    #send = null;

    put(event, isClosed) {
        return new Promise((resolve, reject) => {
            if (isClosed) {
                throw HeadgateError.lost('The stream is closed.');
            }
            this.#waiting.push({text: JSON.stringify(event), resolve, reject});
            this.#pump();
        });
    }

    open(send) {
        this.#send = send;
        this.#sent = 0;
        this.#pump();
    }

    /* Nobody knows what of it was stored. isFinal: nor will it be asked. */
    lose(isFinal = false) {
        const lost = [...this.#inFlight.values(), ...(isFinal ? this.#waiting.splice(0) : [])];
        this.#send = null;
        this.#inFlight.clear();
        lost.forEach((one) => one.reject(HeadgateError.lost('The connection was lost.')));
    }

    onAnswer({message, problem, position, duplicate}) {
        const one = this.#inFlight.get(message);
        this.#inFlight.delete(message);
        if (problem) {
            one?.reject(new HeadgateError(problem));
        } else {
            one?.resolve({position, duplicate});
        }
        this.#pump();
    }

    #pump() {
        while (this.#send && this.#waiting.length > 0 && this.#inFlight.size < IN_FLIGHT_MAX) {
            const one = this.#waiting.shift();
            this.#inFlight.set(++this.#sent, one);
            this.#send(one.text);
        }
    }
}

class Stream {
    outbox = new Outbox();
    #base; #options; #storage; #cursor; #line; #timer; #saving;
    #failures = 0; #retryMs = 0; #openedAt = 0; #reason = '';

    constructor(url, options) {
        this.#base = new URL(url, globalThis.location?.href).href;
        this.#options = options;
        this.#storage = options.storageKey ? options.storage ?? sessionStorage : null;
        this.#cursor = new Cursor(this.#storage?.getItem(options.storageKey) || options.position);
        addEventListener('pagehide', this.#save);
        addEventListener('online', this.#hurry);
        this.#setState('connecting');
        this.#open();
    }

    get position() { return this.#cursor.position; }

    #setState(state, detail = {}) {
        this.state = state;
        this.#options.onState?.(state, detail);
    }

    #setAway(detail) {
        this.#setState(this.position ? 'resuming' : 'connecting', detail);
    }

    #open() {
        const open = this.#options.transport === 'websocket' ? openWebSocket : openEventSource;
        const url = streamUrl(this.#base, this.#options, this.position);
        this.#timer = setTimeout(() => this.onLost(false, 'timeout'), OPEN_MS);
        this.#line = open(url, Boolean(this.#options.credentials), this);
    }

    #drop() {
        clearTimeout(this.#timer);
        this.#line?.close();
        this.#line = this.#timer = null;
        this.#openedAt = 0;
        this.#cursor.lose();
        this.outbox.lose(this.state === 'closed');
    }

    onEvent(event, key, position) {
        if (this.#cursor.take(key, position)) {
            this.#saveSoon();
            this.#options.onEvent?.(event, this.position);
        }
    }

    onNotice(notice) {
        const line = this.#line;
        this.#cursor.moveTo(notice.position);
        this.#saveSoon();
        this.#retryMs = notice.retry_ms ?? this.#retryMs;
        this.#reason = notice.kind === 'closing' ? notice.reason : '';
        this.#options.onNotice?.(notice);
        if (notice.kind === 'opened' && line && line === this.#line) {
            clearTimeout(this.#timer);
            this.#openedAt = Date.now();
            this.outbox.open(line.send);
            this.#setState('live', {resumed: notice.resumed});
        }
    }

    /* isComingBack: the browser sees to it. */
    onLost(isComingBack, reason = '') {
        const wasOpen = this.#openedAt > 0;
        if (wasOpen && Date.now() - this.#openedAt > STEADY_MS) {
            this.#failures = 0;
        }
        if (isComingBack) {
            clearTimeout(this.#timer);
            this.#openedAt = 0;
            this.#cursor.lose();
        } else {
            this.#drop();
        }
        this.#setAway({reason: this.#reason || reason});
        if (!isComingBack && !this.#line && this.state !== 'closed') {
            this.#comeBack(wasOpen);
        }
    }

    async #comeBack(wasOpen) {
        /* The timer says whether somebody closed or hurried meanwhile. */
        const timer = this.#timer = setTimeout(() => {}, 2 * OPEN_MS);
        const refusal = wasOpen ? null : await this.#ask();
        if (this.#timer !== timer) {
            return;
        }
        const problem = refusal?.problem;
        if (problem?.type?.endsWith(':position-invalid') && this.position) {
            const from = this.position;
            this.#cursor = new Cursor();
            this.#options.onNotice?.({kind: 'gap', reason: 'invalid', from});
        } else if (FINAL.includes(problem?.status)) {
            this.#end({problem});
            return;
        }
        const waitMs = backoff(this.#failures++, refusal?.retryMs || this.#retryMs);
        clearTimeout(timer);
        this.#timer = setTimeout(() => this.#open(), waitMs);
        this.#setAway({reason: this.#reason, problem, waitMs});
    }

    /* Neither EventSource nor WebSocket tells a page why it was refused; the
     * same request made by fetch does. */
    async #ask() {
        const stop = new AbortController();
        const timer = setTimeout(() => stop.abort(), OPEN_MS);
        const url = streamUrl(this.#base, {...this.#options, transport: 'sse'}, this.position);
        try {
            const response = await fetch(url, {...this.#fetchOptions, signal: stop.signal,
                                               headers: {accept: 'text/event-stream'}});
            return response.ok ? null : await HeadgateError.read(response);
        } catch {
            return null;
        } finally {
            clearTimeout(timer);
            stop.abort();
        }
    }

    get #fetchOptions() {
        return {cache: 'no-store', credentials: this.#options.credentials ? 'include' : 'same-origin'};
    }

    /* Drop the connection; come back, now or later, from the position. */
    reconnect(afterMs = 0) {
        this.#setAway({reason: 'asked', waitMs: afterMs});
        this.#drop();
        this.#timer = setTimeout(() => this.#open(), afterMs);
    }

    #hurry = () => {
        if (!this.#line && this.state !== 'closed') {
            this.reconnect();
        }
    };

    #end(detail) {
        this.#setState('closed', detail);
        this.#drop();
        this.#save();
    }

    close() {
        removeEventListener('pagehide', this.#save);
        removeEventListener('online', this.#hurry);
        this.#end({reason: 'asked'});
    }

    #saveSoon() {
        if (this.#storage) {
            this.#saving ??= setTimeout(this.#save, SAVE_MS);
        }
    }

    #save = () => {
        clearTimeout(this.#saving);
        this.#saving = undefined;
        try {
            this.#storage?.setItem(this.#options.storageKey, this.position);
        } catch {
            this.#storage = null;  // full or forbidden: the memory has to do
        }
    };

    /* Resolves with {position, duplicate} when the event is durable. Rejects
     * with a HeadgateError, whose event, sent again unchanged, is not stored
     * twice. Await one before the next where their order matters. */
    async publish(event) {
        const whole = {specversion: '1.0', id: makeId(), ...event};
        const isSocket = this.#options.transport === 'websocket';
        for (let tries = 1;; tries++) {
            try {
                return await (isSocket ? this.outbox.put(whole, this.state === 'closed')
                                         : this.#post(whole));
            } catch (error) {
                if (!error.isTransient || tries === TRIES_MAX || this.state === 'closed') {
                    throw Object.assign(error, {event: whole});
                }
                await new Promise((on) => setTimeout(on, backoff(tries - 1, error.retryMs)));
            }
        }
    }

    async #post(event) {
        const response = await fetch(this.#base.split('?')[0], {
            ...this.#fetchOptions, method: 'POST', body: JSON.stringify(event),
            headers: {'content-type': 'application/cloudevents+json'},
        }).catch((error) => {
            throw HeadgateError.lost(error.message);
        });
        if (!response.ok) {
            throw await HeadgateError.read(response);
        }
        return {position: response.headers.get('headgate-position'),
                duplicate: response.headers.get('headgate-duplicate') === 'true'};
    }
}

export function connect(url, options = {}) {
    return new Stream(url, options);
}
