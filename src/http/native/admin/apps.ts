import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { SCOPE_ADMIN } from '../../../model/tenancy.ts';
import { auditOf } from '../../contract/audit-of.ts';
import { closed, NOTHING, PAGE } from '../../contract/fields.ts';
import { OF_BODIES, type Operation } from '../../contract/operation.ts';
import { addOperation } from '../../contract/route.ts';
import { requireJsonBody } from '../../media-type.ts';
import { readJsonBodies } from '../json-bodies.ts';
import type { AdminOptions } from './bots.ts';
import { APP_BODY, APPS_PAGE, MANAGED_APP, pageOf, ROTATE_BODY, SAVED_APP, toManagedApp } from './documents.ts';

const OF_APP = closed({
  clientId: Type.String({ description: 'The app: cs-…', examples: ['cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9'] }),
});

interface OfApp {
  readonly Params: Static<typeof OF_APP>;
}

/** Who may call. A Fastify plugin, under the native prefix. */
export async function appRoutes(app: FastifyInstance, { gate, clock, registry }: AdminOptions): Promise<void> {
  readJsonBodies(app);
  const all = '/admin/apps';
  const url = `${all}/:clientId`;
  addOperation<{ Querystring: Static<typeof PAGE> }>(app, gate, {
    method: 'GET',
    url: all,
    operation: LIST_APPS,
    handler: async (request) => {
      const { page, nextCursor } = pageOf(registry.apps(), ({ clientId }) => clientId, request);
      return { apps: page.map(toManagedApp), nextCursor };
    },
  });
  addOperation<OfApp>(app, gate, {
    method: 'GET',
    url,
    operation: SHOW_APP,
    handler: async ({ params }) => toManagedApp(registry.app(params.clientId)),
  });
  addOperation<OfApp & { Body: Static<typeof APP_BODY> }>(app, gate, {
    method: 'PUT',
    url,
    operation: SAVE_APP,
    onRequest: [requireJsonBody],
    handler: async (request, reply) => {
      const audit = auditOf(request, clock);
      const { isNew, app, clientSecret } = await registry.saveApp(request.params.clientId, request.body, audit);
      return reply.code(isNew ? 201 : 200).send({ app: toManagedApp(app), clientSecret });
    },
  });
  addOperation<OfApp & { Body: Static<typeof ROTATE_BODY> }>(app, gate, {
    method: 'POST',
    url: `${url}/rotate`,
    operation: ROTATE_APP,
    onRequest: [requireJsonBody],
    handler: async (request) => {
      const audit = auditOf(request, clock);
      const { app, clientSecret } = await registry.rotateApp(request.params.clientId, request.body, audit);
      return { app: toManagedApp(app), clientSecret };
    },
  });
  addOperation<OfApp>(app, gate, {
    method: 'DELETE',
    url,
    operation: DELETE_APP,
    handler: async (request, reply) => {
      await registry.removeApp(request.params.clientId, auditOf(request, clock));
      return reply.code(204).send();
    },
  });
}

const SAVED = { 'application/json': SAVED_APP };

const LIST_APPS: Operation = {
  id: 'listApps',
  tag: 'admin',
  summary: 'All apps',
  description: 'Those of the configuration file and those made here, by client id.',
  scope: SCOPE_ADMIN,
  query: PAGE,
  replies: { 200: { description: 'A page of apps.', content: { 'application/json': APPS_PAGE } } },
  faults: ['body_invalid'],
};

const SHOW_APP: Operation = {
  id: 'getApp',
  tag: 'admin',
  summary: 'One app',
  description: 'Without its key.',
  scope: SCOPE_ADMIN,
  params: OF_APP,
  query: NOTHING,
  replies: { 200: { description: 'The app.', content: { 'application/json': MANAGED_APP } } },
  faults: ['body_invalid', 'app_unknown'],
};

const SAVE_APP: Operation = {
  id: 'saveApp',
  tag: 'admin',
  summary: 'Make an app, or change it',
  description:
    'A new one with a shared secret is given one, which is told once and never again. Who is there keeps its key: `rotate` gives another.',
  scope: SCOPE_ADMIN,
  params: OF_APP,
  query: NOTHING,
  body: { types: ['application/json'], schema: APP_BODY },
  replies: {
    200: { description: 'It is changed.', content: SAVED },
    201: { description: 'It is made.', content: SAVED },
  },
  faults: [...OF_BODIES, 'declared_in_file', 'secret_key_missing'],
};

const ROTATE_APP: Operation = {
  id: 'rotateApp',
  tag: 'admin',
  summary: 'Give an app another key',
  description:
    'It is good at once, and the one before for 24 hours more, so that nobody is locked out meanwhile. Rotated again in that time, the first of the three goes on until then and the second ends: a rotation whose answer was lost can be repeated.',
  scope: SCOPE_ADMIN,
  params: OF_APP,
  query: NOTHING,
  body: { types: ['application/json'], schema: ROTATE_BODY },
  replies: { 200: { description: 'It has another key.', content: SAVED } },
  faults: [...OF_BODIES, 'declared_in_file', 'secret_key_missing', 'app_unknown'],
};

const DELETE_APP: Operation = {
  id: 'deleteApp',
  tag: 'admin',
  summary: 'Take an app away',
  description: 'None of its tokens is good any more.',
  scope: SCOPE_ADMIN,
  params: OF_APP,
  query: NOTHING,
  replies: { 204: { description: 'It is gone.' } },
  faults: [...OF_BODIES, 'declared_in_file', 'app_unknown'],
};
