import type { Content } from '../../model/message.ts';
import type { Lane, Recipient } from '../../model/notification.ts';
import type { Options } from '../../model/options.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { ChannelFacts } from './channel-catalog.ts';

/** What the body of a send call asks for, the same from every interface. */
export interface Asked {
  readonly channel: ChannelFacts;
  /** As the caller spelled it. */
  readonly channelSpelling: string;
  readonly resolve: boolean;
  readonly message: Content;
  readonly recipients: readonly Recipient[];
  /** Whoever is named again is not sent it again; absent: everybody is, as often as named. */
  readonly deduplicate?: boolean;
  /** Absent: by its size. */
  readonly lane?: Lane;
  /** Epoch ms; absent: a day after it was accepted. */
  readonly expiresAt?: number;
  readonly options?: Options;
}

/** It is known which connection it goes through. */
export interface Addressed extends Asked {
  readonly connection: Connection;
}

/** Of one call. */
export const MAX_IDENTITIES = 1000;
export const MAX_PARAMETERS = 20;
export const MAX_PARAMETER_CHARS = 200;
