import { Type } from 'typebox';
import type { Channel, ChannelSession } from '../../src/channels/contract.ts';
import type { Message } from '../../src/model/message.ts';
import type { Outcome } from '../../src/model/outcome.ts';

/** What a provider does with whatever comes: takes it, refuses it, is away, or takes it and is not heard. */
export type Mood = 'up' | 'refuses' | 'down' | 'lost';

export const BIRDS = ['raven', 'owl'] as const;
export type Bird = (typeof BIRDS)[number];

/** Who has a message, by `who/notification/seq`, in the order in which it came. */
export interface Taken {
  readonly channel: Bird;
  readonly botId: string;
  readonly notificationId: string;
  readonly seq: number;
  readonly text: string;
}

/**
 * Two providers in this process, of all bots. Ravens fly to whatever they are told and can be called back; owls find only
 * whom the directory knows, and cannot.
 */
export class PostOffice {
  readonly moods: Record<Bird, Mood> = { raven: 'up', owl: 'up' };
  readonly taken: Taken[] = [];
  /** Ids of messages that are there no more. */
  readonly removed = new Set<string>();

  readonly channels: readonly Channel[] = BIRDS.map((id) => ({
    id,
    aliases: [],
    identityKey: 'email',
    addressing: id === 'raven' ? 'identity' : 'directory',
    named: false,
    settings: Type.Object({}),
    defaults: { perSecond: null, concurrency: 8 },
    afterUnknown: 'hold',
    ...(id === 'raven' && { amends: true }),
    open: ({ botId }) => this.#open(id, botId),
  }));

  /** Forgets what earlier runs did. */
  clear(): void {
    Object.assign(this.moods, { raven: 'up', owl: 'up' });
    this.taken.length = 0;
    this.removed.clear();
  }

  #open(channel: Bird, botId: string): ChannelSession {
    const carry = (done: () => string | null): Outcome => {
      const mood = this.moods[channel];
      if (mood === 'refuses') return REFUSED;
      if (mood === 'down') return AWAY;
      const providerMessageId = done();
      return mood === 'lost' ? UNHEARD : { kind: 'accepted', providerMessageId };
    };
    return {
      send: async ({ notificationId, seq, message }) =>
        carry(() => {
          this.taken.push({ channel, botId, notificationId, seq, text: textOf(message) });
          return `${notificationId}/${seq}`;
        }),
      ...(channel === 'raven' && {
        remove: async ({ messageId }: { readonly messageId: string }) =>
          carry(() => {
            this.removed.add(messageId);
            return null;
          }),
      }),
      check: async () => ({ ok: true, detail: '' }),
      close: async () => {},
    };
  }
}

const textOf = (message: Message): string => (message.type === 'text' ? message.text : JSON.stringify(message.payload));

const REFUSED: Outcome = { kind: 'rejected', scope: 'recipient', reason: 'unreachable_recipient', detail: 'shot down' };
const AWAY: Outcome = { kind: 'failed', reason: 'provider_error', detail: 'nobody is at home' };
const UNHEARD: Outcome = { kind: 'unknown', reason: 'answer_lost', detail: 'it did not come back' };
