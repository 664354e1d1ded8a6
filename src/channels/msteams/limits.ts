import type { Address } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { RateScope, RateWindow } from '../contract.ts';
import { conversationOf } from './places.ts';
import { readTeamsSettings } from './settings.ts';

/** What one bot may send to one conversation, making it included. All four hold. */
const CONVERSATION_WINDOWS: readonly RateWindow[] = [
  { calls: 7, ms: 1_000 },
  { calls: 8, ms: 2_000 },
  { calls: 60, ms: 30_000 },
  { calls: 1_800, ms: 3_600_000 },
];

/** The connector counts by app and tenant. */
export function accountOf(connection: Connection): string {
  const { loginUrl, appId, tenantId } = readTeamsSettings(connection);
  return `${loginUrl} ${appId} ${tenantId}`;
}

export function scopesOf(_connection: Connection, address: Address): readonly RateScope[] {
  return [{ key: conversationOf(address) ?? address.channelId, windows: CONVERSATION_WINDOWS }];
}
