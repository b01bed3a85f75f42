// `server-everything` over Streamable HTTP, on a free port and with the manners of our own server: it says when it
// listens, and ends with its standard input.

import { createServer } from 'node:net';

const probe = createServer();
await new Promise(resolve => probe.listen(0, '127.0.0.1', resolve));
const { port } = probe.address();
await new Promise(resolve => probe.close(resolve));

process.env.PORT = String(port);
process.stdin.on('end', () => process.exit(0)).resume();
console.log = console.error;
await import('../node_modules/@modelcontextprotocol/server-everything/dist/transports/streamableHttp.js');
for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/mcp`).catch(() => null);
    if (answer !== null) {
        break;
    }
    await new Promise(resolve => setTimeout(resolve, 20));
}
process.stdout.write(`ready http://127.0.0.1:${port}/mcp\n`);
