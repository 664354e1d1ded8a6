import type { Channel } from '../../channels/contract.ts';

/** As much of a channel as it takes to understand a request for it. */
export type ChannelFacts = Pick<
  Channel,
  | 'id'
  | 'aliases'
  | 'identityKey'
  | 'named'
  | 'tellsArrival'
  | 'amends'
  | 'addressing'
  | 'keepsSilence'
  | 'escapeValue'
  | 'inspect'
>;

/** The channels a caller may name. */
export interface ChannelCatalog {
  readonly ids: readonly string[];
  /** By id or any other spelling callers use. */
  find(spelling: string): ChannelFacts | null;
}

export function createCatalog(channels: readonly ChannelFacts[]): ChannelCatalog {
  const spellings = new Map(
    channels.flatMap((channel) => [channel.id, ...channel.aliases].map((name) => [name, channel] as const)),
  );
  return { ids: channels.map((channel) => channel.id), find: (spelling) => spellings.get(spelling) ?? null };
}
