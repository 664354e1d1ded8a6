import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { NotificationStatus } from '../../model/notification.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import { readCursor, writeCursor } from '../contract/cursor.ts';
import { CURSOR, closed, DEFAULT_LIMIT, LIMIT } from '../contract/fields.ts';
import type { Operation } from '../contract/operation.ts';
import { Fault } from '../faults.ts';
import type { NativeContext } from './context.ts';
import { ACCEPT, askedStream, sendStream } from './export-stream.ts';
import { findNotification, OF_NOTIFICATION, OF_SENT, type OfNotification } from './find-notification.ts';
import { FILTER, readFilter } from './ledger-filter.ts';
import { toIso } from './notification-documents.ts';
import { RECIPIENT_PAGE, RECIPIENT_STREAM, toRecipient } from './recipient-document.ts';
import { writeRecipients } from './recipient-lines.ts';
import { readLedgerPage } from './walk-ledger.ts';

const QUERY = closed({ ...FILTER, limit: LIMIT, cursor: CURSOR });

export const LIST_RECIPIENTS: Operation = {
  id: 'listRecipients',
  tag: 'notifications',
  summary: 'What became of each recipient',
  description:
    'Those whose delivery has ended, in the order in which they were given; who is pending is counted in the notification. `Accept: application/x-ndjson` or `text/csv` streams all of them that fit the filter, however many; otherwise a page. A page may hold fewer than `limit`, even nobody, and not be the last: only `nextCursor` says so.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: QUERY,
  headers: ACCEPT,
  replies: {
    200: {
      description: 'A page of recipients, or all of them.',
      content: {
        'application/json': RECIPIENT_PAGE,
        'application/x-ndjson': RECIPIENT_STREAM,
        'text/csv': RECIPIENT_STREAM,
      },
    },
  },
  faults: ['body_invalid', ...OF_SENT, 'recipients_removed'],
};

export function createRecipientList({ store, clock }: Pick<NativeContext, 'store' | 'clock'>) {
  return async function listRecipients(
    request: FastifyRequest<OfNotification & { Querystring: Static<typeof QUERY> }>,
    reply: FastifyReply,
  ): Promise<object> {
    const { limit, cursor, ...given } = request.query;
    const filter = readFilter(given);
    const afterSeq = Number(readCursor(request, /^\d{1,9}$/) ?? -1);
    const stream = askedStream(request);
    if (stream !== null && (limit !== undefined || cursor !== undefined)) {
      throw new Fault('body_invalid', 'a stream holds everybody who fits: leave out limit and cursor');
    }
    const notification = await findNotification(store, request);
    requireLedger(notification);
    const { id } = notification;
    if (stream !== null) {
      const rows = writeRecipients({ store, notification, filter, format: stream.format });
      return sendStream(reply, stream, { name: `recipients-${id}`, rows });
    }
    const page = await readLedgerPage({ store, clock, notification, filter, afterSeq, limit: limit ?? DEFAULT_LIMIT });
    return {
      recipients: page.lines.map((line) => toRecipient(line, notification)),
      nextCursor: page.nextSeq === null ? null : writeCursor(request, String(page.nextSeq)),
    } satisfies Static<typeof RECIPIENT_PAGE>;
  };
}

/** A list that is not whole would be taken for one that is. */
export function requireLedger({ ledgerRemovedAt }: NotificationStatus): void {
  if (ledgerRemovedAt === undefined) return;
  throw new Fault('recipients_removed', `removed at ${toIso(ledgerRemovedAt)}; the counts of the notification stay`);
}
