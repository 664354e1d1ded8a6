import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CallbackRequest } from '../contract.ts';

const TOLERANCE_SECONDS = 300;

/** Why a request is not to be believed; null: Slack signed these bytes within five minutes of `now` (epoch ms). */
export function findSignatureFault(
  { headers, body }: Pick<CallbackRequest, 'headers' | 'body'>,
  signingSecret: string,
  now: number,
): string | null {
  const timestamp = headers['x-slack-request-timestamp'];
  const signature = headers['x-slack-signature'];
  if (typeof timestamp !== 'string' || typeof signature !== 'string') return 'It is not signed.';
  if (!/^\d{1,12}$/.test(timestamp)) return 'Its X-Slack-Request-Timestamp is no time.';
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return 'It was signed more than five minutes ago.';
  const given = /^v0=([0-9a-f]{64})$/.exec(signature)?.[1] ?? '';
  const digest = createHmac('sha256', signingSecret).update(`v0:${timestamp}:`).update(body).digest();
  const isSigned = given !== '' && timingSafeEqual(Buffer.from(given, 'hex'), digest);
  return isSigned
    ? null
    : 'X-Slack-Signature does not fit: signingSecret is not that of the app, or it is not from Slack.';
}
