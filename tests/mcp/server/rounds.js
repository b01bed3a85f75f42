// Tools and prompts that need something of the client before they can answer.
//
// Each is written once: in the stateless revision the need is a result that the client answers by asking again,
// before it a request of the server.

import { acceptedContent, createRequestStateCodec, inputRequired, inputResponse } from '@modelcontextprotocol/server';
import { text } from './content.js';
import { clientCapabilities, object } from './tools.js';

const STRING = { type: 'string' };

// Ends with the process, as everything here does.
const codec = createRequestStateCodec({ key: crypto.getRandomValues(new Uint8Array(32)) });
export const requestState = { verify: codec.verify };

const form = (message, properties, required = Object.keys(properties)) =>
    inputRequired.elicit({ message, requestedSchema: { type: 'object', properties, required } });
const question = (value, maxTokens = 100) =>
    inputRequired.createMessage({ messages: [{ role: 'user', content: text(value) }], maxTokens });
const need = (inputRequests, requestState) => inputRequired({ inputRequests, ...(requestState && { requestState }) });
const done = value => ({ content: [text(value)] });
const sampled = view => (view.kind === 'sampling' ? [view.result.content].flat().map(part => part.text).join('') : undefined);

const DEFAULTS = {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
};

const OPTIONS = ['option1', 'option2', 'option3'];
const TITLED = ['First', 'Second', 'Third'].map((title, index) => ({ const: `value${index + 1}`, title }));
const ENUMS = {
    untitledSingle: { type: 'string', enum: OPTIONS },
    titledSingle: { type: 'string', oneOf: TITLED },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['One', 'Two', 'Three'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: OPTIONS } },
    titledMulti: { type: 'array', items: { anyOf: TITLED } },
};

export function registerRounds(server) {
    const tool = (name, description, inputSchema, answer) =>
        server.registerTool(name, { description, inputSchema }, (values, context) =>
            answer(values, context.mcpReq.inputResponses, context),
        );

    // Asks one form and tells how it was answered.
    const asks = (name, description, inputSchema, message, properties) =>
        tool(name, description, inputSchema, (values, responses) => {
            const view = inputResponse(responses, 'form');
            if (view.kind !== 'elicit') {
                return need({ form: form(message(values), properties, []) });
            }
            return done(`Elicitation completed: action=${view.action}, content=${JSON.stringify(view.content ?? {})}`);
        });
    asks('test_elicitation', 'Asks the user.', object({ message: STRING }), values => values.message ?? 'Well?', {
        response: STRING,
    });
    asks('test_elicitation_sep1034_defaults', 'Asks with values to start from.', object(), () => 'Who?', DEFAULTS);
    asks('test_elicitation_sep1330_enums', 'Asks for choices.', object(), () => 'Which?', ENUMS);

    tool('test_sampling', "Asks the client's model.", object({ prompt: STRING }, ['prompt']), ({ prompt }, responses) => {
        const answer = sampled(inputResponse(responses, 'answer'));
        return answer === undefined ? need({ answer: question(prompt) }) : done(`LLM response: ${answer}`);
    });

    // A client that does not sample is told what it lacks before anything is asked.
    tool('test_missing_capability', 'Works only for clients that sample.', object(), (_, responses) => {
        const answer = sampled(inputResponse(responses, 'answer'));
        return answer === undefined ? need({ answer: question('Are you there?') }) : done(answer);
    });

    tool('test_streaming_elicitation', 'Says something before it asks.', object(), async (_, responses, context) => {
        await context.mcpReq.log('info', 'about to ask');
        const content = acceptedContent(responses, 'form');
        return content ? done('Answered.') : need({ form: form('Go on?', { ok: { type: 'boolean' } }) });
    });

    const name = () => form('What is your name?', { name: STRING });
    tool('test_input_required_result_elicitation', 'Greets by name.', object(), (_, responses) => {
        const content = acceptedContent(responses, 'user_name');
        return typeof content?.name === 'string' ? done(`Hello, ${content.name}!`) : need({ user_name: name() });
    });
    tool('test_input_required_result_sampling', 'Asks a model for a capital.', object(), (_, responses) => {
        const answer = sampled(inputResponse(responses, 'capital_question'));
        const ask = () => need({ capital_question: question('What is the capital of France?') });
        return answer === undefined ? ask() : done(answer);
    });
    tool('test_input_required_result_list_roots', 'Names the roots.', object(), (_, responses) => {
        const view = inputResponse(responses, 'client_roots');
        const named = () => view.roots.map(root => root.uri).join(' ');
        return view.kind === 'roots' ? done(`Roots: ${named()}`) : need({ client_roots: inputRequired.listRoots() });
    });

    const confirmed = (tool_name, description) =>
        tool(tool_name, description, object(), async (_, responses, context) => {
            const state = context.mcpReq.requestState();
            if (state?.for === tool_name && acceptedContent(responses, 'confirm')) {
                return done('state-ok');
            }
            const confirm = form('Please confirm', { ok: { type: 'boolean' } });
            return need({ confirm }, await codec.mint({ for: tool_name }, context));
        });
    confirmed('test_input_required_result_request_state', 'Keeps its state with the client.');
    confirmed('test_input_required_result_tampered_state', 'Keeps its state with the client, and looks at the seal.');

    tool('test_input_required_result_multiple_inputs', 'Needs three things at once.', object(), async (_, responses, context) => {
        const who = acceptedContent(responses, 'user_name');
        const greeting = sampled(inputResponse(responses, 'greeting'));
        const roots = inputResponse(responses, 'client_roots');
        if (who && greeting !== undefined && roots.kind === 'roots') {
            return done(`${greeting} ${who.name}, of ${roots.roots.length} roots`);
        }
        const all = { user_name: name(), greeting: question('Write a greeting', 50), client_roots: inputRequired.listRoots() };
        return need(all, await codec.mint({ round: 1 }, context));
    });

    tool('test_input_required_result_multi_round', 'Needs two things, one after the other.', object(), async (_, responses, context) => {
        const state = context.mcpReq.requestState();
        const step1 = acceptedContent(responses, 'step1');
        const step2 = acceptedContent(responses, 'step2');
        if (state?.name && step2) {
            return done(`${state.name} likes ${step2.color}`);
        }
        if (step1 || state?.name) {
            const color = form('Step 2: What is your favourite colour?', { color: STRING });
            return need({ step2: color }, await codec.mint({ name: step1?.name ?? state.name }, context));
        }
        return need({ step1: form('Step 1: What is your name?', { name: STRING }) }, await codec.mint({ round: 1 }, context));
    });

    tool('test_input_required_result_capabilities', 'Needs only what the client can give.', object(), (_, responses, context) => {
        const capabilities = clientCapabilities(server, context);
        const answered = Object.keys(responses ?? {});
        if (answered.length > 0) {
            return done(`Answered: ${answered.join(' ')}`);
        }
        return need({
            ...(capabilities.elicitation && { form: name() }),
            ...(capabilities.sampling && { question: question('Anything?') }),
            ...(capabilities.roots && { client_roots: inputRequired.listRoots() }),
        });
    });

    server.registerPrompt(
        'test_input_required_result_prompt',
        { description: 'A prompt that needs a context first.' },
        context => {
            const content = acceptedContent(context.mcpReq.inputResponses, 'user_context');
            if (typeof content?.context !== 'string') {
                return need({ user_context: form('What context should the prompt use?', { context: STRING }) });
            }
            return { messages: [{ role: 'user', content: text(`Context: ${content.context}`) }] };
        },
    );
}
