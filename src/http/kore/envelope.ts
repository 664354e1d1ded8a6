import type { FastifyReply } from 'fastify';
import { FAULTS, type Fault, type FaultName } from '../faults.ts';

/** Details of these would tell a caller without a good token something, or change a text that clients compare whole. */
const EXACT: ReadonlySet<FaultName> = new Set<FaultName>([
  'token_missing',
  'token_malformed',
  'token_refused',
  'scope_missing',
  'bot_forbidden',
  'bot_unknown',
  'notification_unknown',
  'minute_limit',
  'hour_limit',
  'internal',
]);

/** Kore's error body. The exact text always comes first; what went wrong and how to mend it follows after a colon. */
export function envelopeOf(fault: Fault): string {
  const { code, text } = FAULTS[fault.fault].kore;
  const msg = fault.detail === null || EXACT.has(fault.fault) ? text : `${text}: ${fault.detail}`;
  return JSON.stringify({ errors: [{ msg, code }] });
}

export function sendEnvelope(reply: FastifyReply, fault: Fault): void {
  reply
    .code(FAULTS[fault.fault].kore.status)
    .headers(fault.headers)
    .type('application/json; charset=utf-8')
    .send(envelopeOf(fault));
}
