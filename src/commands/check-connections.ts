import type { Channel } from '../channels/contract.ts';
import type { LoadedConfig } from '../config/file.ts';
import { systemClock } from '../model/clock.ts';
import type { Connection } from '../model/tenancy.ts';
import { CommandFailure, EXIT } from './exit.ts';

const DEADLINE_MS = 15_000;

export interface ConnectionCheck {
  readonly name: string;
  /** What the provider said to the credentials; rejects with a sentence when it refused them. */
  run(): Promise<string>;
}

/** One check for each connection of the configuration: are its credentials good? */
export async function checkConnections({ tenancy }: LoadedConfig): Promise<ConnectionCheck[]> {
  const { findChannel } = await import('../channels/channels.ts');
  const connections = tenancy.bots().flatMap((bot) => tenancy.connections(bot.id));
  return connections.flatMap((connection) => {
    const channel = findChannel(connection.channel);
    if (channel === null) return [];
    return [{ name: nameOf(connection), run: () => checkConnection(channel, connection) }];
  });
}

async function checkConnection(channel: Channel, connection: Connection): Promise<string> {
  const { createOutbound } = await import('../channels/outbound-http.ts');
  const outbound = createOutbound();
  const session = channel.open(connection, { outbound, clock: systemClock, random: Math.random, publicUrl: null });
  try {
    const result = await session.check(AbortSignal.timeout(DEADLINE_MS));
    if (result.ok) return result.detail;
    throw new CommandFailure(result.detail, EXIT.failure);
  } finally {
    await session.close();
    await outbound.close();
  }
}

function nameOf({ botId, channel, name }: Connection): string {
  return name === null ? `${channel} of ${botId}` : `${channel} "${name}" of ${botId}`;
}
