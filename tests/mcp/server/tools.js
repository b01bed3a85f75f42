// The tools that the conformance suite asks for: what they are called and what they answer is its choice.

import { fromJsonSchema } from '@modelcontextprotocol/server';
import { audio, image, pause, resource, text } from './content.js';

// Arguments of a tool, with every keyword of the schema as it is written here.
export const object = (properties = {}, required = [], more = {}) =>
    fromJsonSchema({ type: 'object', properties, required, ...more });

const STRING = { type: 'string' };

// Uses what JSON Schema 2020-12 has and older dialects have not.
const DIALECT = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { name: STRING, address: { $ref: '#/$defs/address' }, email: STRING, phone: STRING, kind: STRING },
    $defs: { address: { $anchor: 'address', type: 'object', properties: { street: STRING, city: STRING } } },
    allOf: [{ anyOf: [{ required: ['name'] }, { required: ['email'] }] }],
    if: { properties: { kind: { const: 'call' } }, required: ['kind'] },
    then: { required: ['phone'] },
    else: { required: ['name'] },
    additionalProperties: false,
};

export const progress = (context, done, total, message) => {
    const progressToken = context.mcpReq._meta?.progressToken;
    const params = { progressToken, progress: done, total, ...(message && { message }) };
    return progressToken === undefined ? undefined : context.mcpReq.notify({ method: 'notifications/progress', params });
};

export function registerTools(server, { changed }) {
    const tool = (name, description, inputSchema, answer) =>
        server.registerTool(name, { description, inputSchema }, answer);
    const content = (name, description, ...parts) => tool(name, description, object(), () => ({ content: parts }));

    content('test_simple_text', 'Returns text.', text('Plain text, as a tool returns it.'));
    content('test_image_content', 'Returns an image.', image());
    content('test_audio_content', 'Returns a sound.', audio());
    content(
        'test_embedded_resource',
        'Returns a resource with its text.',
        resource('test://embedded-resource', 'text/plain', 'The text of an embedded resource.'),
    );
    content(
        'test_multiple_content_types',
        'Returns text, an image and a resource.',
        text('Several kinds of content:'),
        image(),
        resource('test://mixed-content-resource', 'application/json', '{"kind":"mixed","value":1.0}'),
    );

    tool('test_error_handling', 'Fails.', object(), () => {
        throw new Error('This tool always fails.');
    });

    tool('test_tool_with_logging', 'Logs three lines while it runs.', object(), async (_, context) => {
        for (const line of ['started', 'at work', 'done']) {
            await context.mcpReq.log('info', `logging tool: ${line}`);
            await pause(20, context.mcpReq.signal);
        }
        return { content: [text('Three lines were logged.')] };
    });
    tool('test_logging_tool', 'Logs one line.', object(), async (_, context) => {
        await context.mcpReq.log('info', 'logging tool: one line');
        return { content: [text('One line was logged.')] };
    });

    tool('test_tool_with_progress', 'Tells how far it is.', object(), async (_, context) => {
        for (const done of [0, 50, 100]) {
            await progress(context, done, 100);
            await pause(20, context.mcpReq.signal);
        }
        return { content: [text('All done.')] };
    });

    tool('test_reconnection', 'Ends its stream before it answers, where streams can be resumed.', object(), async (_, context) => {
        await pause(20);
        context.http?.closeSSE?.();
        await pause(100);
        return { content: [text('The answer after the stream had ended.')] };
    });

    tool('test_trigger_tool_change', 'Says that the list of tools changed.', object(), () => {
        changed.tools();
        return { content: [text('Told.')] };
    });
    tool('test_trigger_prompt_change', 'Says that the list of prompts changed.', object(), () => {
        changed.prompts();
        return { content: [text('Told.')] };
    });

    tool('json_schema_2020_12_tool', 'Has arguments that need JSON Schema 2020-12.', fromJsonSchema(DIALECT), values => ({
        content: [text(JSON.stringify(values))],
    }));

    // The argument is also told by a header, so that what stands between can route by it.
    const region = { region: { ...STRING, 'x-mcp-header': 'Region' }, note: STRING };
    tool('test_headers', 'Tells which headers came with the call.', object(region), ({ region }, context) => {
        const headers = context.http?.req?.headers;
        const told = Object.fromEntries(
            ['mcp-method', 'mcp-name', 'mcp-param-region', 'mcp-protocol-version'].map(name => [name, headers?.get(name) ?? null]),
        );
        return { content: [text(JSON.stringify({ region: region ?? null, headers: told }))] };
    });
}

// What the client said it can do: with each request, or once at its start.
export function clientCapabilities(server, context) {
    const told = context.mcpReq.envelope?.['io.modelcontextprotocol/clientCapabilities'];
    return told ?? server.server.getClientCapabilities() ?? {};
}
