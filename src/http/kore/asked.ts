import type { Content } from '../../model/message.ts';
import type { Recipient } from '../../model/notification.ts';
import type { ChannelFacts } from './channel-catalog.ts';

/** What a Kore body asks for, the same from either version. */
export interface Asked {
  readonly channel: ChannelFacts;
  /** As the caller spelled it. */
  readonly channelSpelling: string;
  /** webhookInstanceName; null takes the bot's first connection of the channel. */
  readonly connectionName: string | null;
  readonly resolve: boolean;
  readonly message: Content;
  readonly recipients: readonly Recipient[];
}

export const MAX_IDENTITIES = 1000;
