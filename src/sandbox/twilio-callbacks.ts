import { createHmac } from 'node:crypto';
import type { TwilioAccount } from './credentials.ts';
import type { WebhookPost } from './webhooks.ts';

/** One message that Twilio took, as its callbacks name it. */
export interface TwilioMessage {
  readonly sid: string;
  readonly from: string;
  readonly to: string;
}

/** What becomes of a message, told at once and in no certain order, as Twilio's callbacks come. */
export function listStatusCallbacks(url: string, message: TwilioMessage, account: TwilioAccount): WebhookPost[] {
  return fateOf(message.to).map(([status, errorCode]) =>
    signForm(url, account, {
      SmsSid: message.sid,
      SmsStatus: status,
      MessageStatus: status,
      ...(errorCode === null ? {} : { ErrorCode: errorCode }),
      To: message.to,
      MessageSid: message.sid,
      AccountSid: account.accountSid,
      From: message.from,
      ApiVersion: '2010-04-01',
    }),
  );
}

/** Exactly what Twilio posts: a form, and a signature over it and the URL. */
export function signForm(
  url: string,
  { authToken }: Pick<TwilioAccount, 'authToken'>,
  fields: Readonly<Record<string, string>>,
): WebhookPost {
  const names = Object.keys(fields).sort();
  const signed = names.reduce((text, name) => text + name + fields[name], url);
  return {
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'user-agent': 'TwilioProxy/1.1',
      'x-twilio-signature': createHmac('sha1', authToken).update(signed, 'utf8').digest('base64'),
    },
    body: new URLSearchParams(fields).toString(),
  };
}

type Step = readonly [status: string, errorCode: string | null];

const LADDER: readonly Step[] = [
  ['queued', null],
  ['sent', null],
  ['delivered', null],
];

/**
 * No country has the code 999; what follows it is the error of a message that does not arrive (+99930003…), or how the
 * callbacks come: +99900001… backwards, +99900002… twice each, +99900003… and the message is read.
 */
function fateOf(to: string): readonly Step[] {
  const code = /^\+999(\d{5})/.exec(to)?.[1] ?? null;
  if (code === null) return LADDER;
  if (code === '00001') return LADDER.toReversed();
  if (code === '00002') return LADDER.flatMap((step) => [step, step]);
  if (code === '00003') return [...LADDER, ['read', null]];
  if (code.startsWith('3')) return [...LADDER.slice(0, 2), ['undelivered', code]];
  return [...LADDER.slice(0, 1), ['failed', code]];
}
