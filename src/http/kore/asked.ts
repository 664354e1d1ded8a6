import type { Asked } from '../accept/asked.ts';

export interface KoreAsked extends Asked {
  /** webhookInstanceName; null takes the bot's first connection of the channel. */
  readonly connectionName: string | null;
}
