import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { SCOPE_SEND } from '../../../model/tenancy.ts';
import type { Store } from '../../../store/port.ts';
import { readCursor, writeCursor } from '../../contract/cursor.ts';
import { COUNT, DEFAULT_LIMIT, NEXT_CURSOR, PAGE, TIME } from '../../contract/fields.ts';
import type { Operation } from '../../contract/operation.ts';
import { Fault } from '../../faults.ts';
import { keyOfRoute, OF_NOTIFICATION, type OfNotification } from '../find-notification.ts';
import { toIso } from '../notification-documents.ts';
import { findReceiving } from './find-audience.ts';

const AUDIENCE = Type.Object(
  {
    recipients: COUNT,
    suppressed: COUNT,
    endsAt: Type.String({ ...TIME, description: 'When it is thrown away if nobody seals it.' }),
    chunks: Type.Array(
      Type.Object({
        chunk: COUNT,
        sha256: Type.String({ description: 'Of its bytes, hex.' }),
        recipients: COUNT,
        suppressed: COUNT,
      }),
      { description: 'By number.' },
    ),
    nextCursor: NEXT_CURSOR,
  },
  { $id: 'Audience', description: 'What was uploaded so far, so that whoever was interrupted can go on.' },
);

export const SHOW_AUDIENCE: Operation = {
  id: 'getAudience',
  tag: 'notifications',
  summary: 'Which chunks are there',
  description: 'Of a notification that is not sealed yet.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: PAGE,
  replies: { 200: { description: 'What is there.', content: { 'application/json': AUDIENCE } } },
  faults: ['body_invalid', 'notification_unknown'],
};

export function createShowAudience(store: Store) {
  return async function showAudience(
    request: FastifyRequest<OfNotification & { Querystring: Static<typeof PAGE> }>,
  ): Promise<Static<typeof AUDIENCE>> {
    const { limit = DEFAULT_LIMIT } = request.query;
    const after = Number(readCursor(request, /^[0-9]{1,6}$/) ?? -1);
    const key = keyOfRoute(request);
    const audience = await findReceiving(store, key);
    if (key === null || audience === null) throw new Fault('notification_unknown');
    const found = await store.listChunks({ ...key, after, limit: limit + 1 });
    const page = found.slice(0, limit);
    const { recipients, suppressed, endsAt } = audience;
    return {
      recipients,
      suppressed,
      endsAt: toIso(endsAt),
      chunks: page.map(({ digest, ...chunk }) => ({ ...chunk, sha256: digest })),
      nextCursor: found.length > limit ? writeCursor(request, String(page.at(-1)?.chunk ?? after)) : null,
    };
  };
}
