import type { Failed, Outcome, Rejected, Unknown } from '../../model/outcome.ts';
import { GuardRefusal } from '../guard.ts';
import { explainFailure } from '../outbound-failure.ts';
import { preparationUnanswered, sendUnanswered } from '../unanswered.ts';
import type { Reply, Step } from './replies.ts';

/** Why a mail was not taken: the relay's reply, or what follows from there being none. */
export type Trouble =
  | { readonly kind: 'reply'; readonly reply: Reply; readonly text: string }
  | { readonly kind: 'outcome'; readonly outcome: Exclude<Outcome, { kind: 'accepted' | 'busy' }> };

export interface TroubleContext {
  /** Host and port, for the log. */
  readonly relay: string;
  /** The final dot may have left. */
  readonly isComplete: boolean;
}

/** Sorts out what nodemailer threw. */
export function readTrouble(thrown: unknown, { relay, isComplete }: TroubleContext): Trouble {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const reply = readReply(error);
  if (reply !== null) return reply;
  if (field(error, 'response') !== '' || field(error, 'code') === 'EPROTOCOL')
    return outcome(senseless(relay, isComplete));
  const refusal = isComplete ? null : refusedByUs(error, relay);
  if (refusal !== null) return outcome(refusal);
  const failure = explainFailure(causeOf(error, isComplete), relay, isComplete);
  return outcome(isComplete ? sendUnanswered(failure) : preparationUnanswered(failure));
}

/** `550 5.1.1 …` or, over several lines, `550-5.1.1 …`. */
const REPLY = /^([45]\d\d)(?:[ -]([45]\.\d{1,3}\.\d{1,3})\b)?/;

function readReply(error: Error): Trouble | null {
  const text = field(error, 'response');
  const [, code, enhanced = null] = REPLY.exec(text) ?? [];
  if (code === undefined) return null;
  return { kind: 'reply', reply: { step: stepOf(field(error, 'command')), code: Number(code), enhanced, text }, text };
}

function stepOf(command: string): Step {
  if (command.startsWith('AUTH')) return 'login';
  if (command === 'MAIL FROM') return 'sender';
  if (command === 'RCPT TO') return 'recipient';
  return command === 'DATA' ? 'mail' : 'session';
}

/** What we would not go on with, whoever the recipient is; null for everything that may pass by itself. */
function refusedByUs(error: Error, relay: string): Rejected | null {
  const code = field(error, 'code');
  if (code === 'EAUTH' || code === 'ENOAUTH') return refuse(`${relay} offers no way to log in that can be used.`);
  const certificate = /CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME|ERR_TLS/.exec(`${field(error, 'originalCode')} ${code}`);
  if (certificate === null) return null;
  const advice = 'its certificate was refused; mend it, or trust its issuer with NODE_EXTRA_CA_CERTS';
  return refuse(`${relay} cannot be trusted: ${advice}.`);
}

function refuse(detail: string): Rejected {
  return { kind: 'rejected', scope: 'connection', reason: 'connection_refused', detail };
}

function senseless(relay: string, isComplete: boolean): Failed | Unknown {
  const detail = `What ${relay} answered is no SMTP`;
  return isComplete
    ? { kind: 'unknown', reason: 'answer_lost', detail: `${detail}, so it is not known whether the mail is out.` }
    : { kind: 'failed', reason: 'provider_error', detail: `${detail}; nothing was sent.` };
}

/** nodemailer's own codes, as the codes of the sockets underneath that the other channels are explained by. */
const CODES: Readonly<Record<string, string>> = {
  ECONNECTION: 'ECONNRESET',
  ESOCKET: 'ECONNRESET',
  ETLS: 'ECONNRESET',
};

function causeOf(error: Error, isComplete: boolean): Error {
  if (error instanceof GuardRefusal || error instanceof DOMException) return error;
  if (error.name === 'AbortError' && error.cause instanceof Error) return error.cause;
  const code = field(error, 'code');
  const inner = field(error, 'originalCode');
  if (isComplete && code === 'ETIMEDOUT') return withCode('UND_ERR_HEADERS_TIMEOUT');
  if (/pool was closed/.test(error.message)) return withCode('UND_ERR_CLOSED');
  return withCode(inner === '' ? (CODES[code] ?? code) : inner);
}

const withCode = (code: string): Error => Object.assign(new Error(code), { code });

const outcome = (found: Rejected | Failed | Unknown): Trouble => ({ kind: 'outcome', outcome: found });

function field(error: Error, name: string): string {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : '';
}
