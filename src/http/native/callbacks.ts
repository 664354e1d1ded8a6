import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { CALLBACK_EVENTS } from '../../model/callback.ts';
import { callbackId } from '../../model/ids.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import type { CallbackLine } from '../../store/port/callbacks.ts';
import type { NotificationKey } from '../../store/port/notifications.ts';
import { COUNT, NOTHING, nullable, oneOf, TIME } from '../contract/fields.ts';
import type { Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import type { NativeContext } from './context.ts';
import { findTold, OF_NOTIFICATION, OF_TOLD, type OfNotification } from './find-notification.ts';
import { toIso } from './notification-documents.ts';

const CALLBACK_LIST = Type.Object({
  callbacks: Type.Array(
    Type.Object({
      id: Type.String({ description: 'cb-…, the webhook-id.' }),
      event: oneOf(CALLBACK_EVENTS),
      connectionId: Type.String(),
      state: oneOf(['pending', 'delivered', 'given_up'], {
        description: 'given_up: it was tried for 27 hours, or the receiver answered 410, and is tried no more.',
      }),
      createdAt: TIME,
      nextTryAt: nullable(TIME, 'Null: never.'),
      tries: Type.Array(
        Type.Object({
          at: TIME,
          status: nullable(Type.Integer(), 'The HTTP status; null: there was no answer.'),
          detail: nullable(Type.String(), 'Why it does not count; null: it was taken.'),
          durationMs: COUNT,
        }),
      ),
    }),
  ),
});

const LIST: Operation = {
  id: 'listCallbacks',
  tag: 'notifications',
  summary: 'What was told of a notification, and how it went',
  description: 'In the order of what is told: at most a hundred. Of one that asked for no callback none.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: NOTHING,
  replies: { 200: { description: 'All of them, with every try.', content: { 'application/json': CALLBACK_LIST } } },
  faults: ['body_invalid', ...OF_TOLD],
};

/** The log of what programs were told. A Fastify plugin, under the native prefix. */
export async function callbackLogRoute(
  app: FastifyInstance,
  { store, gate }: Pick<NativeContext, 'store' | 'gate'>,
): Promise<void> {
  addOperation<OfNotification>(app, gate, {
    method: 'GET',
    url: '/bots/:botId/notifications/:notificationId/callbacks',
    operation: LIST,
    async handler(request: FastifyRequest<OfNotification>): Promise<Static<typeof CALLBACK_LIST>> {
      const { botId, id } = await findTold(store, request);
      const key = { botId, notificationId: id };
      return { callbacks: (await store.listCallbacks(key)).map((line) => toDocument(key, line)) };
    },
  });
}

function toDocument(
  { botId, notificationId }: NotificationKey,
  { eventNo, event, connectionId, state, createdAt, dueAt, tries }: CallbackLine,
): Static<typeof CALLBACK_LIST>['callbacks'][number] {
  return {
    id: callbackId(botId, notificationId, eventNo),
    event,
    connectionId,
    state,
    createdAt: toIso(createdAt),
    nextTryAt: dueAt === null ? null : toIso(dueAt),
    tries: tries.map((tried) => ({ ...tried, at: toIso(tried.at) })),
  };
}
