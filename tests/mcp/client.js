// Does what a plan says with the MCP client of npm, and prints what came of it as JSON.
//
// Usage: client.js PLAN, where the plan is JSON: {"mode", "url" or "command", "elicit", "steps": [{"as", "do", …}]}.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const plan = JSON.parse(process.argv[2]);
const seen = { asked: [], logs: [], changed: [] };
const STATELESS = '2026-07-28';

function negotiation(mode) {
    if (mode === 'auto' || mode === 'legacy') {
        return { versionNegotiation: { mode } };
    }
    // What has sessions is offered by itself, so that nothing later is agreed on.
    return mode === STATELESS ? { versionNegotiation: { mode: { pin: mode } } } : { supportedProtocolVersions: [mode] };
}

const client = new Client(
    { name: 'weir-tests', version: '1.0.0' },
    { capabilities: { sampling: {}, elicitation: {}, roots: {} }, ...negotiation(plan.mode) },
);
client.setRequestHandler('sampling/createMessage', ({ params }) => {
    const { text } = [params.messages[0].content].flat()[0];
    seen.asked.push(`sampling/createMessage ${text}`);
    return { role: 'assistant', model: 'test', stopReason: 'endTurn', content: { type: 'text', text: `answer to ${text}` } };
});
client.setRequestHandler('elicitation/create', ({ params }) => {
    seen.asked.push(`elicitation/create ${params.message}`);
    return { action: 'accept', content: plan.elicit ?? {} };
});
client.setRequestHandler('roots/list', () => {
    seen.asked.push('roots/list');
    return { roots: [{ uri: 'file:///test/root', name: 'root' }] };
});
client.setNotificationHandler('notifications/message', ({ params }) => void seen.logs.push(params.data));
client.setNotificationHandler('notifications/tools/list_changed', () => void seen.changed.push('tools'));
client.setNotificationHandler('notifications/resources/updated', ({ params }) => void seen.changed.push(params.uri));

const told = error => ({ error: { code: error.code ?? null, message: error.message, data: error.data ?? null } });
const settle = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
const textOf = content => content.map(part => part.text ?? '').join('');

async function call({ tool, arguments: values }, options = {}) {
    const progress = [];
    const onprogress = ({ progress: done, total, message }) => progress.push([done, total ?? null, message ?? null]);
    const result = await client.callTool({ name: tool, arguments: values }, { onprogress, ...options });
    const types = result.content.map(part => part.type);
    return { text: textOf(result.content), types, isError: result.isError ?? false, progress };
}

const until = async (holds, what) => {
    for (let times = 0; times < 200; times += 1) {
        if (await holds()) {
            return;
        }
        await settle(25);
    }
    throw new Error(`waited in vain until ${what}`);
};

const actions = {
    tools: async () => (await client.listTools()).tools.map(tool => tool.name).sort(),
    resources: async () => (await client.listResources()).resources.map(resource => resource.uri).sort(),
    prompts: async () => (await client.listPrompts()).prompts.map(prompt => prompt.name).sort(),
    call: step => call(step),
    read: async ({ uri }) => (await client.readResource({ uri })).contents[0],
    prompt: async ({ name, arguments: values }) => {
        const { messages } = await client.getPrompt({ name, arguments: values });
        return messages.map(message => message.content.text ?? message.content.type);
    },
    complete: async ({ prompt, argument, value }) =>
        (await client.complete({ ref: { type: 'ref/prompt', name: prompt }, argument: { name: argument, value } })).completion.values,
    level: async ({ level }) => void (await client.setLoggingLevel(level)),
    subscribe: async ({ uri }) => void (await client.subscribeResource({ uri })),
    listen: async ({ filter }) => void (await client.listen(filter)),
    // Cancels a call that runs, and waits until the server knows.
    cancel: async ({ marker }) => {
        const controller = new AbortController();
        const running = call({ tool: 'wait', arguments: { marker } }, { signal: controller.signal }).catch(told);
        const state = async () => JSON.parse((await call({ tool: 'waited', arguments: { marker } })).text);
        await until(async () => (await state()).started, 'the call runs');
        controller.abort('enough');
        await running;
        await until(async () => (await state()).cancelled, 'the server knows');
        return state();
    },
    // Waits for something that nobody answers for.
    await: async ({ seen: what, count }) => void (await until(() => seen[what].length >= count, `${count} of ${what}`)),
};

const report = { seen };
try {
    const [command, ...args] = plan.command ?? [];
    const transport = command
        ? new StdioClientTransport({ command, args, cwd: plan.directory, stderr: 'inherit' })
        : new StreamableHTTPClientTransport(new URL(plan.url));
    await client.connect(transport);
    report.protocol = client.getNegotiatedProtocolVersion();
    for (const { as, do: action, ...step } of plan.steps) {
        report[as ?? action] = (await actions[action](step).catch(told)) ?? null;
    }
    await transport.terminateSession?.();
    await client.close();
} catch (error) {
    report.failed = String(error.stack);
}
console.log(JSON.stringify(report));
process.exit(0);
