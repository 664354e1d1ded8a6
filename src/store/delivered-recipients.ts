import type { AudiencePlan, AudienceSource } from '../model/audience.ts';
import { isOf } from '../model/erasure.ts';
import type { Log, Recipient } from '../model/notification.ts';
import { listBeingErased } from './erasures.ts';
import { listLedger } from './ledger.ts';
import { findSummaries } from './notifications.ts';
import type { Steps } from './steps.ts';

type Delivered = Extract<AudienceSource, { readonly kind: 'delivered' }>;

export interface DeliveredStretch {
  /** By the connection their message is reached through; seq counted from 0 in each. */
  readonly groups: readonly (readonly [connectionId: string, recipients: readonly Recipient[]])[];
  /** The last that was looked at; null: there is nobody behind. */
  readonly lastSeq: number | null;
}

/**
 * One stretch of those who have another notification. Each carries the id of their message in place of a message of their
 * own, and is to begin in the queue of the connection it went over.
 */
export function* listDelivered(
  botId: string,
  { notificationId, over }: Delivered,
  {
    parameters,
    afterSeq,
    limit,
  }: Pick<AudiencePlan, 'parameters'> & { readonly afterSeq: number; readonly limit: number },
): Steps<DeliveredStretch> {
  const [original] = yield* findSummaries({ notifications: [{ botId, notificationId }] });
  const end = (original?.total ?? 0) - 1;
  const untilSeq = Math.min(afterSeq + limit, end);
  const filter = { states: ['delivered' as const], reasons: null, identity: null, prefix: null };
  const lines = yield* listLedger({ botId, notificationId, afterSeq, untilSeq, limit, filter });
  const beingErased = yield* listBeingErased(botId);
  const byConnection = new Map<string, Log[]>();
  for (const { log } of lines) {
    const connectionId = log.providerMessageId === null ? null : (over[stepAt(log)] ?? null);
    if (connectionId === null || beingErased.some((one) => isOf(one, log.identity, log.personId))) continue;
    byConnection.set(connectionId, [...(byConnection.get(connectionId) ?? []), log]);
  }
  return {
    groups: [...byConnection].map(([connectionId, logs]) => [connectionId, logs.map(toRecipient(parameters))] as const),
    lastSeq: untilSeq >= end ? null : untilSeq,
  };
}

const stepAt = ({ route }: Pick<Log, 'route'>): number => route?.step ?? 0;

const toRecipient =
  (parameters: AudiencePlan['parameters']) =>
  (log: Log, seq: number): Recipient => ({
    seq,
    identity: log.identity,
    customMessage: log.providerMessageId,
    parameters,
    attempts: 0,
    maybeSent: false,
    ...(stepAt(log) > 0 && { route: { tried: [] } }),
  });
