import { DatabaseSync } from 'node:sqlite';
import Fastify from 'fastify';
import { readQuestion } from './processes.ts';

/**
 * What HTTP costs when nothing behind it is Beckon's: says where it listens and stays until it is ended.
 * `accept` parses and validates a v1 call and answers a constant; `bytes` serves what it was given from memory; `rows`
 * reads the logs of a notification with one statement and answers them as JSON.
 */
export type BareRoute =
  | { readonly kind: 'accept' }
  | { readonly kind: 'bytes'; readonly bytes: string }
  | { readonly kind: 'rows'; readonly file: string };

const V1 = {
  type: 'object',
  required: ['channel', 'userIdentityType', 'message', 'identities'],
  properties: {
    channel: { type: 'string' },
    userIdentityType: { enum: ['resolve', 'donotresolve'] },
    message: { type: 'object', required: ['type', 'val'], properties: { type: { type: 'string' } } },
    identities: { type: 'array', minItems: 1, maxItems: 1_000, items: { type: 'string', minLength: 1 } },
  },
};

const route = await readQuestion<BareRoute>();
const app = Fastify({ bodyLimit: 8 * 1024 * 1024 });
app.post('/accept', { schema: { body: V1 } }, async () => ({ status: 'IN_PROGRESS', _id: 'ds-constant' }));
if (route.kind === 'bytes') {
  app.get('/bytes', (_request, reply) => reply.type('application/json; charset=utf-8').send(route.bytes));
}
if (route.kind === 'rows') {
  const database = new DatabaseSync(route.file, { readOnly: true });
  const select = database.prepare('SELECT * FROM logs WHERE bot_id = ? AND notification_id = ? ORDER BY seq');
  app.get<{ Params: { bot: string; id: string } }>('/rows/:bot/:id', (request, reply) => {
    const rows = select.all(request.params.bot, request.params.id);
    reply.type('application/json; charset=utf-8').send(JSON.stringify({ rows }));
  });
}
console.log(JSON.stringify(await app.listen({ host: '127.0.0.1', port: 0 })));
