import type { Address } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { RateScope, RateWindow } from '../contract.ts';
import { readSettings } from '../read-settings.ts';
import { locate } from './requests.ts';
import { GOOGLE_CHAT_SETTINGS } from './settings.ts';

/** One write a second to a space, by all apps in it. */
const SPACE_WINDOWS: readonly RateWindow[] = [{ calls: 1, ms: 1_000 }];

/** Google counts by Cloud project, which a service account's e-mail ends in. */
export function accountOf(connection: Connection): string {
  const { apiUrl, clientEmail } = readSettings(GOOGLE_CHAT_SETTINGS, connection);
  return `${apiUrl} ${clientEmail.slice(clientEmail.indexOf('@') + 1).toLowerCase()}`;
}

export function scopesOf(_connection: Connection, address: Address): readonly RateScope[] {
  const target = locate(address);
  if (target.kind === 'nobody') return [];
  return [{ key: target.kind === 'space' ? target.space : target.user, windows: SPACE_WINDOWS }];
}
