// A server of everything that a policy host has to carry: built once per session, or once per request where the
// revision has no sessions.

import { McpServer } from '@modelcontextprotocol/server';
import { registerBehaviour } from './behaviour.js';
import { registerPrompts, registerResources } from './catalogue.js';
import { registerRounds, requestState } from './rounds.js';
import { registerTools } from './tools.js';

const SUBSCRIBED = ['resources/subscribe', 'resources/unsubscribe'];

// `publish` tells those who listen in the stateless revision; sessions are told by their own server.
export function build({ era, listening }, publish) {
    const server = new McpServer(
        { name: 'weir-test-server', version: '1.0.0' },
        {
            capabilities: {
                logging: {},
                completions: {},
                tools: { listChanged: true },
                prompts: { listChanged: true },
                resources: { listChanged: true, subscribe: true },
            },
            cacheHints: { 'tools/list': { ttlMs: 5_000, cacheScope: 'public' } },
            requestState,
        },
    );
    const modern = era === 'modern';
    const changed = {
        tools: () => (modern ? publish?.toolsChanged() : server.sendToolListChanged()),
        prompts: () => (modern ? publish?.promptsChanged() : server.sendPromptListChanged()),
    };
    registerTools(server, { changed });
    registerRounds(server);
    registerBehaviour(server, { era, listening });
    registerResources(server);
    registerPrompts(server);
    if (!modern) {
        for (const method of SUBSCRIBED) {
            server.server.setRequestHandler(method, () => ({}));
        }
    }
    return server;
}
