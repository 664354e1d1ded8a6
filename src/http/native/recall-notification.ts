import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import { NOTHING, nullable } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { AMENDING_FAULTS, type AmendParts, amend, amendedFields } from './amend.ts';
import type { NativeContext } from './context.ts';
import { findNotification, OF_NOTIFICATION, type OfNotification } from './find-notification.ts';

export interface RecallRouteOptions extends AmendParts, Pick<NativeContext, 'gate'> {}

export const RECALL = Type.Object(
  {
    id: Type.String({ description: 'The notification that is taken back.' }),
    recallId: nullable(
      Type.String(),
      'A notification of its own, which says how far it is: who is delivered has it no more. Null: there is nobody to take it back from.',
    ),
    ...amendedFields('Those from whom it is taken back.'),
  },
  { $id: 'Recall', description: 'What is taken back. `cannot`: delivered over channels that take nothing back.' },
);

const OPERATION: Operation = {
  id: 'recallNotification',
  tag: 'notifications',
  summary: 'Take back what was delivered',
  description:
    'Removes the message where the provider lets it (Microsoft Teams, Slack, Google Chat), from all who had been sent it until now; cancel first what is still being sent. What somebody read they have read. Asked twice while nobody more was delivered it says the same.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: NOTHING,
  replies: { 200: { description: 'It is under way.', content: { 'application/json': RECALL } } },
  faults: [...OF_BODIES, ...AMENDING_FAULTS],
};

/** Taking back. A Fastify plugin, under the native prefix. */
export async function recallRoute(app: FastifyInstance, options: RecallRouteOptions): Promise<void> {
  const url = '/bots/:botId/notifications/:notificationId/recall';
  addOperation(app, options.gate, { method: 'POST', url, operation: OPERATION, handler: createRecall(options) });
}

function createRecall(options: RecallRouteOptions) {
  return async function recallNotification(request: FastifyRequest<OfNotification>): Promise<Static<typeof RECALL>> {
    const original = await findNotification(options.store, request);
    const message = { type: 'text', text: 'Recall' } as const;
    const { amendId, ...counted } = await amend(
      request,
      original,
      { verb: 'recalls', message, parameters: null },
      options,
    );
    return { id: original.id, recallId: amendId, ...counted };
  };
}
