// Resources and prompts: what the conformance suite reads, and one resource that can change.

import { completable, ResourceTemplate } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { image, PNG, resource, text } from './content.js';

export function registerResources(server) {
    const described = (description, mimeType) => ({ description, mimeType });
    server.registerResource('static-text', 'test://static-text', described('Text that stays.', 'text/plain'), uri => ({
        contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'The text of the resource that stays.' }],
    }));
    server.registerResource('static-binary', 'test://static-binary', described('Bytes that stay.', 'image/png'), uri => ({
        contents: [{ uri: uri.href, mimeType: 'image/png', blob: PNG }],
    }));
    server.registerResource('watched', 'test://watched-resource', described('Text to watch.', 'text/plain'), uri => ({
        contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'What is watched.' }],
    }));
    const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
    server.registerResource('template', template, described('Data by id.', 'application/json'), (uri, { id }) => ({
        contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify({ id, data: `of ${id}` }) }],
    }));
}

export function registerPrompts(server) {
    const prompt = (name, description, argsSchema, answer) =>
        server.registerPrompt(name, { description, ...(argsSchema && { argsSchema }) }, answer);
    const user = (...parts) => ({ messages: parts.map(content => ({ role: 'user', content })) });

    prompt('test_simple_prompt', 'A prompt as it is.', undefined, () => user(text('A prompt without arguments.')));
    const words = ['park', 'party', 'path', 'test'];
    const two = z.object({
        arg1: completable(z.string().describe('the first'), value => words.filter(word => word.startsWith(value))),
        arg2: z.string().describe('the second'),
    });
    prompt('test_prompt_with_arguments', 'A prompt with two arguments.', two, ({ arg1, arg2 }) =>
        user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
    );
    const embedded = z.object({ resourceUri: z.string().describe('what to embed') });
    prompt('test_prompt_with_embedded_resource', 'A prompt with a resource.', embedded, ({ resourceUri }) =>
        user(resource(resourceUri, 'text/plain', 'An embedded text.'), text('Look at the resource above.')),
    );
    prompt('test_prompt_with_image', 'A prompt with an image.', undefined, () => user(image(), text('Look at the image above.')));
}
