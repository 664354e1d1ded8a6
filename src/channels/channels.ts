import type { Channel } from './contract.ts';
import * as list from './list.ts';

export const CHANNELS: readonly Channel[] = Object.values(list);

/** The channel for an id or any spelling callers use; null when there is none. */
export function findChannel(spelling: string): Channel | null {
  return CHANNELS.find((channel) => channel.id === spelling || channel.aliases.includes(spelling)) ?? null;
}
