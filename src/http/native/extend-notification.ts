import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import { auditOf } from '../contract/audit-of.ts';
import { COUNT, closed, NOTHING, TIME } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { requireJsonBody } from '../media-type.ts';
import type { NativeContext } from './context.ts';
import { findNotification, OF_NOTIFICATION, OF_SENT, type OfNotification } from './find-notification.ts';
import { readJsonBodies } from './json-bodies.ts';
import { toIso } from './notification-documents.ts';
import { readDeadline } from './read-deadline.ts';

export interface ExtendRouteOptions extends Pick<NativeContext, 'store' | 'gate' | 'clock'> {
  /** Something was extended, and this process may be sending it. */
  readonly onChange: () => void;
}

const EXTEND_BODY = closed({
  expiresAt: Type.String({
    ...TIME,
    description: 'A time with its zone, at most 30 days from now; nothing is sent after it.',
  }),
});

const EXTENSION = Type.Object(
  { id: Type.String(), expiresAt: TIME, pending: COUNT, alreadyFinal: COUNT },
  { $id: 'Extension', description: 'The deadline that counts, and for how many.' },
);

const EXTEND: Operation = {
  id: 'extendNotification',
  tag: 'notifications',
  summary: 'Give a notification more time',
  description:
    'Of its deadline and the one that is asked for the later counts, however long its priority would try. Whoever has expired stays so: retry them. What had finished or was cancelled stays as it is.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: NOTHING,
  body: { types: ['application/json'], schema: EXTEND_BODY },
  replies: { 200: { description: 'What counts from now on.', content: { 'application/json': EXTENSION } } },
  faults: [...OF_BODIES, ...OF_SENT],
};

type ExtendCall = OfNotification & { readonly Body: Static<typeof EXTEND_BODY> };

/** More time. A Fastify plugin, under the native prefix. */
export async function extendRoute(app: FastifyInstance, { store, gate, clock, onChange }: ExtendRouteOptions) {
  readJsonBodies(app);
  addOperation<ExtendCall>(app, gate, {
    method: 'POST',
    url: '/bots/:botId/notifications/:notificationId/extend',
    operation: EXTEND,
    onRequest: [requireJsonBody],
    handler: async function extendNotification(request: FastifyRequest<ExtendCall>): Promise<Static<typeof EXTENSION>> {
      const expiresAt = readDeadline(request.body.expiresAt, clock.now());
      const { botId, id: notificationId } = await findNotification(store, request);
      await store.extend({ botId, notificationId, at: clock.now(), expiresAt, audit: auditOf(request, clock) });
      onChange();
      const { id, expiresAt: deadline, counts } = await findNotification(store, request);
      return {
        id,
        expiresAt: toIso(deadline),
        pending: counts.pending,
        alreadyFinal: counts.total - counts.pending,
      };
    },
  });
}
