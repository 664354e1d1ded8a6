import { type Static, Type } from 'typebox';
import type { AuditRecord } from '../../../model/audit.ts';
import type { NotificationSummary } from '../../../model/notification.ts';
import { NEXT_CURSOR, nullable, TIME } from '../../contract/fields.ts';
import { toIso } from '../notification-documents.ts';

const WHO = {
  botId: nullable(Type.String(), 'Null: it is of no one bot.'),
  at: TIME,
  appId: Type.String({ description: 'The app that asked for it.' }),
  action: Type.String({ description: 'The id of the operation in this document.' }),
  target: nullable(Type.String(), 'What was changed; null: the bot as a whole.'),
};

export const AUDIT_ENTRY = Type.Object(
  {
    kind: Type.Literal('change'),
    seq: Type.Integer({ minimum: 1, description: 'Its place in the chain of the bot.' }),
    ...WHO,
    subject: Type.String({ description: 'Of the token.' }),
    before: nullable(Type.String(), 'SHA-256 of the configuration before; null: there was none, or it is none.'),
    after: nullable(Type.String(), 'SHA-256 of the configuration after.'),
    ip: nullable(Type.String(), 'Where the call came from.'),
    previous: Type.String({ description: 'The hash of the entry before; of the first: empty.' }),
    hash: Type.String({
      description:
        'SHA-256 of the JSON array [previous, botId, seq, at, appId, subject, action, target, before, after, ip].',
    }),
  },
  { $id: 'AuditEntry', description: 'A change, and who asked for it.' },
);

const WHY = Type.Object({ reason: Type.String() });

export const AUDIT_SEND = Type.Object(
  {
    kind: Type.Literal('send'),
    ...WHO,
    createdBy: Type.String({ description: 'u-…, made of the bot and the subject.' }),
    preferencesOverride: nullable(WHY, 'Why it went to those who declined its category.'),
    quietHoursOverride: nullable(WHY, "Why the bot's quiet hours were not kept."),
  },
  {
    $id: 'AuditSend',
    description: 'A notification that was accepted, and who asked for it: read from the notification.',
  },
);

export const AUDIT_PAGE = Type.Object({
  entries: Type.Array(Type.Ref('AuditEntry#')),
  head: Type.Object(
    { seq: Type.Integer({ minimum: 0 }), hash: Type.String() },
    { description: 'Where the chain ends. Keep it elsewhere, and nobody can rewrite what was before it.' },
  ),
  nextCursor: NEXT_CURSOR,
});

export const AUDIT_STREAM = Type.String({
  description: 'The whole chain from its first entry on, then its head, then the sends; one JSON object a line.',
});

export const toEntry = ({ at, ...record }: AuditRecord): Static<typeof AUDIT_ENTRY> => ({
  kind: 'change',
  ...record,
  at: toIso(at),
});

export const toSend = (notification: NotificationSummary): Static<typeof AUDIT_SEND> => ({
  kind: 'send',
  botId: notification.botId,
  at: toIso(notification.createdAt),
  appId: notification.appId,
  action: actionOf(notification),
  target: notification.id,
  createdBy: notification.createdBy,
  preferencesOverride: whyOf(notification.options?.preferencesOverride),
  quietHoursOverride: whyOf(notification.options?.quietHoursOverride),
});

const whyOf = (why: { readonly reason: string } | undefined) => (why === undefined ? null : { reason: why.reason });

function actionOf({ api, options }: NotificationSummary): string {
  if (options?.recalls !== undefined) return 'recallNotification';
  return options?.edits === undefined ? SENDS[api] : 'editNotification';
}

const SENDS = { 'kore-v1': 'notify', 'kore-v2': 'notifyV2', native: 'sendNotification' } as const satisfies Record<
  NotificationSummary['api'],
  string
>;
