import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { channelAt } from '../../model/fall-back.ts';
import { derivedId } from '../../model/ids.ts';
import type { Content, Parameters } from '../../model/message.ts';
import type { NotificationStatus } from '../../model/notification.ts';
import type { AskedNotification } from '../../store/port/audiences.ts';
import type { BoundedBacklog } from '../accept/bounded-backlog.ts';
import type { ChannelCatalog } from '../accept/channel-catalog.ts';
import { callerOf } from '../auth/gate.ts';
import { COUNT } from '../contract/fields.ts';
import { Fault } from '../faults.ts';
import type { NativeContext } from './context.ts';
import { findEither, OF_SENT } from './find-notification.ts';
import { requireLedger } from './recipients.ts';
import { untilOver } from './until-over.ts';

export interface AmendParts extends Pick<NativeContext, 'store' | 'clock'> {
  readonly catalog: ChannelCatalog;
  readonly backlog: Pick<BoundedBacklog, 'assertRoom'>;
  /** There is something to send. */
  readonly onChange: () => void;
}

/** What is done with the messages of those who have a notification. */
export interface Amendment {
  readonly verb: 'recalls' | 'edits';
  readonly message: Content;
  readonly parameters: Parameters | null;
}

export interface Amended {
  /** Null: nobody has anything that could be changed. */
  readonly amendId: string | null;
  /** So far. */
  readonly recipients: number;
  readonly cannot: number;
  readonly isComplete: boolean;
}

/** What such a call may be refused with, besides what is wrong with its body. */
export const AMENDING_FAULTS = [
  ...OF_SENT,
  'recipients_removed',
  'bot_backlog_full',
  'backlog_full',
  'store_full',
] as const;

/** How an answer tells whom it concerns. */
export const amendedFields = (recipients: string) => ({
  recipients: Type.Integer({ minimum: 0, description: recipients }),
  cannot: COUNT,
  isComplete: Type.Boolean({ description: 'False: those who have it are still being looked up.' }),
});

const LIFE_MS = 24 * 3_600_000;
const ROWS_PER_STEP = 500;

/**
 * A notification of its own whose recipients are looked up step by step, as those of an audience are. Its id follows from
 * what it does and to how many, so that asked twice, at once or later, it is the same unless more have been delivered.
 */
export async function amend(
  request: FastifyRequest,
  original: NotificationStatus,
  { verb, message, parameters }: Amendment,
  { store, clock, catalog, backlog, onChange }: AmendParts,
): Promise<Amended> {
  const { bot, app, subject } = callerOf(request);
  const { recalls, edits, fallBacks = [] } = original.options ?? {};
  if (recalls !== undefined) throw new Fault('body_invalid', 'it is a recall itself: name what it takes back');
  if (edits !== undefined) throw new Fault('body_invalid', 'it is an edit itself: name what it changes');
  requireLedger(original);
  const { delivered } = original.counts;
  const what = verb === 'recalls' ? [] : [hash('sha256', JSON.stringify([message, parameters]))];
  const id = derivedId('ds', verb === 'recalls' ? 'recall' : 'edit', original.id, delivered, ...what);
  const key = { botId: bot.id, notificationId: id };
  const find = () => findEither(store, key);
  const over = [0, ...fallBacks.keys().map((index) => index + 1)].map((step) => {
    const { channel, connectionId } = channelAt(original, step);
    return catalog.find(channel)?.amends === true ? connectionId : null;
  });
  if (delivered === 0 || over.every((one) => one === null))
    return { amendId: null, recipients: 0, cannot: delivered, isComplete: true };
  if ((await find()) === null) {
    await backlog.assertRoom(bot.id);
    const createdAt = clock.now();
    const asked = { ...amendmentOf(original, verb), ...{ id, message, createdAt, expiresAt: createdAt + LIFE_MS } };
    const from = { kind: 'delivered', notificationId: original.id, over } as const;
    const by = { appId: app.clientId, createdBy: derivedId('u', bot.id, subject) };
    const reply = { fingerprint: id, status: 200, body: '', createdAt };
    await store.openAudience({
      asked: { ...asked, ...by },
      plan: { deduplicate: false, parameters, from },
      endsAt: createdAt + LIFE_MS,
      most: Number.MAX_SAFE_INTEGER,
      // Of two that are asked for at once one is opened.
      idempotency: { botId: bot.id, appId: original.appId, route: verb, key: id, ...reply },
    });
  }
  const found = await untilOver({
    clock,
    find,
    isOver: (state) => !('asked' in state) || state.state === 'empty',
    goOn: async () => ((await store.advanceAudience({ at: clock.now(), limit: ROWS_PER_STEP })) ? 1 : 0),
  });
  onChange();
  if (found === null) throw new Fault('notification_unknown');
  if (!('asked' in found))
    return { amendId: id, recipients: found.total, cannot: delivered - found.total, isComplete: true };
  if (found.state === 'empty') return { amendId: null, recipients: 0, cannot: delivered, isComplete: true };
  return { amendId: id, recipients: found.recipients, cannot: 0, isComplete: false };
}

function amendmentOf(
  original: NotificationStatus,
  verb: Amendment['verb'],
): Omit<AskedNotification, 'id' | 'message' | 'createdAt' | 'expiresAt'> {
  const { botId, appId, createdBy, channel, channelSpelling, connectionId, resolve, lane, options } = original;
  // Nobody goes on: each message is where it is.
  const fallBacks = options?.fallBacks?.map(({ receiptWithinMs: _, ...one }) => ({ ...one, message: null, on: [] }));
  return {
    ...{ botId, appId, createdBy, channel, channelSpelling, connectionId, resolve, lane },
    api: 'native',
    options: { [verb]: original.id, ...(fallBacks && { fallBacks }) },
  };
}
