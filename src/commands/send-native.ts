import type { Notification } from '../client/notification-documents.ts';
import type { SendBody, SendChannel } from '../client/send-documents.ts';
import { type AudienceFlags, readExcludeFlags, readFilterFlags } from './audience-flags.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { readRecipients } from './recipients.ts';
import { type RuleFlags, readRuleFlags } from './rule-flags.ts';
import type { Target } from './target.ts';
import { readTimingFlags, type TimingFlags } from './timing-flags.ts';

export interface NativeSend extends TimingFlags, AudienceFlags, RuleFlags {
  readonly channel: string;
  readonly instance?: string;
  /** Null: the template says it. */
  readonly text: string | null;
  readonly template?: string;
  readonly param?: Readonly<Record<string, string>>;
  readonly to?: string;
  readonly toFile?: string;
  /** Channels after the first, each with `:connection` or without. */
  readonly then: readonly string[];
  readonly idempotencyKey?: string;
}

/** Sends over the native API, for what Kore's calls cannot ask. */
export async function sendNative({ client, botId }: Target, options: NativeSend): Promise<Notification> {
  const { idempotencyKey } = options;
  const body: SendBody = { ...composeWords(options), recipients: await readWhom(options) };
  return client.notifications.send({ botId, body, ...(idempotencyKey !== undefined && { idempotencyKey }) });
}

/** What is said, over what and when, to whomever. */
export function composeWords(
  options: Omit<NativeSend, 'to' | 'toFile' | 'idempotencyKey'>,
): Omit<SendBody, 'recipients'> {
  const { channel, instance, text, template, param, then } = options;
  return {
    channels: [{ channel, ...(instance !== undefined && { connection: instance }) }, ...then.map(readChannel)],
    ...(text !== null && { message: { type: 'text' as const, val: text } }),
    ...(template !== undefined && { template: { name: template } }),
    ...(param !== undefined && { parameters: param }),
    ...readTimingFlags(options, Date.now()),
    ...readExcludeFlags(options),
    ...readRuleFlags(options),
  };
}

async function readWhom(options: NativeSend): Promise<SendBody['recipients']> {
  const filter = readFilterFlags(options);
  if (filter === null) return readRecipients(options);
  if (options.to === undefined && options.toFile === undefined) return { filter };
  throw new CommandFailure('A filter says to whom: it goes without --to and --to-file.', EXIT.usage);
}

function readChannel(given: string): SendChannel {
  const [channel = '', ...connection] = given.split(':');
  if (channel === '') throw new CommandFailure(`--then ${given}: which channel? Give sms, or ivr:Webhook.`, EXIT.usage);
  return { channel, ...(connection.length > 0 && { connection: connection.join(':') }) };
}
