import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { SCOPE_ADMIN } from '../../../model/tenancy.ts';
import type { Registry } from '../../../tenancy/registry.ts';
import { auditOf } from '../../contract/audit-of.ts';
import { NOTHING, OF_BOT, PAGE } from '../../contract/fields.ts';
import { OF_BODIES, type Operation } from '../../contract/operation.ts';
import { addOperation } from '../../contract/route.ts';
import { requireJsonBody } from '../../media-type.ts';
import type { NativeContext } from '../context.ts';
import { readJsonBodies } from '../json-bodies.ts';
import { BOT_BODY, BOTS_PAGE, MANAGED_BOT, pageOf } from './documents.ts';

export interface AdminOptions extends Pick<NativeContext, 'gate' | 'clock'> {
  readonly registry: Registry;
}

interface OfBot {
  readonly Params: Static<typeof OF_BOT>;
}

/** Which bots there are. A Fastify plugin, under the native prefix. */
export async function botRoutes(app: FastifyInstance, { gate, clock, registry }: AdminOptions): Promise<void> {
  readJsonBodies(app);
  const all = '/admin/bots';
  const url = `${all}/:botId`;
  addOperation<{ Querystring: Static<typeof PAGE> }>(app, gate, {
    method: 'GET',
    url: all,
    operation: LIST_BOTS,
    handler: async (request) => {
      const { page, nextCursor } = pageOf(registry.bots(), ({ id }) => id, request);
      return { bots: page, nextCursor };
    },
  });
  addOperation<OfBot>(app, gate, {
    method: 'GET',
    url,
    operation: SHOW_BOT,
    handler: async ({ params }) => registry.bot(params.botId),
  });
  addOperation<OfBot & { Body: Static<typeof BOT_BODY> }>(app, gate, {
    method: 'PUT',
    url,
    operation: SAVE_BOT,
    onRequest: [requireJsonBody],
    handler: async (request, reply) => {
      const { isNew, bot } = await registry.saveBot(request.params.botId, request.body, auditOf(request, clock));
      return reply.code(isNew ? 201 : 200).send(bot);
    },
  });
  addOperation<OfBot>(app, gate, {
    method: 'DELETE',
    url,
    operation: DELETE_BOT,
    handler: async (request: FastifyRequest<OfBot>, reply: FastifyReply) => {
      await registry.removeBot(request.params.botId, auditOf(request, clock));
      return reply.code(204).send();
    },
  });
}

const BOT_REPLY = { 'application/json': MANAGED_BOT };

const LIST_BOTS: Operation = {
  id: 'listBots',
  tag: 'admin',
  summary: 'All bots',
  description: 'Those of the configuration file and those made here, by id.',
  scope: SCOPE_ADMIN,
  query: PAGE,
  replies: { 200: { description: 'A page of bots.', content: { 'application/json': BOTS_PAGE } } },
  faults: ['body_invalid'],
};

const SHOW_BOT: Operation = {
  id: 'getBot',
  tag: 'admin',
  summary: 'One bot',
  description: 'As it is configured.',
  scope: SCOPE_ADMIN,
  params: OF_BOT,
  query: NOTHING,
  replies: { 200: { description: 'The bot.', content: BOT_REPLY } },
  faults: ['body_invalid'],
};

const SAVE_BOT: Operation = {
  id: 'saveBot',
  tag: 'admin',
  summary: 'Make a bot, or change it',
  description:
    'What the body leaves out is as if it had never been said. In force on every server within a second or two.',
  scope: SCOPE_ADMIN,
  params: OF_BOT,
  query: NOTHING,
  body: { types: ['application/json'], schema: BOT_BODY },
  replies: {
    200: { description: 'It is changed.', content: BOT_REPLY },
    201: { description: 'It is made.', content: BOT_REPLY },
  },
  faults: [...OF_BODIES, 'declared_in_file'],
};

const DELETE_BOT: Operation = {
  id: 'deleteBot',
  tag: 'admin',
  summary: 'Take a bot away',
  description:
    'With its connections made here. Nothing more can be sent or asked for it; what was sent keeps its record, and is there again with the bot.',
  scope: SCOPE_ADMIN,
  params: OF_BOT,
  query: NOTHING,
  replies: { 204: { description: 'It is gone.' } },
  faults: [...OF_BODIES, 'declared_in_file'],
};
