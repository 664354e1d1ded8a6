import { parseRecipientRef } from '../../model/ids.ts';
import type { News, ReceiptState } from '../../model/news.ts';
import type { Reason } from '../../model/reasons.ts';
import { readPhoneNumber } from './phone-number.ts';
import { reasonOfCode, STOPPED_CODE } from './twilio-refusals.ts';

/** What is not here is either not there yet (accepted, scheduled, queued, sending) or says nothing final. */
const STATES: ReadonlyMap<string, ReceiptState> = new Map([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'read'],
  ['undelivered', 'failed'],
  ['failed', 'failed'],
  ['canceled', 'failed'],
]);

/** Errors that come after Twilio took the message; the others it also answers calls with. */
const REASONS: ReadonlyMap<number, Reason> = new Map<number, Reason>([
  [30001, 'rate_limited'], // the sender's queue overflowed
  [30002, 'connection_refused'], // account suspended
  [30003, 'unreachable_recipient'], // handset off or out of reach
  [30004, 'blocked_by_recipient'], // blocked by handset or carrier
  [30005, 'unreachable_recipient'], // no such handset
  [30006, 'unreachable_recipient'], // landline, or a carrier that cannot be reached
  [30007, 'message_invalid'], // filtered as spam
  [30008, 'provider_error'], // unknown
  [30022, 'rate_limited'], // A2P limits: per second
  [30023, 'rate_limited'], // and per day
  [30034, 'connection_refused'], // the number belongs to no A2P campaign
  [30410, 'provider_timeout'], // the carrier did not answer in time
]);

/**
 * Reads a status callback. Its only time is the carrier's own, in a zone that is not told, so it counts as of `now`.
 * Without our `ref` (a callback set on the messaging service) it says nothing about anybody.
 */
export function readTwilioStatus(form: URLSearchParams, ref: string, now: number): readonly News[] {
  const recipient = parseRecipientRef(ref);
  const status = form.get('MessageStatus') ?? form.get('SmsStatus') ?? '';
  const state = STATES.get(status);
  if (recipient === null || state === undefined) return [];
  if (state !== 'failed') return [{ kind: 'receipt', ...recipient, state, at: now, reason: null, detail: null }];

  const code = readCode(form);
  const detail = code === null ? `Twilio says ${status}` : `Twilio says ${status}, error ${code}`;
  const reason = code === null ? 'provider_error' : (REASONS.get(code) ?? reasonOfCode(code) ?? 'provider_error');
  const receipt: News = { kind: 'receipt', ...recipient, state, at: now, reason, detail };
  const to = readPhoneNumber(form.get('To') ?? '');
  if (code !== STOPPED_CODE || to === null) return [receipt];
  return [receipt, { kind: 'silenced', identity: to, reason: 'opted_out', detail, at: now }];
}

function readCode(form: URLSearchParams): number | null {
  const code = form.get('ErrorCode') ?? '';
  return /^[1-9]\d{4}$/.test(code) ? Number(code) : null;
}
