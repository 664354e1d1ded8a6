import type { News } from '../../model/news.ts';
import type { Reason } from '../../model/reasons.ts';
import { cleanDetail } from '../clean-detail.ts';
import type { Bounce, DeliveryStatus } from './bounce.ts';
import { findRef } from './bounce-ref.ts';
import { judgeReply } from './replies.ts';

export interface BounceContext {
  readonly secret: string;
  /** Epoch ms. */
  readonly now: number;
}

/**
 * What a bounce tells: that one mail of ours was not delivered, and whether its address is dead. Delays and deliveries
 * to the next relay tell nothing. Null: it is about no mail of ours.
 */
export function readBounceNews({ sentTo, statuses }: Bounce, { secret, now }: BounceContext): readonly News[] | null {
  const ref = findRef(sentTo, secret);
  if (ref === null) return null;
  const found = statuses.flatMap((status) => status.addresses.map((address) => ({ status, address })));
  const ours = found.find(({ address }) => ref.isFor(address));
  if (ours === undefined) return null;
  const { status, address } = ours;
  if (status.action !== 'failed') return [];

  const { notificationId, seq } = ref;
  const [reason, isDead] = judge(status);
  const detail = cleanDetail(`bounced: ${[status.status, status.diagnostic].filter((word) => word !== '').join(' ')}`);
  const receipt: News = { kind: 'receipt', notificationId, seq, state: 'failed', at: now, reason, detail };
  if (!isDead) return [receipt];
  return [receipt, { kind: 'silenced', identity: address, reason: 'address_dead', detail, at: now }];
}

/** By the words for replies, of which this is a late one. Mail given up after days of 4.x.x is no dead address. */
function judge({ status }: DeliveryStatus): readonly [reason: Reason, isDead: boolean] {
  const verdict = status.startsWith('5.') ? judgeReply({ step: 'mail', code: 550, enhanced: status, text: '' }) : null;
  if (verdict === null || verdict === 'policy' || verdict.kind !== 'rejected') return ['unreachable_recipient', false];
  return [verdict.reason, verdict.silence === 'address_dead'];
}
