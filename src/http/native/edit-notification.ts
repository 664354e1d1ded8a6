import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import { closed, NOTHING, nullable } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { requireJsonBody } from '../media-type.ts';
import { AMENDING_FAULTS, type AmendParts, amend, amendedFields } from './amend.ts';
import type { NativeContext } from './context.ts';
import { findNotification, OF_NOTIFICATION, type OfNotification } from './find-notification.ts';
import { readJsonBodies } from './json-bodies.ts';
import { readContent } from './read-content.ts';
import { NATIVE, SEND_BODY, TEXT } from './send-body.ts';

export interface EditRouteOptions extends AmendParts, Pick<NativeContext, 'gate'> {}

const EDIT_BODY = closed({
  message: Type.Union([TEXT, NATIVE], {
    description: 'What it is to say instead, on whatever channel it was delivered.',
  }),
  parameters: SEND_BODY.properties.parameters,
});

export const EDIT = Type.Object(
  {
    id: Type.String({ description: 'The notification that is changed.' }),
    editId: nullable(
      Type.String(),
      'A notification of its own, which says how far it is: who is delivered sees the new message. Null: there is nobody whose message could be changed.',
    ),
    ...amendedFields('Those whose message is changed.'),
  },
  { $id: 'Edit', description: 'What is changed. `cannot`: delivered over channels that change nothing.' },
);

const OPERATION: Operation = {
  id: 'editNotification',
  tag: 'notifications',
  summary: 'Change what was delivered',
  description:
    'Puts another message in the place of the one that was delivered, where the provider lets it (Microsoft Teams, Slack, Google Chat), for all who had been sent it until now; those who are still to be sent it are sent it as it was. The same message asked for twice is one edit.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: NOTHING,
  body: { types: ['application/json'], schema: EDIT_BODY },
  replies: { 200: { description: 'It is under way.', content: { 'application/json': EDIT } } },
  faults: [...OF_BODIES, ...AMENDING_FAULTS],
};

type EditCall = OfNotification & { readonly Body: Static<typeof EDIT_BODY> };

/** Changing what was delivered. A Fastify plugin, under the native prefix. */
export async function editRoute(app: FastifyInstance, options: EditRouteOptions): Promise<void> {
  readJsonBodies(app);
  addOperation<EditCall>(app, options.gate, {
    method: 'POST',
    url: '/bots/:botId/notifications/:notificationId/edit',
    operation: OPERATION,
    onRequest: [requireJsonBody],
    handler: async function editNotification(request: FastifyRequest<EditCall>): Promise<Static<typeof EDIT>> {
      const { message: given, parameters = null } = request.body;
      const message = readContent(given, '/message');
      const original = await findNotification(options.store, request);
      const { amendId, ...counted } = await amend(request, original, { verb: 'edits', message, parameters }, options);
      return { id: original.id, editId: amendId, ...counted };
    },
  });
}
