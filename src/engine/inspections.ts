import type { Channel, Settings } from '../channels/contract.ts';
import type { Message } from '../model/message.ts';
import type { Rejected } from '../model/outcome.ts';

export type Refusal = Pick<Rejected, 'reason' | 'detail'>;

/**
 * Which messages nobody can be sent, because the channel's inspection or the provider has said so. By the object:
 * everybody's message is one object, and a message of one's own is another.
 */
export class Inspections {
  readonly #channel: Channel;
  readonly #settings: Settings;
  /** Null: nothing is known against it. */
  readonly #known = new WeakMap<Message, { readonly refusal: Refusal | null }>();

  constructor(channel: Channel, settings: Settings) {
    this.#channel = channel;
    this.#settings = settings;
  }

  /** Inspects a message once. */
  refusalOf(message: Message): Refusal | null {
    return (this.#known.get(message) ?? this.#inspect(message)).refusal;
  }

  refuse(message: Message, refusal: Refusal): void {
    this.#known.set(message, { refusal });
  }

  #inspect(message: Message): { readonly refusal: Refusal | null } {
    const inspected = { refusal: this.#channel.inspect?.(message, this.#settings) ?? null };
    this.#known.set(message, inspected);
    return inspected;
  }
}
