import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import { actorOf } from '../auth/gate.ts';
import { NOTHING } from '../contract/fields.ts';
import type { Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { BOTS, botsOf } from '../session/documents.ts';
import type { NativeContext } from './context.ts';

const OWN_BOTS = Type.Object({ bots: BOTS });

const LIST: Operation = {
  id: 'listOwnBots',
  tag: 'session',
  summary: 'The bots you may use',
  description: 'Of the app or the operator who asks.',
  scope: SCOPE_SEND,
  query: NOTHING,
  replies: { 200: { description: 'All of them.', content: { 'application/json': OWN_BOTS } } },
  faults: ['body_invalid'],
};

/** A Fastify plugin, under the native prefix. */
export async function ownBotsRoute(app: FastifyInstance, { gate, tenancy }: NativeContext): Promise<void> {
  addOperation(app, gate, {
    method: 'GET',
    url: '/bots',
    operation: LIST,
    handler: async (request: FastifyRequest): Promise<Static<typeof OWN_BOTS>> => {
      const { kind, bots } = actorOf(request).app;
      return { bots: botsOf({ isAdmin: kind === 'admin', bots }, tenancy) };
    },
  });
}
