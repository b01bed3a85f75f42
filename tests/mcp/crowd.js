// Many clients at once, each of them with streams that run at the same time, and every message held against what was
// to come: nothing may be missing, come twice, or come to another.
//
// Usage: crowd.js URL REVISION COUNT. Written on HTTP itself: a client that is made to be used drops what it does not
// expect, which is what this looks for.

import { Agent, request } from 'node:http';

const [url, revision, count] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const sessions = revision < '2026-07-28';
const LINES = 10;
const wrong = [];
let messages = 0;

// As many connections as there are streams: nothing waits here for anything but the gateway.
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

function send(method, headers, body, signal) {
    return new Promise((resolve, reject) => {
        const sent = request(url, { method, headers, agent, signal }, resolve);
        sent.on('error', reject).end(body);
    });
}

function post(body, session) {
    const headers = {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': revision,
        ...(session && { 'mcp-session-id': session }),
        ...(!sessions && { 'mcp-method': body.method, ...(body.params?.name && { 'mcp-name': body.params.name }) }),
    };
    return send('POST', headers, JSON.stringify({ jsonrpc: '2.0', ...body }));
}

async function textOf(response) {
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) {
        text += chunk;
    }
    return text;
}

// Every message of a response, whichever form it has.
async function* read(response) {
    response.setEncoding('utf8');
    if (!response.headers['content-type']?.startsWith('text/event-stream')) {
        const text = await textOf(response);
        if (text !== '') {
            yield JSON.parse(text);
        }
        return;
    }
    let rest = '';
    for await (const chunk of response) {
        const events = (rest + chunk).split('\n\n');
        rest = events.pop();
        for (const event of events) {
            const data = event.split('\n').filter(line => line.startsWith('data:')).map(line => line.slice(5).trim()).join('\n');
            if (data !== '') {
                yield JSON.parse(data);
            }
        }
    }
}

const meta = token => ({
    progressToken: token,
    ...(!sessions && {
        'io.modelcontextprotocol/protocolVersion': revision,
        'io.modelcontextprotocol/clientInfo': { name: 'crowd', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
    }),
});

// What one message is, in the words of what was to come.
function describe(message) {
    messages += 1;
    const { method, params, result, error, id } = message;
    if (method === 'notifications/progress') {
        return `progress ${params.progressToken} ${params.message}`;
    }
    if (method === 'notifications/message') {
        return `line ${params.data}`;
    }
    if (method === 'sampling/createMessage') {
        return `question ${[params.messages[0].content].flat()[0].text}`;
    }
    return error ? `error ${id} ${error.message}` : `answer ${id} ${result.content?.[0].text}`;
}

function compare(who, expected, got) {
    if (JSON.stringify(expected) !== JSON.stringify(got)) {
        const missing = expected.filter(line => !got.includes(line));
        const foreign = got.filter(line => !expected.includes(line));
        wrong.push({ who, expected: expected.length, got: got.length, missing, foreign });
    }
}

// A stream with progress, in whose middle the server asks something where the revision lets it.
async function stream(marker, id, session) {
    const call = { name: 'stream', arguments: { marker, count: LINES, ask: sessions }, _meta: meta(`token ${marker}`) };
    const got = [];
    for await (const message of read(await post({ id, method: 'tools/call', params: call }, session))) {
        got.push(describe(message));
        if (message.method === 'sampling/createMessage') {
            const result = { role: 'assistant', model: 'crowd', content: { type: 'text', text: `reply ${marker}` } };
            const accepted = await post({ id: message.id, result }, session);
            const said = await textOf(accepted);
            if (accepted.statusCode !== 202) {
                wrong.push({ who: marker, status: accepted.statusCode, text: said });
            }
        }
    }
    const expected = Array.from({ length: LINES }, (_, index) => `progress token ${marker} ${marker}/${index}`);
    if (sessions) {
        expected.splice(LINES / 2 + 1, 0, `question ${marker}`);
    }
    const answer = { marker, count: LINES, answer: sessions ? `reply ${marker}` : null };
    compare(marker, [...expected, `answer ${id} ${JSON.stringify(answer)}`], got);
}

async function open() {
    const params = { protocolVersion: revision, capabilities: { sampling: {} }, clientInfo: { name: 'crowd', version: '1' } };
    const response = await post({ id: 0, method: 'initialize', params });
    for await (const _ of read(response));
    const session = response.headers['mcp-session-id'];
    await textOf(await post({ method: 'notifications/initialized' }, session));
    return session;
}

// The stream of a session that belongs to no request.
async function listen(session, signal, got) {
    const headers = { accept: 'text/event-stream', 'mcp-session-id': session, 'mcp-protocol-version': revision };
    const response = await send('GET', headers, undefined, signal);
    const reading = (async () => {
        try {
            for await (const message of read(response)) {
                got.push(describe(message));
            }
        } catch (error) {
            if (!signal.aborted) {
                wrong.push({ who: session, error: String(error) });
            }
        }
    })();
    return { reading };
}

async function client(number) {
    // Ids are the same for all clients, so that only the connection and the session tell them apart.
    const markers = [`client ${number} a`, `client ${number} b`];
    const session = sessions ? await open() : undefined;
    const controller = new AbortController();
    const lines = [];
    const listening = session && (await listen(session, controller.signal, lines));
    const announce = async () => {
        const call = { name: 'announce', arguments: { marker: markers[0], count: LINES }, _meta: meta('announce') };
        const got = [];
        for await (const message of read(await post({ id: 9, method: 'tools/call', params: call }, session))) {
            got.push(describe(message));
        }
        compare(`announce ${number}`, [`answer 9 ${markers[0]}`], got);
    };
    await Promise.all([...markers.map((marker, index) => stream(marker, index + 1, session)), session && announce()]);
    if (session) {
        const expected = Array.from({ length: LINES }, (_, index) => `line ${markers[0]}/${index}`);
        for (let times = 0; times < 400 && lines.length < LINES; times += 1) {
            await new Promise(resolve => setTimeout(resolve, 25));
        }
        // What comes twice or to another may still be on its way.
        await new Promise(resolve => setTimeout(resolve, 200));
        compare(`lines ${number}`, expected, lines);
        controller.abort();
        await listening.reading;
        const headers = { 'mcp-session-id': session, 'mcp-protocol-version': revision };
        await textOf(await send('DELETE', headers));
    }
}

const outcomes = await Promise.allSettled(Array.from({ length: count }, (_, number) => client(number)));
for (const { reason } of outcomes.filter(outcome => outcome.status === 'rejected')) {
    wrong.push({ error: String(reason.stack), cause: String(reason.cause ?? '') });
}
agent.destroy();
console.log(JSON.stringify({ clients: outcomes.length, messages, wrong: wrong.slice(0, 20) }));
