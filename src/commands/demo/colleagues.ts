import { CHANNELS } from '../../channels/channels.ts';
import type { NotifyV2Identity } from '../../client/kore-documents.ts';
import type { JsonObject } from '../../model/json.ts';
import { subscriptionAt } from '../../sandbox/push-subscriptions.ts';
import type { SandboxUrls } from '../../sandbox/urls.ts';

export const COLLEAGUES = 40;

/** Somebody who is on every channel. */
interface Colleague {
  readonly email: string;
  readonly phoneNumber: string;
  readonly spaceId: string;
  readonly name: string;
}

/** The names do not begin with any of the sandbox's telling prefixes, but a few of the numbers are not on WhatsApp. */
const COLLEAGUE_LIST: readonly Colleague[] = Array.from({ length: COLLEAGUES }, (_, index) => {
  const number = String(index + 1).padStart(4, '0');
  return {
    email: `colleague-${number}@example.com`,
    phoneNumber: index % 13 === 5 ? `+999131026${number}` : `+491700${number}00`,
    spaceId: `spaces/colleague${number}`,
    name: `Colleague ${index + 1}`,
  };
});

/** For the directory: Teams and the browser have to be known; the other channels find their people by themselves. */
export function colleaguesToImport(urls: Pick<SandboxUrls, 'webpush'>): JsonObject[] {
  return COLLEAGUE_LIST.map(({ email, name }) => {
    const mailbox = email.split('@')[0] ?? '';
    const { endpoint, keys } = subscriptionAt(urls.webpush, mailbox);
    return {
      email,
      name,
      tags: ['colleagues'],
      addresses: [
        { channel: 'msteams', channelId: `29:${mailbox}` },
        { channel: 'webpush', channelId: endpoint, reference: keys },
      ],
    };
  });
}

/** All of them, as a v2 call to this channel names them. */
export function namedFor(channelId: string): NotifyV2Identity[] {
  const key = CHANNELS.find((channel) => channel.id === channelId)?.identityKey ?? 'email';
  return COLLEAGUE_LIST.map((colleague) => ({ [key]: colleague[key], parameters: { name: colleague.name } }));
}

/** Digits without a plus, as Meta writes them. */
export const whatsappNumbers = (): string[] => COLLEAGUE_LIST.map(({ phoneNumber }) => phoneNumber.slice(1));

export const someoneEverywhere = (): string => COLLEAGUE_LIST[0]?.email ?? '';
