// The server over stdio, both eras.

import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { build } from './server.js';

serveStdio(context => build(context), { onerror: error => console.error(error.message) });
