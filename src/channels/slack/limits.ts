import { createHash } from 'node:crypto';
import type { Address } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { RateScope, RateWindow } from '../contract.ts';
import { readSettings } from '../read-settings.ts';
import { conversationOf } from './session.ts';
import { SLACK_SETTINGS } from './settings.ts';

/** One post a second to a channel; short bursts may pass, but nobody says how short. */
const CHANNEL_WINDOWS: readonly RateWindow[] = [{ calls: 1, ms: 1_000 }];

/** Slack counts by app and workspace, which is what a bot token stands for. */
export function accountOf(connection: Connection): string {
  const { apiUrl, token } = readSettings(SLACK_SETTINGS, connection);
  return `${apiUrl} ${createHash('sha256').update(token).digest('base64url')}`;
}

export function scopesOf(_connection: Connection, address: Address): readonly RateScope[] {
  return [{ key: conversationOf(address) ?? address.channelId, windows: CHANNEL_WINDOWS }];
}
