// The server over Streamable HTTP, both eras on one endpoint.
//
// Prints its address when it listens, and ends with its standard input, so that it never outlives who started it.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, isLegacyRequest, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { Events } from './events.js';
import { build } from './server.js';

const RETRY = 50;
const report = error => console.error(error.message);

const sessions = new Map();
const stateless = createMcpHandler(context => build(context, stateless.notify), { legacy: 'reject', onerror: report });

async function open() {
    const listening = Promise.withResolvers();
    const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        eventStore: new Events(),
        retryInterval: RETRY,
        onsessioninitialized: id => void sessions.set(id, { transport, listen: listening.resolve }),
        onsessionclosed: id => void sessions.delete(id),
    });
    transport.onerror = report;
    await build({ era: 'legacy', listening: listening.promise }).connect(transport);
    return transport;
}

const refuse = (status, message) =>
    Response.json({ jsonrpc: '2.0', id: null, error: { code: -32000, message } }, { status });

async function inSession(request) {
    const id = request.headers.get('mcp-session-id');
    if (id !== null) {
        const session = sessions.get(id);
        const response = (await session?.transport.handleRequest(request)) ?? refuse(404, 'Session not found');
        if (request.method === 'GET' && response.ok) {
            session.listen();
        }
        return response;
    }
    if (request.method !== 'POST') {
        return refuse(400, 'Mcp-Session-Id is required');
    }
    return (await open()).handleRequest(request);
}

const handle = toNodeHandler(
    { fetch: async request => ((await isLegacyRequest(request)) ? inSession(request) : stateless.fetch(request)) },
    { onerror: report },
);

// The head of a stream goes out at once: its client must not have to wait for the first event to know that it listens.
function flushHeads(response) {
    const { writeHead } = response;
    response.writeHead = (status, headers) => {
        writeHead.call(response, status, headers);
        if (headers?.['content-type'] === 'text/event-stream') {
            response.flushHeaders();
        }
        return response;
    };
}

const hostIsLocal = localhostHostValidation();
const originIsLocal = localhostOriginValidation();
const listener = createServer((request, response) => {
    flushHeads(response);
    if (hostIsLocal(request, response) && originIsLocal(request, response)) {
        void handle(request, response);
    }
});
listener.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${listener.address().port}/mcp`));
process.stdin.on('end', () => process.exit(0)).resume();
