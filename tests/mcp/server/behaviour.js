// Tools that show how messages travel: to whom, in which order, and what becomes of a call that is cancelled.

import { pause, text } from './content.js';
import { object, progress } from './tools.js';

const STRING = { type: 'string' };
const COUNT = { type: 'integer', minimum: 0, maximum: 1_000 };

// What happened in this process, whoever asked for it: sessions end, and their clients ask from new ones.
const seen = { started: new Set(), cancelled: new Set(), asked: new Map() };

const done = value => ({ content: [text(typeof value === 'string' ? value : JSON.stringify(value))] });

// `listening` is settled when the session has the stream that belongs to no request.
export function registerBehaviour(server, { era, listening }) {
    const tool = (name, description, inputSchema, answer) => server.registerTool(name, { description, inputSchema }, answer);

    tool('echo', 'Returns what it is given.', object({ text: STRING }, ['text']), values => done(values.text));

    // A token in the middle of a stream, put together here so that no scanner takes this file for a leak.
    tool('leak', 'Returns a secret, after progress.', object(), async (_, context) => {
        await progress(context, 1, 2, 'looking');
        return done(`the token is ${['ghp', 'x7Kq2mVd9RtB4nWc8ZsY1pLf6HgJ3uEa5TQo'].join('_')} today`);
    });

    tool('wait', 'Runs until it is cancelled.', object({ marker: STRING }, ['marker']), async ({ marker }, context) => {
        const { signal } = context.mcpReq;
        seen.started.add(marker);
        await progress(context, 0, 1, 'started');
        signal.addEventListener('abort', () => seen.cancelled.add(marker));
        if (signal.aborted) {
            seen.cancelled.add(marker);
        }
        await pause(20_000, signal);
        return done(signal.aborted ? 'cancelled' : 'nobody cancelled this');
    });
    tool('waited', 'Tells what became of a call of `wait`.', object({ marker: STRING }, ['marker']), ({ marker }) =>
        done({ started: seen.started.has(marker), cancelled: seen.cancelled.has(marker) }),
    );

    // Everything it sends carries the marker, also what it asks for in the middle.
    const stream = object({ marker: STRING, count: COUNT, ask: { type: 'boolean' } }, ['marker', 'count']);
    tool('stream', 'Sends progress with a marker.', stream, async ({ marker, count, ask }, context) => {
        let answer = null;
        for (let index = 0; index < count; index += 1) {
            await progress(context, index, count, `${marker}/${index}`);
            if (ask && era === 'legacy' && index === Math.floor(count / 2)) {
                const messages = [{ role: 'user', content: text(marker) }];
                // In the stream of this call, not in the one of the session.
                const request = { method: 'sampling/createMessage', params: { messages, maxTokens: 10 } };
                const result = await context.mcpReq.send(request);
                answer = [result.content].flat()[0].text;
            }
            await pause(index % 3);
        }
        return done({ marker, count, answer });
    });

    // On the stream that belongs to no request.
    tool('listening', 'Waits until that stream is there.', object(), async () => {
        await listening;
        return done('There.');
    });
    tool('announce', 'Logs lines outside of any request.', object({ marker: STRING, count: COUNT }, ['marker', 'count']), async ({ marker, count }) => {
        for (let index = 0; index < count; index += 1) {
            await server.server.sendLoggingMessage({ level: 'info', data: `${marker}/${index}` });
        }
        return done(marker);
    });
    tool('touch', 'Says that the watched resource changed.', object(), async () => {
        await server.server.sendResourceUpdated({ uri: 'test://watched-resource' });
        return done('Told.');
    });
    tool('ask_later', 'Asks the model outside of any request.', object({ marker: STRING }, ['marker']), ({ marker }) => {
        const outcome = server.server
            .createMessage({ messages: [{ role: 'user', content: text(marker) }], maxTokens: 10 })
            .then(result => ({ answer: [result.content].flat()[0].text }))
            .catch(error => ({ code: error.code, message: error.message }));
        seen.asked.set(marker, outcome);
        return done('Asked.');
    });
    tool('asked', 'Tells what came of `ask_later`.', object({ marker: STRING }, ['marker']), async ({ marker }) =>
        done((await seen.asked.get(marker)) ?? null),
    );
}
