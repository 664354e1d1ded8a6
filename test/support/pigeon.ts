import { type Static, Type } from 'typebox';
import type { Channel, ChannelSession, ChannelTools, SendRequest } from '../../src/channels/contract.ts';
import { readSettings } from '../../src/channels/read-settings.ts';
import { sendUnanswered } from '../../src/channels/unanswered.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { Connection } from '../../src/model/tenancy.ts';

const PIGEON_SETTINGS = Type.Object(
  {
    loftUrl: Type.String({ description: 'Where the pigeons start.', pattern: '^https?://' }),
    whistle: Type.String({ description: 'What calls them.', secret: true, minLength: 1 }),
  },
  { additionalProperties: false },
);

/** A whole channel, as small as one can be. */
export const pigeon: Channel = {
  id: 'pigeon',
  aliases: ['carrier-pigeon'],
  identityKey: 'email',
  addressing: 'identity',
  named: false,
  settings: PIGEON_SETTINGS,
  defaults: { perSecond: null, concurrency: 4 },
  afterUnknown: 'retry',
  open: (connection, tools) => new PigeonSession(readSettings(PIGEON_SETTINGS, connection), connection, tools),
};

class PigeonSession implements ChannelSession {
  readonly #settings: Static<typeof PIGEON_SETTINGS>;
  readonly #connection: Connection;
  readonly #tools: ChannelTools;

  constructor(settings: Static<typeof PIGEON_SETTINGS>, connection: Connection, tools: ChannelTools) {
    this.#settings = settings;
    this.#connection = connection;
    this.#tools = tools;
  }

  async send({ address, message, signal }: SendRequest): Promise<Outcome> {
    const answer = await this.#tools.outbound.request({
      method: 'POST',
      url: this.#settings.loftUrl,
      headers: { 'content-type': 'application/json', whistle: this.#settings.whistle },
      body: JSON.stringify({ to: address.channelId, message }),
      signal,
      allowPrivateNetwork: this.#connection.allowPrivateNetwork,
    });
    if (answer.kind !== 'response') return sendUnanswered(answer);
    if (answer.status === 200) return { kind: 'accepted', providerMessageId: null };
    return { kind: 'failed', reason: 'provider_error', detail: `The loft answered ${answer.status}.` };
  }

  async check() {
    return { ok: true, detail: 'A pigeon cannot be asked.' } as const;
  }

  async close(): Promise<void> {}
}
