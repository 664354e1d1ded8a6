import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { MAX_CHUNKS } from '../../../model/audience.ts';
import { SCOPE_SEND } from '../../../model/tenancy.ts';
import type { SealResult } from '../../../store/port/audiences.ts';
import type { NotificationKey } from '../../../store/port/notifications.ts';
import { auditOf } from '../../contract/audit-of.ts';
import { closed, NOTHING } from '../../contract/fields.ts';
import { OF_BODIES, type Operation } from '../../contract/operation.ts';
import { Fault } from '../../faults.ts';
import type { NativeContext } from '../context.ts';
import { keyOfRoute, OF_NOTIFICATION, type OfNotification } from '../find-notification.ts';
import { NOTIFICATION, toDocument } from '../notification-documents.ts';

export interface SealParts extends Pick<NativeContext, 'store' | 'clock'> {
  /** Something was sealed, and this process may be the one that opens it. */
  readonly onSealed: () => void;
}

const SEAL_BODY = closed({
  recipients: Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: 'How many were uploaded.' }),
  chunks: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_CHUNKS,
      description: 'In how many chunks, numbered from 0; then those that are missing are named.',
    }),
  ),
});

export const SEAL: Operation = {
  id: 'sealAudience',
  tag: 'notifications',
  summary: 'Send to everybody who was uploaded',
  description:
    'Nobody is sent anything before. Refused, with what is missing, where other numbers of recipients or chunks are there. Asked twice it says the same.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: NOTHING,
  body: { types: ['application/json'], schema: SEAL_BODY },
  replies: { 202: { description: 'It is being sent.', content: { 'application/json': NOTIFICATION } } },
  faults: [...OF_BODIES, 'notification_unknown', 'audience_incomplete', 'audience_collecting'],
};

export function createSeal({ store, clock, onSealed }: SealParts) {
  return async function sealAudience(
    request: FastifyRequest<OfNotification & { Body: Static<typeof SEAL_BODY> }>,
    reply: FastifyReply,
  ): Promise<Static<typeof NOTIFICATION>> {
    const key = keyOfRoute(request);
    if (key === null) throw new Fault('notification_unknown');
    const { recipients, chunks = null } = request.body;
    const result = await store.sealAudience({
      ...key,
      expected: { recipients, chunks },
      at: clock.now(),
      isCancelled: false,
      audit: auditOf(request, clock),
    });
    if (result.kind === 'absent') await requireSealed(store, key);
    if (result.kind === 'incomplete') throw new Fault('audience_incomplete', explain(result));
    if (result.kind === 'sealed') onSealed();
    reply.code(202);
    return showSealed({ store, clock }, key, recipients);
  };
}

export async function requireSealed(store: SealParts['store'], key: NotificationKey): Promise<void> {
  const audience = await store.findAudience(key);
  if (audience === null || audience.state === 'empty') return;
  const detail = 'it seals itself when it is known; seal one that is uploaded when it is receiving';
  throw new Fault('audience_collecting', detail, { 'retry-after': '1' });
}

/** As it is now, if it has so many (null: however many): asked again, it may have been sent to some. */
export async function showSealed(
  { store, clock }: Pick<SealParts, 'store' | 'clock'>,
  key: NotificationKey,
  recipients: number | null,
) {
  const notification = await store.findNotification(key);
  if (notification === null) throw new Fault('notification_unknown');
  if (recipients !== null && notification.total !== recipients) {
    throw new Fault('audience_incomplete', `it was sealed before, with ${notification.total} recipients`);
  }
  const [tally, receipts] = await Promise.all([store.tallyReasons(key), store.countReceipts(key)]);
  return toDocument(notification, tally?.reasons ?? null, receipts, clock.now());
}

function explain({ recipients, chunks, missing }: Extract<SealResult, { readonly kind: 'incomplete' }>): string {
  const there = `${recipients} recipients in ${chunks} ${chunks === 1 ? 'chunk' : 'chunks'} are there`;
  return missing.length === 0 ? there : `${there}; missing are ${missing.join(', ')}`;
}
